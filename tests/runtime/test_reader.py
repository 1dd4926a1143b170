"""Reading checkpoints: torch's formats and safetensors, hostile ones, and damaged ones."""

from __future__ import annotations

import collections
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import nn

from tests.runtime.archives import write_legacy, write_zip
from yamlmod.runtime.yamlmod_worker.checkpoints.checkpoint import Checkpoint, open_checkpoint
from yamlmod.runtime.yamlmod_worker.checkpoints.state import find_state
from yamlmod.runtime.yamlmod_worker.refused import Refused

_FORMATS = [True, False]


class Net(nn.Module):
    """A network with what state dicts have to get right: buffers, nesting, non-persistence."""

    def __init__(self) -> None:
        super().__init__()
        self.yaml = {"nc": 3}
        self.names = {0: "a", 1: "b", 2: "c"}
        self.model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2).half())
        self.register_buffer("kept", torch.arange(6).reshape(2, 3).t())
        self.register_buffer("left", torch.zeros(2), persistent=False)
        self.register_buffer("flags", torch.tensor([True, False]))


def _read(path: Path) -> dict[str, torch.Tensor]:
    checkpoint = open_checkpoint(str(path))
    return dict(checkpoint.read(find_state(checkpoint).tensors))


def _same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> None:
    assert list(found) == list(wanted)
    for name, tensor in wanted.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor), name


