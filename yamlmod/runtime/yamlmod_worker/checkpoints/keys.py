"""Limit the dict keys of a pickle, so that a file cannot make them collide.

Python hashes texts and bytes with a secret of the process, and numbers without: those that are
equal modulo 2 ** 61 - 1 collide, and a table of them costs the square of its size.
"""

from __future__ import annotations

from typing import Any

from ..refused import Refused, a_value_of, bad
from .inert import Name, Thing

# Bytes or letters of a text that is a key: an equal one is compared letter by letter, each time.
LONGEST_TEXT = 1000
_MOST_PARTS = 8  # of a tuple that is a key; it is hashed anew each time
_MOST_BITS = 64
_NUMBERS = (int, float, bool, type(None))


class HashedKey:
    """A key that is no text, hashed through a text."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        parts = value if type(value) is tuple else (value,)
        if len(parts) > _MOST_PARTS:
            raise bad("its pickle uses a tuple of {} parts as a key".format(len(parts)))
        self._hash = hash(tuple([_hashed(part) for part in parts]))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return type(other) is HashedKey and self._hash == other._hash and self.value == other.value


def key_of(key: Any, count: int) -> Any:
    """Return the substitute of a key in a dict of ``count`` items. Raises Refused for odd ones.

    Numbers that count the items, as those of class names do, are keys as they are: they are all
    different modulo the size of the table.
    """
    kind = type(key)
    if kind is int and key == count:
        return key
    if kind is Name or kind is Thing:
        return key
    if kind in (tuple, bytes) or kind in _NUMBERS:
        return HashedKey(key)
    raise _odd_key(kind)


def check_text(text: Any) -> None:
    """Refuse a text that is too long for a key."""
    if len(text) > LONGEST_TEXT:
        raise bad("its pickle has a name of {} characters".format(len(text)))


def _hashed(part: Any) -> int:
    kind = type(part)
    if kind is str or kind is bytes:
        check_text(part)
        return hash((kind.__name__, part))  # "1", b"1" and the text of 1 are equal in their hash
    if kind not in _NUMBERS:
        raise _odd_key(kind)
    if kind is int and part.bit_length() > _MOST_BITS:
        raise bad("its pickle uses a number of {} bits as a key".format(part.bit_length()))
    if part != part:
        raise bad("its pickle uses nan as a key")  # each is another one, and all have one hash
    return hash((kind.__name__, repr(part)))


def _odd_key(kind: type) -> Refused:
    return bad("its pickle uses {} as a key".format(a_value_of(kind)))
