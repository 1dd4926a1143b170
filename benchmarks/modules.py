"""Every template against a straight transcription of its paper's equations: time and peak memory.

    python benchmarks/modules.py [NAME...] [--seconds 4]     ratios of some or all modules
    python benchmarks/modules.py --write                     all, into docs/benchmarks_modules.md;
                                                             then run python -m tools.docs
    python benchmarks/modules.py NAME... --write             new rows of some, the others stay
    python benchmarks/modules.py SE --reference FILE:Class   against a class of your own
    python benchmarks/modules.py SE --pairs 40               medians of paired rounds, and quartiles

A ratio above 1 means that the template is faster or smaller. The transcription is the class
`Transcription` of tests/templates/references/<folder>.py: the operators that a reader of the paper
would use, with the template's constructor and state_dict keys, holding the same weights. The tests
hold both to the same numbers.

Both run in turn in one process on two threads, as often as fits into `--seconds` for each shape and
pass, and at least three times; printed is the ratio of the fastest rounds. On a machine that is
busy with other work, `--clock cpu` counts the processor time of both threads instead of wall
time (waiting threads sleep here, they do not spin). `--pairs N` measures N rounds of both, which
begin with one and the other, and prints the median of the rounds' ratios and their quartiles.
"Forward" is eval mode without gradients, "forward+backward" is train mode with gradients for the
input and every parameter.

Peak memory is counted, not sampled: torch's profiler reports every allocation and release of its
CPU allocator, and the highest sum during one pass counts (input and weights were there before). It
is the same in every run.

FILE is imported; its class is built with the template's arguments
(`--reference-args '[C, 7]'` says others, C stands for the channels), and is given the template's
weights if the keys are the same.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch starts its threads

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from tests.templates import support  # noqa: E402
from yamlmod.registry.catalogue import catalogue, get  # noqa: E402

_SHAPES = ((1, 128, 80, 80), (1, 256, 40, 40), (1, 512, 20, 20), (8, 256, 40, 40))
_PAGE = _ROOT / "docs" / "benchmarks_modules.md"
_THREADS = 2
_CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
_CLOCK_WORDS = {"wall": "wall time", "cpu": "processor time of all threads"}


class Ratio(NamedTuple):
    """How many times the template is faster and smaller than what it is compared with."""

    time: float
    memory: float
    quartiles: tuple[float, ...] = ()


def main() -> None:
    """Print the ratios, or write the page."""
    options = arguments()
    torch.set_num_threads(options.threads)
    templates = [get(name) for name in options.names] or list(catalogue())
    found: dict[str, dict[tuple[int, ...], tuple[Ratio, Ratio] | None]] = {}
    for template in templates:
        folder = template.file.partition("/")[0]
        found[template.name] = {}
        for shape in options.shape or _SHAPES:
            ratios = None
            if shape[1] not in support.refused(folder):
                mine, theirs = pair(folder, shape[1], options.reference, options.reference_args)
                ratios = compare(mine, theirs, shape, options)
                report(template.name, shape, *ratios)
            found[template.name][shape] = ratios
    if options.write:
        text = page(found, options.clock)
        if options.names:
            text = merged(_PAGE.read_text(encoding="utf-8"), text, options.clock)
        _PAGE.write_text(text, encoding="utf-8", newline="\n")


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each shape and pass")
    parser.add_argument("--clock", choices=sorted(_CLOCKS), default="wall")
    parser.add_argument("--pairs", type=int, help="rounds of both, for medians and quartiles")
    parser.add_argument("--threads", type=int, default=_THREADS)
    parser.add_argument("--shape", action="append", type=_shape, help="such as 1x256x40x40")
    parser.add_argument("--reference", metavar="FILE:Class", help="compare with this class")
    parser.add_argument("--reference-args", metavar="LIST", help="its arguments, C for channels")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks_modules.md")
    options = parser.parse_args()
    other = options.reference or options.shape or options.pairs or options.threads != _THREADS
    if options.write and other:
        parser.error("--write measures every shape, against the transcription")
    if options.reference and len(options.names) != 1:
        parser.error("--reference needs one NAME")
    return options


def _shape(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("x")))


def pair(
    folder: str, channels: int, reference: str | None, literal: str | None
) -> tuple[nn.Module, nn.Module]:
    """Return the template and what it is compared with, with the same weights."""
    mine = support.filled(folder, channels, *support.usual(folder))
    if reference is None:
        kind = support.reference(folder).Transcription
        return mine, support.transcribed(kind, mine).float()
    supplied = support.built_with(mine)
    if literal is not None:
        supplied = ast.literal_eval(literal.replace("C", str(channels)))
    theirs = _class(reference)(*supplied)
    if theirs.state_dict().keys() == mine.state_dict().keys():
        theirs.load_state_dict(mine.state_dict())
    return mine, theirs.eval()


def _class(reference: str) -> Callable[..., nn.Module]:
    path, _, name = reference.rpartition(":")
    spec = importlib.util.spec_from_file_location("reference_of_the_benchmark", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"--reference {reference}: FILE:Class, where FILE is a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found: Callable[..., nn.Module] = getattr(module, name)
    return found


def compare(
    mine: nn.Module, theirs: nn.Module, shape: tuple[int, ...], options: argparse.Namespace
) -> tuple[Ratio, Ratio]:
    """Return the ratios of the forward pass and of forward and backward together."""
    x = support.image(*shape)
    passes: tuple[Callable[[nn.Module, Tensor], None], ...] = (forward, forward_backward)
    found = []
    for run in passes:
        for module in (mine, theirs):
            module.train(run is forward_backward)
        clock = _CLOCKS[options.clock]
        quartiles: tuple[float, ...] = ()
        if options.pairs:
            low, ratio, high = paired_ratios(run, (mine, theirs), x, options.pairs, clock)
            quartiles = (low, high)
        else:
            ratio = time_ratio(run, mine, theirs, x, options.seconds, clock)
        found.append(Ratio(ratio, peak(run, theirs, x) / peak(run, mine, x), quartiles))
    return found[0], found[1]


def forward(module: nn.Module, x: Tensor) -> None:
    """Inference."""
    with torch.no_grad():
        module(x)


def forward_backward(module: nn.Module, x: Tensor) -> None:
    """One training step without the optimizer."""
    x = x.detach().requires_grad_()
    module.zero_grad(set_to_none=True)
    out = module(x)
    out.backward(out.detach())


def time_ratio(
    run: Callable[[nn.Module, Tensor], None],
    mine: nn.Module,
    theirs: nn.Module,
    x: Tensor,
    seconds: float,
    clock: Callable[[], float],
) -> float:
    """Return the ratio of the fastest rounds: the two in turn, warmed up once."""
    own, other = [elapsed(run, mine, x, clock)], [elapsed(run, theirs, x, clock)]
    end = time.perf_counter() + seconds
    while len(own) < 4 or time.perf_counter() < end:
        own.append(elapsed(run, mine, x, clock))
        other.append(elapsed(run, theirs, x, clock))
    return min(other[1:]) / min(own[1:])


def paired_ratios(
    run: Callable[[nn.Module, Tensor], None],
    pair_of_modules: tuple[nn.Module, nn.Module],
    x: Tensor,
    pairs: int,
    clock: Callable[[], float],
) -> list[float]:
    """Return the quartiles of the ratio in single rounds, which begin with one and the other."""
    mine, theirs = pair_of_modules
    ratios = []
    for count in range(-1, pairs):
        order = (mine, theirs) if count % 2 else (theirs, mine)
        took = {module: elapsed(run, module, x, clock) for module in order}
        ratios.append(took[theirs] / took[mine])
    return statistics.quantiles(ratios[1:], n=4)


def elapsed(
    run: Callable[[nn.Module, Tensor], None],
    module: nn.Module,
    x: Tensor,
    clock: Callable[[], float],
) -> float:
    """Return the seconds that one run took."""
    start = clock()
    run(module, x)
    return clock() - start


def peak(run: Callable[[nn.Module, Tensor], None], module: nn.Module, x: Tensor) -> int:
    """Return the most bytes that torch's allocator held at once during one pass."""
    module.zero_grad(set_to_none=True)
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        run(module, x)
    module.zero_grad(set_to_none=True)
    events: Any = profile.profiler.kineto_results.events()
    steps = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    held = highest = 0
    for _, size in steps:
        held += size
        highest = max(highest, held)
    return max(highest, 1)


