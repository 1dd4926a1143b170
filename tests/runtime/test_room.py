"""What an operation of a pickle makes is charged at no less than it takes; and time is linear."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from tools.attack._growths import GROWTHS
from yamlmod.runtime.yamlmod_worker.meanings import KNOWN, storage_of
from yamlmod.runtime.yamlmod_worker.opcodes import TABLE
from yamlmod.runtime.yamlmod_worker.pickles import Pickle
from yamlmod.runtime.yamlmod_worker.refused import Refused
from yamlmod.runtime.yamlmod_worker.room import FLOOR, Room

_SIZE = 120_000
_SLACK = 1.1  # of lists, which grow by an eighth


def _spent(data: bytes) -> tuple[int, bool]:
    room = Room(0)
    pickle = Pickle(data, 0, KNOWN, storage_of, room)
    try:
        pickle.load(TABLE)
    except Refused as error:
        # What stays on the stack is refused at the end: all was made and charged before.
        return FLOOR - (pickle.limit - pickle.end) * 20, "fit into" in error.message
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
    for _ in range(2):
        start = time.process_time()
        _spent(data)
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.parametrize("name", GROWTHS)
def test_four_times_the_bytes_take_four_times_the_time(name: str) -> None:
    small, large = (_seconds(GROWTHS[name].pickle(size)) for size in (100_000, 400_000))
    # Of the square of the keys or of the texts it would be 16 times.
    assert large < 9 * small + 0.1, f"{small:.3f} s, then {large:.3f} s"
