"""Pieces of pickles that make the most objects of the fewest bytes, each kind of operation once."""

from __future__ import annotations

import struct
from typing import NamedTuple

PRIME = (1 << 61) - 1  # Python's numbers hash modulo this


class Growth(NamedTuple):
    """A piece to repeat, what stands before it, and behind it."""

    before: bytes
    piece: bytes
    after: bytes = b""

    def pickle(self, size: int) -> bytes:
        """Return a whole pickle of about this many bytes."""
        body = self.body(max(size // max(len(self.one(0)), 1), 1))
        return b"\x80\x04" + self.before + body + self.after + b"."

    def body(self, count: int) -> bytes:
        """Return the piece so many times."""
        if b"<" not in self.piece:
            return self.piece * count
        return b"".join(self.one(index) for index in range(count))

    def one(self, index: int) -> bytes:
        """Return the piece with its number put in, where it has a place for one."""
        piece = self.piece.replace(b"<4>", struct.pack("<I", index))
        piece = piece.replace(b"<9>", _long(index * PRIME)).replace(b"<-9>", _long(-index * PRIME))
        piece = piece.replace(b"<alike>", _alike(index))
        return piece.replace(b"<t>", b"%d" % index).replace(b"<x>", b"%08x" % index)


def _long(number: int) -> bytes:
    data = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    return bytes([0x8A, len(data)]) + data


def _alike(index: int) -> bytes:
    """Return a tuple of eight parts: 1 as a number, as a text or as bytes, another for each."""
    kinds = (b"K\x01", b"\x8c\x011", b"C\x011")
    return b"(" + b"".join(kinds[index // 3**part % 3] for part in range(8)) + b"t"


_NAME = b"cm\nC\n\x94"  # remembered as 0
_DICT = b"ccollections\nOrderedDict\n\x94"
_STORAGE = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04t\x94"
_TEXT = b"X\xe8\x03\0\0" + b"a" * 1000 + b"\x94"
_WIDE_TEXT = b"X\xe8\x03\0\0" + b"a" * 996 + "\U0001f600".encode()
_PARTS = b"(" + b"K\x01" * 8 + b"t\x94"
_WIDE = b"(" + b"K\x01" * 16 + b"t\x94"

GROWTHS = {
    "empty dicts": Growth(b"(", b"}", b"l"),
    "empty lists": Growth(b"(", b"]", b"l"),
    "empty sets": Growth(b"(", b"\x8f", b"l"),
    "marks": Growth(b"N", b"(", b"N"),
    "nested lists": Growth(b"", b"]", b"0"),
    "nothing": Growth(b"(", b"N", b"l"),
    "nothing in a tuple": Growth(b"(", b"N", b"t"),
    "nothing, appended": Growth(b"](", b"N", b"e"),
    "the same again": Growth(b"(}", b"2", b"l"),
    "put": Growth(b"N", b"\x94"),
    "put as text": Growth(b"N", b"p<t>\n"),
    "put by number": Growth(b"N", b"r<4>"),
    "got": Growth(b"N\x94(", b"h\0", b"l"),
    "tuples of one": Growth(b"N", b"\x85"),
    "tuples of two": Growth(b"N\x94", b"h\0\x86"),
    "tuples of three": Growth(b"(", b"NNN\x87", b"l"),
    "small tuples": Growth(b"(", b"(Nt", b"l"),
    "small lists": Growth(b"(", b"(Nl", b"l"),
    "small frozen sets": Growth(b"(", b"(N\x91", b"l"),
    "lists of one": Growth(b"(", b"]Na", b"l"),
    "lists of one, appended": Growth(b"(", b"](Ne", b"l"),
    "dicts of one": Growth(b"(", b"}NNs", b"l"),
    "dicts of one at once": Growth(b"(", b"}(NNu", b"l"),
    "dicts from a mark": Growth(b"(", b"(NNd", b"l"),
    "objects": Growth(_NAME + b"(", b"h\0)\x81", b"l"),
    "objects with keywords": Growth(_NAME + b"(", b"h\0)N\x92", b"l"),
    "objects of objects": Growth(_NAME, b")R"),
    "objects as states": Growth(_NAME, b"h\0)\x81", b"b"),
    "objects with items": Growth(_NAME + b"(", b"h\0)\x81Na", b"l"),
    "objects with entries": Growth(_NAME + b"(", b"h\0)\x81NNs", b"l"),
    "old objects": Growth(_NAME + b"(", b"(h\0o", b"l"),
    "instances": Growth(b"(", b"(ia\nb\n", b"l"),
    "instances of many": Growth(b"(", b"(ia\n<t>\n", b"l"),
    "ordered dicts": Growth(_DICT + b"(", b"h\0)R", b"l"),
    "names": Growth(b"(", b"ca\n<t>\n", b"l"),
    "modules that are there": Growth(b"(", b"cwave\nopen\n", b"l"),
    "names from the stack": Growth(b"\x8c\x01a\x94(", b"h\0X\x08\0\0\0<x>\x93", b"l"),
    "storages": Growth(_STORAGE + b"(", b"h\0Q", b"l"),
    "tensors": Growth(
        b"ctorch._utils\n_rebuild_tensor_v2\n\x94"
        + _STORAGE
        + b"Q\x94"
        + _WIDE
        + b"(h\x02K\0h\x03h\x03t\x94(",
        b"h\0h\x04R",
        b"l",
    ),
    "numbers of two bytes": Growth(b"(", b"M\0\x10", b"l"),
    "numbers of four bytes": Growth(b"(", b"J\0\0\0\x10", b"l"),
    "long numbers": Growth(b"(", b"\x8a\x02\0\x10", b"l"),
    "longer numbers": Growth(b"(", b"\x8b\x90\x01\0\0" + b"\x7f" * 400, b"l"),
    "numbers as text": Growth(b"(", b"I999\n", b"l"),
    "numbers of 400 digits": Growth(b"(", b"L" + b"9" * 399 + b"L\n", b"l"),
    "floats as text": Growth(b"(", b"F1\n", b"l"),
    "floats": Growth(b"(", b"G" + b"\x7f" * 8, b"l"),
    "texts of one letter": Growth(b"(", b"\x8c\x02\xc4\x80", b"l"),
    "texts of two letters": Growth(b"(", b"\x8c\x03a\xc4\x80", b"l"),
    "texts of wide letters": Growth(
        b"(", b"X\xe8\x03\0\0" + b"a" * 996 + "\U0001f600".encode(), b"l"
    ),
    "texts as lines": Growth(b"(", b"Vab\n", b"l"),
    "strings": Growth(b"(", b"U\x02ab", b"l"),
    "bytes": Growth(b"(", b"C\x02ab", b"l"),
    "byte arrays": Growth(b"(", b"\x96\x01\0\0\0\0\0\0\0a", b"l"),
    "keys that count": Growth(b"}(", b"J<4>N", b"u"),
    "keys that do not": Growth(b"}(NN", b"J<4>N", b"u"),
    "keys one by one": Growth(b"}", b"J<4>Ns"),
    "keys that are equal in their hash": Growth(b"}(NN", b"<9>N", b"u"),
    "negative keys of one hash": Growth(b"}(", b"<-9>N", b"u"),
    "tuples of such": Growth(b"}(", b"<9>\x85N", b"u"),
    "frozen sets of such": Growth(b"}(", b"(<9>\x91N", b"u"),
    "numbers that equal nothing as keys": Growth(b"}(", b"G\x7f\xf8\0\0\0\0\0\0N", b"u"),
    "tuples of such numbers": Growth(b"}(", b"G\x7f\xf8\0\0\0\0\0\0\x85N", b"u"),
    "tuples of parts that look alike": Growth(b"}(", b"<alike>N", b"u"),
    "floats as keys": Growth(b"}(", b"GC\xe0\0\0<4>N", b"u"),
    "texts as keys": Growth(b"}(", b"X\x08\0\0\0<x>N", b"u"),
    "bytes as keys": Growth(b"}(", b"C\x04<4>N", b"u"),
    "one key again": Growth(b"}N\x940", b"h\0Ns"),
    "one long key again": Growth(_TEXT + b"0" + _TEXT + b"0}h\0Ns", b"h\x01Ns"),
    "one tuple as key again": Growth(_PARTS + b"0}", b"h\0Ns"),
    "states": Growth(_NAME + b")\x81", b"Nb"),
    "pushed and taken": Growth(b"N", b"}0"),
    "marked and taken": Growth(b"N", b"(1"),
    "a doubling graph": Growth(b"]\x94", b"h\0h\0\x86\x85"),
}
"""By what they are made of. All of them end with one object on the stack or are refused."""
