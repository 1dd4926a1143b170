"""The HTML file in a real browser, and labels measured with a real font."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.picture.networks import network_of, official_names, official_network
from tools.browser import Page, browser_page, chromium
from yamlmod.model.network import Network
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.render import render

_REQUIRED = os.environ.get("YAMLMOD_REQUIRE_BROWSER")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    program = chromium()
    if program is None:
        if _REQUIRED:
            pytest.fail("YAMLMOD_REQUIRE_BROWSER is set, and there is no Chromium")
        pytest.skip("there is no Chromium on this machine")
    with browser_page(program) as opened:
        yield opened


def _official(part: str) -> Network:
    return official_network(next(name for name in official_names() if name.endswith(part)))


def _open(page: Page, folder: Path, drawing: Drawing, format: str = "html") -> None:
    path = folder / f"figure.{format}"
    path.write_text(render(drawing, format), encoding="utf-8")
    page.requests.clear()
    page.open(path)


def _zoom(page: Page) -> str:
    return str(page.run("document.querySelector('#stage > svg:not([hidden])').style.transform"))


def test_hover_shows_inputs_users_and_channels(page: Page, tmp_path: Path) -> None:
    _open(page, tmp_path, Drawing(_official("8.4.190 yolo11"), DrawOptions()))
    page.mouse("mouseMoved", *page.middle('.layer[data-layer="16"]'))
    tip = page.run("document.getElementById('tip').textContent")
    assert "16 C3k2" in tip and "15 Concat" in tip and "17 Conv" in tip and "23 Detect" in tip
    assert not page.run("document.getElementById('tip').hidden")
    lit = page.run("[...document.querySelectorAll('.edge.on')].map((e) => e.dataset.to).join()")
    assert lit == "16,17,23"
    assert page.run("document.querySelector('tr.on td').textContent") == "16"
    assert page.requests == [(tmp_path / "figure.html").as_uri()]


def test_keys_and_wheel_zoom_and_move(page: Page, tmp_path: Path) -> None:
    _open(page, tmp_path, Drawing(_official("8.4.190 yolo11"), DrawOptions()))
    first = _zoom(page)
    page.key("+")
    bigger = _zoom(page)
    assert bigger != first
    page.key("ArrowLeft")
    assert _zoom(page) != bigger
    page.key("0")
    assert _zoom(page) == first
    page.mouse("mouseWheel", *page.middle("#stage"), deltaX=0, deltaY=-240)
    assert _zoom(page) != first
    page.key("0")
    x, y = page.middle("#stage")
    page.mouse("mousePressed", x, y, button="left", buttons=1)
    page.mouse("mouseMoved", x + 50, y + 20, button="left", buttons=1)
    page.mouse("mouseReleased", x + 50, y + 20, button="left")
    assert _zoom(page) != first
    page.run("document.getElementById('stage').focus()")
    page.key("Tab")
    assert page.run("document.activeElement.dataset.layer") is not None
    assert not page.run("document.getElementById('tip').hidden")


def test_folded_layers_open(page: Page, tmp_path: Path) -> None:
    _open(page, tmp_path, Drawing(_official("yolov7 yolov7"), DrawOptions()))
    page.click(*page.middle(".group > text"))
    assert page.run("document.querySelector('dialog').open")
    layers = "[...document.querySelectorAll('dialog .layer')].map((e) => e.dataset.layer).join()"
    assert page.run(layers) == "4,5,6,7,8,9,10,11"
    page.click(*page.middle("#close"))
    assert not page.run("document.querySelector('dialog').open")
    shown = "document.querySelector('#stage > svg:not([hidden])')"
    assert page.run(f"{shown}.querySelectorAll('.group').length") > 10
    page.key("u")
    assert page.run(f"{shown}.querySelectorAll('.group').length") == 0
    assert page.run(f"{shown}.querySelectorAll('.layer').length") == 106
    page.key("u")
    page.run(f"{shown}.querySelector('.group').focus()")
    page.key("Enter")
    assert page.run("document.querySelector('dialog').open")
    assert page.requests == [(tmp_path / "figure.html").as_uri()]


def test_before_and_after(page: Page, tmp_path: Path) -> None:
    base = ("[-1, 1, Conv, [64, 3, 2]]", "[-1, 3, C3, [64]]", "[[1], 1, Detect, [nc]]")
    after = (*base[:2], "[-1, 1, SimAM, []]", "[[2], 1, Detect, [nc]]")
    _open(page, tmp_path, Drawing(network_of(*after), DrawOptions(), network_of(*base)))
    view = "document.querySelector('#stage > svg:not([hidden])').dataset.view"
    seen = [page.run(view)]
    for _ in range(2):
        page.key("b")
        seen.append(page.run(view))
    assert seen == ["main", "before", "after"]
    page.click(*page.middle("button[data-view=main]"))
    assert page.run(view) == "main"


def test_hostile_names_run_nothing(page: Page, tmp_path: Path) -> None:
    name = "</title></script><script>window.bad = 1</script><img src=x onerror=window.bad=1>"
    rows = ("[-1, 1, Conv, [64, 3, 2]]", f'[-1, 1, "{name}", ["{name}"]]', "[[1], 1, Detect, [nc]]")
    drawing = Drawing(network_of(*rows), DrawOptions(), network_of(*rows))
    _open(page, tmp_path, drawing)
    page.mouse("mouseMoved", *page.middle('.layer[data-layer="1"]'))
    assert page.run("typeof window.bad") == "undefined"
    assert name in page.run("document.getElementById('tip').textContent")
    assert page.requests == [(tmp_path / "figure.html").as_uri()]
    _open(page, tmp_path, drawing, "svg")
    assert page.run("typeof window.bad") == "undefined"


def test_it_prints(page: Page, tmp_path: Path) -> None:
    _open(page, tmp_path, Drawing(_official("8.4.190 yolo11"), DrawOptions()))
    paper = page.paper()
    assert paper.startswith(b"%PDF") and len(paper) > 20_000


_OUTSIDE = """
[...document.querySelectorAll('.layer, .group')].flatMap((group) => {
  const box = group.querySelector(':scope > rect').getBBox();
  return [...group.querySelectorAll(':scope > text')].filter((text) => {
    const b = text.getBBox();
    return b.x < box.x || b.x + b.width > box.x + box.width || b.y < box.y
      || b.y + b.height > box.y + box.height;
  }).map((text) => text.textContent);
}).join('|')
"""


@pytest.mark.parametrize("font", ["sans-serif", "DejaVu Sans", "Liberation Sans"])
@pytest.mark.parametrize("part", ["yolov7 yolov7-e6e", "8.4.190 yolo12", "yolov9 v0.1 yolov9-e"])
def test_labels_are_inside_as_the_browser_measures_them(
    page: Page, tmp_path: Path, font: str, part: str
) -> None:
    _open(page, tmp_path, Drawing(_official(part), DrawOptions()), "svg")
    page.run(f"document.documentElement.setAttribute('font-family', '{font}')")
    assert page.run(_OUTSIDE) == ""


def test_cjk_and_emoji_are_inside(page: Page, tmp_path: Path) -> None:
    rows = ["[-1, 1, Conv, [64, 3, 2]]"]
    rows += [
        f'[-1, 1, "{name}", []]'
        for name in ("通道注意力模块", "🙂🙂🙂🙂", "Ünïcödé", "注意力ＡＢＣ")
    ]
    drawing = Drawing(network_of(*rows, "[[4], 1, Detect, [nc]]"), DrawOptions(lang="zh"))
    _open(page, tmp_path, drawing, "svg")
    assert page.run(_OUTSIDE) == ""


def test_labels_of_a_chinese_page_are_inside(page: Page, tmp_path: Path) -> None:
    """The language of the page chooses another font for all of its text."""
    _open(page, tmp_path, Drawing(_official("yolov7 yolov7"), DrawOptions(lang="zh")))
    shown = _OUTSIDE.replace("document.", "document.querySelector('#stage > svg').")
    assert page.run("document.querySelectorAll('#stage > svg .group').length") > 10
    assert page.run(shown) == ""
