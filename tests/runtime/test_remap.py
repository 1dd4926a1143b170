"""Weights follow the layers that moved: yolov5 7.0.14, judged by its own loading code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import yamlmod as package
from tests.cli.run import Done, yamlmod
from tests.real_forks import fork_copy

pytestmark = pytest.mark.fork
_SCRIPT = Path(__file__).with_name("train_loading.py")
_FORCE = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}


class Bench:
    """A fork with three modules patched in, and a base checkpoint with its digests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fork = fork_copy("yolov5==7.0.14", folder)
        self.base_yaml = self.fork / "models" / "yolov5n.yaml"
        self.base = folder / "base.pt"
        done = yamlmod("patch", "yolov5", "ECA", "SimAM", "LSKA", "-w", cwd=folder)
        assert done.code == 0, done.err
        told = self.ask({"base": str(self.base_yaml), "save": str(self.base)})
        self.state: dict[str, str] = told["base"]["state"]

    def ask(self, question: dict[str, Any], **environment: str) -> dict[str, Any]:
        told = {
            "folder": str(self.folder),
            "module": "yolov5.models.yolo",
            "fork": str(self.fork),
            "train": str(self.fork / "train.py"),
            "nc": 80,
            **question,
        }
        done = subprocess.run(
            [sys.executable, str(_SCRIPT), json.dumps(told)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(package.__file__).parents[1]),
                **environment,
            },
        )
        lines = [x for x in done.stdout.splitlines() if x.startswith("ANSWER ")]
        assert lines, done.stderr[-2000:]
        answer: dict[str, Any] = json.loads(lines[-1].removeprefix("ANSWER "))
        return answer

    def edited(self, name: str, module: str, after: Sequence[int]) -> Path:
        path = self.folder / name
        text = self.base_yaml.read_text(encoding="utf-8")
        path.write_text(package.load(text).insert(module, after=after).to_text(), encoding="utf-8")
        return path

    def remap(self, to: Path, *flags: str | Path, cwd: Path | None = None) -> Done:
        words = ("remap", self.base, "--repo", "yolov5", "--from", "models/yolov5n.yaml")
        return yamlmod(*words, "--to", to, *flags, cwd=cwd or self.folder)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("remap"))


def _wanted(state: dict[str, str], after: Sequence[int]) -> dict[str, str]:
    """Where each tensor must be: its layer's number plus one for every layer put before it."""
    found = {}
    for name, digest in state.items():
        head, layer, rest = name.split(".", 2)
        found[f"{head}.{int(layer) + sum(p < int(layer) for p in after)}.{rest}"] = digest
    return found


def test_every_tensor_lands_in_its_layer_by_the_forks_own_loading(bench: Bench) -> None:
    cases = {"three": ("ECA", (2, 8, 23)), "early": ("SimAM", (0,)), "sppf": ("ECA", (8,))}
    pairs, told = [], {}
    for name, (module, after) in cases.items():
        cfg, out = bench.edited(f"{name}.yaml", module, after), bench.folder / f"{name}.pt"
        done = bench.remap(cfg, "-o", out, "--json")
        assert done.code == 0, done.err
        told[name] = json.loads(done.out)
        assert told[name]["right"] == [349, told[name]["parameters"]], name
        assert told[name]["dropped"] == []
        assert told[name]["environment"] == _FORCE
        pairs.append([str(out), str(cfg)])
    loaded = bench.ask({"pairs": pairs}, **_FORCE)["loaded"]
    for (name, (module, after)), one in zip(cases.items(), loaded, strict=True):
        wanted = _wanted(bench.state, after)
        assert {key: one["state"][key] for key in wanted} == wanted, name
        new = set(one["state"]) - set(wanted)
        assert len(new) == (len(after) if module == "ECA" else 0), name
        done, total = told[name]["expected"]
        assert [line for line in one["log"] if f"Transferred {done}/{total}" in line], one["log"]
    assert told["three"]["stock"]["wrong"][0] > 0
    assert {name.split(".")[1] for name, _ in told["three"]["new"]} == {"3", "10", "26"}


