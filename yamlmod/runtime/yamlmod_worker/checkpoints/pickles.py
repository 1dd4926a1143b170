"""Read a pickle without executing it: no object in it is looked up, created or called.

The opcodes are interpreted here, one by one, and not by the pickle module, whose REDUCE, BUILD,
NEWOBJ and EXT act on real objects. What a pickle would have called becomes a `Thing`; the few
calls that mean data (a tensor, an ordered dict) are in the reader's own table.
"""

from __future__ import annotations

import gc
import struct
from typing import Any, Callable, Dict, List, Tuple

from ..refused import Refused, bad, shown
from .inert import Name, Thing
from .keys import LONGEST_TEXT, check_text, key_of
from .room import Room

_LONGEST_NUMBER = 400  # digits of a number written as text; their value costs their square
STOP = ord(".")
# The operations that are four fifths of a network's pickle.
_FREQUENT = b"hr)RK(}q\x88t"
_U4 = struct.Struct("<I")

# Memory is charged in bytes of the pickle: each is charged _BYTE bytes of memory, which covers what
# it may add to the stack, the memo, a list, a tuple, or a text of four bytes a letter. What an
# operation makes beyond that costs as if it were so many bytes longer. The loop then has nothing to
# check but its own end. tests/runtime/test_room.py measures every operation.
_BYTE = 20
CALL, DICT, MARK, ITEM, FIRST_ITEM, KEY = 5, 4, 5, 7, 9, 5

Known = Dict[Tuple[str, str], Callable[[Tuple[Any, ...]], Any]]
"""What a call of a global means, from its arguments, for the globals that are data."""


