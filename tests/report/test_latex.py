"""LaTeX tables: the text by its rules, and compiled, whatever the cells hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from yamlmod.report.grids import Grid, latex

_PDFLATEX = shutil.which("pdflatex")
_HOSTILE = (
    *("a_b", "50%", "R&D", "#1", "$x$", "{", "}", "\\input{x}", "~", "^", "<>", "|", '"', "`"),
    *("[1]", "*", "--", "---", "::error::", "注意力", "é", "α σ", "✓", "45.1 ± 0.3", "", "\x1b[1m"),
    *("模块_%&#", "a注b", "\N{RIGHT SINGLE QUOTATION MARK}", "\u2028", "\\\\", "?`", "&" * 5),
)


def _grid(width: int) -> Grid:
    cells = [*_HOSTILE, *[""] * (-len(_HOSTILE) % width)]
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    return Grid(rows[0], rows, range(1, width))


def _bare(line: str) -> str:
    """Return a line without what is escaped."""
    return re.sub(r"\\(?:[&%$#_{}]|[A-Za-z]+)", "", line)


@pytest.mark.parametrize("width", [1, 2, 5, 9])
def test_every_line_by_the_rules(width: int) -> None:
    text = latex(_grid(width), ["a % comment", "two\nlines"])
    lines = text.splitlines()
    first, last = lines.index(r"  \toprule"), lines.index(r"  \bottomrule")
    assert lines[first - 1] == r"\begin{tabular}{" + "l" + "r" * (width - 1) + "}"
    assert lines[last + 1 :] == [r"\end{tabular}"] and lines[first + 2] == r"  \midrule"
    for line in lines[: first - 1]:
        assert line.startswith(("% ", r"\providecommand{"))
    rows = [line for line in lines[first + 1 : last] if line != r"  \midrule"]
    assert len(rows) == len(_grid(width).rows) + 1
    for line in rows:
        assert line.endswith(r" \\")
        bare = _bare(line.removesuffix(r"\\"))
        assert bare.count("&") == width - 1
        assert not set("%$#_^~\\") & set(bare.replace("$$", ""))
        assert bare.count("{") == bare.count("}")
        assert not re.match(r"\s*[\[*]", line)
        outside = re.sub(r"\\yamlmodcjk\{[^}]*\}", "", line)
        assert all(sign.isascii() or sign == "é" for sign in outside)


@pytest.mark.skipif(_PDFLATEX is None, reason="there is no pdflatex on this machine")
@pytest.mark.parametrize("package", ["", r"\usepackage{booktabs}", r"\usepackage[T1]{fontenc}"])
def test_it_compiles(package: str, tmp_path: Path) -> None:
    document = "\n".join(
        [r"\documentclass{article}", package, r"\begin{document}", r"\begin{table}"]
        + [latex(_grid(width), ["100 %"]) + r"\par" for width in (1, 5)]
        + [r"\end{table}", r"\end{document}"]
    )
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    words = [str(_PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    output = done.stdout.decode("latin-1")
    if package and f"{package[12:-1]}.sty' not found" in output:
        pytest.skip("this TeX has no booktabs")
    assert done.returncode == 0, output[-1500:]
    assert (tmp_path / "paper.pdf").stat().st_size > 5000
