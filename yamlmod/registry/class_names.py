"""Validate class names (Python identifier, not a YAML keyword)."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

from yamlmod.errors import Refusal
from yamlmod.yaml_words import RESERVED_WORDS

_ROW_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def is_row_name(word: str) -> bool:
    """Return whether a row of a model YAML can name a class so: `Conv`, `nn.Conv2d`."""
    reserved = keyword.iskeyword(word) or word.lower() in RESERVED_WORDS
    return _ROW_NAME.fullmatch(word) is not None and not reserved


def check_class_name(name: str, option: str) -> None:
    """Refuse a name that cannot be both a class and a word of a model YAML."""
    is_keyword = keyword.iskeyword(name) or keyword.issoftkeyword(name)
    if not name.isidentifier() or not name.isascii() or is_keyword:
        what = "is not a Python identifier in ASCII"
    elif not is_row_name(name):
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
