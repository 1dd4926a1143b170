"""Networks of ultralytics with a form of C3k2 for all of them: as built, and with weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import yamlmod as package
from tests.cli.run import yamlmod
from tests.runtime.bench import FORCE, Bench
from tools.real_forks import fork_copy

pytestmark = pytest.mark.fork
_SCRIPT = Path(__file__).with_name("built_blocks.py")
_TESTS = {
    "ultralytics==8.3.0": 'if m in {C3k2, C3k2_SE} and scale in "mlx":  # for M/L/X sizes\n',
    "ultralytics==8.4.190": "if m in {C3k2, C3k2_SE}:  # for M/L/X sizes\n",
}
FORM = "C3k2_SE"


def _texts(fork: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(fork.rglob("*.py")) if path.is_file())
    return {str(path.relative_to(fork)): path.read_bytes() for path in paths}


def _networks(fork: Path, folder: Path, *sizes: str) -> None:
    """Write yolo11 of each size, as it is and with every C3k2 replaced."""
    text = next(fork.rglob("yolo11.yaml")).read_text(encoding="utf-8")
    for size in sizes:
        (folder / f"yolo11{size}.yaml").write_text(text, encoding="utf-8")
        edited = package.load(text).replace("C3k2#*", FORM).to_text()
        assert "C3k2," not in edited and edited.count(f"{FORM}, ") == 8
        assert edited == text.replace("C3k2,", f"{FORM},")
        (folder / f"yolo11{size}-form.yaml").write_text(edited, encoding="utf-8")


@pytest.mark.parametrize("spec", _TESTS)
def test_head_and_blocks_are_those_of_the_base(spec: str, tmp_path: Path) -> None:
    fork = fork_copy(spec, tmp_path)
    before = _texts(fork)
    words = ("patch", "ultralytics", FORM, "-w")
    done = yamlmod(*words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert "C3k2_SE joins a test for C3k2 in parse_model of" in done.err + done.out.decode()
    patched = _texts(fork)
    assert patched["nn/tasks.py"].decode().count(_TESTS[spec]) == 1
    again = yamlmod(*words, cwd=tmp_path)
    assert again.code == 0 and _texts(fork) == patched, again.err
    _networks(fork, tmp_path, "n", "m")
    told = _built(tmp_path, fork, "yolo11n", "yolo11n-form", "yolo11m", "yolo11m-form")
    assert told["differing"] == []
    for size in "nm":
        base, form = told[f"yolo11{size}.yaml"], told[f"yolo11{size}-form.yaml"]
        assert (base.pop("forms"), form.pop("forms")) == (0, 8)
        assert form == base
        assert base["legacy"] in (None, False)
    blocks = {size: json.dumps(told[f"yolo11{size}.yaml"]["classes"]) for size in "nm"}
    assert [blocks[size].count('"C3k"') for size in "nm"] == [3, 8]
    gone = yamlmod("unpatch", "ultralytics", FORM, "-w", cwd=tmp_path)
    assert gone.code == 0 and _texts(fork) == before, gone.err


def _built(folder: Path, fork: Path, *names: str) -> dict[str, Any]:
    question = {
        "folder": str(folder),
        "module": "ultralytics.nn.tasks",
        "fork": str(fork),
        "form": FORM,
        "networks": [f"{name}.yaml" for name in names],
    }
    path = folder / "question.json"
    path.write_text(json.dumps(question), encoding="utf-8")
    root = str(Path(package.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(_SCRIPT), str(path)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": root, **FORCE},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
    assert lines, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(lines[-1].removeprefix("ANSWER "))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("spec", _TESTS)
def test_verified_and_with_the_weights_of_the_base(spec: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, "yolo11.yaml", spec)
    done = yamlmod("patch", bench.fork, FORM, "-w", cwd=tmp_path)
    assert done.code == 0, done.err
    bench.forget()
    _networks(bench.fork, tmp_path, "n")
    form, out = tmp_path / "yolo11n-form.yaml", tmp_path / "out.pt"
    checked = yamlmod("check", form, "--repo", bench.fork, cwd=tmp_path)
    assert checked.code == 0, checked.out
    verified = yamlmod("verify", bench.fork, form, "--json", cwd=tmp_path)
    assert verified.code == 0, verified.out
    done = bench.remap(form, "-o", out, "--json")
    told = json.loads(done.out)
    assert done.code == 0, told
    assert told["right"][0] == told["tensors"] == len(bench.state)
    assert told["dropped"] == []
    assert all(".attention." in name for name, *_ in told["new"])
    loaded = bench.ask({"pairs": [[str(out), str(form)]]})["loaded"][0]["state"]
    assert {name: loaded.get(name) for name in bench.state} == bench.state