class Pickle:
    """One pickle in a buffer, read from ``start``; ``end`` is after it afterwards.

    ``goes_on`` says that the file is longer than the buffer.
    """

    def __init__(
        self,
        data: bytes,
        start: int,
        known: Known,
        persistent: Callable[[Any], Any],
        room: Room,
        goes_on: bool = False,
    ) -> None:
        self.data, self.end = data, start
        self.known, self.persistent = known, persistent
        self.room, self.limit = room, start + room.left // _BYTE
        self.goes_on = goes_on
        self.stack: List[Any] = []
        self.marks: List[List[Any]] = []
        # Indices in their order, as every pickler counts: as keys of a dict they could collide.
        self.memo: List[Any] = []
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
            raise self._odd("truncated or malformed") from None
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise self._odd("malformed: {}".format(shown(str(error)))) from None
        finally:
            if collecting:
                gc.enable()

    def _run(self, table: "Table") -> Any:
        """Go through the operations; the most frequent ones are inline, since a call costs more."""
        get, long_put, empty_tuple, reduce_, small, mark, empty_dict, put, true, tuple_ = _FREQUENT
        data, memo, stack, end, limit = self.data, self.memo, self.stack, self.end, self.limit
        unpack, call = _U4.unpack_from, self.call
        while end < limit:
            code = data[end]
            end += 1
            if code == get:
                stack.append(memo[data[end]])
                end += 1
            elif code == long_put:
                index = unpack(data, end)[0]
                if index == len(memo):
                    memo.append(stack[-1])
                else:
                    self.put(index)
                end += 4
            elif code == empty_tuple:
                if data[end] != reduce_:
                    stack.append(())
                    continue
                # Made of nothing and remembered: the ten empty tables that every module has.
                made = stack[-1] = call(stack[-1], ())
                end += 1
                limit -= CALL
                if data[end] == long_put and unpack(data, end + 1)[0] == len(memo):
                    memo.append(made)
                    end += 5
            elif code == small:
                stack.append(data[end])
                end += 1
            elif code == mark:
                self.marks.append(stack)
                stack = self.stack = []
                limit -= MARK
            elif code == tuple_:
                items = tuple(stack)
                stack = self.stack = self.marks.pop()
                stack.append(items)
            elif code == empty_dict:
                stack.append({})
                limit -= DICT
            elif code == reduce_:
                args = stack.pop()
                stack[-1] = call(stack[-1], args)
                limit -= CALL
            elif code == put:
                index = data[end]
                if index == len(memo):
                    memo.append(stack[-1])
                else:
                    self.put(index)
                end += 1
            elif code == true:
                stack.append(True)
            elif code == STOP:
                self.end = end
                self.room.left = (limit - end) * _BYTE
                return stack.pop()
            else:
                operation, cost = table[code]
                self.end, self.limit = end, limit - cost
                operation(self)
                end, limit, stack = self.end, self.limit, self.stack
        raise self.room.full()

    def _odd(self, what: str) -> Refused:
        if self.goes_on:
            what += ", or longer than yamlmod reads"
        return bad("its pickle is " + what)

    # Reading from the buffer.

    def reach(self, count: int) -> int:
        """Return where the next bytes end; fewer than asked for is a truncated file."""
        end = self.end + count
        if count < 0 or end > len(self.data):
            raise self._odd("truncated")
        if end > self.limit:
            raise self.room.full()
        return end

    def take(self, count: int) -> bytes:
        start, self.end = self.end, self.reach(count)
        return self.data[start : self.end]

    def number(self, form: struct.Struct) -> Any:
        value = form.unpack_from(self.data, self.end)[0]
        self.end += form.size
        return value

    def line(self) -> str:
        stop = self.data.find(b"\n", self.end)
        return self.take(stop + 1 - self.end)[:-1].decode("utf-8")

    def number_line(self) -> str:
        text = self.line()
        if len(text) > _LONGEST_NUMBER:
            raise bad("its pickle writes a number of {} digits".format(len(text)))
        return text

    # The stack and the memo.

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def marked(self) -> List[Any]:
        """Return the stretch since the last mark, and go on below it."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    def put(self, index: int) -> None:
        value, count = self.stack[-1], len(self.memo)
        if index == 1 and not count:
            self.memo.append(None)  # Python 2 counts from one
        elif not 0 <= index <= count:
            raise bad("its pickle numbers its objects out of order")
        self.memo[index : index + 1] = (value,)

    def get(self, index: int) -> None:
        if index < 0:
            raise IndexError
        self.stack.append(self.memo[index])

    # Objects.

    def global_(self, module: Any, name: Any) -> Name:
        """Return a name; dotted ones are as inert as others."""
        if type(module) is not str or type(name) is not str:
            raise bad("its pickle names a global by something that is not text")
        check_text(module)
        check_text(name)
        global_name = Name(module, name)
        self.names[global_name] = None
        return global_name

    def call(self, what: Any, args: Any) -> Any:
        """Return the meaning of a call; nothing is called but this reader's own table."""
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
        """Put keys and values, in turn, into a dict or a stand-in."""
        if len(pairs) % 2:
            raise bad("its pickle has a key without a value")
        into = target
        if isinstance(target, Thing):
            into = target.entries = {} if target.entries is None else target.entries
        if not isinstance(into, dict):
            raise bad("its pickle sets a key on something that has no keys")
        self._charge(ITEM * (len(pairs) // 2) + (0 if into else FIRST_ITEM))
        for index in range(0, len(pairs), 2):
            key = pairs[index]
            if type(key) is not str:
                self.limit -= KEY
                key = key_of(key, len(into))
            elif len(key) > LONGEST_TEXT:
                check_text(key)
            into[key] = pairs[index + 1]

    def add_items(self, target: Any, values: List[Any]) -> None:
        """Append values to a list, a set (kept as a list) or a stand-in."""
        into = target
        if isinstance(target, Thing):
            into = target.items = [] if target.items is None else target.items
        if not isinstance(into, list):
            raise bad("its pickle appends to something that is not a list")
        into.extend(values)

    def _charge(self, count: int) -> None:
        """Charge what will be made, before it is."""
        self.limit -= count
        if self.limit < self.end:
            raise self.room.full()


Table = List[Tuple[Callable[[Pickle], Any], int]]
"""What every operation does, by its code, and what it costs beside its bytes."""