@pytest.mark.parametrize("zipped", _FORMATS)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_network_in_a_checkpoint(tmp_path: Path, zipped: bool, protocol: int) -> None:
    net, path = Net(), tmp_path / "x.pt"
    optimizer = torch.optim.Adam(net.model[0].parameters())
    net.model[0].weight.sum().backward()
    optimizer.step()
    told = {"epoch": 7, "model": net, "optimizer": optimizer.state_dict(), "ema": None}
    torch.save(told, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    _same(_read(path), net.state_dict())
    state = find_state(open_checkpoint(str(path)))
    assert (state.source, state.classes, state.names) == ("`model`", 3, net.names)
    assert any("optimizer" in note for note in state.notes)
    assert any("epoch 7" in note for note in state.notes)


@pytest.mark.parametrize("zipped", _FORMATS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_average_comes_first_and_keeps_its_precision(
    tmp_path: Path, zipped: bool, dtype: torch.dtype
) -> None:
    net, average, path = Net(), Net(), tmp_path / "x.pt"
    average = average.to(dtype)
    for ema in (average, (average, 900)):  # the pair is YOLOv5's before 5.0
        torch.save({"model": net, "ema": ema}, path, _use_new_zipfile_serialization=zipped)
        _same(_read(path), average.state_dict())
    note = find_state(open_checkpoint(str(path))).notes[-1]
    assert str(dtype).removeprefix("torch.") in note


@pytest.mark.parametrize("zipped", _FORMATS)
@pytest.mark.parametrize("wrap", [None, "state_dict", "model"])
def test_plain_state_dicts(tmp_path: Path, zipped: bool, wrap: str | None) -> None:
    state, path = Net().state_dict(), tmp_path / "x.pt"
    torch.save({wrap: state} if wrap else state, path, _use_new_zipfile_serialization=zipped)
    _same(_read(path), state)
    torch.save(dict(state), path)
    _same(_read(path), state)


def test_a_wrapper_and_shared_storages(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save({"model": nn.DataParallel(Net())}, path)
    assert "model.0.weight" in _read(path)
    whole = torch.arange(20.0)
    torch.save({"a": whole[3:9].reshape(2, 3).t(), "b": whole, "none": torch.empty(0, 4)}, path)
    found = _read(path)
    assert torch.equal(found["a"], whole[3:9].reshape(2, 3).t())
    assert torch.equal(found["b"], whole) and found["none"].shape == (0, 4)


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module.model.", "model."])
@pytest.mark.parametrize("wrap", [None, "state_dict", "model_state_dict"])
def test_the_names_of_state_dicts(tmp_path: Path, prefix: str, wrap: str | None) -> None:
    path, net = tmp_path / "x.pt", nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    wanted = {f"model.{name}": value for name, value in net.state_dict().items()}
    state = {prefix + name: value for name, value in wanted.items()}
    torch.save({wrap: state, "epoch": 1} if wrap else state, path)
    _same(_read(path), wanted)
    torch.save(net.state_dict(), path)  # of the layers alone
    _same(_read(path), wanted)


def _safetensors(tensors: dict[str, Any], data: bytes, room: int | None = None) -> bytes:
    header = json.dumps({"__metadata__": {"format": "pt"}, **tensors}).encode()
    return struct.pack("<Q", room or len(header)) + header + data


def test_safetensors(tmp_path: Path) -> None:
    path, values = tmp_path / "x.safetensors", torch.arange(6.0)
    told = {"model.0.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    path.write_bytes(_safetensors(told, values.numpy().tobytes()))
    _same(_read(path), {"model.0.weight": values.reshape(2, 3)})


_BAD_TENSORS = [
    {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 28]},
    {"dtype": "F32", "shape": [2, 3], "data_offsets": [4, 28]},
    {"dtype": "F32", "shape": [2, -3], "data_offsets": [0, 24]},
    {"dtype": "F8_E4M3", "shape": [24], "data_offsets": [0, 24]},
    {"dtype": "F32", "shape": [10**30], "data_offsets": [0, 24]},
    {"dtype": "F32", "shape": 6, "data_offsets": [0, 24]},
    {"dtype": [], "shape": [6], "data_offsets": [0, 24]},
    [],
]


@pytest.mark.parametrize("told", _BAD_TENSORS)
def test_bad_safetensors(tmp_path: Path, told: Any) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(_safetensors({"a": told}, bytes(24)))
    with pytest.raises(Refused):
        _read(path)
    path.write_bytes(_safetensors({"a": told}, bytes(24), 10**6))
    with pytest.raises(Refused, match="header is truncated"):
        _read(path)


# Hostile pickles. What would run leaves a file behind; nothing does.


class _Calls:
    def __init__(self, function: Any, *args: Any, state: Any = None) -> None:
        self.told = (function, args) if state is None else (function, args, state)

    def __reduce__(self) -> Any:
        return self.told


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def _hostile(mark: Path) -> dict[str, bytes]:
    """Return pickles that would run `touch mark`, by every road there is."""
    command = f"touch {mark}"
    system, words = _global(os.system.__module__, "system"), _text(command)
    evil = _Calls(os.system, command)
    plain = {
        "reduce": pickle.dumps(evil, 2),
        "nested": pickle.dumps({"model": [({"a": (evil,)},)]}, 4),
        "in the state": pickle.dumps(_Calls(collections.Counter, {"a": 1}, state={"b": evil}), 2),
        "as a key's value": pickle.dumps(collections.OrderedDict(model=evil), 2),
        "eval": pickle.dumps(_Calls(eval, f"__import__('os').system({command!r})"), 2),
        "partial": pickle.dumps(_Calls(map, os.system, [command]), 2),
    }
    return {
        **plain,
        "INST": b"(" + words + b"i" + b"posix\nsystem\n.",
        "OBJ": b"(" + system + words + b"o.",
        "NEWOBJ": b"\x80\x02" + system + words + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04" + system + words + b"\x85}\x92.",
        "STACK_GLOBAL": b"\x80\x04" + _text("os") + _text("system") + b"\x93" + words + b"\x85R.",
        "dotted": b"\x80\x04"
        + _text("torch")
        + _text("os.system")
        + b"\x93"
        + words
        + b"\x85R.",
        "dotted dunder": b"\x80\x04"
        + _text("collections")
        + _text("OrderedDict.__init__.__globals__")
        + b"\x93.",
        "rebuild with a function": b"\x80\x02"
        + _global("torch._tensor", "_rebuild_from_type_v2")
        + b"("
        + system
        + b"N"
        + words
        + b"\x85Nt"
        + b"R.",
        "BUILD on a class": b"\x80\x02"
        + _global("collections", "OrderedDict")
        + b"}("
        + _text("__setstate__")
        + system
        + b"ub"
        + words
        + b"b.",
        "setstate of an instance": b"\x80\x02"
        + _global("torch.nn", "Module")
        + b")\x81}("
        + _text("__setstate__")
        + system
        + b"ub"
        + words
        + b"b.",
        "EXT": b"\x80\x02\x82\x01" + words + b"\x85R.",
        "REDUCE of a storage id": b"\x80\x02(" + _text("storage") + system + words + words
        + b"K\x01tQ" + words + b"\x85R.",
    }  # fmt: skip


_ROADS = sorted(_hostile(Path("x")))


@pytest.mark.parametrize("road", _ROADS)
def test_nothing_of_a_hostile_pickle_runs(tmp_path: Path, road: str) -> None:
    mark, path = tmp_path / "mark", tmp_path / "x.pt"
    data = _hostile(mark)[road]
    for write in (write_zip, write_legacy):
        write(path, data)
        with pytest.raises(Refused):  # read or refused: none of these holds a network
            _read(path)
        assert not mark.exists()


def test_a_hostile_pickle_would_run() -> None:
    """What the test above stands on: unpickled, the plain ones do run."""
    marked = Path(os.environ.get("TMPDIR", "/tmp")) / f"yamlmod-mark-{os.getpid()}"
    pickle.loads(_hostile(marked)["STACK_GLOBAL"])
    assert marked.exists()
    marked.unlink()


def test_a_network_beside_a_call_is_read_and_the_call_is_not_made(tmp_path: Path) -> None:
    mark, path, net = tmp_path / "mark", tmp_path / "x.pt", Net()
    net.hook = _Calls(os.system, f"touch {mark}")  # type: ignore[assignment]
    torch.save({"model": net, "date": _Calls(os.system, f"touch {mark}")}, path)
    _same(_read(path), net.state_dict())
    checkpoint = open_checkpoint(str(path))
    assert any(name.name == "system" for name in checkpoint.names)
    assert not mark.exists()


_PERSISTENT = {
    "a text": b"\x80\x02" + _text("storage") + b"Q.",
    "a line": b"Pstorage\n.",
    "another kind": pickle.dumps(("module", "x", "y", "z", 1), 2)[:-1] + b"Q.",
    "no class": pickle.dumps(("storage", "FloatStorage", "0", "cpu", 1), 2)[:-1] + b"Q.",
    "a list": b"\x80\x02]Q.",
    "no count": b"\x80\x02(" + _text("storage") + _global("torch", "FloatStorage")
    + _text("0") + _text("cpu") + _text("x") + b"tQ.",
    "a quantised one": b"\x80\x02(" + _text("storage") + _global("torch", "QInt8Storage")
    + _text("0") + _text("cpu") + b"K\x01tQ.",
}  # fmt: skip
_MALFORMED = {
    "empty": b"",
    "no stop": b"\x80\x02}",
    "an empty stack": b"\x80\x02R.",
    "no mark": b"\x80\x02u.",
    "an unknown operation": b"\x80\x02\xff.",
    "a memo never set": b"\x80\x02h\x07.",
    "an unhashable key": b"\x80\x02}(]Nu.",
    "a deep key": b"\x80\x02)" + b"\x85" * 300_000 + b"}(h\x00.",
    "a huge text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b".",
    "a negative length": b"\x80\x02T\xff\xff\xff\xff.",
    "a huge number": b"I" + b"9" * 100_000 + b"\n.",
    "append to a number": b"K\x01K\x01a.",
    "a next buffer": b"\x80\x05\x97.",
    "half a pair": b"}(K\x01u.",
}


@pytest.mark.parametrize("data", [*_PERSISTENT.values(), *_MALFORMED.values()])
def test_odd_pickles_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.pt"
    for write in (write_zip, write_legacy):
        write(path, data)
        with pytest.raises(Refused):
            _read(path)


def test_a_memo_index_costs_no_memory(tmp_path: Path) -> None:
    """The pickle module makes room for every index below; 4 bytes would cost 30 GB."""
    path = tmp_path / "x.pt"
    write_zip(path, b"\x80\x02}r\xff\xff\xff\x7f0}.")
    with pytest.raises(Refused, match="out of order"):
        _read(path)


_TENSORS: list[tuple[Any, ...]] = [
    (0, (5,), (1,)),
    (3, (2,), (1,)),
    (0, (2, 2), (3, 1)),
    (0, (1000, 1000), (0, 0)),
    (-1, (2,), (1,)),
    (0, (2,), (-1,)),
    (0, (2,), (1, 1)),
    (0, (1 << 70,), (0,)),
]


@pytest.mark.parametrize(("offset", "shape", "stride"), _TENSORS)
def test_tensors_beyond_their_storage(
    tmp_path: Path, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    storage = b"(" + _text("storage") + _global("torch", "FloatStorage") + _text("0")
    storage += _text("cpu") + b"K\x04tQ"
    rest = pickle.dumps((offset, shape, stride, False), 2)[2:-1]
    # The tuple of the rest is flattened by hand: its four values are pushed one by one.
    values = b"".join(pickle.dumps(v, 2)[2:-1] for v in (offset, shape, stride, False))
    assert rest
    call = _global("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + values + b"}tR"
    path = tmp_path / "x.pt"
    write_zip(path, b"\x80\x02}(" + _text("a") + call + b"u.", **{"data/0": bytes(16)})
    with pytest.raises(Refused):
        _read(path)


def test_modules_that_contain_one_another(tmp_path: Path) -> None:
    path, inner = tmp_path / "x.pt", nn.Sequential()
    inner._modules["a"] = inner
    torch.save({"model": inner}, path)
    with pytest.raises(Refused, match="contain each other"):
        _read(path)
    wide = nn.Sequential()
    for _ in range(40):  # 2 ** 40 ways down
        wide = nn.Sequential(wide, wide)
    torch.save({"model": wide}, path)
    with pytest.raises(Refused, match="more than"):
        _read(path)


@pytest.mark.parametrize("zipped", _FORMATS)
def test_truncated_files(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "x.pt"
    torch.save({"model": Net()}, path, _use_new_zipfile_serialization=zipped)
    data = path.read_bytes()
    for length in (0, 1, 3, 8, 30, len(data) // 3, len(data) // 2, len(data) - 200, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(Refused):
            _read(path)


def test_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    for data in (b"hello", b"\x89PNG\r\n\x1a\n" + bytes(100), pickle.dumps({"model": 1})):
        path.write_bytes(data)
        with pytest.raises(Refused, match="is not a checkpoint"):
            _read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(Refused, match=r"holds no data\.pkl"):
        _read(path)
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), str(path))
    with pytest.raises(Refused, match="TorchScript"):
        _read(path)
    with pytest.raises(Refused, match="cannot be read"):
        _read(tmp_path / "none.pt")
    with pytest.raises(Refused, match="cannot be read"):
        _read(tmp_path)


def test_a_zip_that_unpacks_to_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10_000_000))
    with pytest.raises(Refused, match="longer than the file"):
        _read(path)


_MEASURE = """
import sys, torch
from yamlmod.runtime.yamlmod_worker.checkpoints.checkpoint import open_checkpoint
from yamlmod.runtime.yamlmod_worker.checkpoints.state import find_state
def peak():  # ru_maxrss would begin at the size of the process that started this one
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
torch.frombuffer(bytearray(8), dtype=torch.float32).sum()
before = peak()
c = open_checkpoint(sys.argv[1])
held = dict(c.read(find_state(c).tensors))
print(sum(float(t.float().sum()) for t in held.values()))
print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc")
@pytest.mark.parametrize("zipped", _FORMATS)
def test_memory_is_bound_by_the_file(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "x.pt"
    state = {f"model.{i}.weight": torch.rand(1000, 1000) for i in range(8)}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    del state
    words = [sys.executable, "-c", _MEASURE, str(path)]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    assert float(done.stdout.split()[1]) <= 2.5 * path.stat().st_size


def test_the_root_of_a_checkpoint_is_plain_data(tmp_path: Path) -> None:
    buffer, path = io.BytesIO(), tmp_path / "x.pt"
    torch.save({"epoch": 3, "hyp": {"lr": 0.1}, "none": None}, buffer)
    path.write_bytes(buffer.getvalue())
    checkpoint: Checkpoint = open_checkpoint(str(path))
    assert checkpoint.root == {"epoch": 3, "hyp": {"lr": 0.1}, "none": None}


@pytest.mark.parametrize("zipped", _FORMATS)
def test_mutated_files_are_read_or_refused(tmp_path: Path, zipped: bool) -> None:
    path, net, random = tmp_path / "x.pt", Net(), Random(5)
    torch.save({"model": net, "n": {1: (2, [3.5])}}, path, _use_new_zipfile_serialization=zipped)
    data = path.read_bytes()
    if zipped:  # its records are guarded by checksums: the pickle is put in anew
        with zipfile.ZipFile(path) as archive:
            parts = {n.partition("/")[2]: archive.read(n) for n in archive.namelist()}
        data = parts.pop("data.pkl")
        parts.pop("version")
    outcomes = set()
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(random.randint(1, 3)):
            changed[random.randrange(len(changed))] = random.randrange(256)
        if zipped:
            write_zip(path, bytes(changed), **parts)
        else:
            path.write_bytes(changed)
        try:
            _read(path)
            outcomes.add("read")
        except Refused:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


@pytest.mark.parametrize("zipped", _FORMATS)
def test_without_frombuffer(tmp_path: Path, zipped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As torch before 1.10 has to be read."""
    path, state = tmp_path / "x.pt", Net().state_dict()
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    monkeypatch.delattr(torch, "frombuffer")
    _same(_read(path), state)