def report(name: str, shape: tuple[int, ...], inference: Ratio, training: Ratio) -> None:
    """Print one line."""
    words = [
        f"{title} {ratio.time:6.2f}"
        + (" ({:.2f} to {:.2f})".format(*ratio.quartiles) if ratio.quartiles else "")
        + f", memory {ratio.memory:6.2f}"
        for title, ratio in (("forward", inference), ("forward+backward", training))
    ]
    sys.stdout.write(f"{name:26} {'x'.join(map(str, shape)):14} {';  '.join(words)}\n")
    sys.stdout.flush()


def page(found: dict[str, dict[tuple[int, ...], tuple[Ratio, Ratio] | None]], clock: str) -> str:
    """Return docs/benchmarks_modules.md."""
    text = "<!-- Written by `python benchmarks/modules.py --write`; do not edit. -->\n\n"
    text += "# Speed and memory of the modules\n\n[中文](benchmarks_modules.zh-CN.md)\n\n"
    text += "How many times each template is faster, and smaller at its peak, than a straight "
    text += "transcription of its\npaper's equations, forward / forward+backward, float32. "
    text += "Above 1 the template is faster or smaller. `benchmarks/modules.py`\n"
    text += "says how it is measured.\n\n"
    text += f"Machine: {machine()}. Time is {_CLOCK_WORDS[clock]}.\n"
    shapes = next(iter(found.values())).keys()
    for title, field in (("Time", "time"), ("Peak memory", "memory")):
        text += f"\n## {title}\n\n| module | "
        text += " | ".join("x".join(map(str, shape)) for shape in shapes) + " |\n"
        text += "|--" * (len(shapes) + 1) + "|\n"
        for name, ratios in found.items():
            cells = [_cell(ratios[shape], field) for shape in shapes]
            text += f"| {name} | {' | '.join(cells)} |\n"
    return text


