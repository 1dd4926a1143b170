"""Make the scene of one network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from yamlmod.model.network import Network
from yamlmod.picture.labels import LabelMaker, Readings, chosen_scale
from yamlmod.picture.scene import Lang, Scene, SceneLink
from yamlmod.picture.strides import DrawnStrides, drawn_strides
from yamlmod.picture.words import words
from yamlmod.safe_text import visible_line

_NAMED = 4


@dataclass(frozen=True)
class DrawOptions:
    """What is drawn of a network, besides its layers."""

    scale: str | None = None
    lang: Lang = "en"
    fold: bool = True
    theme: str = "color"
    readings: Readings = field(default_factory=Readings)
    base_readings: Readings = field(default_factory=Readings)


def label_maker(network: Network, options: DrawOptions) -> LabelMaker:
    strides = drawn_strides(network, options.readings.strides)
    scale = chosen_scale(network, options.scale)
    return LabelMaker(network, scale, strides, options.lang, options.readings)


def network_scene(network: Network, options: DrawOptions, maker: LabelMaker | None = None) -> Scene:
    """Return the scene of a network: the image, every layer and every reference."""
    maker = maker or label_maker(network, options)
    nodes = (maker.image(), *(maker.node(row, str(row.index)) for row in network.rows))
    links = tuple(
        SceneLink(read.target + 1, read.reader + 1, read.slot, (read.target, read.reader))
        for reads in network.graph.reads
        for read in reads
    )
    strides = maker.strides
    return Scene(
        title=title_of(network, maker),
        nodes=nodes,
        links=links,
        lang=options.lang,
        in_file_order=not strides.are_enough,
        notes=tuple(stride_notes(strides, maker)),
    )


def title_of(network: Network, maker: LabelMaker) -> str:
    name = visible_line(network.document.shown.rsplit("/", 1)[-1])
    parts = [name]
    if maker.scale != "file":
        parts.append(words("scale", maker.lang, visible_line(maker.scale)))
    return " · ".join([*parts, words("layers", maker.lang, len(network.rows))])


def stride_notes(strides: DrawnStrides, maker: LabelMaker) -> Sequence[str]:
    """Return what the legend says of strides that are not known."""
    lang = maker.lang
    body = [
        stride for index, stride in enumerate(strides.layers) if not maker.network.is_head(index)
    ]
    if not strides.are_enough:
        return [words("file order", lang)]
    notes = []
    if strides.assumed:
        names = [visible_line(name)[:40] for name in strides.assumed]
        more = [words("more", lang, len(names) - _NAMED)] if len(names) > _NAMED else []
        notes.append(words("assumed", lang, ", ".join([*names[:_NAMED], *more])))
    if None in body:
        notes.append(words("partly known", lang))
    return notes
