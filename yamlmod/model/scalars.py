"""Read a scalar of a YAML file as the fork that loads it does.

Forks load their YAMLs with PyYAML, which speaks YAML 1.1: `0x3` and `03` are 3, `yes` is true,
`1e5` and `0o3` are strings. ruamel.yaml speaks 1.2, so its answers for plain scalars are not used.
"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.nodes import ScalarNode

from yamlmod.yaml_words import FALSE_WORDS, TRUE_WORDS

_MAX_DIGITS = 40
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    form: value
    for words, value in ((TRUE_WORDS, True), (FALSE_WORDS, False))
    for word in words
    for form in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(
    r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)", re.ASCII
)
_REAL = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    re.ASCII,
)


def scalar_value(node: ScalarNode, text: str) -> Any:
    """Return a scalar as plain data: a number, a boolean, None or a string."""
    spelled = str(node.value)
    if is_plain(node, text):
        return plain_value(spelled)
    kind = str(node.tag).rsplit(":", 1)[-1]
    if kind in ("int", "float", "bool", "null"):
        value = plain_value(spelled)
        return value if type(value).__name__ in (kind, "NoneType") else spelled
    return spelled


def is_plain(node: ScalarNode, text: str) -> bool:
    """Check whether a scalar bears neither quotes nor a tag, so that its look says what it is."""
    start = node.start_mark.index
    return node.style is None and (not node.value or text[start : start + 1] not in ("!", "&"))


def plain_value(spelled: str) -> Any:
    """Return what a scalar without quotes and tag is, as PyYAML reads it.

    A number of more than 40 digits stays a string: nothing in a model has one, and to convert it
    can take long. So does a date.
    """
    if spelled in _NULL:
        return None
    if spelled[:1].isalpha():
        return _BOOLEANS.get(spelled, spelled)
    if len(spelled) > _MAX_DIGITS:
        return spelled
    if _INTEGER.fullmatch(spelled):
        return _integer(spelled)
    if _REAL.fullmatch(spelled):
        return _real(spelled)
    return spelled


def _integer(spelled: str) -> int | str:
    digits = spelled.replace("_", "").lstrip("+-")
    sign = -1 if spelled[0] == "-" else 1
    base = {"0b": 2, "0x": 16}.get(digits[:2])
    try:
        if base is not None:
            return sign * int(digits[2:], base)
        if digits[0] == "0":
            return sign * int(digits, 8)
        return sign * int(_sixties(digits))
    except ValueError:  # `0x_`: PyYAML itself fails
        return spelled


def _real(spelled: str) -> float | str:
    digits = spelled.replace("_", "").lower()
    sign, digits = (-1 if digits[0] == "-" else 1), digits.lstrip("+-")
    try:
        if digits in (".inf", ".nan"):
            return sign * float(digits[1:])
        return sign * _sixties(digits)
    except ValueError:
        return spelled


def _sixties(digits: str) -> float:
    """Return a number, perhaps in YAML 1.1's notation to the base of 60: 1:30 is 90."""
    if ":" not in digits:
        return float(digits) if "." in digits else int(digits)
    total = 0.0
    for part in digits.split(":"):
        total = total * 60 + float(part)
    return total
