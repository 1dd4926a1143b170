"""Find all that belongs to an outer scale: its steps up and down, and its stage of the backbone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from yamlmod.edits import Edit, apply_edits, newline_of
from yamlmod.errors import Refusal, one_of
from yamlmod.model.network import Network
from yamlmod.ops.level_words import head_list_edits
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.pyramid import Pyramid, level_name, read_pyramid
from yamlmod.ops.stages import backbone_stages


class Branch(NamedTuple):
    """The layers of a scale; ``joints`` holds (layer, what its readers read instead)."""

    layers: tuple[int, ...]
    joints: tuple[tuple[int, int], ...]
    # The level's name, and those that the head keeps.
    name: str
    levels: tuple[str, ...]


def whole_branch(model: Network, layer: int) -> Branch:
    """Return the branch of the head's first or last input, which is ``layer``."""
    pyramid = read_pyramid(model)
    strides = sorted(pyramid.inputs)
    stride = next((s for s, source in pyramid.inputs.items() if source == layer), None)
    name = model.document.describe(model.graph.head)
    head = model.document.head
    place = model.document.place(head.start, head.end)
    if stride is None:
        raise Refusal(
            "not-a-head-input",
            f"{name} does not read {model.document.describe(layer)}",
            place=place,
        )
    if len(strides) < 2:
        raise Refusal("one-scale", f"{name} would be left without an input", place=place)
    if stride not in (strides[0], strides[-1]):
        raise Refusal(
            "inner-scale",
            f"{level_name(stride)} is between the other scales of {name}, whose steps go through "
            "it",
            place=place,
            hint="without --whole only its input of the head is dropped",
        )
    fine = stride == strides[0]
    layers, joints = (_finest if fine else _deepest)(model, pyramid, stride)
    levels = tuple(level_name(s) for s in strides)
    branch = Branch(tuple(sorted(layers)), tuple(joints.items()), level_name(stride), levels)
    _refuse_readers(model, branch)
    return branch


def _finest(model: Network, pyramid: Pyramid, stride: int) -> tuple[set[int], dict[int, int]]:
    deeper = stride * 2
    if stride not in pyramid.rises or pyramid.finest != stride:
        raise _no_branch(model, stride)
    layers = {*pyramid.rises[stride], *pyramid.falls[deeper], *pyramid.outs[stride]}
    return layers, {pyramid.downs[deeper]: pyramid.ups[deeper]}


def _deepest(model: Network, pyramid: Pyramid, stride: int) -> tuple[set[int], dict[int, int]]:
    finer = stride // 2
    if finer not in pyramid.rises or pyramid.deepest != stride:
        raise _no_branch(model, stride)
    stages = backbone_stages(model, pyramid, stride)
    end, joint = stages.ends
    rows = {*stages.before[stages.shared :], *stages.last[: stages.shared]}
    layers = {*rows, *pyramid.falls[stride], *pyramid.outs[stride], *pyramid.rises[finer]}
    top = pyramid.ups[stride]
    joints = {end: joint, pyramid.ups[finer]: joint if top == end else top}
    return layers, joints


def _no_branch(model: Network, stride: int) -> Refusal:
    head = model.document.head
    return Refusal(
        "no-branch",
        f"the neck has no step of its own for {level_name(stride)}",
        place=model.document.place(head.start, head.end),
        hint="without --whole only its input of the head is dropped",
    )


def _refuse_readers(model: Network, branch: Branch) -> None:
    joints = dict(branch.joints)
    for layer in branch.layers:
        others = [
            read.reader
            for read in model.readers(layer)
            if read.reader not in branch.layers and read.reader != model.graph.head
        ]
        if others and layer not in joints:
            row = model.rows[layer]
            names = one_of([model.document.describe(other) for other in others])
            raise Refusal(
                "still-read",
                f"{model.document.describe(layer)} belongs to {branch.name} and is read by {names}",
                place=model.document.place(row.start, row.end),
                hint="without --whole only its input of the head is dropped",
            )


def sources_to(
    model: Network, layers: Collection[int], joints: Sequence[tuple[int, int]]
) -> Mapping[int, int]:
    """Return the input to follow at each layer that joins some, from each joint to what is left."""
    sources: dict[int, int] = {}
    for start, goal in joints:
        way = _way(model, layers, start, goal)
        for layer, source in pairwise(way):
            sources[layer] = source
    return sources


def _way(model: Network, layers: Collection[int], start: int, goal: int) -> list[int]:
    ways, seen = [[start]], {start}
    for way in ways:
        for read in model.graph.reads[way[-1]]:
            if read.target == goal:
                return [*way, goal]
            if read.target in layers and read.target not in seen:
                seen.add(read.target)
                ways.append([*way, read.target])
    raise Refusal(
        "no-branch",
        f"{model.document.describe(start)} is not reached from {model.document.describe(goal)} "
        "within the scale",
        hint="without --whole only the input of the head is dropped",
    )


def tidied(model: Network, branch: Branch) -> Outcome:
    """Take out the empty lines above the branch's paragraphs and its name in the head's comment."""
    document = model.document
    edits = _gap_edits(model, branch.layers)
    left = [name for name in branch.levels if name != branch.name]
    edits += head_list_edits(document, document.head, branch.levels, left)
    return Outcome(
        model=model,
        text=apply_edits(document.text, edits),
        mapping=tuple(range(len(document.rows))),
    )


def _gap_edits(model: Network, layers: Collection[int]) -> list[Edit]:
    text, newline = model.document.text, newline_of(model.document.text)
    edits = []
    for section in model.document.sections:
        rows = section.rows
        kept = [row for row in rows if row.index not in layers]
        for row in rows:
            if row.index not in layers:
                continue
            above = text.rfind("\n", 0, row.start) + 1
            if row is not rows[0] and text[:above].endswith(newline * 2):
                edits.append(Edit(above - len(newline), above, ""))
        if kept and rows[0].index in layers:
            begin = text.rfind("\n", 0, kept[0].start) + 1
            if text[:begin].endswith(newline * 2):
                edits.append(Edit(begin - len(newline), begin, ""))
    return edits
