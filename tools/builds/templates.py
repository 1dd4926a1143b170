"""Every template of the registry in a fork, one layer of each in a network: read beside built.

    python -m tools.builds.templates [FORK...] [--only NAME] [--built] [--scales n x]

FORK is a published package (yolov5==7.0.14 and ultralytics==8.3.0 where none is given). All
templates are patched into one copy of it; each gets a YAML of its own with one layer of it, and
`show --repo` must know the arguments, the channels and the sizes of every layer at each scale.
With --built each network is built and run, too, and must agree.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tools.builds.__main__ import reader_of, truth_of
from tools.builds.compare import Tally, compare
from tools.builds.corpus import Case, Source
from tools.forks import Outcome, _apply, _inserted, fitting_templates
from tools.real_forks import fork_copy
from yamlmod.errors import YamlmodError
from yamlmod.fork.parser.locate import locate
from yamlmod.fork.read.answers import NetworkReading, has_unknown
from yamlmod.fork.read.network import ForkReader
from yamlmod.model.parse import load_plain
from yamlmod.ops.network import read_network
from yamlmod.workspace.tree import Tree

FORKS = ("yolov5==7.0.14", "ultralytics==8.3.0")
_NETWORKS = {"yolov5": ("yolov5{}.yaml", False), "ultralytics": ("yolov8.yaml", True)}


@dataclass(frozen=True)
class Patched:
    """A copy of a fork with templates patched in, and its networks with a layer of each."""

    source: Source
    reader: ForkReader
    cases: tuple[Case, ...]
    left_out: tuple[str, ...] = ()


def patched(spec: str, folder: Path, names: Sequence[str], scales: Sequence[str]) -> Patched:
    """Patch templates into a copy of a published package, and put each into its networks."""
    work = fork_copy(spec, folder)
    tree = Tree(work)
    target = locate(tree).yolo
    outcome = Outcome(spec, target)
    templates = fitting_templates(work, target, outcome)
    if names:
        templates = [t for t in templates if any(name in t.class_name for name in names)]
    _apply(work, target, templates)
    tree = Tree(work)
    source = Source(f"templates-{spec}", work, tree, locate(tree, target))
    pattern, has_scales = _NETWORKS[spec.partition("==")[0]]
    cases, left_out = [], list(outcome.unfit)
    for scale in scales:
        path = next(work.rglob(pattern.format(scale)))
        model = read_network(path.read_text(encoding="utf-8"), path.name)
        for template in templates:
            try:
                text = _inserted(model, source.fork, template).document.text
            except YamlmodError as error:
                left_out.append(f"{template.class_name} ({error})")
                continue
            case = Case(template.class_name, dict(load_plain(text, path.name)), "")
            if has_scales:
                data = {**case.data, "scale": scale, "yaml_file": path.name}
                case = replace(case, data=data, scale=scale)
            else:
                case = replace(case, damage=scale)
            cases.append(case)
    return Patched(source, reader_of(source), tuple(cases), tuple(left_out))


def unread(reading: NetworkReading) -> Iterator[str]:
    """Yield what a reading does not know of its layers."""
    if reading.failure is not None:
        yield f"fails: {reading.failure}"
    for row in reading.rows:
        parts = {"args": row.args, "channels": row.channels, "output": row.output}
        for name, value in parts.items():
            if has_unknown(value) or (name == "output" and value is None):
                yield f"layer {row.index} {row.class_name}: {name} {value} {row.unknown}"


def main(words: Sequence[str] | None = None) -> int:
    """Work through the forks and print what is not known or does not agree."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("forks", nargs="*", default=FORKS)
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--scales", nargs="*", default=("n", "x"))
    parser.add_argument("--built", action="store_true")
    options = parser.parse_args(words)
    failed = 0
    for spec in options.forks:
        with tempfile.TemporaryDirectory(prefix="yamlmod-templates-") as name:
            fork = patched(spec, Path(name), options.only, options.scales)
            failed += _report(spec, fork, Path(name) if options.built else None)
    return 1 if failed else 0


def _report(spec: str, fork: Patched, cache: Path | None) -> int:
    tally = Tally()
    truths: dict[str, Any] = {}
    if cache is not None:
        truths = truth_of(fork.source, list(fork.cases), cache)
    lines, layers = [], 0
    for case in fork.cases:
        reading = fork.reader.read(case.data, case.scale)
        title = f"{case.name} {case.scale or case.damage}"
        lines += [f"{title}: {line}" for line in unread(reading)]
        layers += len(reading.rows)
        truth = truths.get(case.key(fork.source.name))
        if truth is not None and "lost" not in truth:
            compare(title, reading, truth, tally)
        elif cache is not None:
            lines.append(f"{title}: not built")
    wrong = [line for line in tally.lines if not line.startswith("OTHER")]
    counts = ", ".join(f"{tally.counts[word]} {word}" for word in sorted(tally.counts))
    sys.stdout.write("".join(f"{line}\n" for line in [*lines, *wrong]))
    sys.stdout.write(
        f"{spec}: {len({case.name for case in fork.cases})} templates, {len(fork.cases)} networks, "
        f"{layers} layers, {len(lines)} not known, {len(wrong)} unlike what is built; {counts}; "
        f"left out: {', '.join(fork.left_out) or 'none'}\n"
    )
    return len(lines) + len(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
