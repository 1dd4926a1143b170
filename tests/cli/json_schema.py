"""A validator for what docs/json.schema.json uses of JSON Schema; other words are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_SCHEMA = Path(__file__).parents[2] / "docs" / "json.schema.json"
SCHEMA = json.loads(_SCHEMA.read_text(encoding="utf-8"))

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    "$schema", "$id", "$defs", "$ref", "title", "type", "const", "enum", "required", "properties",
    "items", "oneOf", "anyOf", "allOf", "not", "if", "then",
}  # fmt: skip


def errors(
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str = "$"
) -> Iterator[str]:
    """Yield what is wrong with a value; raises KeyError for words that are not understood."""
    if schema.keys() - _KNOWN:
        raise KeyError(str(schema.keys() - _KNOWN))
    if "$ref" in schema:
        yield from errors(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
    if "type" in schema and not _is_of(value, schema["type"]):
        yield f"{at} is no {schema['type']}: {value!r:.60}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{at} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is none of {schema['enum']}"
    if isinstance(value, dict):
        yield from (f"{at} has no {key}" for key in schema.get("required", ()) if key not in value)
        for key, part in schema.get("properties", {}).items():
            if key in value:
                yield from errors(value[key], part, root, f"{at}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from errors(item, schema["items"], root, f"{at}[{number}]")
    yield from _joined(value, schema, root, at)


def _joined(
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str
) -> Iterator[str]:
    for part in schema.get("allOf", ()):
        yield from errors(value, part, root, at)
    for word in ("oneOf", "anyOf"):
        results = [list(errors(value, part, root, at)) for part in schema.get(word, ())]
        held = sum(not result for result in results)
        if results and (held != 1 if word == "oneOf" else not held):
            nearest = min(results, key=len) if not held else ["several hold"]
            yield f"{at}: {word}: {'; '.join(nearest)[:300]}"
    if "not" in schema and not list(errors(value, schema["not"], root, at)):
        yield f"{at}: it must not be so"
    if "if" in schema and not list(errors(value, schema["if"], root, at)):
        yield from errors(value, schema["then"], root, at)


def _is_of(value: Any, names: str | list[str]) -> bool:
    for name in [names] if isinstance(names, str) else names:
        if isinstance(value, bool) and name != "boolean":
            continue
        if isinstance(value, _TYPES[name]):
            return True
    return False
