"""Define an edit operation: its keys in a recipe and its plan; found by its folder.

An operation is a folder of `operations/`: `plan.py` holds ``OPERATION`` and leads from a network to
edits; `replay.py` holds its step on labels, with which the proof confirms the edits.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from yamlmod.errors import Place, Refusal
from yamlmod.model.network import Network
from yamlmod.ops.outcome import Outcome

Reader = Callable[[str], tuple[str, str]]
"""Returns the text of a file that an edit names, and how the file is shown."""


def no_files(name: str) -> tuple[str, str]:
    """Refuse a file: these edits were not read from one, so nothing says where it would be."""
    raise Refusal(
        "usage",
        f"the edits name the file {name}, and were given as text",
        hint="give the recipe as a file; paths in it are relative to it",
    )


class RecipeOptions(NamedTuple):
    """The keys of one edit in a recipe; a value of the wrong type is refused with its number."""

    values: Mapping[str, Any]
    number: int
    shown: str
    read: Reader = no_files

    def refusal(self, message: str) -> Refusal:
        return Refusal("bad-recipe", f"edit {self.number}: {message}", place=Place(self.shown))

    def args(self) -> list[Any] | None:
        value = self.values.get("args")
        if value is not None and not isinstance(value, list):
            raise self.refusal("args must be a list")
        return value

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.refusal(f"{key} must be true or false")
        return value

    def count(self, key: str) -> int:
        value = self.values.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
            raise self.refusal(f"{key} must be a number from 1 to 1000")
        return value

    def module(self, key: str, message: str) -> str:
        """Return the module that a key names; else refuse with the message."""
        value = self.values.get(key)
        if not isinstance(value, str):
            raise self.refusal(message)
        return value

    def words(self, key: str) -> list[str]:
        """Return the selectors of a key, which holds one or a list of them."""
        value = self.values.get(key, [])
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, bool) or not isinstance(item, (int, str)) for item in items):
            raise self.refusal(
                f"{key} takes layers: numbers, names such as SPPF or C3#2, or a list of them"
            )
        return [str(item) for item in items]

    def layers(self, model: Network, key: str) -> tuple[int, ...] | None:
        if key not in self.values:
            return None
        words = self.words(key)
        if words == ["none"]:
            return ()
        return tuple(layer for word in words for layer in model.select_many(word))

    def layer(self, model: Network, key: str) -> int:
        words = self.words(key)
        if len(words) != 1:
            raise self.refusal(f"{key} takes exactly one layer")
        return model.select(words[0])


class Operation(NamedTuple):
    """``name`` is the key that names it in a recipe, ``options`` are the keys it takes beside.

    ``permits`` holds, for the code of a refusal, the option that permits the edit nevertheless.
    """

    name: str
    options: tuple[str, ...]
    plan: Callable[[Network, RecipeOptions], Outcome]
    permits: Mapping[str, str] = {}


@cache
def all_operations() -> Mapping[str, Operation]:
    import pkgutil

    from yamlmod.ops import operations

    modules = [
        importlib.import_module(f"{operations.__name__}.{folder.name}.plan")
        for folder in pkgutil.iter_modules(operations.__path__)
    ]
    return {module.OPERATION.name: module.OPERATION for module in modules}
