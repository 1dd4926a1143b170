"""Random edits of random model YAMLs, judged by PyYAML and a contraction of the attack's own.

    python -m tools.attack.yaml_edits --cases 1000000 --seconds 7200 --seed 0 --jobs 1

prints the counts so far every 10,000 edits. A failure names its seed; `--seed K --only N` runs the
document N of seed K alone. `--start N` goes on from document N.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

from tools.attack import _yaml_documents as documents
from tools.attack._yaml_documents import Case
from tools.attack._yaml_oracle import JOINS, Edit, Net, complaint, load, rows_of
from tools.attack.report import Budget, Report
from yamlmod.errors import Refusal, YamlmodError
from yamlmod.model.network import Network
from yamlmod.ops.chain import chain
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.drop_head.plan import drop_head
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.move.plan import move
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.operations.replace.plan import replace as replace_layer
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions
from yamlmod.ops.recipe import read_recipe

CASES = 900
SECONDS = 12.0
_EDITS = 8  # of one document
_KINDS = ("insert", "insert", "insert", "remove", "remove", "move", "move", "replace", "drop-head")


def attack(budget: Budget) -> Report:
    """Edit documents until the budget is spent; every edit is a case."""
    report, number, done = Report(), 0, 0
    while not budget.spent(done):
        done += run_document(budget.seed, number, report)
        number += 1
    return report


def run_document(seed: int, number: int, report: Report) -> int:
    """Draw a document and edit it several times; return how many edits that were."""
    rng = random.Random(f"{seed}/{number}")
    case = documents.draw(rng)
    before = load(case.text)
    try:
        model = read_network(case.text, "model.yaml")
    except YamlmodError as error:
        report.fail(f"seed {seed} document {number}: not read: {error.message}\n{case.text}")
        return 1
    for _ in range(_EDITS):
        edit = _draw_edit(rng, case)
        outcome = try_edit(case, model, before, edit)
        if outcome.startswith("WRONG"):
            case_, edit_ = _smallest(case, edit)
            report.fail(f"seed {seed} document {number}: {outcome}\n{edit_}\n{case_.text}")
        else:
            report.add(outcome)
    return _EDITS


def try_edit(case: Case, model: Network, before: dict[str, Any], edit: Edit) -> str:
    """Run one edit; return how it ended, beginning with WRONG where that must not be."""
    try:
        outcome = _run(model, edit)
    except Refusal as error:
        problem = _wrong_refusal(case, edit, error)
        return f"WRONG refusal: {problem}" if problem else f"{edit.kind}: refused, {error.code}"
    except YamlmodError as error:
        return f"WRONG {error.code}: {error.message}"
    except Exception as error:
        return f"WRONG {type(error).__name__}: {error}"
    net = Net.of(case, rows_of(before))
    problem = _expect(case, net, edit) or complaint(case, net, before, outcome.text)
    if not problem and edit.kind == "insert":
        problem = _inverse(case, net, edit, outcome)
    return f"WRONG {edit.kind}: {problem}\n{outcome.text}" if problem else edit.kind


def _run(model: Network, edit: Edit) -> Outcome:
    if edit.flag and edit.kind in ("remove", "move", "replace", "drop-head"):
        recipe = _recipe(edit)
        if recipe:
            return chain(model, read_recipe(recipe, "recipe.yaml").plans)
    if edit.kind == "insert":
        positions = [
            position
            for place, opens, edge in edit.places
            for position in resolve_positions(
                model,
                at=[] if opens or edge is not None else [place + 1],
                before=[str(place + 1)] if opens else [],
                edge=[] if edge is None else [f"{place}:{edge}"],
            )
        ]
        request = Request(
            edit.module,
            tuple(sorted(positions, key=lambda position: position.after)),
            None if edit.args is None else list(edit.args),
            keep_skips=edit.mode == "bypass",
            readers=edit.readers if edit.mode == "readers" else None,
            allow_dead=edit.flag,
            sources=edit.sources,
        )
        return insert(model, request)
    if edit.kind == "remove":
        sources = edit.sources or ()
        return remove(model, edit.layers, cascade=edit.mode == "cascade", sources=sources)
    if edit.kind == "replace":
        args = None if edit.args is None else list(edit.args)
        return replace_layer(model, edit.layers[0], edit.module, args, force=True)
    if edit.kind == "move":
        layer, target = edit.layers
        where = {"before" if edit.mode == "before" else "after": target}
        return move(model, layer, **where)
    return drop_head(model, edit.layers[0])


def _recipe(edit: Edit) -> str:
    """Return the edit as a recipe."""
    options: list[tuple[str, Any]] = [(edit.kind, list(edit.layers[:1]))]
    if edit.kind == "remove":
        options = [("remove", list(edit.layers))]
        options += [("cascade", "true")] * (edit.mode == "cascade")
        options += [("from", list(edit.sources))] if edit.sources else []
    elif edit.kind == "move":
        options.append((edit.mode, edit.layers[1]))
    elif edit.kind == "replace":
        if edit.args is not None:
            return ""
        options += [("with", edit.module), ("force", "true")]
    lines = [f"    {key}: {value}" for key, value in options]
    return "yamlmod: 1\nedits:\n  -" + "\n".join(lines)[3:] + "\n"


def _draw_edit(rng: random.Random, case: Case) -> Edit:
    kind = rng.choice(_KINDS)
    count = len(case.rows)
    flag = rng.random() < 0.3
    if kind == "insert":
        return _draw_insert(rng, case)
    if kind == "remove":
        size = min(count - 1, rng.choice((1, 1, 2, 3)))
        layers = tuple(sorted(rng.sample(range(count - 1), size)))
        inputs = [t for layer in layers for t in set(case.rows[layer].targets) if t >= 0]
        joins = [layer for layer in layers if len(case.rows[layer].targets) > 1]
        sources = None
        if joins and rng.random() < 0.7:
            targets = [t for t in case.rows[joins[0]].targets if t >= 0]
            sources = (rng.choice(targets),) if targets and inputs else None
        mode = "cascade" if rng.random() < 0.3 else "alone"
        return Edit(kind, layers, mode=mode, sources=sources, flag=flag)
    if kind == "move":
        layer = rng.randrange(count - 1)
        targets = [t for t in range(count - 1) if t != layer]
        mode = "before" if rng.random() < 0.3 else "after"
        return Edit(kind, (layer, rng.choice(targets)), mode=mode, flag=flag)
    if kind == "replace":
        module = rng.choice(("Bar_2", "Foo", "C3TR", "SimAM", "Mish"))
        args = rng.choice((None, None, (64,), (1, "yes", None, 1e-7, True, "a  b")))
        args = args if module in ("Bar_2", "Foo", "Mish") else None
        return Edit(kind, (rng.randrange(count - 1),), module=module, args=args, flag=flag)
    return Edit(kind, (rng.choice(case.rows[-1].targets),), flag=flag)


def _draw_insert(rng: random.Random, case: Case) -> Edit:
    count = len(case.rows)
    module, args = rng.choice((("SimAM", None), ("SimAM", None), ("New", ()), ("New", (7, "x"))))
    places = rng.sample(range(-1, count - 1), rng.choice((1, 1, 1, 2, 3)))
    chosen: list[tuple[int, bool, int | None]] = []
    for place in sorted(places):
        opens, edge = False, None
        if place == case.backbone - 1 and rng.random() < 0.4:
            opens = True
        elif rng.random() < 0.15 and place >= 0:
            readers = [i for i, row in enumerate(case.rows) if place in row.targets]
            edge = rng.choice(readers) if readers else None
        chosen.append((place, opens, edge))
    edit = Edit("insert", places=tuple(chosen), module=module, args=args, flag=rng.random() < 0.7)
    first = chosen[0][0]
    readers = tuple(i for i, row in enumerate(case.rows) if first in row.targets)
    mode = rng.random()
    if len(chosen) == 1 and chosen[0][2] is None and mode < 0.3 and readers:
        edit.mode, edit.readers = (
            "readers",
            tuple(rng.sample(readers, rng.randint(0, len(readers)))),
        )
    elif mode < 0.5 and all(edge is None for _, _, edge in chosen):
        edit.mode = "bypass"
    if len(chosen) == 1 and first > 1 and rng.random() < 0.2:
        others = [rng.randrange(first + 1) for _ in range(rng.randint(0, 3))]
        sources = [first, *others]
        rng.shuffle(sources)
        edit.sources = tuple(sources)
        if edit.module == "SimAM":
            edit.module, edit.args = "New", ()
    return edit


def _expect(case: Case, net: Net, edit: Edit) -> str:
    """Do the edit on the labels."""
    if edit.kind == "insert":
        net.insert(edit)
    elif edit.kind == "remove":
        net.remove(edit.layers, edit.sources or (), edit.mode == "cascade")
    elif edit.kind == "move":
        layer, target = edit.layers
        opens = edit.mode == "before" and _is_border(case, layer, target)
        net.move(layer, target, edit.mode == "before", opens)
    elif edit.kind == "drop-head":
        net.drop_head(edit.layers[0])
    else:
        layer = edit.layers[0]
        values = net.layers["old", layer].values
        net.replaced = layer
        values[1] = edit.module
        if edit.args is not None:
            values[2] = ["None" if arg is None else arg for arg in edit.args]
        if edit.module == "SimAM":
            values[2] = []
            values[0] = values[0] if values[0] == 1 else 1
    return ""


def _is_border(case: Case, layer: int, target: int) -> bool:
    above = target - 1 if target - 1 != layer else target - 2
    return above >= 0 and (above < case.backbone) != (target < case.backbone)


def _wrong_refusal(case: Case, edit: Edit, error: Refusal) -> str:
    """Return what is wrong with a refusal: a code that no such document may give."""
    if error.code == "joins-inputs":
        rows = [case.rows[layer] for layer in edit.layers]
        rows = rows if edit.kind == "remove" else rows[:1]
        joins = any(len(row.targets) > 1 or row.module in JOINS for row in rows)
        # A module of the registry takes no list, of one neither.
        listed = edit.kind == "replace" and any(row.listed for row in rows)
        return "" if joins or listed else "no layer here joins inputs"
    known = (
        "dead-layer reads-image conflict changes-stride changes-channels empty-table is-head usage "
        "one-scale reads-twice not-in-sequence channels-differ unknown-channels block-row bad-args "
        "takes-channels needs-args source-lost reads-below anchors-differ behind-head args-by-scale"
    )
    return "" if error.code in known.split() else f"{error.code}: {error.message}"


def _inverse(case: Case, net: Net, edit: Edit, outcome: Outcome) -> str:
    """Return what differs when the new layers are taken out again."""
    new = [number for number, label in enumerate(net.order) if label[0] == "new"]
    for number, label in enumerate(net.order):
        row = case.rows[label[1]] if label[0] == "old" else None
        if row is not None and row.comment == number and row.comment != label[1]:
            return ""  # a wrong comment that the shift made right goes back with its row
    sources: tuple[int, ...] = ()
    if edit.sources is not None and len(edit.sources) > 1:
        sources = (new[0] - 1,)
    try:
        text = remove(read_network(outcome.text, "model.yaml"), new, sources=sources).text
    except YamlmodError as error:
        lawful = ("reads-image", "changes-channels", "changes-stride", "joins-inputs")
        code = error.code
        return "" if code in lawful else f"the new layers cannot be removed: {error.message}"
    return "" if text == case.text else f"insert and remove do not give the bytes back:\n{text}"


def _smallest(case: Case, edit: Edit) -> tuple[Case, Edit]:
    """Return a small document that fails in the same way, found by leaving rows out."""
    kind = _kind_of_failure(case, edit)
    for _ in range(30):
        for layer in range(len(case.rows) - 2, 1, -1):
            smaller = _without(case, edit, layer)
            if smaller is not None and _kind_of_failure(*smaller) == kind:
                case, edit = smaller
                break
        else:
            break
    return case, edit


def _kind_of_failure(case: Case, edit: Edit) -> str:
    try:
        model = read_network(case.text, "model.yaml")
        outcome = try_edit(case, model, load(case.text), edit)
    except Exception as error:
        return type(error).__name__
    return " ".join(outcome.split()[:4]) if outcome.startswith("WRONG") else ""


def _without(case: Case, edit: Edit, gone: int) -> tuple[Case, Edit] | None:
    named = {*edit.layers, *edit.readers, *(edit.sources or ()), *(p[0] for p in edit.places)}
    named |= {p[2] for p in edit.places if p[2] is not None}
    if gone in named:
        return None

    def now(layer: int) -> int:
        return layer - (layer > gone)

    source = case.rows[gone].targets[0]
    rows = tuple(
        replace(
            row,
            targets=tuple(now(source if t == gone else t) for t in row.targets),
            comment=None if row.comment is None else now(row.comment),
        )
        for index, row in enumerate(case.rows)
        if index != gone
    )
    backbone = case.backbone - (gone < case.backbone)
    if not 1 <= backbone <= len(rows) - 1:
        return None
    smaller = replace(
        edit,
        layers=tuple(map(now, edit.layers)),
        readers=tuple(map(now, edit.readers)),
        sources=None if edit.sources is None else tuple(map(now, edit.sources)),
        places=tuple((now(p), o, None if e is None else now(e)) for p, o, e in edit.places),
    )
    for seed in range(40):
        made = documents.write(random.Random(seed), rows, backbone)
        if _kind_of_failure(made, smaller):
            return made, smaller
    return None


def _stretch(seed: int, start: int, seconds: float, cases: int) -> tuple[Report, int]:
    report, number, done = Report(), start, 0
    ends = time.monotonic() + seconds
    while done < cases and time.monotonic() < ends:
        done += run_document(seed, number, report)
        number += 1
    return report, number


def _stretches(options: argparse.Namespace) -> Iterator[tuple[Report, int]]:
    """Yield the reports of stretches of documents, one after the other or in two processes."""
    step = 1_250  # documents, 10,000 edits
    starts = range(options.start, options.start + options.cases // _EDITS + 1, step)
    ends = time.monotonic() + options.seconds
    if options.jobs == 1:
        for start in starts:
            if time.monotonic() >= ends:
                return
            yield _stretch(options.seed, start, ends - time.monotonic(), step * _EDITS)
        return
    with ProcessPoolExecutor(options.jobs) as pool:
        left = max(ends - time.monotonic(), 0)
        jobs = [pool.submit(_stretch, options.seed, s, left, step * _EDITS) for s in starts]
        for job in jobs:
            if time.monotonic() >= ends:
                job.cancel()
                continue
            yield job.result()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a large budget, printing the counts on the way."""
    parser = argparse.ArgumentParser(prog="python -m tools.attack.yaml_edits", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="the first document")
    parser.add_argument("--only", type=int, help="one document alone")
    parser.add_argument("--jobs", type=int, default=1, choices=(1, 2))
    options = parser.parse_args(arguments)
    started, whole = time.monotonic(), Report()
    if options.only is not None:
        run_document(options.seed, options.only, whole)
        print("\n".join(whole.lines("yaml_edits", time.monotonic() - started)))
        return 1 if whole.failures else 0
    for part, following in _stretches(options):
        whole.outcomes += part.outcomes
        whole.failures += part.failures
        lines = whole.lines("yaml_edits", time.monotonic() - started)
        print("\n".join([*lines, f"  next: --start {following}", ""]), flush=True)
    return 1 if whole.failures else 0


if __name__ == "__main__":
    sys.exit(main())
