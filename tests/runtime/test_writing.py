"""What remap writes, on a disk that does not take it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_CODE = """
import resource, signal, sys, torch
sys.path.insert(0, {folder!r})
from yamlmod_worker.checkpoints.checkpoint import open_checkpoint
from yamlmod_worker.refused import Refused
from yamlmod_worker.checkpoints.state import find_state
from yamlmod_worker.remap.writing import CarriedState, write
checkpoint = open_checkpoint("old.pt")
source = CarriedState(checkpoint, find_state(checkpoint), {{}})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write(torch.save, torch.nn.Linear(200, 200), source, "out/new.pt")
except Refused as refusal:
    print(refusal.code, refusal.message)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is of Linux")
def test_a_full_disk_is_a_refusal(tmp_path: Path) -> None:
    import torch

    import yamlmod.runtime

    torch.save({"model": torch.nn.Linear(200, 200).state_dict()}, tmp_path / "old.pt")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "new.pt").write_bytes(b"older")
    code = _CODE.format(folder=str(Path(yamlmod.runtime.__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("unwritable out/new.pt cannot be written: "), done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new.pt"]
    assert (tmp_path / "out" / "new.pt").read_bytes() == b"older"