def test_the_report_and_a_second_run(bench: Bench) -> None:
    cfg = bench.edited("report.yaml", "ECA", (8,))
    first, second = (bench.remap(cfg) for _ in range(2))  # without -o nothing is written
    assert (first.code, first.out) == (second.code, second.out) == (0, first.out)
    text = first.out.decode()
    assert "right    349 tensors" in text and "(100.0 %)" in text
    assert "new      1 tensors, " in text and " values: layer 9 ECA" in text
    assert "float16" in text and "optimizer" in text
    assert "running the fork's code" in first.err
    out = bench.folder / "report.pt"
    assert bench.remap(cfg, "-o", out).code == 0
    again = bench.remap(cfg, "-o", out)
    assert again.code == 2 and "file-exists" in again.err
    written = out.read_bytes()
    done = bench.remap(cfg, "-o", out, "--force")
    assert done.code == 0 and out.read_bytes() == written
    assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1" in done.out.decode()
    assert "stand-ins for missing packages" in done.out.decode() or find_spec("cv2")


def test_an_identity_start_equals_the_base(bench: Bench) -> None:
    cfg, out = bench.edited("identity.yaml", "LSKA", (4, 17)), bench.folder / "identity.pt"
    done = bench.remap(cfg, "-o", out, "--init", "identity", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)["identity"]
    assert (told["compared"], told["filled"], told["cannot"]) == (True, [5, 19], [])
    assert told["error"] <= 1e-5
    cfg = bench.edited("gate.yaml", "ECA", (4,))
    told = json.loads(bench.remap(cfg, "--init", "identity", "--json").out)["identity"]
    assert not told["compared"]
    assert told["cannot"] == ["5 ECA: a sigmoid gate is below 1"]


def test_what_is_refused(bench: Bench, tmp_path: Path) -> None:
    cfg, out = bench.edited("refused.yaml", "ECA", (8,)), tmp_path / "out.pt"
    words = ["--repo", bench.fork, "--to", cfg, "-o", out]
    other = bench.fork / "models" / "yolov5s.yaml"
    hostile = tmp_path / "hostile.pt"
    hostile.write_bytes(b"not a checkpoint at all")
    cases = {
        "other-base": yamlmod("remap", bench.base, "--from", other, *words, cwd=tmp_path),
        "bad-checkpoint": yamlmod(
            "remap", hostile, "--from", bench.base_yaml, *words, cwd=tmp_path
        ),
        "no-such-file": yamlmod("remap", "none.pt", "--from", other, *words, cwd=tmp_path),
        "timed-out": bench.remap(cfg, "-o", out, "--timeout", "1"),
    }
    for code, done in cases.items():
        assert done.code == 2, code
        assert f"error[{code}]" in done.err, done.err
        assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.pt"]


def test_a_download_at_import_is_stopped_and_named(bench: Bench) -> None:
    cfg, common = bench.edited("planted.yaml", "SimAM", (8,)), bench.fork / "models" / "common.py"
    text = common.read_text(encoding="utf-8")
    planted = (
        "\nimport subprocess, urllib.request\n"
        "try:\n    subprocess.run(['pip', 'install', 'thing'])\nexcept OSError:\n    pass\n"
        "try:\n    urllib.request.urlopen('http://192.0.2.1/x')\nexcept OSError:\n    pass\n"
    )
    common.write_text(text + planted, encoding="utf-8")
    try:
        done = bench.remap(cfg, "--json")
    finally:
        common.write_text(text, encoding="utf-8")
    assert done.code == 0, done.err
    blocked = json.loads(done.out)["blocked"]
    assert [one.split(" (")[0] for one in blocked] == [
        "run `pip install thing`",
        "open http://192.0.2.1/x",
    ]
    assert all("models/common.py:" in one for one in blocked)


def test_no_stand_ins(bench: Bench) -> None:
    missing = [name for name in ("cv2", "seaborn") if find_spec(name) is None]
    done = bench.remap(bench.edited("strict.yaml", "SimAM", (8,)), "--no-stand-ins")
    if not missing:
        assert done.code == 0
        return
    assert done.code == 2 and "error[not-built]" in done.err
    assert "without --no-stand-ins" in done.err
