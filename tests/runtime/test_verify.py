"""`verify` on yolov5 7.0.14: it passes what is right, and names each mistake that is planted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import yamlmod as package
from tests.cli.run import yamlmod
from tests.runtime.planted import plant, with_row
from tools.real_forks import fork_copy

pytestmark = pytest.mark.fork
_ARGS = {"Gate": "77"}
# What must fail for each class, and a word of the reason.
_PLANTED = {
    "Nope": {"build": "NameError"},
    "Gate": {"build": "layer 5 Gate: RuntimeError"},
    "NoKernel": dict.fromkeys(("bfloat16", "float16"), "layer 5 NoKernel: RuntimeError"),
    "Lazy": {"parameters": "Lazy.conv"},
    "Thrown": {
        "parameters": "created anew in every pass",
        **dict.fromkeys(("deepcopy", "pickle", "fuse"), "differ"),
    },
    "Cut": {"alive": "layer 0 Conv, 1 Conv, 2 C3, 3 Conv"},
    "Held": {"deepcopy": "", "pickle": ""},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    fork = fork_copy("yolov5==7.0.14", folder)
    words = ("ECA", "LSKA", "MHSA", "C3_SE", "BiLevelRoutingAttention")
    assert yamlmod("patch", "yolov5", *words, "-w", cwd=folder).code == 0
    plant(fork / "models" / "common.py")
    base = fork / "models" / "yolov5n.yaml"
    text = base.read_text(encoding="utf-8").replace("width_multiple: 0.25", "width_multiple: 0.125")
    (folder / "base.yaml").write_text(text, encoding="utf-8")
    return folder


def _verify(folder: Path, *words: str, code: int = 0) -> list[dict[str, Any]]:
    done = yamlmod("verify", "yolov5", *words, "--json", cwd=folder)
    assert done.code == code, (done.out.decode(), done.err)
    networks: list[dict[str, Any]] = json.loads(done.out)["networks"]
    return networks


def _insert(folder: Path, name: str, module: str, *words: str) -> None:
    done = yamlmod("insert", module, "base.yaml", *words, "-o", name, cwd=folder)
    assert done.code == 0, done.err


def _fails(network: dict[str, Any]) -> dict[str, str]:
    return {c["name"]: c["reason"] for c in network["checks"] if c["status"] == "fail"}


def test_what_is_right_passes(folder: Path) -> None:
    _insert(folder, "lska.yaml", "LSKA", "--after", "4", "--after", "17")
    _insert(folder, "mhsa.yaml", "MHSA", "--before", "SPPF")
    text = package.load((folder / "base.yaml").read_text(encoding="utf-8"))
    replaced = text.replace(17, "C3_SE").to_text()
    (folder / "c3se.yaml").write_text(replaced, encoding="utf-8")
    words = ("lska.yaml", "mhsa.yaml", "c3se.yaml", "--base", "base.yaml")
    lska, mhsa, c3se = _verify(folder, *words, "--init", "identity")
    assert [one["inserted"] for one in (lska, mhsa, c3se)] == [
        ["5 LSKA", "19 LSKA"],
        ["9 MHSA"],
        ["17 C3_SE"],
    ]
    for one in (lska, mhsa, c3se):
        assert _fails(one) == {}
        names = {check["name"]: check for check in one["checks"]}
        assert names["bfloat16"]["status"] == names["float16"]["status"] == "pass"
        assert names["fuse"]["status"] == names["deterministic"]["status"] == "pass"
    told = {one["cfg"]: one["checks"][-1] for one in (lska, mhsa, c3se)}
    assert told["lska.yaml"]["status"] == "pass" and "equal" in told["lska.yaml"]["reason"]
    assert told["mhsa.yaml"]["status"] == "skip"
    assert "9 MHSA: no residual connection" in told["mhsa.yaml"]["reason"]


def test_each_planted_mistake_is_named(folder: Path) -> None:
    base = folder / "base.yaml"
    for name in _PLANTED:
        text = with_row(base, name, 4, _ARGS.get(name, ""))
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    _insert(folder, "dead.yaml", "ECA", "--after", "4", "--readers", "none", "--allow-dead")
    _stale(base, folder / "stale.yaml")
    names = [*_PLANTED, "dead", "stale"]
    found = _verify(folder, *(f"{name}.yaml" for name in names), "--base", "base.yaml", code=1)
    fails = {name: _fails(one) for name, one in zip(names, found, strict=True)}
    for name, wanted in _PLANTED.items():
        assert set(fails[name]) == set(wanted), (name, fails)
        for check, word in wanted.items():
            assert word in fails[name][check], (name, fails)
    assert "models/common.py:" in fails["Gate"]["build"]
    assert set(fails["dead"]) == {"alive", "influence"}
    assert all("5 ECA" in reason for reason in fails["dead"].values())
    assert set(fails["stale"]) == {"references"}
    assert "write [-1, 15] instead of [-1, 14]" in fails["stale"]["references"]


def _stale(base: Path, path: Path) -> None:
    """By hand: the row goes in, the head's numbers are raised, those of the Concats are not."""
    text, row = base.read_text(encoding="utf-8"), "   [-1, 1, SPPF, [1024, 5]],"
    assert text.count(row) == 1
    text = text.replace(row, f"   [-1, 1, ECA, []],\n{row}")
    path.write_text(text.replace("[17, 20, 23]", "[18, 21, 24]"), encoding="utf-8")


def test_the_table_exports_and_a_second_run(folder: Path) -> None:
    _insert(folder, "bra.yaml", "BiLevelRoutingAttention", "--after", "P4")
    words = (
        "verify",
        "yolov5",
        "bra.yaml",
        "--base",
        "base.yaml",
        "--export",
        "--imgsz",
        "64,64x96",
    )
    first, second = (yamlmod(*words, cwd=folder) for _ in range(2))
    assert (first.code, first.out) == (second.code, second.out)
    text = first.out.decode()
    assert first.code == 0, text
    assert "running the fork's code with" in first.err
    lines = {line.split()[0]: line for line in text.splitlines()}
    for name in ("build", "wiring", "references", "train", "torchscript", "onnx"):
        assert lines[name].split()[1] == "pass", lines[name]
    assert "opset 17" in lines["onnx"]
    assert "image sizes: 64x64, 64x96 in training" in text
    assert "bra.yaml: 16 checks passed" in text
    assert sorted(path.name for path in (folder / "yolov5").glob("*.onnx")) == []


def test_what_a_place_would_cost_comes_first(folder: Path) -> None:
    _insert(folder, "early.yaml", "MHSA", "--after", "0")
    done = yamlmod("verify", "yolov5", "early.yaml", "--imgsz", "2560", cwd=folder)
    assert done.code == 2, done.err
    assert "early.yaml: layer 1 MHSA on 1280x1280, 10,737,418 million attention" in done.err
    assert "would need 120,000.0 GiB" in done.out.decode()
    assert "--force tries" in done.out.decode()
