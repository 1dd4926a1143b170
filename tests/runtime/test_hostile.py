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
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.runtime.archives import write_legacy, write_zip
from yamlmod.runtime.yamlmod_worker.checkpoints import open_checkpoint
from yamlmod.runtime.yamlmod_worker.contents import LONGEST
from yamlmod.runtime.yamlmod_worker.refused import Refused
from yamlmod.runtime.yamlmod_worker.state import find_state

_MOST = LONGEST


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

_BOUNDS = """
import sys, time
from pathlib import Path
import torch
from tests.runtime.archives import write_legacy, write_zip
from tests.runtime.test_hostile import _BOMBS, _read
from yamlmod.runtime.yamlmod_worker.refused import Refused
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
path = Path(sys.argv[1])
before = peak()
for name, data in _BOMBS.items():
    for write in (write_zip, write_legacy):
        write(path, data)
        start = time.process_time()
        try:
            print(name, "was read", _read(path))
        except Refused as error:
            assert len(error.message) < 400, error.message
        seconds = time.process_time() - start
        if seconds > 10 or peak() - before > 700:
            print(name, "took", seconds, "s and", peak() - before, "MB")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc")
def test_bombs_cost_neither_memory_nor_time(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _BOUNDS, str(tmp_path / "x.pt")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


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
    with pytest.raises(Refused, match="a name of 100000 letters"):
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
    with pytest.raises(Refused, match="classes, and its largest tensor has 80 rows"):
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


def _tensor(start: int, stop: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [(stop - start) // 4], "data_offsets": [start, stop]}


_HEADERS = {
    "overlaps": (json.dumps({"a": _tensor(0, 8), "b": _tensor(4, 12)}), 12, None),
    "one name twice": ('{"a": 1, "a": 2}', 12, None),
    "does not fit": (json.dumps({"a": _tensor(0, 16)}), 12, None),
    "cut short": ("{}", 0, 1 << 60),
    "no JSON": ("{" + "[" * 100_000, 0, None),
    "at most": ("{" + " " * LONGEST + "}", 0, None),
    "no network": ("{}", 0, None),
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
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(40),
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
