"""The whole contract of the templates: what the suite samples, at every channel count and side.

Runs every usual channel count on every side, for real, in eval and train mode, in float32, bfloat16
and autocast; then the suite of the templates and every badge. Takes minutes for each module.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

import torch

from tests.templates import support
from yamlmod.registry.catalogue import catalogue, get

_SIDES = ((1, 1), (2, 2), (3, 3), (4, 4), (8, 8), (20, 20), (13, 17), (40, 24))


def main() -> int:
    """Report each module's failures; exit with 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tools.contract", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="modules; all without")
    names = parser.parse_args().names
    wrong = 0
    for template in [get(name) for name in names] or catalogue():
        folder = template.file.partition("/")[0]
        problems = [problem for channels in support.CHANNELS for problem in tried(folder, channels)]
        sys.stdout.write(f"{template.name}: {'; '.join(problems) or 'every size'}\n")
        sys.stdout.flush()
        wrong += bool(problems)
    words = ["-k", " or ".join(get(name).file.partition("/")[0] for name in names)] if names else []
    suite = [sys.executable, "-m", "pytest", "-q", "tests/templates", *words]
    wrong += bool(subprocess.run(suite, check=False).returncode)
    command = [sys.executable, "-m", "tools.badges", "--check", *names]
    wrong += bool(subprocess.run(command, check=False).returncode)
    return 1 if wrong else 0


def tried(folder: str, channels: int) -> list[str]:
    """What went wrong with one channel count: built once, sides changing between calls."""
    args = support.usual(folder)
    if channels in support.refused(folder):
        try:
            support.build(folder, channels, *args)
        except (TypeError, ValueError):
            return []
        return [f"{channels} channels are taken, but the manifest says refused"]
    module = support.build(folder, channels, *args)
    found = []
    for side in [sides for sides in _SIDES if support.takes_sides(folder, *sides)]:
        for training in (False, True):
            for kind in ("float32", "bfloat16", "autocast"):
                problem = _one(module.train(training), folder, channels, side, kind)
                if problem:
                    found.append(
                        f"{channels}x{side[0]}x{side[1]} {kind} train={training}: {problem}"
                    )
    return found


def _one(
    module: torch.nn.Module, folder: str, channels: int, side: tuple[int, int], kind: str
) -> str:
    dtype = torch.bfloat16 if kind == "bfloat16" else torch.float32
    x = support.image(1, channels, *side).to(dtype)
    try:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=kind == "autocast"):
            out = module.to(dtype)(x)
    except Exception as error:  # the sweep goes on
        return f"{type(error).__name__}: {error}"
    if out.shape[2:] != support.sides_after(folder, *side) or not torch.isfinite(out).all():
        return f"shape {tuple(out.shape)}, finite {bool(torch.isfinite(out).all())}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
