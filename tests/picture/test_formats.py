"""Every format: same bytes again, every layer in it, and names of a YAML stay text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from tests.picture.networks import network_of, official_names, official_network
from tests.picture.reading import drawn, texts
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.render import format_names, format_of_suffix, render

_ROWS = ("[-1, 1, Conv, [64, 3, 2]]", "[-1, 3, C3, [64]]", "[[1], 1, Detect, [nc]]")
HOSTILE = (
    "</title><script>alert(1)</script>",
    '\\"><img src=x onerror=alert(1)>',
    "]]><!--",
    'x\\"]; click n0 call alert() %%{init: {}}%%',
    "\\\\end{document}\\\\input{/etc/passwd}$^_#%&~",
    "a\\u202e\\u0007b\\x1b[31m",
    "::error::x ##[error]y",
    "&#60;script&#62; #lt;script#gt;",
    "`${alert(1)}` {{constructor}}",
    "通道注意力 🙂",
)


def test_the_formats_are_the_files_of_the_folder() -> None:
    assert format_names() == ["drawio", "html", "json", "mermaid", "svg", "tikz"]


@pytest.mark.parametrize(
    ("suffix", "name"),
    [(".svg", "svg"), (".SVG", "svg"), (".htm", "html"), (".tex", "tikz"), (".mmd", "mermaid"),
     (".drawio", "drawio"), (".json", "json"), (".gif", None), ("", None)],
)  # fmt: skip
def test_the_suffix_gives_the_format(suffix: str, name: str | None) -> None:
    assert format_of_suffix(suffix) == name


@pytest.mark.parametrize("name", format_names())
@pytest.mark.parametrize("theme", ["color", "mono", "dark"])
def test_the_same_bytes_again(name: str, theme: str) -> None:
    options = DrawOptions(theme=theme, lang="zh")
    one = render(Drawing(network_of(*_ROWS), options), name)
    assert render(Drawing(network_of(*_ROWS), options), name) == one
    assert one.endswith("\n") and "yamlmod draw" in one[:300]


def _hostile(name: str, format: str) -> str:
    network = network_of(*_ROWS[:2], f'[-1, 1, "{name}", ["{name}"]]', "[[2], 1, Detect, [nc]]")
    return render(Drawing(network, DrawOptions(lang="zh")), format)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("format", ["svg", "drawio"])
def test_hostile_names_stay_text_in_xml(name: str, format: str) -> None:
    text = _hostile(name, format)
    root = ElementTree.fromstring(text)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "img", "image", "foreignObject", "a", "use"}
    assert not any(key.startswith("on") for element in root.iter() for key in element.attrib)
    assert "::" not in text and "##" not in text
    assert not re.search("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202e]", text)


class _Tags(HTMLParser):
    """Counts what a browser would build of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_in_html(name: str) -> None:
    parser = _Tags()
    parser.feed(_hostile(name, "html"))
    assert parser.tags.count("script") == 2
    assert not {"img", "iframe", "object", "link", "a"} & set(parser.tags)
    names = {key for key, _ in parser.attributes}
    assert not names & {"src", "href", "xlink:href", "action"}
    assert not any(key.startswith("on") for key in names)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_in_mermaid_and_tikz(name: str) -> None:
    mermaid = _hostile(name, "mermaid")
    for line in mermaid.split("\n"):
        assert line.count('"') in (0, 2)
        inside = line.split('"')[1] if '"' in line else ""
        assert not re.search(r"[\[\]{}<>`%|&\\\\]", inside.replace("<br/>", ""))
    assert "click" not in {line.strip().split(" ")[0] for line in mermaid.split("\n")}
    tikz = _hostile(name, "tikz")
    assert tikz.count("\\end{document}") == 1 and "\\input{/" not in tikz
    assert tikz.rstrip().endswith("\\end{document}")


def test_html_has_no_address() -> None:
    page = render(
        Drawing(network_of(*_ROWS), DrawOptions(), network_of(*_ROWS[:1], *_ROWS[1:])), "html"
    )
    assert "http" not in page.replace("http-equiv", "")
    assert not re.search(r"url\((?!#)|@import|fetch\(|XMLHttp|import\(", page)


@pytest.mark.parametrize("fold", [True, False])
def test_every_layer_and_reference_is_in_svg_and_json(fold: bool) -> None:
    name = next(name for name in official_names() if name.endswith("yolov7 yolov7"))
    network = official_network(name)
    reads = sorted((r.target, r.reader) for reads in network.graph.reads for r in reads)
    drawing = Drawing(network, DrawOptions(fold=fold))
    found = drawn(render(drawing, "svg"))
    assert sorted(number for number, *_ in found.layers) == list(range(len(network.rows)))
    assert sorted(edge[:2] for edge in found.edges) == reads
    data = json.loads(render(drawing, "json"))
    layers = [layer for layer in data["layers"] if layer["category"] != "image"]
    assert sorted(layer["index"] for layer in layers) == list(range(len(network.rows)))
    assert sorted((edge["from"], edge["to"]) for edge in data["edges"]) == reads
    assert bool(data["groups"]) is fold


def test_shapes_of_drawio_are_connected() -> None:
    name = next(name for name in official_names() if name.endswith("yolov7 yolov7"))
    root = ElementTree.fromstring(render(Drawing(official_network(name), DrawOptions()), "drawio"))
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    edges = [cell for cell in root.iter("mxCell") if cell.attrib.get("edge") == "1"]
    assert len(edges) > 100
    assert all({edge.attrib["source"], edge.attrib["target"]} <= ids for edge in edges)
    assert len(ids) == len([element for element in root.iter() if "id" in element.attrib])


def test_labels() -> None:
    """Index, module, repeats at the scale, channels at the scale, level."""
    settings = "nc: 1\nscales:\n  n: [0.33, 0.25, 1024]\n  l: [1.0, 1.0, 512]\n"
    rows = ("[-1, 1, Conv, [64, 3, 2]]", "[-1, 9, C2f, [1024, True]]", "[[1], 1, Detect, [nc]]")
    network = network_of(*rows, settings=settings)

    def labels(scale: str | None) -> list[str]:
        return texts(render(Drawing(network, DrawOptions(scale)), "svg"))

    assert {"0  Conv", "16 · P1", "1  C2f ×3", "256 · P1", "2  Detect"} <= set(labels(None))
    assert {"0  Conv", "64 · P1", "1  C2f ×9", "512 · P1"} <= set(labels("l"))
