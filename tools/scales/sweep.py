"""Try every file of a folder: add the scale on each side, judge it, and take it out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.scales.judge import judge_graft, judge_scale
from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.layer_map import follow
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.add_head.plan import add_head
from yamlmod.ops.operations.drop_head.plan import drop_head
from yamlmod.ops.operations.graft.donor import DonorFile
from yamlmod.ops.operations.graft.plan import graft
from yamlmod.ops.pyramid import level_name, read_pyramid

_WITHOUT_WEIGHTS = frozenset({"Concat", "nn.Upsample", "Upsample", "MP", "nn.MaxPool2d"})
BYTES, REFUSED, WRONG = "the same bytes again", "refused", "WRONG"


class Trial(NamedTuple):
    """One try: what was done to which file, and what came of it."""

    name: str
    what: str
    result: str
    detail: str = ""


def model_texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each model YAML of a folder once, by its text."""
    seen = set()
    for path in sorted((*folder.rglob("*.yaml"), *folder.rglob("*.yml"))):
        text = path.read_bytes().decode("utf-8", "replace")
        if text not in seen and "backbone" in text:
            seen.add(text)
            yield path.relative_to(folder).as_posix(), text


def scale_trials(texts: Iterable[tuple[str, str]]) -> Iterator[Trial]:
    """Add, judge and drop the scale on each side; drop and add those that are there."""
    for name, text in texts:
        try:
            model = read_network(text, name)
            pyramid = read_pyramid(model)
        except Refusal as error:
            yield Trial(name, "read", REFUSED, f"{error.code}: {error.message}")
            continue
        strides = sorted(pyramid.inputs)
        for finer in (True, False):
            level = level_name(strides[0] // 2 if finer else strides[-1] * 2)
            yield Trial(name, f"add {level}", *_added(model, text, level, finer))
            for whole in (True, False):
                stride = strides[0] if finer else strides[-1]
                what = f"drop{' --whole' if whole else ''} {level_name(stride)}"
                layer = pyramid.inputs[stride]
                result = _dropped(model, text, layer, level_name(stride), whole)
                yield Trial(name, f"{what}, add", *result)


def _added(model: Network, text: str, level: str, finer: bool) -> tuple[str, str]:
    try:
        outcome = add_head(model, level)
    except Refusal as error:
        return REFUSED, f"{error.code}: {error.message}"
    added = outcome.text
    after = read_network(added, "added")
    complaint = judge_scale(text, added, finer) or _weights_astray(model, after, outcome.mapping)
    if complaint:
        return WRONG, complaint
    reads = [read.target for read in after.graph.reads[after.graph.head]]
    layer = reads[0] if finer else reads[-1]
    # A scale that the neck went through before is only read again.
    whole = len(after.rows) - len(model.rows) > len(read_pyramid(after).outs) and _went_up(
        model, after
    )
    back = drop_head(after, layer, whole=whole).text
    return _same(text, back, exact=True)


def _weights_astray(before: Network, after: Network, mapping: Sequence[int | None]) -> str:
    """Say which layers `remap` would pair otherwise than the edit left them, there and back."""
    table = {(old, new) for old, new in enumerate(mapping) if new is not None}
    there = set(follow(before, after).pairs)
    back = {(old, new) for new, old in follow(after, before).pairs}
    wrong = {
        (old, new)
        for old, new in (there ^ table) | (back ^ table)
        if before.document.rows[old].module not in _WITHOUT_WEIGHTS
    }
    return f"remap pairs {sorted(wrong)[:3]} otherwise" if wrong else ""


def _went_up(before: Network, after: Network) -> bool:
    return len(read_pyramid(after).ups) > len(read_pyramid(before).ups)


def _dropped(model: Network, text: str, layer: int, level: str, whole: bool) -> tuple[str, str]:
    try:
        dropped = drop_head(model, layer, whole=whole).text
        back = add_head(read_network(dropped, "dropped"), level).text
    except Refusal as error:
        return REFUSED, f"{error.code}: {error.message}"
    return _same(text, back, exact=False)


def _same(text: str, back: str, *, exact: bool) -> tuple[str, str]:
    if back == text:
        return BYTES, ""
    rows = [
        [(row.module, *(() if not exact else (row.repeats, row.args))) for row in model.rows]
        for model in (read_network(text, "old"), read_network(back, "new"))
    ]
    reads = [
        [[read.target for read in reads] for reads in model.graph.reads]
        for model in (read_network(text, "old"), read_network(back, "new"))
    ]
    if rows[0] == rows[1] and reads[0] == reads[1]:
        return "the same graph again", ""
    return (WRONG, "another graph came back") if exact else ("another graph", "")


def graft_trials(texts: list[tuple[str, str]]) -> Iterator[Trial]:
    """Graft the backbone of every file under every neck."""
    for name, text in texts:
        model = read_network(text, name)
        for other, donor in texts:
            what = f"backbone of {other}"
            try:
                after = graft(model, DonorFile(donor, other)).text
            except Refusal as error:
                yield Trial(name, what, REFUSED, f"{error.code}: {error.message}")
                continue
            complaint = judge_graft(text, donor, after)
            if not complaint and other == name and after != text:
                complaint = "its own backbone changes the file"
            yield Trial(name, what, WRONG if complaint else "judged", complaint)


def summary(trials: Iterable[Trial]) -> tuple[list[str], int]:
    """Return the counts, one line each, with an example; those that are wrong, and how many."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    wrong = []
    for trial in trials:
        code = trial.detail.partition(":")[0] if trial.result == REFUSED else ""
        what = "graft" if trial.what.startswith("backbone") else _kind(trial.what)
        key = what, f"{trial.result} {code}".strip()
        counts[key] += 1
        examples.setdefault(key, f"{trial.name}, {trial.what}: {trial.detail}")
        if trial.result == WRONG:
            wrong.append(f"{WRONG}: {trial.name}, {trial.what}: {trial.detail}")
    lines = [
        f"{count:6,}  {what}: {result}  ({examples[what, result]})"
        for (what, result), count in sorted(counts.items())
    ]
    return lines + wrong, len(wrong)


def _kind(what: str) -> str:
    words = [word for word in what.split() if not word.strip(",").startswith("P")]
    return " ".join(words)
