"""TikZ figures compile with pdflatex, alone and included, whatever names the YAML has."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.picture.networks import network_of, official_names, official_network
from tests.picture.test_formats import HOSTILE
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.render import render

_PDFLATEX = shutil.which("pdflatex")
pytestmark = pytest.mark.skipif(_PDFLATEX is None, reason="there is no pdflatex on this machine")
_INCLUDE = r"""\documentclass{article}
\usepackage{standalone}
\usepackage[T1]{fontenc}
\usepackage{textcomp,iftex,tikz}
\usetikzlibrary{patterns}
\begin{document}
Before. \resizebox{4cm}{!}{\input{figure}} After.
\end{document}
"""


def _compile(folder: Path, name: str) -> bytes:
    # Objects are left open, so that the size of the page can be read.
    source = f"\\pdfobjcompresslevel=0\\input{{{name}}}"
    flags = ["-interaction=nonstopmode", "-halt-on-error", f"-jobname={name}"]
    command = [str(_PDFLATEX), *flags, source]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    if b"standalone.cls' not found" in done.stdout or b"standalone.sty' not found" in done.stdout:
        pytest.skip("this TeX has no package standalone")
    assert done.returncode == 0, done.stdout.decode("latin-1")[-1500:]
    return (folder / f"{name}.pdf").read_bytes()


def _write(folder: Path, drawing: Drawing) -> None:
    (folder / "figure.tex").write_text(render(drawing, "tikz"), encoding="utf-8")


def _size(pdf: bytes) -> tuple[float, float]:
    match = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert match is not None
    return float(match[1]), float(match[2])


@pytest.mark.parametrize("theme", ["color", "mono", "dark"])
def test_it_is_as_large_as_the_svg(tmp_path: Path, theme: str) -> None:
    name = next(name for name in official_names() if name.endswith("yolov7 yolov7"))
    drawing = Drawing(official_network(name), DrawOptions(theme=theme))
    _write(tmp_path, drawing)
    width, height = _size(_compile(tmp_path, "figure"))
    assert width == pytest.approx(0.75 * drawing.figure.width + 4, abs=3)
    assert height == pytest.approx(0.75 * drawing.figure.height + 4, abs=3)


def test_hostile_names_and_every_mark(tmp_path: Path) -> None:
    rows = ["[-1, 1, Conv, [64, 3, 2]]", *(f'[-1, 1, "{name}", []]' for name in HOSTILE)]
    base = network_of(*rows[:6], "[[5], 1, Detect, [nc]]")
    after = network_of(*rows, f"[[{len(rows) - 1}, 3], 1, Detect, [nc]]")
    for lang in ("en", "zh"):
        _write(tmp_path, Drawing(after, DrawOptions(lang=lang), base))  # type: ignore[arg-type]
        assert _compile(tmp_path, "figure").startswith(b"%PDF")
    _write(tmp_path, Drawing(after, DrawOptions(), base, side_by_side=True))
    assert _compile(tmp_path, "figure").startswith(b"%PDF")


def test_it_can_be_included(tmp_path: Path) -> None:
    _write(
        tmp_path, Drawing(network_of("[-1, 1, Conv, [8]]", "[[0], 1, Detect, [nc]]"), DrawOptions())
    )
    (tmp_path / "paper.tex").write_text(_INCLUDE, encoding="utf-8")
    assert _compile(tmp_path, "paper").startswith(b"%PDF")
