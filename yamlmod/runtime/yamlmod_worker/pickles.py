"""Reads a pickle without executing any of it: no object of it is looked up, made or called.

The opcodes are interpreted here, one by one, and not by the pickle module, whose REDUCE, BUILD,
NEWOBJ and EXT act on real objects. What a pickle would have called becomes a `Thing`; the few
calls that mean data (a tensor, an ordered dict) are told by the reader's own table.
"""

from __future__ import annotations

import pickletools
import struct
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from .refused import Refused, bad

# Memoised tuples of tuples hash without bound; nothing that torch saves has such a key.
_PLAIN_KEYS = (str, int, float, bool, bytes, type(None))
STOP = ord(".")
_LONGEST_NUMBER = 400  # digits of a number written as text; their value costs their square


class Name(NamedTuple):
    """A global that the pickle names; it is never looked up."""

    module: str
    name: str


class Thing:
    """An inert stand-in of an object: what it would have been made from, its state and items."""

    __slots__ = ("args", "entries", "items", "state", "what")

    def __init__(self, what: Any, args: Any) -> None:
        self.what, self.args = what, args
        self.state: Any = None
        self.items: List[Any] = []
        self.entries: Dict[Any, Any] = {}

    def attribute(self, name: str) -> Any:
        """Return an attribute of the object's state, None where it has none of that name."""
        return self.state.get(name) if isinstance(self.state, dict) else None


Known = Dict[Tuple[str, str], Callable[[Tuple[Any, ...]], Any]]
"""What a call of a global means, from its arguments, for the globals that are data."""


class Pickle:
    """One pickle in a buffer, read from ``start``; ``end`` is behind it afterwards."""

    def __init__(
        self, data: Any, start: int, known: Known, persistent: Callable[[Any], Any]
    ) -> None:
        self.data, self.end = data, start
        self.known, self.persistent = known, persistent
        self.stack: List[Any] = []
        self.marks: List[List[Any]] = []
        self.memo: Dict[int, Any] = {}
        self.names: Dict[Name, None] = {}

    def load(self, table: "Table") -> Any:
        """Interpret the pickle and return its object. Raises Refused for anything odd."""
        try:
            return self._run(table)
        except Refused:
            raise
        except (IndexError, struct.error):
            raise bad("its pickle is cut short or malformed") from None
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise bad("its pickle is malformed: {}".format(str(error)[:80])) from None

    def _run(self, table: "Table") -> Any:
        data = self.data
        while True:
            code = data[self.end]
            self.end += 1
            if code == STOP:
                return self.stack.pop()
            operation = table.get(code)
            if operation is None:
                raise bad("its pickle uses the operation {}".format(_called(code)))
            operation(self)

    # Reading from the buffer.

    def take(self, count: int) -> bytes:
        """Return the next bytes; fewer than asked for is a truncated file."""
        if count < 0 or count > len(self.data) - self.end:
            raise bad("its pickle is cut short")
        found = bytes(self.data[self.end : self.end + count])
        self.end += count
        return found

    def number(self, form: struct.Struct) -> Any:
        """Return one number."""
        found = form.unpack_from(self.data, self.end)[0]
        self.end += form.size
        return found

    def line(self) -> str:
        """Return the text up to the next newline."""
        stop = self.data.find(b"\n", self.end)
        if stop < 0:
            raise bad("its pickle is cut short")
        return self.take(stop + 1 - self.end)[:-1].decode("utf-8")

    def number_line(self) -> str:
        """Return a number written as text."""
        text = self.line()
        if len(text) > _LONGEST_NUMBER:
            raise bad("its pickle writes a number of {} digits".format(len(text)))
        return text

    # The stack.

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def mark(self) -> None:
        """Begin a stretch of the stack."""
        self.marks.append(self.stack)
        self.stack = []

    def marked(self) -> List[Any]:
        """Return the stretch since the last mark, and go on below it."""
        found, self.stack = self.stack, self.marks.pop()
        return found

    # Objects.

    def global_(self, module: Any, name: Any) -> Name:
        """Return a name; dotted ones are as inert as others."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise bad("its pickle names a global by something that is no text")
        found = Name(module, name)
        self.names[found] = None
        return found

    def call(self, what: Any, args: Any) -> Any:
        """Return what a call stands for; nothing is called but this reader's own table."""
        if isinstance(what, Name) and isinstance(args, tuple):
            meaning = self.known.get((what.module, what.name))
            if meaning is not None:
                return meaning(args)
        return Thing(what, args)

    def build(self) -> None:
        """Keep the state of a stand-in; of containers it is of no use (`_metadata`)."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Thing):
            slots = isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], dict)
            target.state = state[0] if slots else state

    def set_items(self, target: Any, pairs: List[Any]) -> None:
        """Put keys and values, one behind the other, into a dict or a stand-in."""
        if len(pairs) % 2:
            raise bad("its pickle has a key without a value")
        into = target.entries if isinstance(target, Thing) else target
        if not isinstance(into, dict):
            raise bad("its pickle puts a key into something that has none")
        for index in range(0, len(pairs), 2):
            into[_key(pairs[index])] = pairs[index + 1]

    def add_items(self, target: Any, values: List[Any]) -> None:
        """Append values to a list, a set (kept as a list) or a stand-in."""
        into = target.items if isinstance(target, Thing) else target
        if not isinstance(into, list):
            raise bad("its pickle appends to something that is no list")
        into.extend(values)


def _key(key: Any) -> Any:
    flat = isinstance(key, tuple) and all(isinstance(part, _PLAIN_KEYS) for part in key)
    if flat or isinstance(key, (*_PLAIN_KEYS, Name, Thing)):
        return key
    raise bad("its pickle uses a {} as a key".format(type(key).__name__))


def _called(code: int) -> str:
    names = [op.name for op in pickletools.opcodes if ord(op.code) == code]
    return names[0] if names else "0x{:02x}, which no pickle has".format(code)


Table = Dict[int, Callable[[Pickle], Any]]
"""What every operation does; an operation that it lacks is refused by its name."""
