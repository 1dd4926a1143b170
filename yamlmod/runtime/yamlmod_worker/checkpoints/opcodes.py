"""Apply each operation of a pickle to the reader's own stack; none creates a real object.

One function for every operation but the most frequent, which are in the reader's loop. Those left
out of both (EXT, PERSID, buffers) are refused by name.
"""

from __future__ import annotations

import pickletools
import struct
from typing import Any, Callable, Dict

from ..refused import bad
from .inert import Thing
from .pickles import CALL, DICT, ITEM, Pickle, Table

_U1, _U2, _U4, _U8, _I4, _F8 = map(struct.Struct, ("<B", "<H", "<I", "<Q", "<i", ">d"))
_LONGEST = 400  # bytes of a whole number; it is hashed anew each time


def _int_line(p: Pickle) -> None:
    text = p.number_line()
    p.push({"00": False, "01": True}[text] if text in ("00", "01") else int(text))


def _long(p: Pickle, count: int) -> None:
    if count > _LONGEST:
        raise bad("its pickle has a number of {} bytes".format(count))
    p.push(int.from_bytes(p.take(count), "little", signed=True))


def _take_dict(p: Pickle) -> None:
    pairs = p.marked()
    items: Dict[Any, Any] = {}
    p.set_items(items, pairs)
    p.push(items)


def _instance(p: Pickle) -> None:
    what = p.global_(p.line(), p.line())
    p.push(p.call(what, tuple(p.marked())))


def _object(p: Pickle) -> None:
    items = p.marked()
    p.push(p.call(items[0], tuple(items[1:])))


def _new(p: Pickle) -> None:
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
        raise IndexError
    p.stack[-count:] = [tuple(p.stack[-count:])]


def _one(p: Pickle) -> None:
    p.stack[-1] = (p.stack[-1],)


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


def _text(p: Pickle) -> None:
    count = p.number(_U4)
    stop = p.reach(count)
    p.stack.append(str(p.data[p.end : stop], "utf-8", "surrogatepass"))
    p.end = stop


def _unknown(p: Pickle) -> None:
    code = p.data[p.end - 1]
    names = [op.name for op in pickletools.opcodes if ord(op.code) == code]
    name = names[0] if names else "0x{:02x}, which no pickle has".format(code)
    raise bad("its pickle uses the operation {}".format(name))


_OPERATIONS: Dict[str, Callable[[Pickle], Any]] = {
    "PROTO": lambda p: p.take(1),
    "FRAME": lambda p: p.take(8),
    "POP": lambda p: p.stack.pop() if p.stack else p.marked(),
    "POP_MARK": Pickle.marked,
    "DUP": lambda p: p.push(p.stack[-1]),
    "NONE": lambda p: p.push(None),
    "NEWFALSE": lambda p: p.push(False),
    "FLOAT": lambda p: p.push(float(p.number_line())),
    "BINFLOAT": lambda p: p.push(p.number(_F8)),
    "INT": _int_line,
    "BININT": lambda p: p.push(p.number(_I4)),
    "BININT2": lambda p: p.push(p.number(_U2)),
    "LONG": lambda p: p.push(int(p.number_line().rstrip("L"))),
    "LONG1": lambda p: _long(p, p.number(_U1)),
    "LONG4": lambda p: _long(p, p.number(_I4)),
    "STRING": lambda p: p.push(p.line().strip("'\"")),
    "BINSTRING": lambda p: p.push(p.take(p.number(_I4)).decode("latin-1")),
    "SHORT_BINSTRING": lambda p: p.push(p.take(p.number(_U1)).decode("latin-1")),
    "UNICODE": lambda p: p.push(p.line()),
    "BINUNICODE": _text,
    "SHORT_BINUNICODE": lambda p: p.push(p.take(p.number(_U1)).decode("utf-8", "surrogatepass")),
    "BINUNICODE8": lambda p: p.push(p.take(p.number(_U8)).decode("utf-8", "surrogatepass")),
    "BINBYTES": lambda p: p.push(p.take(p.number(_U4))),
    "SHORT_BINBYTES": lambda p: p.push(p.take(p.number(_U1))),
    "BINBYTES8": lambda p: p.push(p.take(p.number(_U8))),
    "BYTEARRAY8": lambda p: p.push(p.take(p.number(_U8))),
    "EMPTY_LIST": lambda p: p.push([]),
    "EMPTY_SET": lambda p: p.push([]),
    "LIST": lambda p: p.push(p.marked()),
    "DICT": _take_dict,
    "FROZENSET": lambda p: p.push(tuple(p.marked())),
    "TUPLE1": _one,
    "TUPLE2": lambda p: _tuple(p, 2),
    "TUPLE3": lambda p: _tuple(p, 3),
    "APPEND": _append,
    "APPENDS": _appends,
    "ADDITEMS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "PUT": lambda p: p.put(int(p.number_line())),
    "MEMOIZE": lambda p: p.put(len(p.memo)),
    "GET": lambda p: p.get(int(p.number_line())),
    "LONG_BINGET": lambda p: p.get(p.number(_U4)),
    "GLOBAL": lambda p: p.push(p.global_(p.line(), p.line())),
    "STACK_GLOBAL": _stack_global,
    "NEWOBJ": _new,
    "NEWOBJ_EX": _new_with_keywords,
    "OBJ": _object,
    "INST": _instance,
    "BUILD": Pickle.build,
    "BINPERSID": lambda p: p.push(p.persistent(p.stack.pop())),
}
_LIST, _TUPLE, _TEXT, _NAME = 5, 4, 4, 14
# What an operation makes beyond what its bytes are charged; none makes more.
_COSTS = {
    **dict.fromkeys(("NEWOBJ", "NEWOBJ_EX", "OBJ", "REDUCE"), CALL),
    "BINPERSID": CALL + ITEM,
    **dict.fromkeys(("EMPTY_LIST", "EMPTY_SET"), _LIST),
    **dict.fromkeys(("APPEND", "APPENDS", "ADDITEMS"), _LIST),
    **dict.fromkeys(("TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET"), _TUPLE),
    **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), _NAME),
    **{name: _TEXT for name in _OPERATIONS if "STRING" in name or "UNICODE" in name},
    **{name: _TEXT for name in _OPERATIONS if "BYTES" in name or "BYTEARRAY" in name},
    "DICT": DICT,
    "INST": _NAME + CALL,
}


def _table() -> Table:
    table: Table = [(_unknown, 0)] * 256
    for op in pickletools.opcodes:
        if op.name in _OPERATIONS:
            table[ord(op.code)] = _OPERATIONS[op.name], _COSTS.get(op.name, 0)
    return table


TABLE: Table = _table()
