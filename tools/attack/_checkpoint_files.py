"""Damaged and hostile checkpoints: genuine ones changed, pickles of a grammar, lies of the formats.

``case(kind, dice)`` returns the bytes of one file. A kind may be a growth with its name and size,
as `growth:empty dicts:1000`.
"""

from __future__ import annotations

import functools
import io
import json
import pickletools
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

from tools.attack._growths import GROWTHS, PRIME

_NUMBERS = (0, 1, 2, 255, 256, 65535, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, PRIME, 1 << 62,
            (1 << 63) - 1, (1 << 64) - 1)  # fmt: skip
_TEXTS = ("storage", "module", "model", "ema", "state_dict", "_modules", "_parameters", "_buffers",
          "yaml", "nc", "names", "0", "1", "cpu", "weight", "epoch", "\x1b[31m",
          "x" * 300)  # fmt: skip
_GLOBALS = (
    "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch._utils\n_rebuild_tensor_v3\n",
    "ctorch._utils\n_rebuild_parameter\n", "ctorch._tensor\n_rebuild_from_type_v2\n",
    "ctorch\nSize\n", "ctorch\nFloatStorage\n", "ctorch\nBoolStorage\n", "ctorch.nn\nModule\n",
    "ccollections\nOrderedDict\n", "cposix\nsystem\n", "cbuiltins\neval\n", "cos\nremove\n",
)  # fmt: skip
_PIECES = (
    *(bytes([code]) for code in b"()0.12IKMNRTUVXabcdeghijlopqrstuBCGJQ]}\x80-\x98\x8a\x8b"),
    *(struct.pack("<Q", number) for number in _NUMBERS if number < 1 << 64),
    *(struct.pack("<I", number) for number in _NUMBERS if number < 1 << 32),
    *(name.encode() for name in _GLOBALS),
    b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07",
)  # fmt: skip


def case(kind: str, dice: random.Random) -> bytes:
    """Return one file."""
    if kind.startswith("growth:"):
        _, name, size = kind.split(":")
        return zipped(GROWTHS[name].pickle(int(size)))
    return KINDS[kind](dice)


# Genuine files.


@functools.cache
def genuine() -> dict[str, bytes]:
    """Return a checkpoint of each format and protocol, with all that training leaves in one."""
    import torch
    from torch import nn

    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2).half())
    net.yaml, net.names = {"nc": 2, "anchors": [[1, 2]]}, {0: "a", 1: "b"}  # type: ignore[assignment]
    optimizer = torch.optim.Adam(net[0].parameters())
    net[0].weight.sum().backward()
    optimizer.step()
    content = {"epoch": 1, "model": net, "ema": net, "optimizer": optimizer.state_dict(),
               "opt": {"lr": 0.1, "names": ["a"], "k": (1, 2.5, None, True)}}  # fmt: skip
    found = {}
    for protocol in (2, 3, 4, 5):
        for form, is_zip in (("zip", True), ("legacy", False)):
            buffer = io.BytesIO()
            torch.save(content, buffer, pickle_protocol=protocol,
                       _use_new_zipfile_serialization=is_zip)  # fmt: skip
            found[f"{form} {protocol}"] = buffer.getvalue()
    buffer = io.BytesIO()
    torch.save(net.state_dict(), buffer)
    found["zip of a state"] = buffer.getvalue()
    found["safetensors"] = safetensors({"a.b": _entry([2, 3], 0, 24)}, 24)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("storages"))
    found["tar"] = buffer.getvalue()
    return found