def merged(old: str, new: str, clock: str) -> str:
    """Return a page with the rows of another one in their places, and a note on how they came."""
    head, *tables = old.split("\n## ")
    fresh = [_rows(table) for table in new.split("\n## ")[1:]]
    note = f"Rows measured apart, by {_CLOCK_WORDS[clock]}: "
    noted = next((line for line in head.split("\n") if line.startswith(note)), note + ".")
    names = sorted({*filter(None, noted[len(note) : -1].split(", ")), *fresh[0]}, key=str.lower)
    text = head.replace(noted, "").rstrip("\n") + f"\n{note}{', '.join(names)}.\n"
    for table, rows in zip(tables, fresh, strict=True):
        lines = table.rstrip("\n").split("\n")
        every = sorted({**_rows(table), **rows}.items(), key=lambda item: item[0].lower())
        text += "\n## " + "\n".join([*lines[: -len(_rows(table))], *(row for _, row in every)])
        text += "\n"
    return text


def _rows(table: str) -> dict[str, str]:
    """Return a table's rows by module."""
    lines = table.rstrip("\n").split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("|--")) + 1
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines[first:] if line}


def _cell(ratios: tuple[Ratio, Ratio] | None, field: str) -> str:
    if ratios is None:
        return "refused"
    return " / ".join(f"{getattr(ratio, field):.2f}" for ratio in ratios)


def machine() -> str:
    """Return the processor, its cores, the threads used, Python and torch."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = names[0].partition(":")[2].strip() if names else name
    return (
        f"{name}, {os.cpu_count()} cores, {_THREADS} threads, {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


if __name__ == "__main__":
    main()
