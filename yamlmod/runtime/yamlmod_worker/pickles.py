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

    def load(self) -> Any:
        """Interpret the pickle and return its object. Raises Refused for anything odd."""
        try:
            return self._run()
        except Refused:
            raise
        except (IndexError, struct.error):
            raise bad("its pickle is cut short or malformed") from None
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise bad("its pickle is malformed: {}".format(str(error)[:80])) from None

    def _run(self) -> Any:
        data, table = self.data, _TABLE
        while True:
            code = data[self.end]
            self.end += 1
            if code == _STOP:
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

    def number(self, form: str) -> Any:
        """Return one number in a form of struct."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

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
    known = pickletools.code2op.get(chr(code))
    return known.name if known is not None else "0x{:02x}, which no pickle has".format(code)


# One function for every operation. Those left out (EXT, PERSID, buffers) are refused by name.


def _int_line(p: Pickle) -> None:
    text = p.number_line()
    p.push({"00": False, "01": True}[text] if text in ("00", "01") else int(text))


def _long(p: Pickle, count: int) -> None:
    p.push(int.from_bytes(p.take(count), "little", signed=True))


def _take_dict(p: Pickle) -> None:
    pairs = p.marked()
    found: Dict[Any, Any] = {}
    p.set_items(found, pairs)
    p.push(found)


def _instance(p: Pickle) -> None:
    what = p.global_(p.line(), p.line())
    p.push(p.call(what, tuple(p.marked())))


def _object(p: Pickle) -> None:
    found = p.marked()
    p.push(p.call(found[0], tuple(found[1:])))


def _reduce(p: Pickle) -> None:
    args = p.stack.pop()
    p.stack[-1] = p.call(p.stack[-1], args)


def _new_with_keywords(p: Pickle) -> None:
    keywords, args = p.stack.pop(), p.stack.pop()
    p.stack[-1] = Thing(p.stack[-1], (args, keywords))


def _stack_global(p: Pickle) -> None:
    name, module = p.stack.pop(), p.stack.pop()
    p.push(p.global_(module, name))


def _tuple(p: Pickle, count: int) -> None:
    if len(p.stack) < count:
        raise bad("its pickle takes more than it has")
    p.stack[-count:] = [tuple(p.stack[-count:])]


def _append(p: Pickle) -> None:
    value = p.stack.pop()
    p.add_items(p.stack[-1], [value])


def _appends(p: Pickle) -> None:
    values = p.marked()
    p.add_items(p.stack[-1], values)


def _set_item(p: Pickle) -> None:
    value, key = p.stack.pop(), p.stack.pop()
    p.set_items(p.stack[-1], [key, value])


def _set_items(p: Pickle) -> None:
    pairs = p.marked()
    p.set_items(p.stack[-1], pairs)


def _memoise(p: Pickle, index: int) -> None:
    p.memo[index] = p.stack[-1]


_STOP = ord(".")
_OPERATIONS: Dict[str, Callable[[Pickle], Any]] = {
    "PROTO": lambda p: p.take(1),
    "FRAME": lambda p: p.take(8),
    "MARK": Pickle.mark,
    "POP": lambda p: p.stack.pop() if p.stack else p.marked(),
    "POP_MARK": Pickle.marked,
    "DUP": lambda p: p.push(p.stack[-1]),
    "NONE": lambda p: p.push(None),
    "NEWTRUE": lambda p: p.push(True),
    "NEWFALSE": lambda p: p.push(False),
    "FLOAT": lambda p: p.push(float(p.number_line())),
    "BINFLOAT": lambda p: p.push(p.number(">d")),
    "INT": _int_line,
    "BININT": lambda p: p.push(p.number("<i")),
    "BININT1": lambda p: p.push(p.number("<B")),
    "BININT2": lambda p: p.push(p.number("<H")),
    "LONG": lambda p: p.push(int(p.number_line().rstrip("L"))),
    "LONG1": lambda p: _long(p, p.number("<B")),
    "LONG4": lambda p: _long(p, p.number("<i")),
    "STRING": lambda p: p.push(p.line().strip("'\"")),
    "BINSTRING": lambda p: p.push(p.take(p.number("<i")).decode("latin-1")),
    "SHORT_BINSTRING": lambda p: p.push(p.take(p.number("<B")).decode("latin-1")),
    "UNICODE": lambda p: p.push(p.line()),
    "BINUNICODE": lambda p: p.push(p.take(p.number("<I")).decode("utf-8", "surrogatepass")),
    "SHORT_BINUNICODE": lambda p: p.push(p.take(p.number("<B")).decode("utf-8", "surrogatepass")),
    "BINUNICODE8": lambda p: p.push(p.take(p.number("<Q")).decode("utf-8", "surrogatepass")),
    "BINBYTES": lambda p: p.push(p.take(p.number("<I"))),
    "SHORT_BINBYTES": lambda p: p.push(p.take(p.number("<B"))),
    "BINBYTES8": lambda p: p.push(p.take(p.number("<Q"))),
    "BYTEARRAY8": lambda p: p.push(p.take(p.number("<Q"))),
    "EMPTY_LIST": lambda p: p.push([]),
    "EMPTY_DICT": lambda p: p.push({}),
    "EMPTY_TUPLE": lambda p: p.push(()),
    "EMPTY_SET": lambda p: p.push([]),
    "LIST": lambda p: p.push(p.marked()),
    "DICT": _take_dict,
    "TUPLE": lambda p: p.push(tuple(p.marked())),
    "FROZENSET": lambda p: p.push(tuple(p.marked())),
    "TUPLE1": lambda p: _tuple(p, 1),
    "TUPLE2": lambda p: _tuple(p, 2),
    "TUPLE3": lambda p: _tuple(p, 3),
    "APPEND": _append,
    "APPENDS": _appends,
    "ADDITEMS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "PUT": lambda p: _memoise(p, int(p.number_line())),
    "BINPUT": lambda p: _memoise(p, p.number("<B")),
    "LONG_BINPUT": lambda p: _memoise(p, p.number("<I")),
    "MEMOIZE": lambda p: _memoise(p, len(p.memo)),
    "GET": lambda p: p.push(p.memo[int(p.number_line())]),
    "BINGET": lambda p: p.push(p.memo[p.number("<B")]),
    "LONG_BINGET": lambda p: p.push(p.memo[p.number("<I")]),
    "GLOBAL": lambda p: p.push(p.global_(p.line(), p.line())),
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "NEWOBJ": _reduce,
    "NEWOBJ_EX": _new_with_keywords,
    "OBJ": _object,
    "INST": _instance,
    "BUILD": Pickle.build,
    "BINPERSID": lambda p: p.push(p.persistent(p.stack.pop())),
}
_TABLE = {
    ord(op.code): _OPERATIONS[op.name] for op in pickletools.opcodes if op.name in _OPERATIONS
}
