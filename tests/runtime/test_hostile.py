"""Checkpoints made to harm: bombs, tricks of the formats, and files that are something else."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import pytest
import torch
from torch import nn

from tests.runtime.archives import write_legacy, write_zip
from yamlmod.runtime.interpreter import Interpreter
from yamlmod.runtime.worker import Worker
from yamlmod.runtime.yamlmod_worker.checkpoints.checkpoint import open_checkpoint
from yamlmod.runtime.yamlmod_worker.checkpoints.contents import LONGEST
from yamlmod.runtime.yamlmod_worker.checkpoints.state import find_state
from yamlmod.runtime.yamlmod_worker.refused import Refused

_MOST = LONGEST
_PROMISE = 1.5  # times the file, and
_FLOOR = 128  # MB: what docs/weights.md says of the memory


def _read(path: Path) -> dict[str, torch.Tensor]:
    checkpoint = open_checkpoint(str(path))
    return dict(checkpoint.read(find_state(checkpoint).tensors))


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


_ORDERED = _global("collections", "OrderedDict")
_STORAGE = b"(X\x07\x00\x00\x00storage" + _global("torch", "FloatStorage") + b"X\x01\x00\x00\x000"
_STORAGE += b"X\x03\x00\x00\x00cpuK\x04tQ"
_TENSOR = _global("torch._utils", "_rebuild_tensor_v2")
_MANY = 20_000

_LONG_TEXT = b"X" + struct.pack("<I", 200_000) + b"a" * 200_000

# Small pickles whose objects, or the work on them, would be without bound.
_BOMBS = {
    "one list of pairs, many ordered dicts": b"\x80\x02](" + b"K\x01K\x02\x86" * _MANY + b"eq\x000"
    + (_ORDERED + b"h\x00\x85R0") * _MANY + b"}.",
    "one long list, many sizes": b"\x80\x02](" + b"K\x01" * _MANY + b"eq\x000"
    + (_global("torch", "Size") + b"h\x00\x85R0") * _MANY + b"}.",
    "one long shape, many tensors": b"\x80\x02(" + b"K\x01" * _MANY + b"tq\x000" + _STORAGE
    + b"q\x010" + (_TENSOR + b"(h\x01K\x00h\x00h\x00tR0") * _MANY + b"}.",
    "one long tuple as many keys": b"\x80\x02(" + b"K\x01" * _MANY + b"tq\x000}"
    + b"h\x00Ns" * _MANY + b".",
    "one long number as many keys": b"\x80\x02\x8b" + struct.pack("<i", 500_000) + b"\x01" * 500_000
    + b"q\x000}" + b"h\x00Ns" * _MANY + b".",
    "one long text as many keys": b"\x80\x02" + _LONG_TEXT + b"q\x000}h\x00Ns0"
    + _LONG_TEXT + b"q\x010" + b"h\x01Ns" * 50_000 + b".",
    "one long text as many names": b"\x80\x02" + _LONG_TEXT + b"q\x000" + _LONG_TEXT
    + b"q\x010" + b"h\x00h\x01\x930" * 50_000 + b"}.",
    "a text of 2 ** 62 bytes": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x.",
    "bytes of 2 ** 62 bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
    "a bytearray of 2 ** 40 bytes": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"x.",
    "a negative number of bytes": b"\x80\x02\x8b" + struct.pack("<i", -5) + b"x.",
    "a frame that lies": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"}.",
    "lists within lists": b"\x80\x02" + b"]" * 300_000 + b"a" * 299_999 + b".",
    "a pickle longer than any": b"\x80\x03"
    + (b"B" + struct.pack("<I", 1 << 20) + bytes(1 << 20) + b"0") * 9 + b"}.",
    "a text longer than any": b"\x80\x02X" + struct.pack("<I", _MOST) + b"x" * _MOST + b".",
}  # fmt: skip

# Growths of one operation that fill the room; tests/runtime/test_room.py has small ones of all.
_FULL = (
    "empty dicts",
    "marks",
    "nothing",
    "dicts of one",
    "objects with entries",
    "floats as keys",
)
_BOUNDS = """
import gc, os, sys, time
from pathlib import Path
import torch
from tests.runtime.archives import write_legacy, write_zip
from tools.attack._growths import GROWTHS
from tests.runtime.test_hostile import _BOMBS, _FLOOR, _FULL, _PROMISE, _bombs_of_files, _read
from yamlmod.runtime.yamlmod_worker.refused import Refused
def peak(what):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what)) / 1024
def files(path):
    for name in _FULL:
        write_zip(path, GROWTHS[name].pickle(6_000_000))
        yield name
    for name, data in _BOMBS.items():
        for write in (write_zip, write_legacy):
            write(path, data)
            yield name
    for name, write in _bombs_of_files(path).items():
        write()
        yield name
