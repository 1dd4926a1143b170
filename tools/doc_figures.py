"""The figures of docs/figures, drawn anew from bundled networks; tools/docs.py writes them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.draw import text_of
from yamlmod.checks.run import Options, check_document
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network, registry_kinds
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.operations.replace.plan import replace
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.render import render
from yamlmod.registry.official import official_graphs
from yamlmod.usecases.draw import marks_of
from yamlmod.usecases.insertion import InsertionWords

_EXAMPLE = Path(__file__).parents[1] / "examples" / "minifork" / "models" / "mini.yaml"
_OFFICIAL = {
    "yolov7": "yolov7 yolov7",
    "yolo11": "ultralytics 8.4.190 yolo11",
    "yolov9-e": "yolov9 v0.1 yolov9-e",
}


def figures() -> dict[str, str]:
    """Return the text of every figure by its path in docs/."""
    found = {}
    for name, official in _OFFICIAL.items():
        found[f"figures/{name}.svg"] = _svg(Drawing(_official(official), DrawOptions()))
    before = read_network(_EXAMPLE.read_text(encoding="utf-8"), "mini.yaml")
    after = _edited(before)
    for lang in ("en", "zh"):
        options = DrawOptions(lang=lang)  # type: ignore[arg-type]
        suffix = "" if lang == "en" else ".zh"
        sides = Drawing(after, options, before, side_by_side=True)
        found[f"figures/before-after{suffix}.svg"] = _svg(sides)
    found["figures/change.svg"] = _svg(Drawing(_replaced(after), DrawOptions(), before))
    found["figures/check.svg"] = _svg(_checked())
    return found


def _svg(drawing: Drawing) -> str:
    return render(drawing, "svg")


def _official(name: str) -> Network:
    graph = next(graph for graph in official_graphs() if graph.name == name)
    return read_network(text_of(graph), f"{name.rpartition(' ')[2]}.yaml")


def _edited(before: Network) -> Network:
    request = InsertionWords(before=["SPPF"]).request(before, "ACmix")
    return read_network(insert(before, request).text, "mini-acmix.yaml")


def _replaced(network: Network) -> Network:
    """Return the example with every kind of change in it."""
    for outcome in (
        lambda net: remove(net, [2]),
        lambda net: replace(net, net.select("SPPF"), "SPP", [1024]),
        lambda net: insert(net, InsertionWords(after=["P4"]).request(net, "ECA")),
    ):
        network = read_network(outcome(network).text, "edited.yaml")
    # One number that was changed by hand, as a reader of the figure may have done.
    return read_network(network.document.text.replace("[[-1, 3], 1", "[[-1, 2], 1"), "edited.yaml")


def _checked() -> Drawing:
    """Return the example with a layer put in by hand: two numbers were not updated."""
    text = _EXAMPLE.read_text(encoding="utf-8")
    row = "   [-1, 1, SPPF, [1024, 5]],  # 9\n"
    by_hand = text.replace(row, f"   [-1, 1, ACmix, [1024]],\n{row}")
    by_hand = by_hand.replace("[[17, 20, 23], 1,", "[[18, 21, 24], 1,")
    network = read_network(by_hand, "by-hand.yaml")
    findings = check_document(network.document, Options(registry_kinds))
    return Drawing(network, DrawOptions(), marks=marks_of(network, findings))
