"""The commands after a write name a file by its scale where its family takes it from the name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yamlmod.usecases.next_steps import WrittenModel, after_model, after_remap


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ultralytics" / "nn").mkdir(parents=True)
    (tmp_path / "ultralytics" / "nn" / "tasks.py").write_text("", encoding="utf-8")
    for name in ("yolo11.yaml", "yolo11-cbam.yaml", "mine.yaml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return Path("ultralytics")


def _steps(repo: Path, path: str, scale: str) -> list[str]:
    return after_model(WrittenModel(Path("yolo11.yaml"), Path(path), (), True, scale), repo)


def test_a_scale_is_kept(repo: Path) -> None:
    assert _steps(repo, "yolo11-cbam.yaml", "s") == [
        "yamlmod verify ultralytics yolo11s-cbam.yaml --base yolo11s.yaml",
        "yamlmod remap yolo11s.pt --repo ultralytics --from yolo11s.yaml --to yolo11s-cbam.yaml "
        "-o yolo11s-cbam.pt",
        "yolo train model=yolo11s-cbam.yaml pretrained=yolo11s-cbam.pt",
    ]


def test_a_name_that_takes_no_scale_stays(repo: Path) -> None:
    assert _steps(repo, "mine.yaml", "s")[-1] == "yolo train model=mine.yaml pretrained=mine.pt"
    assert _steps(repo, "yolo11-cbam.yaml", "")[0].startswith(
        "yamlmod verify ultralytics yolo11-cbam.yaml --base yolo11.yaml"
    )


def test_after_remap_the_variable_stands_before_the_command(repo: Path) -> None:
    cfg, out = Path("yolo11s-cbam.yaml"), Path("a b.pt")
    train = "yolo train model=yolo11s-cbam.yaml pretrained='a b.pt'"
    assert after_remap(repo, cfg, out, bare=False) == [train]
    lines = after_remap(repo, cfg, out, bare=True)
    name = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1"
    assert lines == ([f"set {name}", train] if os.name == "nt" else [f"{name} {train}"])
    assert after_remap(Path(), cfg, out, bare=True) == []