path = Path(sys.argv[1])
for name in files(path):
    size = path.stat().st_size / 2**20
    gc.collect()
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")  # the peak begins anew
    before, start = peak("VmRSS"), time.process_time()
    try:
        held = _read(path)
        print(name, "was read", list(held)[:3])
    except Refused as error:
        assert len(error.message) < 400, error.message
    seconds, grown = time.process_time() - start, peak("VmHWM") - before
    if seconds > 10 or grown > _PROMISE * size + _FLOOR:
        print(name, size, "MB took", seconds, "s and", grown, "MB")
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc")
def test_bombs_cost_neither_memory_nor_time(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _BOUNDS, str(tmp_path / "x.pt")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def _state_dict(path: Path, count: int, names: Callable[[int], str] = str) -> None:
    """Write a state dict of so many tensors of one number, the last ones first in the file."""
    tensors = b"".join(
        b"X" + struct.pack("<I", len(names(i))) + names(i).encode() + b"h\x00(h\x01(h\x02h\x03"
        + b"X" + struct.pack("<I", len(str(i))) + str(i).encode() + b"h\x04K\x01tQK\x00))h\x05tR"
        for i in range(count)
    )  # fmt: skip
    start = b"\x80\x02" + _TENSOR + b"q\x000" + b"Nq\x010" + b"X\x07\0\0\0storageq\x020"
    start += _global("torch", "FloatStorage") + b"q\x030X\x03\0\0\0cpuq\x040Nq\x050}("
    data = (start + tensors + b"u.").replace(b"(h\x01(h\x02", b"((h\x02")
    records = {f"data/{i}": bytes(4) for i in sorted(range(count), key=lambda i: (i % 7, -i))}
    write_zip(path, data, **records)


def _deep(depth: int, wide: int, name: str) -> bytes:
    """Return modules within modules, each level named in many ways by the one above."""
    module = _global("torch.nn", "Module") + b"q\x000)\x81}X\x08\0\0\0_modules}sbq\x010"
    for index in range(depth):
        put = bytes([index + 2])
        entries = b"".join(
            b"X" + struct.pack("<I", len(name) + 4) + b"%04d" % i + name.encode()
            + b"h" + bytes([index + 1]) for i in range(wide)
        )  # fmt: skip
        module += b"h\x00)\x81}X\x08\0\0\0_modules}(" + entries + b"usbq" + put + b"0"
    return b"\x80\x02" + module + b"}X\x05\0\0\0modelh" + bytes([depth + 1]) + b"s."


def _bombs_of_files(path: Path) -> dict[str, Callable[[], None]]:
    """Return what writes files whose parts, or the work on them, would be without bound."""
    full = b"\x80\x02(" + b"}" * (_MOST - 100) + b"l."
    magic = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001)]

    def header(text: str, numbers: int = 0) -> Callable[[], None]:
        return lambda: _safetensors(path, text.encode(), numbers)  # type: ignore[func-returns-value]

    def entries(extra: bytes) -> Callable[[], None]:
        def write() -> None:
            entry = [b"PK\x01\x02", 20, 0, 20, *[0] * 8, 6, len(extra), *[0] * 5]
            made = struct.Struct("<4s4B4HL2L5H2L").pack(*entry)
            count = (LONGEST - 50) // (len(made) + 6 + len(extra))
            table = b"".join(made + b"%06d" % i + extra for i in range(count))
            end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count % 65536, count % 65536,
                              len(table), 4, 0)  # fmt: skip
            path.write_bytes(b"PK\x03\x04" + table + end)

        return write

    def legacy() -> None:
        path.write_bytes(b"".join([magic[0], magic[1], full, full, full]))

    return {
        "three pickles of dicts": legacy,
        "entries": entries(b""),
        "entries of many parts": entries(b"\x02\0\0\0" * 16_000),
        "names of modules": lambda: write_zip(path, _deep(6, 20, "m" * 150)),
        "a header of tables": header('{"a": [' + "{}," * 350_000 + "1]}"),
        "a header of lists": header('{"a": [' + "[]," * 350_000 + "1]}"),
        "a header of many": header(
            "{" + ",".join(f'"{i}":{{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}'
                           for i in range(15_000))
            + ',"x":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}'),
        "a shape of millions": header(
            '{"a":{"dtype":"I8","data_offsets":[0,0],"shape":[' + "9," * 500_000 + "9]}}"),
        "a number of millions": header('{"a":' + "9" * 1_000_000 + "}"),
        "a fraction of millions": header('{"a":0.' + "9" * 1_000_000 + "}"),
    }  # fmt: skip


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc")
def test_small_tensors_in_no_order_do_not_hold_what_is_read_around_them(tmp_path: Path) -> None:
    path, found = tmp_path / "x.pt", {}
    _state_dict(path, 3000)
    checkpoint = open_checkpoint(str(path))
    for name, value in checkpoint.read(find_state(checkpoint).tensors):
        found[name] = value.untyped_storage()
    held = {storage.data_ptr(): storage.nbytes() for storage in found.values()}
    assert len(found) == 3000
    assert sum(held.values()) < _PROMISE * path.stat().st_size + (8 << 20)


