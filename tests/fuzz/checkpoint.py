"""Mutates checkpoints and reads them: every one is read or refused, within a time.

    python -m tests.fuzz.checkpoint --seconds 300

Bytes are changed, taken out, doubled, and replaced by operations of pickles and by lengths at the
limits. Zip archives are written anew around the changed pickle, and mutated as they are, too.
Prints the counts; exits 1 if anything else than a refusal was raised, with the seed that did it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import struct
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from pathlib import Path

import torch
from torch import nn

from yamlmod.runtime.yamlmod_worker.checkpoints import open_checkpoint
from yamlmod.runtime.yamlmod_worker.refused import Refused
from yamlmod.runtime.yamlmod_worker.state import find_state

_SECONDS = 20.0
_PIECES = (
    *(bytes([code]) for code in b"()0.12IKMNRTUVXabcdeghijlopqrstuBCGJQ]}\x80-\x98\x8a\x8b"),
    *(struct.pack("<Q", n) for n in (0, 1, 1 << 31, (1 << 32) - 1, 1 << 62, (1 << 64) - 1)),
    *(struct.pack("<I", n) for n in (0, 0x7FFFFFFF, 0xFFFFFFFF)),
    b"cposix\nsystem\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ccollections\nOrderedDict\n",
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
)


def main() -> int:
    """Fuzz for a time and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path, originals = Path(folder) / "x.pt", seeds()
        end = time.monotonic() + options.seconds
        seed = options.seed
        while time.monotonic() < end:
            seed += 1
            name, data = variant(originals, random.Random(seed))
            path.write_bytes(data)
            counts[f"{name} {outcome(path, seed)}"] += 1
    for name, count in sorted(counts.items()):
        sys.stdout.write(f"{count:7} {name}\n")
    return 1 if any("FAILED" in name for name in counts) else 0


def outcome(path: Path, seed: int) -> str:
    """Read a file: read, refused, or a failure that is shown."""
    start = time.process_time()
    try:
        checkpoint = open_checkpoint(str(path))
        for _, value in checkpoint.read(find_state(checkpoint).tensors):
            value.float().sum()
        told = "read"
    except Refused:
        told = "refused"
    except Exception:
        sys.stderr.write(f"seed {seed}\n{traceback.format_exc()}\n")
        return "FAILED"
    return told if time.process_time() - start < _SECONDS else "FAILED by its time"


def seeds() -> dict[str, bytes]:
    """Return a checkpoint of each format."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2).half())
    content = {"epoch": 1, "model": net, "ema": None, "names": ["a", "b"], "hyp": {"lr": 0.1}}
    found = {}
    for name, zipped in (("zip", True), ("legacy", False)):
        buffer = io.BytesIO()
        torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
        found[name] = buffer.getvalue()
    header = json.dumps({"a.b": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}})
    found["safetensors"] = struct.pack("<Q", len(header)) + header.encode() + bytes(24)
    return found


def variant(originals: dict[str, bytes], dice: random.Random) -> tuple[str, bytes]:
    """Return one mutated file and what it is."""
    name = dice.choice(list(originals))
    if name == "zip" and dice.random() < 0.8:
        return "zip, its pickle", _with_pickle(originals[name], dice)
    return name, mutated(originals[name], dice)


def _with_pickle(data: bytes, dice: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            changed = mutated(content, dice) if name.endswith("data.pkl") else content
            new.writestr(name, changed)
    return buffer.getvalue()


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Change a few places."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(data) + 1)
        length = dice.choice((0, 1, 1, 2, 4, 8, 60))
        old = data[start : start + length]
        random_bytes = bytes(dice.randrange(256) for _ in range(length))
        piece = dice.choice((dice.choice(_PIECES), random_bytes, b"", old * 3))
        data = data[:start] + piece + data[start + length :]
    return data


if __name__ == "__main__":
    raise SystemExit(main())
