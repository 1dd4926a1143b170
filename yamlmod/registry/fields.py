"""Validate the values of a manifest, which may be written by anyone."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from yamlmod.workspace.disk import read_regular

# The largest template of the registry has 17 kB; its syntax tree takes some 600 times its size.
MAX_CODE = 200_000
_MISSING = object()


def line(data: Mapping[str, Any], key: str, default: Any = _MISSING) -> str:
    """Return a text of one line; it goes into lists, comments and requirements."""
    value = _value(data, key, default)
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError(f"{key} must be a text of one line, got {reprlib.repr(value)}")
    return value


def lines(data: Mapping[str, Any], key: str, default: Any = _MISSING) -> tuple[str, ...]:
    """Return a list of texts of one line."""
    value = _value(data, key, default)
    if not isinstance(value, list):
        raise TypeError(f"{key} must be a list, got {reprlib.repr(value)}")
    return tuple(line({key: item}, key) for item in value)


def table(data: Mapping[str, Any], key: str, default: Any = _MISSING) -> Mapping[str, Any]:
    value = _value(data, key, default)
    if not isinstance(value, dict):
        raise TypeError(f"{key} must be a table, got {reprlib.repr(value)}")
    return value


def tables(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise TypeError(f"{key} must be a list of tables, got {reprlib.repr(value)}")
    return [table({key: item}, key) for item in value]


def texts(data: Mapping[str, Any], key: str) -> dict[str, str]:
    """Return a table of texts, empty where there is none."""
    items = table(data, key, {})
    return {name: line(items, name) for name in items}


def both_texts(data: Mapping[str, Any], key: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return a table of texts, and the Chinese that `<name>_zh` beside `<name>` gives."""
    items = texts(data, key)
    chinese = {name: items.pop(f"{name}_zh") for name in list(items) if f"{name}_zh" in items}
    return items, chinese


def plain(data: Mapping[str, Any], key: str) -> dict[str, str | int | float]:
    """Return a table of texts and numbers."""
    items = table(data, key)
    for name, value in items.items():
        if not isinstance(value, (str, int, float)):
            raise TypeError(f"{key}.{name} must be a text or a number, got {reprlib.repr(value)}")
    return dict(items)


def scalars(data: Mapping[str, Any], key: str) -> tuple[str | int | float, ...]:
    """Return a list of texts and numbers, empty where there is none."""
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(x, (str, int, float)) for x in value):
        raise TypeError(f"{key} must be a list of texts and numbers, got {reprlib.repr(value)}")
    return tuple(value)


def code(folder: Path, name: str, below: Path | None) -> str:
    """Return the text of a file that a manifest names: in its folder, ASCII, of sensible size."""
    forms = PurePosixPath(name), PureWindowsPath(name)
    if not name or any(form.anchor or ".." in form.parts for form in forms):
        raise ValueError(f"file must name a file of the folder, got {reprlib.repr(name)}")
    data = read_regular(folder / name, MAX_CODE, below)
    return data.decode("ascii").replace("\r\n", "\n")


def _value(data: Mapping[str, Any], key: str, default: Any) -> Any:
    return data[key] if default is _MISSING else data.get(key, default)