class _Seed(TypedDict):
    seed: str


@pytest.mark.skipif(os.name == "nt", reason="it starts a shell script")
def test_the_worker_hashes_with_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "python"
    answer = 'YAMLMOD {\\"number\\": 1, \\"answer\\": {\\"seed\\": \\"$PYTHONHASHSEED\\"}}'
    script.write_text(f'#!/bin/sh\nread question\necho "{answer}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    with Worker(Interpreter(str(script), "a test"), tmp_path) as worker:
        assert worker.ask({}, 60, _Seed) == {"seed": "random"}


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_is_not_made_in_any_protocol(tmp_path: Path, protocol: int) -> None:
    mark, path = tmp_path / "mark", tmp_path / "x.pt"

    class Call:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {mark}",)

    state = {"a": torch.ones(2), "z": Call()}
    torch.save(state, path, pickle_protocol=max(protocol, 1))
    assert list(_read(path)) == ["a"]
    for write in (write_zip, write_legacy):
        write(path, pickle.dumps([Call(), {"model": Call()}], protocol))
        with pytest.raises(Refused):
            _read(path)
    assert not mark.exists()


def _nested_names() -> dict[str, Any]:
    inner = nn.Sequential()
    inner._modules["x" * 100_000] = nn.Linear(1, 1)
    return {"model": inner}


def test_names_are_short_and_without_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save(_nested_names(), path)
    with pytest.raises(Refused, match="a name of 100000 characters"):
        _read(path)
    name = "\x1b]0;title\x07" + "y" * 5000
    for content in ({name: 1}, {name: torch.ones(2)}):
        torch.save(content, path)
        with pytest.raises(Refused) as told:
            _read(path)
        assert "\x1b" not in told.value.message and len(told.value.message) < 1000


@pytest.mark.parametrize("classes", [-1, 0, 10**9])
def test_classes_that_no_tensor_has(tmp_path: Path, classes: int) -> None:
    path, net = tmp_path / "x.pt", nn.Sequential(nn.Linear(4, 80))
    net.yaml = {"nc": classes}  # type: ignore[assignment]
    torch.save({"model": net}, path)
    with pytest.raises(Refused, match="classes, but its largest tensor has 80 rows"):
        _read(path)


# Tricks of zip files.


def _zips(path: Path) -> dict[str, Any]:
    pickled = pickle.dumps({"a": 1}, 2)

    def twice() -> None:
        with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/data.pkl", pickled)
            archive.writestr("a/data.pkl", pickled)

    def two_roots() -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/data.pkl", pickled)
            archive.writestr("b/data.pkl", pickled)

    def bomb() -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/data.pkl", bytes(30_000_000))

    def lies() -> None:
        write_zip(path, pickled, **{"data/0": bytes(64)})
        data = bytearray(path.read_bytes())
        data[data.rindex(b"PK\x01\x02") + 24 :][:4] = b""
        at = data.rindex(b"PK\x01\x02") + 24
        data[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
        path.write_bytes(data)

    def far() -> None:
        write_zip(path, pickled)
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\x01\x02") + 42
        data[at : at + 4] = struct.pack("<I", 0x7FFFFFFF)
        path.write_bytes(data)

    def directory() -> None:
        entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, *[0] * 15) + b"\0" * 0
        table = entry * (LONGEST // 46 + 2)
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, len(table), 4, 0)
        path.write_bytes(b"PK\x03\x04" + table + end)

    return {
        "two records of one name": twice,
        "no data.pkl": two_roots,
        "longer than the file": bomb,
        "truncated|damaged|longer": lies,
        "damaged": far,
        "directory has": directory,
    }


@pytest.mark.parametrize("reason", list(_zips(Path())))
def test_zip_tricks(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "x.pt"
    _zips(path)[reason]()
    with pytest.raises(Refused, match=reason):
        _read(path)


def test_paths_in_a_zip_lead_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("/etc/../data.pkl", pickle.dumps({"a": 1}, 2))
        archive.writestr("../../data/0", b"x")
    with pytest.raises(Refused, match="no network"):
        _read(path)
    assert [one.name for one in tmp_path.iterdir()] == ["x.pt"]


# safetensors.


def _safetensors(path: Path, header: bytes, numbers: int) -> None:
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(numbers))


def _tensor(start: int, stop: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [(stop - start) // 4], "data_offsets": [start, stop]}


_HEADERS = {
    "overlaps": (json.dumps({"a": _tensor(0, 8), "b": _tensor(4, 12)}), 12, None),
    "a name twice": ('{"a": 1, "a": 2}', 12, None),
    "does not match": (json.dumps({"a": _tensor(0, 16)}), 12, None),
    "truncated": ("{}", 0, 1 << 60),
    "not JSON": ("{" + "[" * 100_000, 0, None),
    "at most": ("{" + " " * LONGEST + "}", 0, None),
    "no network": ("{}", 0, None),
    "a number of 30 digits": ('{"a": %s}' % ("9" * 30), 0, None),
    "the number '1e400'": ('{"a": 1e400}', 0, None),
    "the number 'NaN'": ('{"a": NaN}', 0, None),
    "17 dimensions": (json.dumps({"a": {**_tensor(0, 4), "shape": [1] * 17}}), 4, None),
    "an integer is expected": (json.dumps({"a": {**_tensor(0, 4), "shape": [True]}}), 4, None),
    "at a|does not match": (json.dumps({"a": {**_tensor(0, 4), "data_offsets": [8, 4]}}), 9, None),
    "a name of 1001 characters": (json.dumps({"a" * 1001: _tensor(0, 4)}), 4, None),
}


@pytest.mark.parametrize("reason", _HEADERS)
def test_safetensors_tricks(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "x.safetensors"
    header, numbers, length = _HEADERS[reason]
    told = struct.pack("<Q", len(header) if length is None else length)
    path.write_bytes(told + header.encode() + bytes(numbers))
    with pytest.raises(Refused, match=reason):
        _read(path)


def _foreign() -> dict[str, bytes]:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("storages"))
    return {
        "a web page": b"\n<!DOCTYPE html><html><head>",
        "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "a gzip file": b"\x1f\x8b\x08" + bytes(40),
        "a tar file": tar.getvalue(),
        "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(40),
        "an image": b"\x89PNG\r\n\x1a\n" + bytes(40),
        "is empty": b"",
        "damaged or truncated": b"PK\x03\x04" + bytes(40),
        "neither torch's": bytes(40),
    }


@pytest.mark.parametrize("what", _foreign())
def test_files_that_are_something_else(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(_foreign()[what])
    with pytest.raises(Refused, match=what) as told:
        _read(path)
    assert str(path) in told.value.message


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_cut_at_every_fiftieth(tmp_path: Path, form: str) -> None:
    path, net = tmp_path / "x.pt", nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    if form == "safetensors":
        tensors, data = {}, b""
        for name, value in net.state_dict().items():
            raw = value.float().numpy().tobytes()
            where = [len(data), len(data) + len(raw)]
            tensors[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": where}
            data += raw
        header = json.dumps(tensors).encode()
        path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    else:
        torch.save({"model": net}, path, _use_new_zipfile_serialization=form == "zip")
    assert len(_read(path)) == 7
    whole = path.read_bytes()
    for part in range(50):
        path.write_bytes(whole[: len(whole) * part // 50])
        with pytest.raises(Refused):
            _read(path)
