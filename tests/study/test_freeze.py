"""Frozen code, and a dataset YAML that is read from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from yamlmod.errors import Refusal
from yamlmod.model.data_paths import with_absolute_paths
from yamlmod.model.parse import load_plain
from yamlmod.study import freeze as module
from yamlmod.study.freeze import code_files, digest_of_code, freeze
from yamlmod.study.run_files import RunPlan
from yamlmod.study.unchanged import check_files, check_versions


def _fork(home: Path, *names: str) -> Path:
    for name in names:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return home


def test_code_is_copied_and_data_is_not(tmp_path: Path) -> None:
    repo = _fork(
        tmp_path / "fork",
        *("train.py", "models/yolo.py", "data/a.yaml", "utils/loggers/wandb/__init__.py"),
        *(
            "utils/x.txt",
            ".git/config",
            "__pycache__/a.pyc",
            "venv/a.py",
            "my/pyvenv.cfg",
            "my/a.py",
        ),
        *("runs/train/exp/results.csv", "wandb/run/a.json", "datasets/a.jpg", "best.pt", "a.zip"),
        *("out/study.json", "weights/download.sh", ".hidden.py"),
    )
    (repo / "large.bin").write_bytes(b"0" * 4_000_001)
    (repo / "link.py").symlink_to("/etc/passwd")
    copied = [path.as_posix() for path in code_files(repo, repo / "out")]
    assert copied == [
        *("data/a.yaml", "models/yolo.py", "train.py", "utils/loggers/wandb/__init__.py"),
        "utils/x.txt",
    ]
    freeze(repo, tmp_path / "copy", repo / "out")
    assert (tmp_path / "copy/models/yolo.py").read_text() == "models/yolo.py"


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_FILES", 3)
    repo = _fork(tmp_path, "a.py", "b.py", "c.py", "d.py")
    with pytest.raises(Refusal, match="more than 3 files"):
        code_files(repo, repo / "out")


def test_a_change_is_found(tmp_path: Path) -> None:
    _fork(tmp_path / "variants/a", "code/m.py", "code/d/x.yaml", "a.yaml")
    code = tmp_path / "variants/a/code"
    hashes = {"variants/a/code": digest_of_code(code)}
    plan = RunPlan("a", 0, "yolov5", 1, (), (), "", {}, "", (), 1, hashes)
    _fork(code, "__pycache__/m.cpython-311.py", "labels.cache", "Arial.ttf")
    check_files(tmp_path, [plan, plan])
    (code / "d/x.yaml").write_text("other")
    with pytest.raises(Refusal, match="has been changed since the study was planned"):
        check_files(tmp_path, [plan])
    (code / "d/x.yaml").write_text("code/d/x.yaml")
    check_files(tmp_path, [plan._replace(hashes={"variants/a/code": hashes["variants/a/code"]})])
    with pytest.raises(Refusal, match="not there any more"):
        check_files(tmp_path, [plan._replace(hashes={"variants/b/b.yaml": "x"})])


def test_versions_stay(tmp_path: Path) -> None:
    check_versions(tmp_path, {"torch": "2.1", "numpy": None})
    check_versions(tmp_path, {"torch": "2.1", "numpy": None})
    with pytest.raises(Refusal, match=r"torch is 2\.2, and 2\.1 in the runs before"):
        check_versions(tmp_path, {"torch": "2.2", "numpy": None})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path: data\ntrain: images  # c\n", "path: HERE/data\ntrain: images  # c\n"),
        ("train: data/a\nval: [data/b, none]\n", "train: HERE/data/a\nval: [HERE/data/b, none]\n"),
        ("train: ../up\n", "train: UP/up\n"),
        (
            "path: data\ntrain: a\nval: [b, no]\n",
            "path: HERE/data\ntrain: HERE/data/a\nval: [HERE/data/b, no]\n",
        ),
        ("path: HERE/data\ntrain: a\n", "path: HERE/data\ntrain: HERE/data/a\n"),
        ("path: ''\ntrain: data\n", "path: ''\ntrain: HERE/data\n"),
        ("path: none\ntrain: data\n", "path: none\ntrain: data\n"),
        ("path: /abs\n", "path: /abs\n"),
        ("train: https://x.org/data\n", "train: https://x.org/data\n"),
        ("nc: 3\n", "nc: 3\n"),
        ("[1]\n", "[1]\n"),
    ],
)
def test_paths_of_a_dataset(text: str, expected: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    _fork(here, "data/a/x", "data/b/x")
    _fork(tmp_path, "up/x")
    text = text.replace("HERE", here.as_posix())
    got = with_absolute_paths(text, "d.yaml", (here,))
    want = expected.replace("HERE", here.as_posix()).replace("UP", tmp_path.as_posix())
    if text.startswith("["):
        assert got == text
    else:
        assert load_plain(got, "a") == load_plain(want, "b")
        assert ("# c" in got) == ("# c" in text)
