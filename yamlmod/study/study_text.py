"""Read plain YAML of a study with messages that name the key and its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.model.parse import load_plain

MOST_EPOCHS = 100_000
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")
_EXAMPLE = "docs/studies.md describes the format"


class StudyText:
    """One file; every refusal names a key and its line."""

    def __init__(self, text: str, shown: str) -> None:
        self.text, self.shown = text, shown
        self.data = load_plain(text, shown)

    def options(self, options: Any, what: str, key: str) -> Mapping[str, Any]:
        """Check options of the training script: words, with plain values."""
        if not isinstance(options, dict):
            raise self.refusal(f"{what} is {kind_of(options)}, not options", key)
        for name, value in options.items():
            if not isinstance(name, str) or not _OPTION.fullmatch(name):
                raise self.refusal(
                    f"{what}: {str(name)[:80]!r} is not the name of an option", str(name)
                )
            for item in value if isinstance(value, list) else [value]:
                if not isinstance(item, (str, int, float, bool, type(None))) or "\0" in str(item):
                    raise self.refusal(
                        f"{what}: {name} is {kind_of(item)}, and a plain value is needed", name
                    )
        epochs = options.get("epochs", 1)
        if not is_count(epochs) or epochs > MOST_EPOCHS:
            raise self.refusal(
                f"{what}: epochs is a whole number from 1 to {MOST_EPOCHS:,}", "epochs"
            )
        return options

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self.data[key]
        if not isinstance(value, dict):
            raise self.refusal(f"{key} is {kind_of(value)}, and a mapping is needed", key)
        return value

    def word_of(self, value: Any, what: str, key: str) -> str:
        if not isinstance(value, str):
            raise self.refusal(f"{what} is {kind_of(value)}, and a name or path is needed", key)
        if "\0" in value or "\n" in value or len(value) > 1000:
            raise self.refusal(f"{what} is no name or path", key)
        return value

    def list_of_words(self, value: Any, what: str, key: str) -> list[str]:
        words = value if isinstance(value, list) else [value]
        return [self.word_of(word, what, key) for word in words]

    def check_keys(self, data: Mapping[Any, Any], known: Sequence[str], what: str) -> None:
        for key in data:
            if key not in known:
                near = similar(str(key), known)
                raise self.refusal(
                    f"{what} has no key `{key}`{near}; it has {one_of(known, 20)}", str(key)
                )

    def refusal(self, message: str, key: str) -> Refusal:
        match = key and re.search(
            rf"^[\s{{,-]*['\"]?{re.escape(key)}['\"]?\s*:", self.text, re.MULTILINE
        )
        if not match and key:
            match = re.search(rf"[\s{{,'\"]{re.escape(key)}['\"]?\s*:", self.text)
        if not match:
            return Refusal("bad-study", message, place=Place(self.shown), hint=_EXAMPLE)
        start = self.text.index(key, match.start())
        place = Place.at(self.shown, self.text, start, start + len(key))
        return Refusal("bad-study", message, place=place, hint=_EXAMPLE)


def is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def kind_of(value: Any) -> str:
    kinds = {dict: "a mapping", list: "a list", str: "a word", bool: "true or false"}
    return "empty" if value is None else kinds.get(type(value), "a number")


def similar(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f" (did you mean `{near[0]}`?)" if near else ""
