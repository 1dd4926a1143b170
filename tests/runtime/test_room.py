"""What an operation of a pickle makes is charged at no less than it takes; and time is linear."""

from __future__ import annotations

import copy
import time
import tracemalloc
from pathlib import Path

import pytest
import torch
from torch import nn

from tools.attack._growths import GROWTHS
from yamlmod.runtime.yamlmod_worker.checkpoints.checkpoint import open_checkpoint
from yamlmod.runtime.yamlmod_worker.checkpoints.meanings import KNOWN, storage_of
from yamlmod.runtime.yamlmod_worker.checkpoints.opcodes import TABLE
from yamlmod.runtime.yamlmod_worker.checkpoints.pickles import Pickle
from yamlmod.runtime.yamlmod_worker.checkpoints.room import FLOOR, Room
from yamlmod.runtime.yamlmod_worker.checkpoints.state import find_state
from yamlmod.runtime.yamlmod_worker.refused import Refused

_SIZE = 40_000
_SLACK = 1.1  # of lists, which grow by an eighth


def _spent(data: bytes) -> tuple[int, bool]:
    room = Room(0)
    pickle = Pickle(data, 0, KNOWN, storage_of, room)
    try:
        pickle.load(TABLE)
    except Refused as error:
        # What stays on the stack is refused at the end: all was made and charged before.
        return FLOOR - (pickle.limit - pickle.end) * 20, "allowed for" in error.message
    return FLOOR - room.left, False


@pytest.mark.parametrize("name", GROWTHS)
def test_an_operation_is_charged_at_what_it_takes(name: str) -> None:
    data = GROWTHS[name].pickle(_SIZE)
    tracemalloc.start()
    try:
        spent, full = _spent(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    told = f"{peak / len(data):.0f} bytes a byte, charged {spent / len(data):.0f}"
    assert not full and peak <= _SLACK * spent + 20_000, told
    assert spent > 15 * len(data), told  # the whole of it was read


def _seconds(data: bytes) -> float:
    taken = []
    for _ in range(3):
        start = time.process_time()
        _spent(data)
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.slow
@pytest.mark.parametrize("name", GROWTHS)
def test_four_times_the_bytes_take_four_times_the_time(name: str) -> None:
    small, large = (_seconds(GROWTHS[name].pickle(size)) for size in (40_000, 160_000))
    # Of the square of the keys or of the texts it would be 16 times.
    assert large < 9 * small + 0.3, f"{small:.3f} s, then {large:.3f} s"


class _Network(nn.Module):
    def __init__(self, layers: int) -> None:
        super().__init__()
        blocks = [
            nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.SiLU()) for _ in range(layers)
        ]
        self.model = nn.Sequential(*blocks)
        self.yaml = {"nc": 4, "backbone": [[-1, 1, "Conv", [64, 6, 2, 2]]] * layers}
        self.names = {index: f"class {index}" for index in range(1000)}
        self.args = {f"argument_{index}": index / 3 for index in range(120)}


class _Average:
    """As ModelEMA of YOLOv5: the averaged network in an object of its own."""

    def __init__(self, network: nn.Module) -> None:
        self.ema, self.updates = copy.deepcopy(network).half(), 900


@pytest.mark.parametrize("zipped", [True, False])
def test_a_training_checkpoint_is_far_from_the_limit(tmp_path: Path, zipped: bool) -> None:
    """As many layers as YOLOv9e has (1,800 tensors), in a file of far fewer numbers."""
    network, path = _Network(250), tmp_path / "last.pt"
    optimizer = torch.optim.Adam(network.parameters())
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    content = {
        "epoch": 299,
        "model": network.half(),
        "ema": _Average(network),
        "optimizer": optimizer.state_dict(),
        "train_results": {f"metric {i}": [j / 7 for j in range(300)] for i in range(15)},
    }
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    checkpoint = open_checkpoint(str(path))
    assert len(find_state(checkpoint).tensors) == 250 * 7
    whole = FLOOR + path.stat().st_size // 4
    assert checkpoint.room.left > whole / 2
