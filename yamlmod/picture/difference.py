"""Make the scene of a difference: the new network, with what is gone as ghosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from yamlmod.model.align import Alignment, align
from yamlmod.model.document import Row
from yamlmod.model.network import Network
from yamlmod.model.parse import value_key
from yamlmod.model.reads import ReadChanges, compare_reads
from yamlmod.model.refs import IMAGE
from yamlmod.model.wiring import row_key
from yamlmod.picture.build import DrawOptions, label_maker, network_scene, stride_notes, title_of
from yamlmod.picture.labels import LabelMaker, clipped
from yamlmod.picture.scene import (
    ADDED,
    CHANGED,
    MOVED,
    REMOVED,
    REPLACED,
    REWIRED,
    Scene,
    SceneLink,
    SceneNode,
)
from yamlmod.picture.words import words
from yamlmod.safe_text import visible_line

_SETTINGS = 6


@dataclass(frozen=True, eq=False)
class NetworkDifference:
    """Two networks, and which layers and references differ."""

    before: Network
    after: Network

    @cached_property
    def alignment(self) -> Alignment:
        return align(self.before.wiring, self.after.wiring)

    @cached_property
    def reads(self) -> ReadChanges:
        return compare_reads(self.before.wiring, self.after.wiring, self.alignment)

    @cached_property
    def moved(self) -> Mapping[int, int]:
        """Return the new layers that were elsewhere before, and where."""
        waiting = [self.before.rows[old] for old in self.alignment.removed]
        origins: dict[int, int] = {}
        for new in self.alignment.added:
            row = self.after.rows[new]
            match = next((old for old in waiting if row_key(old)[:3] == row_key(row)[:3]), None)
            if match is not None:
                waiting.remove(match)
                origins[new] = match.index
        return origins

    @cached_property
    def layers(self) -> Mapping[int, str]:
        """Return what the layers of the new network are, those that are the same left out."""
        changes = {new: MOVED if new in self.moved else ADDED for new in self.alignment.added}
        for old, new in self.alignment.pairs:
            old_row, new_row = self.before.rows[old], self.after.rows[new]
            if old_row.module != new_row.module:
                changes[new] = REPLACED
            elif not _same(old_row, new_row):
                changes[new] = CHANGED
        return changes

    @cached_property
    def links(self) -> Mapping[tuple[int, int], str]:
        """Return what the references (layer, slot) of the new network are."""
        changes = {}
        for reads in self.after.graph.reads:
            for read in reads:
                kinds = {self.layers.get(read.reader), self.layers.get(read.target)}
                if ADDED in kinds:
                    changes[read.reader, read.slot] = ADDED
                elif MOVED in kinds:
                    changes[read.reader, read.slot] = REWIRED
        for rerouted in self.reads.rerouted:
            changes.setdefault((rerouted.reader, rerouted.slot), REWIRED)
        for gained in self.reads.gained:
            changes[gained.reader, gained.slot] = ADDED
        for rewired in self.reads.rewired:
            changes[rewired.reader, rewired.slot] = REWIRED
        return changes

    @cached_property
    def gone(self) -> frozenset[tuple[int, int]]:
        """Return the references (layer, slot) of the old network that are not there any more."""
        removed = set(self.alignment.removed)
        lost_reads = {
            (read.reader, read.slot)
            for reads in self.before.graph.reads
            for read in reads
            if read.reader in removed or read.target in removed
        }
        lost_reads |= {(item.old_reader, item.slot) for item in self.reads.lost}
        new = {(item.reader, item.slot) for item in self.reads.rewired}
        for old, layer in self.alignment.pairs:
            for slot, _ in enumerate(self.before.graph.reads[old]):
                if (layer, slot) in new and len(self.before.graph.reads[old]) == len(
                    self.after.graph.reads[layer]
                ):
                    lost_reads.add((old, slot))
        return frozenset(lost_reads)

    @cached_property
    def is_empty(self) -> bool:
        return not (self.layers or self.links or self.gone or self.alignment.removed)


def _same(old_row: Row, new_row: Row) -> bool:
    return value_key(old_row.args) == value_key(new_row.args) and value_key(
        old_row.repeats
    ) == value_key(new_row.repeats)


def after_scene(
    difference: NetworkDifference, options: DrawOptions, maker: LabelMaker | None = None
) -> Scene:
    """Return the new network alone, with what is new about it."""
    maker = maker or label_maker(difference.after, options)
    scene = network_scene(difference.after, options, maker)
    nodes = tuple(_changed(node, difference, maker) for node in scene.nodes)
    links = tuple(
        link._replace(change=difference.links.get((link.numbers[1], link.slot), ""))
        for link in scene.links
    )
    return replace(scene, nodes=nodes, links=links)


def before_scene(difference: NetworkDifference, options: DrawOptions) -> Scene:
    """Return the old network alone, with what will not stay as it is."""
    scene = network_scene(difference.before, _for_base(difference, options))
    new = dict(difference.alignment.pairs)
    changes = {
        old: difference.layers[layer] for old, layer in new.items() if layer in difference.layers
    }
    changes |= dict.fromkeys(difference.alignment.removed, REMOVED)
    changes |= dict.fromkeys(difference.moved.values(), MOVED)
    nodes = tuple(
        node._replace(change=changes.get(node.number, "") if node.row else "")
        for node in scene.nodes
    )
    links = tuple(
        link._replace(change=REMOVED if (link.numbers[1], link.slot) in difference.gone else "")
        for link in scene.links
    )
    return replace(scene, nodes=nodes, links=links)


def difference_scene(difference: NetworkDifference, options: DrawOptions) -> Scene:
    """Return the new network with the old one's lost layers and connections between."""
    return _Union(difference, options).scene()


