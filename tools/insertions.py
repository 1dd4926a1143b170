"""Insert every class that a fork knows, and build what came out with the fork's own code.

    python -m tools.insertions DIR... [--yaml GLOB] [--places 4,12] [--scales n,x] [--classes A,B]

DIR is a fork. `insert --repo` is asked for a row of each class that the parse function's file
binds, after each place (a number, or a module and its count, as C2f#2), in each YAML that matches.
An answer is right where the fork builds and runs the network at all scales and the new layer gives
the channels that it reads; wrong where it does not; refusals are counted by their codes.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.builds.__main__ import reader_of, truth_of
from tools.builds.corpus import Case, Source, sources
from yamlmod.errors import YamlmodError
from yamlmod.fork.python.answers import Definition
from yamlmod.fork.read.network import ForkReader
from yamlmod.model.network import Network
from yamlmod.model.parse import load_as_fork
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.positions import resolve_positions
from yamlmod.usecases.fit_args import insert_fitting
from yamlmod.usecases.index_offset import spelling_of

_CACHE = Path.home() / ".cache" / "yamlmod" / "builds"
_HEADS = ("Detect", "Segment", "Pose", "OBB", "Classify", "Decoder", "Model", "Ensemble")


def main(words: Sequence[str] | None = None) -> int:
    """Insert, build, count; 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--yaml", default="**/yolov8.yaml")
    parser.add_argument("--places", default="C2f#3,Concat#2")
    parser.add_argument("--scales", default="n,x")
    parser.add_argument("--classes", default="")
    parser.add_argument("--cache", type=Path, default=_CACHE)
    options = parser.parse_args(words)
    total: Counter[str] = Counter()
    for source in sources(options.folders, options.cache):
        if isinstance(source, str):
            print(f"REFUSED {source}")
            continue
        counts = _one_fork(source, options)
        print(f"{source.name}: {dict(counts)}", flush=True)
        total += counts
    print(f"total: {dict(total)}")
    return 1 if total["wrong"] else 0


def _one_fork(source: Source, options: argparse.Namespace) -> Counter[str]:
    reader = reader_of(source)
    counts: Counter[str] = Counter()
    answers: list[tuple[str, list[Case], int, int]] = []
    refused: dict[tuple[str, str], list[str]] = defaultdict(list)
    names = options.classes.split(",") if options.classes else sorted(_classes(reader))
    for path in sorted(source.root.glob(options.yaml)):
        model = _model(path, options.scales.split(","))
        for place in options.places.split(","):
            for name in names:
                title = f"{source.name} {path.name} {place} {name}"
                found = _insert(source, reader, model, place, name, title)
                if isinstance(found, str):
                    counts[found] += 1
                    refused[found, place].append(name)
                else:
                    answers.append((title, *found))
    for (code, place), classes in refused.items():
        print(f"  {code} after {place}: {', '.join(classes)}")
    cases = [case for _, cases, _, _ in answers for case in cases]
    truths = truth_of(source, cases, options.cache)
    for title, built, layer, above in answers:
        verdicts = [_verdict(truths.get(case.key(source.name)), layer, above) for case in built]
        bad = [verdict for verdict in verdicts if verdict != "right"]
        counts[bad[0].split(":")[0] if bad else "right"] += 1
        row = [*built[0].data["backbone"], *built[0].data["head"]][layer]
        if bad:
            print(f"  {title} {row[3]}: {bad[0]}")
    return counts


def _classes(reader: ForkReader) -> Iterator[str]:
    """Yield the classes of the tree that the parse function's file binds and that may be layers."""
    for name in reader.graph.names(reader.parser).names:
        answer = reader.graph.denotes(reader.parser, name)
        if not isinstance(answer, Definition) or not isinstance(answer.node, ast.ClassDef):
            continue
        bases = {ast.unparse(base).rpartition(".")[2] for base in answer.node.bases}
        if not any(word in name for word in _HEADS) and bases:
            yield name


def _model(path: Path, scales: Sequence[str]) -> Network:
    """Return a YAML with some of its scales alone."""
    lines = path.read_text(encoding="utf-8").split("\n")
    kept = [line for line in lines if not _is_scale(line) or _is_scale(line) in scales]
    return read_network("\n".join(kept), path.name)


def _is_scale(line: str) -> str:
    name, colon, rest = line.strip().partition(":")
    return name if colon and len(name) == 1 and rest.strip().startswith("[") else ""


def _insert(
    source: Source, reader: ForkReader, model: Network, place: str, name: str, title: str
) -> tuple[list[Case], int, int] | str:
    try:
        request = Request(
            module=name,
            positions=tuple(resolve_positions(model, after=[place])),
            spelling=spelling_of(source.fork),
            verbatim=True,
        )
        outcome = insert_fitting(reader, model, request)
    except YamlmodError as error:
        return f"refused {error.code}"
    except Exception as error:
        print(f"  {title}: CRASH {type(error).__name__}: {error}", file=sys.stderr)
        return "crashes"
    data: Any = load_as_fork(outcome.text, title)
    scales = list(data.get("scales") or {}) or [""]
    layer = outcome.inserted[0]
    cases = [Case(title, {**data, **({"scale": s} if s else {})}, s) for s in scales]
    return cases, layer.index, layer.reads


def _verdict(truth: dict[str, Any] | None, layer: int, above: int) -> str:
    if truth is None or "lost" in truth:
        return "lost"
    if "error" in truth:
        error = truth["error"]
        return f"wrong: layer {error['layer']} {error['kind']}: {error['message'][:160]}"
    given, read = (_channels(truth, number) for number in (layer, above))
    return "right" if given == read else f"wrong: {given} channels where {read} are read"


def _channels(truth: dict[str, Any], layer: int) -> Any:
    shape = truth["outputs"].get(str(layer)) or {}
    sizes = shape.get("shape") if isinstance(shape, dict) else shape
    return sizes[1] if isinstance(sizes, list) and len(sizes) > 1 else sizes


if __name__ == "__main__":
    raise SystemExit(main())
