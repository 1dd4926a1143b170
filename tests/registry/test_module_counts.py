"""What tools/module_counts.py counts, on repositories made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.module_counts import Corpus, Count, main, read

_YAML = """nc: 80
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, {module}, []]
{more}head:
  - [[1], 1, Detect, [nc]]
"""


def _write(path: Path, module: str, more: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "  - [-1, 1, Conv, [64]]\n" * more
    path.write_text(_YAML.format(module=module, more=lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path / "a+x" / "cfg" / "one.yaml", "CA_Block")
    _write(tmp_path / "a+x" / "copy.yml", "CA_Block")
    _write(tmp_path / "a+x" / "deep" / "er" / "two.yaml", "C2f_EMA")
    _write(tmp_path / "b+y" / "one.yaml", "CoordAtt")
    _write(tmp_path / "b+y" / "two.yaml", "C3k2_ema_attention")
    _write(tmp_path / "b+y" / "three.yaml", "Nobodys_Block")
    (tmp_path / "b+y" / "bad.yaml").write_text("backbone: [", encoding="utf-8")
    return tmp_path


def _row(corpus: Corpus, view: str, name: str) -> Count | None:
    return next((count for count in corpus.table(view) if count.name == name), None)


def test_a_repository_counts_once_and_a_text_once(folder: Path) -> None:
    corpus = read(folder)
    assert (corpus.files, corpus.unread, len(corpus.holders)) == (7, 1, 5)
    assert corpus.table("as a layer")[0] == Count("CoordAtt", 2, 2, 2, "yes")
    assert _row(corpus, "as a layer", "Nobodys_Block") == Count("Nobodys_Block", 1, 1, 1, "no")
    assert _row(corpus, "as a layer", "Conv") is None  # it is in official networks


def test_a_block_counts_for_what_is_in_it(folder: Path) -> None:
    corpus = read(folder)
    assert corpus.table("inside blocks") == [Count("EMA", 2, 2, 2, "yes")]
    names = [count.name for count in corpus.table("either way")]
    assert names == ["CoordAtt", "EMA", "Nobodys_Block"]


def test_a_collection_is_a_user_by_its_own_networks_only(folder: Path) -> None:
    for more in range(101):
        _write(folder / "c+z" / f"{more}.yaml", "Nobodys_Block", more)
    _write(folder / "c+z" / "copy.yaml", "CoordAtt")
    corpus = read(folder)
    assert corpus.collections == {"c+z"}
    assert _row(corpus, "as a layer", "CoordAtt") == Count("CoordAtt", 2, 3, 2, "yes")
    assert _row(corpus, "as a layer", "Nobodys_Block") == Count("Nobodys_Block", 2, 2, 101, "no")


def test_the_tables_are_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["module_counts", str(folder)])
    assert main() == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "2 repositories, 0 of them collections\n7 files, 1 not read, 5 networks\n"
    )
    assert "| `CoordAtt` | 2 | 2 | 2 | yes |" in out