def _for_base(difference: NetworkDifference, options: DrawOptions) -> DrawOptions:
    """Return the options for the old file, which may have other scales."""
    names = [scale.name for scale in difference.before.shapes.scales]
    scale = options.scale if options.scale in names else None
    return replace(options, scale=scale, readings=options.base_readings)


def _changed(node: SceneNode, difference: NetworkDifference, maker: LabelMaker) -> SceneNode:
    change = difference.layers.get(node.number, "") if node.row else ""
    if change != REPLACED:
        return node._replace(change=change)
    old = next(old for old, new in difference.alignment.pairs if new == node.number)
    was = words("was", maker.lang, visible_line(difference.before.rows[old].module))
    lines = (node.lines[0], " · ".join([*node.lines[1:], was]))
    return node._replace(change=change, lines=lines, title=f"{node.title}\n{was}")


class _Union:
    """Both networks in one scene: ghosts come where they were in the file."""

    def __init__(self, difference: NetworkDifference, options: DrawOptions) -> None:
        self.difference = difference
        self.base = label_maker(difference.before, _for_base(difference, options))
        self.after = label_maker(difference.after, options)
        self.scene_after = after_scene(difference, options, self.after)
        self.nodes: list[SceneNode] = [self.scene_after.nodes[0]]
        self.new: dict[int, int] = {IMAGE: 0}
        self.old: dict[int, int] = {IMAGE: 0}
        self._merge()

    def _merge(self) -> None:
        old_of = {new: old for old, new in self.difference.alignment.pairs}
        waiting = list(self.difference.alignment.removed)
        for node in self.scene_after.nodes[1:]:
            partner = old_of.get(node.number)
            while partner is not None and waiting and waiting[0] < partner:
                self._ghost(waiting.pop(0))
            self.new[node.number] = len(self.nodes)
            if partner is not None:
                self.old[partner] = len(self.nodes)
            self.nodes.append(node)
        for old in waiting:
            self._ghost(old)

    def _ghost(self, old: int) -> None:
        node = self.base.node(self.difference.before.rows[old], f"b{old}")
        moved = {before: new for new, before in self.difference.moved.items()}
        change = MOVED if old in moved else REMOVED
        lines = node.lines
        if old in moved:
            lines = (lines[0], f"→ {moved[old]}")
        self.old[old] = len(self.nodes)
        self.nodes.append(node._replace(change=change, lines=lines, is_head=False, is_ghost=True))

    def scene(self) -> Scene:
        links = [
            link._replace(source=self.new[link.numbers[0]], target=self.new[link.numbers[1]])
            for link in self.scene_after.links
        ]
        links += self._lost()
        links.sort(key=lambda link: (link.target, link.slot))
        strides = self.after.strides
        notes = [*stride_notes(strides, self.after), *self._settings()]
        if self.difference.is_empty and not notes:
            notes.append(words("no differences", self.after.lang))
        title = f"{title_of(self.difference.before, self.base)} → "
        return replace(
            self.scene_after,
            title=title + title_of(self.difference.after, self.after),
            nodes=tuple(self.nodes),
            links=tuple(links),
            notes=tuple(notes),
        )

    def _lost(self) -> Iterator[SceneLink]:
        for reads in self.difference.before.graph.reads:
            for read in reads:
                ends = self.old.get(read.target), self.old.get(read.reader)
                if (read.reader, read.slot) in self.difference.gone and None not in ends:
                    source, target = self.old[read.target], self.old[read.reader]
                    numbers = read.target, read.reader
                    yield SceneLink(source, target, read.slot, numbers, REMOVED)

    def _settings(self) -> list[str]:
        old = self.difference.before.document.settings
        new = self.difference.after.document.settings
        lines = [
            f"{key}: {_value(old, key)} → {_value(new, key)}"
            for key in dict.fromkeys([*old, *new])
            if str(old.get(key)) != str(new.get(key))
        ]
        return [visible_line(line) for line in lines[:_SETTINGS]]


def _value(settings: Mapping[str, object], key: str) -> str:
    return clipped(str(settings[key])) if key in settings else "–"