def zipped(data: bytes, **records: bytes) -> bytes:
    """Return a zip file as torch writes it around a pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {"data.pkl": data, "version": b"3\n", **records}.items():
            archive.writestr(f"archive/{name}", content)
    return buffer.getvalue()


def _legacy(data: bytes, at: int) -> bytes:
    parts = [_pickled(value) for value in (0x1950A86A20F9469CFC6C, 1001, {}, {}, [])]
    parts[at] = data
    return b"".join(parts)


def _pickled(value: Any) -> bytes:
    import pickle

    return pickle.dumps(value, 2)


def safetensors(header: Any, numbers: int) -> bytes:
    """Return a safetensors file; a header that is text is taken as it is."""
    text = header if isinstance(header, str) else json.dumps(header)
    return struct.pack("<Q", len(text.encode())) + text.encode() + bytes(numbers)


def _entry(shape: Any, start: Any, stop: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


# Changes of bytes and of operations.


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Change, cut, splice and repeat a few places."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(data) + 1)
        length = dice.choice((0, 1, 1, 2, 4, 8, 60))
        old = data[start : start + length]
        piece = dice.choice((dice.choice(_PIECES), dice.randbytes(length), b"", old * 3,
                             bytes([(old or b"\0")[0] ^ 1 << dice.randrange(8)]) + old[1:],
                             old * dice.choice((10, 1000))))  # fmt: skip
        data = data[:start] + piece + data[start + length :]
    return data[: dice.randrange(len(data) + 1)] if dice.random() < 0.05 else data


def _operations(data: bytes) -> list[bytes]:
    try:
        places = [place for _, _, place in pickletools.genops(data)]
    except Exception:
        return [data]
    return [data[a:b] for a, b in zip(places, [*places[1:], len(data)], strict=True)]


def _reordered(data: bytes, dice: random.Random) -> bytes:
    """Change whole operations: take out, repeat, swap, and put in those of another place."""
    operations = _operations(data)
    for _ in range(dice.randint(1, 5)):
        at, other = dice.randrange(len(operations)), dice.randrange(len(operations))
        span = dice.choice((1, 1, 2, 5, 40))
        what = dice.randrange(5)
        if what == 0:
            del operations[at : at + span]
        elif what == 1:
            operations[at:at] = operations[at : at + span] * dice.choice((1, 3, 200))
        elif what == 2:
            operations[at], operations[other] = operations[other], operations[at]
        elif what == 3:
            operations[at:at] = operations[other : other + span]
        else:
            operations[at] = dice.choice((dice.choice(_PIECES), _number(dice)))
        operations = operations or [b"."]
    return b"".join(operations)


def _bytes(dice: random.Random) -> bytes:
    return mutated(genuine()[dice.choice(list(genuine()))], dice)


def _in_pickle(dice: random.Random) -> bytes:
    """Change the pickle of a genuine zip file, whose records have checksums, or of a legacy one."""
    change = dice.choice((mutated, _reordered))
    name = dice.choice([name for name in genuine() if name.startswith(("zip", "legacy"))])
    if name.startswith("legacy"):
        return change(genuine()[name], dice)
    parts = _parts(genuine()[name])
    return zipped(change(parts.pop("data.pkl"), dice), **parts)


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    parts.pop("version", None)
    return parts


# Pickles of a grammar.


def _number(dice: random.Random) -> bytes:
    number = dice.choice(
        (dice.choice(_NUMBERS), dice.randrange(1 << 40), PRIME * dice.randrange(99))
    )
    number *= dice.choice((1, 1, -1))
    long = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    forms = [b"I%d\n" % number, b"L%dL\n" % number, b"\x8a" + bytes([len(long)]) + long]
    if -(1 << 31) <= number < 1 << 31:
        forms.append(b"J" + struct.pack("<i", number))
    if 0 <= number < 256:
        forms.append(b"K" + bytes([number]))
    return dice.choice(forms)


def _text(dice: random.Random) -> bytes:
    text = dice.choice(_TEXTS).encode()
    return dice.choice((b"X" + struct.pack("<I", len(text)) + text, b"V" + text + b"\n",
                        b"U" + bytes([len(text) % 256]) + text))  # fmt: skip


def _value(dice: random.Random, depth: int = 0) -> bytes:
    """Return operations that leave one value on the stack."""
    leaves: tuple[Callable[[], bytes], ...] = (
        lambda: _number(dice), lambda: _text(dice), lambda: dice.choice((b"N", b"\x88", b"\x89")),
        lambda: b"G" + dice.randbytes(8), lambda: dice.choice(_GLOBALS).encode(),
        lambda: b"h" + bytes([dice.randrange(6)]), lambda: dice.choice((b"]", b"}", b")", b"\x8f")),
        lambda: b"C\x04" + dice.randbytes(4),
    )  # fmt: skip
    if depth > 4 or dice.random() < 0.4:
        return dice.choice(leaves)()
    values = [_value(dice, depth + 1) for _ in range(dice.choice((0, 1, 2, 2, 3, 6)))]
    many, one = b"".join(values), _value(dice, depth + 1)
    made = dice.choice((
        b"(" + many + dice.choice((b"t", b"l", b"\x91", b"d", b"o")), b"](" + many + b"e",
        b"}(" + many + b"u", b"\x8f(" + many + b"\x90", one + b"\x85", one + one + b"\x86",
        dice.choice(_GLOBALS).encode() + b"(" + many + dice.choice((b"tR", b"t\x81", b"t}\x92")),
        dice.choice(_GLOBALS).encode() + b")\x81" + one + b"b", _storage(dice) + b"Q",
        _tensor(dice), one * dice.choice((2, 300)), one + b"2" + dice.choice((b"0", b"\x86")),
        b"(" + many + b"1",
    ))  # fmt: skip
    return made + dice.choice((b"", b"\x94", b"\x94", b"q\0", b"p1\n", b"r\1\0\0\0"))


def _storage(dice: random.Random) -> bytes:
    count = dice.choice((b"K\4", b"K\0", _number(dice)))
    kind = dice.choice(("FloatStorage", "HalfStorage", "BoolStorage", "QInt8Storage"))
    return (
        b"(X\7\0\0\0storagectorch\n" + kind.encode() + b"\nX\1\0\0\0000X\3\0\0\0cpu" + count + b"t"
    )


def _tensor(dice: random.Random) -> bytes:
    def sizes() -> bytes:
        return b"(" + b"".join(
            dice.choice((b"K\1", b"K\2", b"K\4", _number(dice)))
            for _ in range(dice.choice((0, 1, 2, 4, 70)))
        ) + b"t"  # fmt: skip

    if dice.random() < 0.7:
        sound = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\4tQ"
        return b"ctorch._utils\n_rebuild_tensor_v2\n(" + sound + b"K\0K\2K\2\x86K\2K\1\x86\x89}tR"
    same = sizes()
    return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + _storage(dice) + b"QK\0" + same
            + dice.choice((same, sizes())) + b"\x89}tR")  # fmt: skip


def _grammar(dice: random.Random) -> bytes:
    protocol = bytes([0x80, dice.randrange(6)])
    data = protocol + b"N\x94N\x940" + _value(dice) + b"."
    if dice.random() < 0.3:
        return _legacy(data, dice.randrange(5))
    return zipped(data, **{"data/0": bytes(16)})


def _growth(dice: random.Random) -> bytes:
    growth = GROWTHS[dice.choice(list(GROWTHS))]
    # Most are small; some fill the room that a file has.
    data = growth.pickle(int(2 ** dice.uniform(6, 21.3 if dice.random() < 0.02 else 14)))
    return _legacy(data, dice.randrange(5)) if dice.random() < 0.3 else zipped(data)


def _claims(dice: random.Random) -> bytes:
    """Return a network that says what it likes of its classes, names and tensors."""

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    module = b"ctorch.nn\nModule\n)\x81}("
    tensors = b"".join(text(f"t{i}") + _tensor(dice) for i in range(dice.randrange(4)))
    inner = module + text("_parameters") + b"}(" + tensors + b"uub\x94"
    layers = b"".join(text(str(i)) + dice.choice((inner, b"h\0")) for i in range(dice.randrange(5)))
    told = b"}(" + text("nc") + dice.choice((b"K\1", b"K\2", _number(dice))) + b"u"
    names = b"".join(_number(dice) + _text(dice) for _ in range(dice.randrange(4)))
    names = dice.choice((b"](" + _text(dice) + b"e", b"}(" + names + b"u"))
    network = module + text("_modules") + b"}(" + layers + b"u" + text("yaml") + told
    network += text("names") + names + b"ub"
    key = dice.choice(("model", "ema", "state_dict", "x"))
    return zipped(b"\x80\4N\x940}" + text(key) + network + b"s.", **{"data/0": bytes(16)})


# Lies of the formats.

_FIELDS = {b"PK\5\6": (22, (4, 6, 8, 10, 12, 16, 20)),
           b"PK\1\2": (46, (8, 10, 16, 20, 24, 28, 30, 32, 42)),
           b"PK\3\4": (30, (6, 8, 14, 18, 22, 26, 28))}  # fmt: skip


def _zip_lies(dice: random.Random) -> bytes:
    """Change the numbers of the directory, the headers and the end; add a comment; double parts."""
    name = dice.choice([name for name in genuine() if name.startswith("zip")])
    data = bytearray(genuine()[name])
    for _ in range(dice.randint(1, 3)):
        sign = dice.choice(list(_FIELDS))
        places = [at for at in range(len(data)) if data.startswith(sign, at)]
        if not places:
            continue
        at = dice.choice(places)
        length, fields = _FIELDS[sign]
        if dice.random() < 0.2:
            part = bytes(data[at : at + length + dice.randrange(60)])
            data[at:at] = part * dice.choice((1, 2, 500))
            continue
        field = at + dice.choice(fields)
        width = dice.choice((2, 4))
        number = dice.choice((dice.choice(_NUMBERS), dice.randrange(len(data)), 8))
        data[field : field + width] = struct.pack("<Q", number % (1 << 64))[:width]
    if dice.random() < 0.2:
        data += dice.choice(
            (b"PK\5\6", b"\0" * 70_000, b"PK\6\7" + bytes(16) + b"PK\5\6" + bytes(18))
        )
    return bytes(data)


def _json(dice: random.Random) -> bytes:
    """Return a safetensors file of a random header."""

    def number() -> Any:
        return dice.choice((0, 1, 2, 4, 8, 24, -1, 1.5, 10**30, None, [], "1", True,
                            dice.choice(_NUMBERS)))  # fmt: skip

    def tensor() -> Any:
        shape = [number() for _ in range(dice.choice((0, 1, 2, 20)))]
        plain = _entry([2, 3], *dice.choice(((0, 24), (24, 48), (12, 36))))
        return dice.choice((plain, plain, _entry(shape, number(), number(), dice.choice(
            ("F32", "BOOL", "I8", "F8_E4M3", None, [], 1)))))  # fmt: skip

    names = [dice.choice(("a", "b", "model.0.weight", "__metadata__", "\x1b", "x" * 2000))
             for _ in range(dice.randrange(5))]  # fmt: skip
    text = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(tensor())}" for name in names) + "}"
    lies = ("NaN", "1e400", "9" * 5000, "[" * 5000, '{"a":' * 3000, "0." + "1" * 5000)
    if dice.random() < 0.2:
        text = text.replace("24", dice.choice(lies))
    data = safetensors(text, dice.choice((0, 24, 48)))
    return mutated(data, dice) if dice.random() < 0.3 else data


KINDS: dict[str, Callable[[random.Random], bytes]] = {
    "bytes": _bytes, "in the pickle": _in_pickle, "grammar": _grammar, "growth": _growth,
    "claims": _claims, "zip": _zip_lies, "safetensors": _json,
}  # fmt: skip
