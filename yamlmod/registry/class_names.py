"""Validate class names (Python identifier, not a YAML keyword)."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

from yamlmod.errors import Refusal

# What a YAML reader takes for something else than a name.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})


def check_class_name(name: str, option: str) -> None:
    """Refuse a name that cannot be both a class and a word of a model YAML."""
    reserved = keyword.iskeyword(name) or keyword.issoftkeyword(name)
    if not name.isidentifier() or not name.isascii() or reserved:
        what = "is not a Python identifier in ASCII"
    elif name.lower() in _YAML_WORDS:
        what = "is not a string for a YAML reader"
    elif name in dir(builtins):
        what = "would hide a Python builtin"
    elif name.startswith("__"):
        what = "starts with two underscores, which Python mangles inside classes"
    else:
        return
    raise Refusal(
        "bad-name",
        f"{option} {name[:60]!r} {what}",
        hint=f"write a class name such as {option} MyAttention",
    )


def free_name(name: str, taken: Iterable[str]) -> str:
    """Find an unused name like ``name``, for a hint."""
    names = set(taken)
    tries = (f"Yamlmod{name}", *(f"{name}{number}" for number in range(2, 100)))
    return next((one for one in tries if one not in names), f"My{name}")


def stem_of(name: str) -> str:
    """The file name of a class without suffix: MyAttention2D becomes my_attention2d."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.lower().strip("_") or name.lower()
