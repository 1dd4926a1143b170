"""Every template against a straight transcription of its paper's equations: time and peak memory.

    python benchmarks/modules.py [NAME...] [--seconds 4]     ratios of some or all modules
    python benchmarks/modules.py --write                     all, into docs/benchmarks_modules.md;
                                                             then run python -m tools.docs
    python benchmarks/modules.py NAME... --write             new rows of some, the others stay
    python benchmarks/modules.py SE --reference FILE:Class   against a class of your own
    python benchmarks/modules.py SE --pairs 40               medians of paired rounds, and quartiles
    python benchmarks/modules.py --device cuda --write       all, into benchmarks_modules_cuda.md

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

On a GPU both are measured in float32 and in float16, for `--minutes` (10) at most; what was not
reached is printed.

Peak memory is counted, not sampled: on the CPU torch's profiler reports every allocation and
release of its allocator, and the highest sum during one pass counts (input and weights were there
before). It is the same in every run.

FILE is imported; its class is built with the template's arguments
(`--reference-args '[C, 7]'` says others, C stands for the channels), and is given the template's
weights if the keys are the same.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch import nn

from benchmarks.measures import CLOCKS, THREADS, Ratio, Way, compare, machine
from tests.templates import support
from yamlmod.registry.catalogue import catalogue, get
from yamlmod.registry.template import Template

_ROOT = Path(__file__).resolve().parent.parent
_SHAPES = ((1, 128, 80, 80), (1, 256, 40, 40), (1, 512, 20, 20), (8, 256, 40, 40))
_PAGES = {"cpu": "benchmarks_modules.md", "cuda": "benchmarks_modules_cuda.md"}
_CLOCK_WORDS = {"wall": "wall time", "cpu": "processor time of all threads"}
_TYPES = {"cpu": (torch.float32,), "cuda": (torch.float32, torch.float16)}
# By the number's type, then by module and shape; None where the module refuses the channels.
Found = dict[torch.dtype, dict[str, dict[tuple[int, ...], tuple[Ratio, Ratio] | None]]]


def main() -> None:
    """Print the ratios, or write the page."""
    options = arguments()
    torch.set_num_threads(options.threads)
    templates = [get(name) for name in options.names] or list(catalogue())
    found: Found = {dtype: {} for dtype in _TYPES[options.device]}
    end = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    left = [template.name for template in templates]
    for template in templates:
        if time.monotonic() > end:
            break
        for dtype in found:
            rows = dict(measured(template, dtype, options))
            found[dtype][template.name] = rows
        left.remove(template.name)
    if left:
        sys.stdout.write(f"not measured within {options.minutes:g} minutes: {', '.join(left)}\n")
    if options.write:
        target = _ROOT / "docs" / _PAGES[options.device]
        text = page(found, options.clock, options.device)
        if options.names:
            text = merged(target.read_text(encoding="utf-8"), text, options.clock)
        target.write_text(text, encoding="utf-8", newline="\n")


def measured(
    template: Template, dtype: torch.dtype, options: argparse.Namespace
) -> Iterator[tuple[tuple[int, ...], tuple[Ratio, Ratio] | None]]:
    """Yield the ratios of a template at each shape."""
    folder = template.file.partition("/")[0]
    way = Way(options.pairs, options.seconds, CLOCKS[options.clock])
    for shape in options.shape or _SHAPES:
        ratios = None
        if shape[1] not in support.refused(folder):
            both = pair(folder, shape[1], options.reference, options.reference_args)
            mine, theirs = (module.to(options.device, dtype) for module in both)
            x = support.image(*shape, dtype=dtype).to(options.device)
            ratios = compare(mine, theirs, x, way)
            report(template.name, shape, dtype, *ratios)
        yield shape, ratios


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--device", choices=sorted(_PAGES), default="cpu")
    parser.add_argument("--seconds", type=float, help="for each shape and pass: 4; on a GPU 0.1")
    parser.add_argument("--minutes", type=float, help="for all; on a GPU 10")
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall")
    parser.add_argument("--pairs", type=int, help="rounds of both, for medians and quartiles")
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--shape", action="append", type=shape_of, help="such as 1x256x40x40")
    parser.add_argument("--reference", metavar="FILE:Class", help="compare with this class")
    parser.add_argument("--reference-args", metavar="LIST", help="its arguments, C for channels")
    parser.add_argument("--write", action="store_true", help="write the page in docs/")
    options = parser.parse_intermixed_args()
    on_gpu = options.device == "cuda"
    options.seconds = options.seconds or (0.1 if on_gpu else 4.0)
    options.minutes = options.minutes or (10.0 if on_gpu else None)
    if on_gpu and not torch.cuda.is_available():
        parser.error("torch finds no GPU here")
    if on_gpu and options.clock == "cpu":
        parser.error("--clock cpu does not see a GPU's work")
    if options.write and (options.reference or options.shape or options.threads != THREADS):
        parser.error("--write measures every shape, against the transcription")
    if options.reference and len(options.names) != 1:
        parser.error("--reference needs one NAME")
    return options


def shape_of(text: str) -> tuple[int, ...]:
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


def report(
    name: str, shape: tuple[int, ...], dtype: torch.dtype, inference: Ratio, training: Ratio
) -> None:
    """Print one line."""
    words = [
        f"{title} {ratio.time:6.2f}"
        + (" ({:.2f} to {:.2f})".format(*ratio.quartiles) if ratio.quartiles else "")
        + f", memory {ratio.memory:6.2f}"
        for title, ratio in (("forward", inference), ("forward+backward", training))
    ]
    kind = "" if dtype == torch.float32 else f" {_title(dtype)}"
    sys.stdout.write(f"{name:26} {'x'.join(map(str, shape)):14}{kind} {';  '.join(words)}\n")
    sys.stdout.flush()


def page(found: Found, clock: str, device: str = "cpu") -> str:
    """Return the page of a device."""
    words = "" if device == "cpu" else f" --device {device}"
    kinds = " and ".join(map(_title, found))
    text = f"<!-- Written by `python benchmarks/modules.py{words} --write`; do not edit. -->\n\n"
    text += f"# Speed and memory of the modules{' on a GPU' if words else ''}\n\n"
    text += f"[中文]({_PAGES[device].replace('.md', '.zh-CN.md')})\n\n"
    text += "How many times each template is faster, and smaller at its peak, than a straight "
    text += "transcription of its\npaper's equations, forward / forward+backward, "
    text += f"{kinds}. Above 1 the template is faster or smaller. `benchmarks/modules.py`\n"
    text += "says how it is measured; quartiles stand in brackets where rounds were paired.\n\n"
    text += f"Machine: {machine(device)}. Time is {_CLOCK_WORDS[clock]}. Measured on "
    text += f"{datetime.date.today().isoformat()}.\n"
    for dtype, modules in found.items():
        kind = "" if dtype == torch.float32 else f", {_title(dtype)}"
        for title, field in ((f"Time{kind}", "time"), (f"Peak memory{kind}", "memory")):
            shapes = next(iter(modules.values()), {}).keys()
            text += f"\n## {title}\n\n| module | "
            text += " | ".join("x".join(map(str, shape)) for shape in shapes) + " |\n"
            text += "|--" * (len(shapes) + 1) + "|\n"
            for name, ratios in modules.items():
                cells = [_cell(ratios[shape], field) for shape in shapes]
                text += f"| {name} | {' | '.join(cells)} |\n"
    return text


def _title(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


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
    return " / ".join(_number(ratio, field) for ratio in ratios)


def _number(ratio: Ratio, field: str) -> str:
    text = f"{getattr(ratio, field):.2f}"
    if field == "time" and ratio.quartiles:
        text += " ({:.2f}-{:.2f})".format(*ratio.quartiles)
    return text


if __name__ == "__main__":
    main()
