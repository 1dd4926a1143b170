"""Reading a drawing back from its SVG, by the contract that its users rely on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Drawn:
    """An SVG's layers (number, module, change) and connections (from, to, change)."""

    layers: tuple[tuple[int, str, str], ...]
    edges: tuple[tuple[int, int, str], ...]

    def changed(self) -> set[tuple[int, str, str]]:
        return {layer for layer in self.layers if layer[2]}

    def rewired(self) -> set[tuple[int, int, str]]:
        return {edge for edge in self.edges if edge[2]}


def drawn(svg: str | bytes) -> Drawn:
    """Parse an SVG strictly; the first child of every layer is its box, its title comes with it."""
    root = ElementTree.fromstring(svg)
    layers = []
    for group in _with_class(root, "g", "layer"):
        assert group[0].tag == f"{_SVG}rect"
        assert group.find(f"{_SVG}title") is not None
        data = group.attrib
        change = data.get("data-change", "")
        layers.append((int(data["data-layer"]), data["data-module"], change))
    edges = [
        (int(e.attrib["data-from"]), int(e.attrib["data-to"]), e.attrib.get("data-change", ""))
        for e in _with_class(root, "path", "edge")
    ]
    return Drawn(tuple(layers), tuple(edges))


def texts(svg: str | bytes) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(svg).iter(f"{_SVG}text")]


def _with_class(root: ElementTree.Element, tag: str, name: str) -> Iterator[ElementTree.Element]:
    for element in root.iter(_SVG + tag):
        if name in element.attrib.get("class", "").split():
            yield element
