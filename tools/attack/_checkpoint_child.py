"""Reads damaged checkpoints in a process of its own, and judges each; a line of JSON for a case.

    python -m tools.attack._checkpoint_child '{"seed": 1, "count": 100, "kinds": [...], ...}'

A case fails where anything but a refusal is raised, where it takes more processor time or memory
than its size allows, and where it opens, starts, imports or compiles anything.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools.attack._checkpoint_files import case, genuine
from yamlmod.runtime.yamlmod_worker.checkpoints import pickles, room
from yamlmod.runtime.yamlmod_worker.checkpoints.checkpoint import open_checkpoint
from yamlmod.runtime.yamlmod_worker.checkpoints.state import find_state
from yamlmod.runtime.yamlmod_worker.refused import Refused

_WALL = 600  # seconds after which the process ends itself, also out of a call that hangs
_SECONDS, _SECONDS_A_MB = 0.5, 2.5
_FLOOR_MB, _SHARE = 128.0, 1.5  # what docs/weights.md promises of the memory
_STALE_MB = 8.0
_MB = 1 << 20
# What reading a file does, beside opening that file; everything else is a failure.
_HARMLESS = {"builtins.id", "ctypes.cdata", "gc.get_objects", "object.__getattr__", "sys._getframe"}


class Watch:
    """The audit hook: what was done while a case was read."""

    def __init__(self, path: str) -> None:
        self.path, self.on = path, False
        self.events: list[str] = []
        sys.addaudithook(self.hear)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Keep what must not happen."""
        if not self.on or event in _HARMLESS:
            return
        reads = event == "open" and args[0] == self.path and not args[2] & (os.O_WRONLY | os.O_RDWR)
        if not reads:
            self.events.append(f"{event} {str(args)[:100]}")


def main() -> None:
    """Run the cases."""
    asked = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.pt"
        warm(path)
        plant(asked.get("plant", ""))
        watch = Watch(str(path))
        for seed in range(asked["seed"], asked["seed"] + asked["count"]):
            dice = random.Random(seed)
            kind = dice.choice(asked["kinds"])
            tell(seed=seed, kind=kind)
            path.write_bytes(case(kind, dice))
            outcome, failure = judged(path, watch)
            if "took" in failure:  # another process may have had the caches
                outcome, failure = judged(path, watch)
            tell(seed=seed, outcome=outcome, failure=failure and f"{failure} ({kind}, seed {seed})")


def warm(path: Path) -> None:
    """Read genuine files: what is imported at the first time is no part of a case."""
    for data in genuine().values():
        path.write_bytes(data)
        _read(path)
    gc.collect()
    gc.freeze()  # torch's own objects would be gone through again and again


def judged(path: Path, watch: Watch) -> tuple[str, str]:
    """Return how a case ended, and why that must not be; nothing where it may."""
    size, before = path.stat().st_size / _MB, _resident()
    faulthandler.dump_traceback_later(_WALL, exit=True)
    start = time.process_time()
    watch.events, watch.on = [], True
    outcome, failure = _read(path)
    watch.on = False
    seconds = time.process_time() - start
    faulthandler.cancel_dump_traceback_later()
    grown = _status("VmHWM") - before
    if watch.events:
        failure = f"it did {watch.events[:3]}"
    elif len(left := list(path.parent.iterdir())) != 1:
        failure = f"it left {left}"
    elif seconds > _SECONDS + _SECONDS_A_MB * size:
        failure = f"{size:.2f} MB took {seconds:.1f} s"
    elif grown > _FLOOR_MB + _SHARE * size:
        failure = f"{size:.2f} MB grew by {grown:.0f} MB"
    return outcome, failure


def _read(path: Path) -> tuple[str, str]:
    try:
        checkpoint = open_checkpoint(str(path))
        held = dict(checkpoint.read(find_state(checkpoint).tensors))
        return ("read" if held else "empty"), ""
    except Refused as error:
        odd = not error.message.isprintable() or len(error.message) > 1000
        return "refused", f"it says {error.message[:200]!r}" if odd else ""
    except BaseException as error:
        return "raised", f"it raised {type(error).__name__}: {str(error)[:200]}"


def _resident() -> float:
    """Return the resident set in MB, after setting its peak back where it is far above."""
    now, peak = _status("VmRSS"), _status("VmHWM")
    if peak - now > _STALE_MB:  # it costs as much as many cases
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return now


def _status(word: str) -> float:
    if not sys.platform.startswith("linux"):
        return 0.0
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(word)) / 1024


def plant(name: str) -> None:
    """Put an old mistake back, so that a test can see it caught."""
    if name == "keys":  # numbers as they are: they collide
        pickles.key_of = lambda key, count: key  # type: ignore[attr-defined]
    elif name == "room":
        room.FLOOR = 1 << 40
    elif name == "import":  # a global is looked up
        real = pickles.Pickle.global_

        def global_(self: Any, module: Any, name: Any) -> Any:
            if module == "wave":
                importlib.import_module(module)
            return real(self, module, name)

        pickles.Pickle.global_ = global_  # type: ignore[method-assign]
    elif name:
        raise SystemExit(f"no such mistake: {name}")


def tell(**words: Any) -> None:
    """Write a line for the process that asked."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
