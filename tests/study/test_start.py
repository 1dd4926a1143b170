"""`init: identity`: a variant that starts as its base, judged by what the networks return."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import yamlmod as yamlmod_package
from tests.cli.run import yamlmod
from yamlmod.usecases.fork_run import open_run
from yamlmod.usecases.study_proof import carried_weights

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
_STUDY = """\
repo: fork
base: mini.yaml
weights: w.pt
study: starts
train: {epochs: 1}
seeds: 1
components:
  lska: {insert: LSKA, after: [P3], init: INIT}
"""
_SAVE = """\
import torch
from models.yolo import Model
torch.manual_seed(1)
torch.save({"model": Model("models/mini.yaml").state_dict()}, "../w.pt")
"""
# What a training starts with: the variant's own code, its YAML, and its weights.
_RUN = """\
import sys, torch
from models.yolo import Model
torch.manual_seed(2)
model = Model(sys.argv[1])
state = torch.load(sys.argv[2], weights_only=False)["model"]
state = state if isinstance(state, dict) else state.state_dict()
print("missing", model.load_state_dict(state, strict=False))
x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
got = []  # what the head gets: an untrained head's own output hardly depends on it
model.model[-1].register_forward_pre_hook(lambda head, given: got.extend(given[0]))
model.eval()(x)
print("sum", sum(float(part.double().abs().sum()) for part in got))
"""


def _python(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.slow
def test_new_layers_start_as_the_identity(tmp_path: Path) -> None:
    """The same insertion with and without `init: identity`: one returns what the base does."""
    fork, cfg = tmp_path / "fork", "mini.yaml"
    shutil.copytree(_FORK, fork, ignore=shutil.ignore_patterns("__pycache__"))
    assert yamlmod("patch", "fork", "LSKA", "-w", cwd=tmp_path).code == 0
    _python(fork, _SAVE)
    base = fork / "models" / cfg
    text = yamlmod_package.load(base.read_text(encoding="utf-8")).insert("LSKA", after=4).to_text()
    run = open_run(fork, sys.executable, stand_ins=True)
    sums = [float(_python(fork, _RUN, str(base), str(tmp_path / "w.pt")).rpartition("sum")[2])]
    for name, init in (("lska", "identity"), ("plain", "")):
        home = tmp_path / name
        home.mkdir()
        (home / cfg).write_text(text, encoding="utf-8")
        carried_weights(run, tmp_path / "w.pt", base, home, cfg, init)
        said = _python(fork, _RUN, str(home / cfg), str(home / "weights.pt"))
        sums.append(float(said.rpartition("sum")[2]))
    assert abs(sums[1] / sums[0] - 1) < 1e-5
    assert abs(sums[2] / sums[0] - 1) > 1e-4


def test_what_cannot_start_as_the_identity_is_refused(tmp_path: Path) -> None:
    shutil.copytree(_FORK, tmp_path / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "w.pt").write_bytes(b"")
    text = _STUDY.replace("INIT", "identity")
    mixed = text + "  simam: {insert: SimAM, after: [P3]}\ncombine: cumulative\n"
    for wanted, message in (
        (text.replace("LSKA", "CBAM"), "variant lska: CBAM cannot start as the identity: "),
        (text.replace("LSKA", "Unknown, args: []"), "the registry has no such module"),
        (mixed, "simam changes layers without `init: identity`"),
    ):
        (tmp_path / "study.yaml").write_text(wanted, encoding="utf-8")
        for _ in range(2):
            done = yamlmod("study", "plan", "study.yaml", "-o", "out", cwd=tmp_path)
            assert done.code == 2 and message in done.err, done.err
            assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_what_is_wrong_and_what_is_not_remapped_is_trained_only_where_asked(tmp_path: Path) -> None:
    fork = tmp_path / "fork"
    shutil.copytree(_FORK, fork, ignore=shutil.ignore_patterns("__pycache__"))
    _python(fork, _SAVE)
    base = (fork / "models" / "mini.yaml").read_text(encoding="utf-8")
    stale = yamlmod_package.load(base).insert("SimAM", after=9).to_text()
    stale = stale.replace("[[18, 21, 24], 1, Detect", "[[17, 20, 23], 1, Detect")
    (tmp_path / "stale.yaml").write_text(stale, encoding="utf-8")
    text = _STUDY.partition("  lska:")[0] + "  stale: {cfg: stale.yaml}\n"
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    plan = ("study", "plan", "study.yaml", "-o", "out", "--no-time")
    done = yamlmod(*plan, cwd=tmp_path)
    assert done.code == 2 and "error[variant-fails]: variant stale: " in done.err, done.err
    assert "`unverified: true`" in done.err and not (tmp_path / "out").exists()
    asked = text.replace("stale.yaml}", "stale.yaml, unverified: true, init: stock}")
    (tmp_path / "study.yaml").write_text(asked, encoding="utf-8")
    done = yamlmod(*plan, cwd=tmp_path)
    assert done.code == 0 and "stale: verify FAIL" in done.err + done.out.decode(), done.err
    assert "weights as they are, not remapped" in done.err + done.out.decode()
    given = (tmp_path / "w.pt").read_bytes()
    assert (tmp_path / "out/variants/stale/weights.pt").read_bytes() == given
