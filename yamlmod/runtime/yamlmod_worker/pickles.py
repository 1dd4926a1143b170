"""Reads a pickle without executing any of it: no object of it is looked up, made or called.

The opcodes are interpreted here, one by one, and not by the pickle module, whose REDUCE, BUILD,
NEWOBJ and EXT act on real objects. What a pickle would have called becomes a `Thing`; the few
calls that mean data (a tensor, an ordered dict) are told by the reader's own table.
"""

from __future__ import annotations

import gc
import pickletools
import struct
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .refused import Refused, bad, shown

# Memoised tuples of tuples hash without bound; nothing that torch saves has such a key.
_PLAIN_KEYS = (str, int, float, bool, bytes, type(None))
_LONGEST_NUMBER = 400  # digits of a number written as text; their value costs their square
_LONGEST_KEY = 16  # parts of a tuple that is a key; it is hashed anew each time
STOP = ord(".")
# The operations that are four fifths of a network's pickle.
_FREQUENT = b"hr)RK(}q\x88t"
_U4 = struct.Struct("<I")


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
        self.items: Optional[List[Any]] = None
        self.entries: Optional[Dict[Any, Any]] = None

    def attribute(self, name: str) -> Any:
        """Return an attribute of the object's state, None where it has none of that name."""
        return self.state.get(name) if isinstance(self.state, dict) else None


Known = Dict[Tuple[str, str], Callable[[Tuple[Any, ...]], Any]]
"""What a call of a global means, from its arguments, for the globals that are data."""


class Pickle:
    """One pickle in a buffer, read from ``start``; ``end`` is behind it afterwards.

    One that is longer than ``most`` bytes is refused.
    """

    def __init__(
        self,
        data: Any,
        start: int,
        known: Known,
        persistent: Callable[[Any], Any],
        most: Optional[int] = None,
    ) -> None:
        self.data, self.end = data, start
        self.stop = len(data) if most is None else min(start + most, len(data))
        self.known, self.persistent = known, persistent
        self.stack: List[Any] = []
        self.marks: List[List[Any]] = []
        self.memo: Dict[int, Any] = {}
        self.names: Dict[Name, None] = {}

    def load(self, table: "Table") -> Any:
        """Interpret the pickle and return its object. Raises Refused for anything odd."""
        collecting = gc.isenabled()
        gc.disable()  # nothing of what is being read is garbage
        try:
            return self._run(table)
        except Refused:
            raise
        except (IndexError, struct.error):
            raise bad("its pickle is cut short or malformed") from None
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise bad("its pickle is malformed: {}".format(shown(str(error)))) from None
        finally:
            if collecting:
                gc.enable()

    def _run(self, table: "Table") -> Any:
        """Go through the operations; the most frequent ones stand here, for a call costs more."""
        get, long_put, empty_tuple, reduce_, small, mark, empty_dict, put, true, tuple_ = _FREQUENT
        data, memo, stack, end, stop = self.data, self.memo, self.stack, self.end, self.stop
        unpack, call = _U4.unpack_from, self.call
        while end < stop:
            code = data[end]
            end += 1
            if code == get:
                stack.append(memo[data[end]])
                end += 1
            elif code == long_put:
                memo[unpack(data, end)[0]] = stack[-1]
                end += 4
            elif code == empty_tuple:
                if data[end] != reduce_:
                    stack.append(())
                    continue
                # Made of nothing and remembered: the ten empty tables that every module has.
                made = stack[-1] = call(stack[-1], ())
                end += 1
                if data[end] == long_put:
                    memo[unpack(data, end + 1)[0]] = made
                    end += 5
            elif code == small:
                stack.append(data[end])
                end += 1
            elif code == mark:
                self.marks.append(stack)
                stack = self.stack = []
            elif code == tuple_:
                found = tuple(stack)
                stack = self.stack = self.marks.pop()
                stack.append(found)
            elif code == empty_dict:
                stack.append({})
            elif code == reduce_:
                args = stack.pop()
                stack[-1] = call(stack[-1], args)
            elif code == put:
                memo[data[end]] = stack[-1]
                end += 1
            elif code == true:
                stack.append(True)
            elif code == STOP:
                self.end = end
                return stack.pop()
            else:
                operation = table.get(code)
                if operation is None:
                    raise bad("its pickle uses the operation {}".format(_called(code)))
                self.end = end
                operation(self)
                end, stack = self.end, self.stack
        raise self.cut()

    def cut(self) -> Refused:
        """Return the refusal of a pickle that ends before it is whole."""
        if self.stop < len(self.data):
            return bad("its pickle is longer than any that is read")
        return bad("its pickle is cut short")

    # Reading from the buffer.

    def take(self, count: int) -> bytes:
        """Return the next bytes; fewer than asked for is a truncated file."""
        if count < 0 or count > self.stop - self.end:
            raise self.cut()
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
        stop = self.data.find(b"\n", self.end, self.stop)
        if stop < 0:
            raise self.cut()
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
        if type(what) is Name and isinstance(args, tuple):
            meaning = self.known.get(what)  # a Name is a tuple of two texts
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
        into = target
        if isinstance(target, Thing):
            into = target.entries = {} if target.entries is None else target.entries
        if not isinstance(into, dict):
            raise bad("its pickle puts a key into something that has none")
        for index in range(0, len(pairs), 2):
            key = pairs[index]
            into[key if type(key) is str else _key(key)] = pairs[index + 1]

    def add_items(self, target: Any, values: List[Any]) -> None:
        """Append values to a list, a set (kept as a list) or a stand-in."""
        into = target
        if isinstance(target, Thing):
            into = target.items = [] if target.items is None else target.items
        if not isinstance(into, list):
            raise bad("its pickle appends to something that is no list")
        into.extend(values)


def _key(key: Any) -> Any:
    if isinstance(key, tuple) and not isinstance(key, Name):
        if len(key) <= _LONGEST_KEY and all(isinstance(part, _PLAIN_KEYS) for part in key):
            return key
    elif isinstance(key, (*_PLAIN_KEYS, Name, Thing)):
        return key
    raise bad("its pickle uses a {} as a key".format(type(key).__name__))


def _called(code: int) -> str:
    names = [op.name for op in pickletools.opcodes if ord(op.code) == code]
    return names[0] if names else "0x{:02x}, which no pickle has".format(code)


Table = Dict[int, Callable[[Pickle], Any]]
"""What every operation does; an operation that it lacks is refused by its name."""
