"""Write the edits of a recipe as the YAML that `apply` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from yamlmod.yaml_words import RESERVED_WORDS

_WORD = re.compile(rf"(?!(?:{'|'.join(RESERVED_WORDS)})$)[A-Za-z_][\w.]*", re.I | re.A)
_ODD = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class RecipeEdit:
    """One edit: its options in the order they are written, and the names of the layers it names."""

    options: tuple[tuple[str, Any], ...]
    names: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return self.options[0][0]

    def get(self, key: str) -> Any:
        return dict(self.options).get(key)

    def having(self, key: str, value: Any) -> RecipeEdit:
        return replace(self, options=(*self.options, (key, value)))


def recipe_text(edits: Sequence[RecipeEdit]) -> str:
    lines = [line for edit in edits for line in _lines(edit)]
    return "".join(
        line + "\n" for line in ["yamlmod: 1", "edits:" if edits else "edits: []", *lines]
    )


def merge_inserts(edits: Iterable[RecipeEdit]) -> list[RecipeEdit]:
    """Return the edits with neighbouring inserts of one module as one: `after: [17, 20, 23]`."""
    merged: list[RecipeEdit] = []
    lowest = 0  # the lowest layer that the last edit of ``found`` inserts
    for edit in edits:
        last = merged[-1] if merged else None
        after = edit.get("after") or [0]
        if last is not None and _mergeable(last, edit) and after[0] > lowest:
            # All places of one edit speak of the file in front of it.
            places = [*last.get("after"), after[0] - len(last.get("after"))]
            options = tuple((k, places if k == "after" else v) for k, v in last.options)
            merged[-1] = RecipeEdit(options, last.names + edit.names)
        else:
            merged.append(edit)
        lowest = after[0] + 1
    return merged


def _mergeable(first: RecipeEdit, second: RecipeEdit) -> bool:
    kept = ("insert", "args", "keep_skips", "allow_dead")
    plain = all(key in ("after", *kept) for edit in (first, second) for key, _ in edit.options)
    same = all(repr(first.get(key)) == repr(second.get(key)) for key in kept)
    return (
        plain
        and same
        and first.kind == "insert"
        and bool(first.get("after") and second.get("after"))
    )


def _lines(edit: RecipeEdit) -> list[str]:
    lines = [f"{key}: {_spelled(value)}" for key, value in edit.options]
    if edit.names and all(map(_WORD.fullmatch, edit.names)):
        # After the numbers, for the reviewer of the recipe.
        named = 1 if edit.kind == "insert" else 0
        lines[named] += "  # " + ", ".join(edit.names)
    return [("  - " if i == 0 else "    ") + line for i, line in enumerate(lines)]


def _spelled(value: Any) -> str:
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    # YAML reads these escapes between its double quotes, and not JSON's pairs of surrogates.
    text = _ODD.sub(_yaml_escape, json.dumps(value, ensure_ascii=False))
    return text.replace("##", "#\\x23")  # `##[` is a command to a CI service


def _yaml_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
