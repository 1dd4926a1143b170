"""How near a module is to what this machine can do: its products and its memory traffic alone.

    python benchmarks/roofline.py [NAME...] [--shape 1x512x20x20] [--clock cpu] [--rounds 40]

The floor of a pass has two parts. Products: every matrix product, convolution and fused attention
that the template runs, each alone, called with tensors of the same sizes and strides. Traffic: what
no code can leave out, at the bandwidth of a copy of the same map: the input is read and the output
written once; in training the gradients as well. A share of 100 % would be a module whose other
operators (means, gates, softmax, gathers) take no time.

All parts and the module itself run in turn, in one process on two threads; each is the fastest of
the rounds. Without NAME: the modules that missed a target in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch starts its threads

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from benchmarks.measures import CLOCKS, THREADS, elapsed, forward, forward_backward, machine
from benchmarks.modules import shape_of
from tests.templates import support
from yamlmod.registry.catalogue import get

_MISSED = ("ACmix", "BiLevelRoutingAttention", "TripletAttention", "MHSA", "MSDA")
_PRODUCTS = ("convolution", "mm", "bmm", "addmm", "baddbmm", "_scaled_dot_product")
# Maps that are read or written at least once: input and output; in training also the output's
# gradient (read) and the input's (written).
_MAPS = {forward: 2, forward_backward: 4}


class Floor(NamedTuple):
    """Seconds of one pass, and of what it cannot leave out."""

    whole: float
    products: float
    traffic: float

    @property
    def share(self) -> float:
        return (self.products + self.traffic) / self.whole


class _Recorder(TorchDispatchMode):
    """Remembers the calls of products. Not their tensors: those of a pass would all be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().removeprefix("aten::").partition(".")[0]
        if name.removesuffix("_backward") in _PRODUCTS or name.startswith(_PRODUCTS[-1]):
            self.calls.append((func, *tree_map(_like, (args, kwargs or {}))))
        return func(*args, **(kwargs or {}))


def _like(value: object) -> object:
    if not isinstance(value, Tensor):
        return value
    twin = torch.empty_strided(value.size(), value.stride(), dtype=value.dtype)
    return twin.copy_(value.detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--shape", type=shape_of, default=(1, 512, 20, 20))
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    sys.stdout.write(f"{machine()}; {'x'.join(map(str, options.shape))}; {options.clock} time\n\n")
    sys.stdout.write("| module | pass | ms | products | traffic | share of the limit |\n")
    sys.stdout.write("|--|--|--|--|--|--|\n")
    for name in options.names or _MISSED:
        folder = get(name).file.partition("/")[0]
        module = support.filled(folder, options.shape[1], *support.usual(folder))
        for run, title in ((forward, "forward"), (forward_backward, "forward+backward")):
            module.train(run is forward_backward)
            floor = measure(module, run, options.shape, options.rounds, CLOCKS[options.clock])
            parts = (floor.whole, floor.products, floor.traffic)
            cells = " | ".join(f"{1000 * part:.2f}" for part in parts)
            sys.stdout.write(f"| {name} | {title} | {cells} | {floor.share:.0%} |\n")
            sys.stdout.flush()


def measure(
    module: nn.Module,
    run: Callable[[nn.Module, Tensor], None],
    shape: Sequence[int],
    rounds: int,
    clock: Callable[[], float],
) -> Floor:
    """Return the fastest rounds of a pass, of its products and of its unavoidable traffic."""
    x = support.image(*shape)
    run(module, x)
    with _Recorder() as recorder:
        run(module, x)
    target = torch.empty_like(x)

    def products(_: nn.Module, __: Tensor) -> None:
        with torch.no_grad():
            for func, args, kwargs in recorder.calls:
                func(*args, **kwargs)

    def copy(_: nn.Module, y: Tensor) -> None:
        target.copy_(y)

    took = [
        [elapsed(each, module, x, clock) for each in (run, products, copy)] for _ in range(rounds)
    ]
    whole, alone, copied = (min(times) for times in zip(*took[1:], strict=True))
    # A copy moves two maps: it reads one and writes one.
    return Floor(whole, alone, copied * _MAPS[run] / 2)


if __name__ == "__main__":
    main()
