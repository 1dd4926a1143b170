"""Parse JSON from another process, within limits and only in the agreed shape."""

from __future__ import annotations

import functools
import json
import math
import types
from typing import (
    Any,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from yamlmod.runtime.yamlmod_worker.answers import AnyNumber

_LARGEST = 2**63
_DIGITS = 20
_TEXT = 4000  # fewer than the digits that Python makes a number of

Shape = TypeVar("Shape")


class Malformed(ValueError):
    """A message has not the agreed shape; the error names the place in it."""


def parse(line: bytes) -> Any:
    """Return the JSON of a line. Raises Malformed, also for numbers of endless digits."""
    try:
        return json.loads(line, parse_int=_whole)
    except (ValueError, RecursionError, MemoryError) as error:
        raise Malformed(f"not JSON: {type(error).__name__}") from None


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise Malformed("a number with too many digits")
    return int(digits)


def shaped(value: Any, shape: type[Shape], place: str = "answer") -> Shape:
    """Return a value that has the shape of a type. Raises Malformed where it has not."""
    _check(value, shape, place)
    return cast(Shape, value)


def _check(value: Any, shape: Any, place: str) -> None:
    origin, inner = get_origin(shape), get_args(shape)
    if shape is AnyNumber:
        fits = _is_number(value)
    elif origin in (Union, types.UnionType):
        fits = any(_fits(value, part, place) for part in inner)
    elif origin is Literal:
        fits = isinstance(value, str) and value in inner
    elif origin is list:
        fits = isinstance(value, list)
        values = value if fits else []
        _check_all(values, inner * len(values), place)
    elif origin is tuple:
        fits = isinstance(value, list) and len(value) == len(inner)
        _check_all(value if fits else [], inner if fits else (), place)
    elif origin is dict:
        fits = isinstance(value, dict) and all(_fits(key, str, place) for key in value)
        values = list(value.values()) if fits else []
        _check_all(values, inner[1:] * len(values), place)
    elif is_typeddict(shape):
        fits = _check_keys(value, shape, place)
    else:
        fits = _is_plain(value, shape)
    if not fits:
        raise Malformed(f"{place} has the wrong form")


def _fits(value: Any, shape: Any, place: str) -> bool:
    try:
        _check(value, shape, place)
    except Malformed:
        return False
    return True


def _check_all(values: Any, shapes: Any, place: str) -> None:
    for number, (value, shape) in enumerate(zip(values, shapes, strict=True)):
        _check(value, shape, f"{place}[{number}]")


@functools.cache
def _keys(shape: Any) -> dict[str, Any]:
    return get_type_hints(shape)


def _check_keys(value: Any, shape: Any, place: str) -> bool:
    keys = _keys(shape)
    if not isinstance(value, dict) or not shape.__required_keys__ <= value.keys() <= keys.keys():
        return False
    for key, inner in value.items():
        _check(inner, keys[key], f"{place}.{key}")
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_plain(value: Any, shape: Any) -> bool:
    if shape is str:
        return isinstance(value, str) and len(value) <= _TEXT and _is_encodable(value)
    if shape is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    if shape is float:
        return _is_number(value) and math.isfinite(value)
    return isinstance(value, shape)  # bool, None, or any object


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
