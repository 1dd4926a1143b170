"""Compares the re-created rules of thop with thop itself, on the networks of a fork.

python -m tests.runtime.against_thop REPO CFG...    where thop 0.1.1 is installed

Prints, for each network, what thop's `profile` says at an image of one stride and of 640 pixels,
as it is and fused, beside the number of the rules. Exits 1 where one differs.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from yamlmod.runtime.yamlmod_worker.building.builder import builder_for
from yamlmod.runtime.yamlmod_worker.profile.thop_rules import Thop
from yamlmod.usecases.fork_run import open_run
from yamlmod.usecases.profile import subjects


def main(repo: Path, cfgs: list[Path]) -> int:
    """Print both numbers of every network."""
    import thop

    run = open_run(repo, None, stand_ins=True)
    found = subjects(run, cfgs, None)
    builder = builder_for(dict(run.where))
    different = 0
    for one in found:
        head = one.target.model.document.rows[-1].module
        network = builder.build(str(one.path), None, head).eval()
        for form in ("as it is", "fused"):
            if form == "fused":
                with torch.no_grad():
                    network = network.fuse() or network
            stride = max(int(network.stride.max()), 32)
            for size in (stride, 640):
                image = torch.rand(1, 3, size, size)
                told = thop.profile(deepcopy(network), inputs=(image,), verbose=False)[0]
                ours = _macs(network, image)
                different += told != ours
                word = "the same" if told == ours else f"and not {ours:.0f}"
                sys.stdout.write(f"{one.shown}, {form}, {size} px: {told:.0f} MACs, {word}\n")
    return 1 if different else 0


def _macs(network: Any, image: torch.Tensor) -> float:
    with Thop(network) as thop, torch.no_grad():
        network(image)
    return thop.total()


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), [Path(word) for word in sys.argv[2:]]))
