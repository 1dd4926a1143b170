"""What a fork can do to `verify`: die, hang, babble, install; on the small fork of the examples."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TypedDict

import pytest

from tests.runtime.planted import plant, with_row
from yamlmod.errors import Refusal
from yamlmod.runtime.interpreter import Interpreter
from yamlmod.runtime.worker import Worker
from yamlmod.usecases.fork_run import Run, open_run
from yamlmod.usecases.verify import Subjects, Verified, Verifier, VerifyOptions

_EXAMPLE = Path(__file__).parents[2] / "examples" / "minifork"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    fork = tmp_path_factory.mktemp("worker") / "minifork"
    shutil.copytree(_EXAMPLE, fork)
    plant(fork / "models" / "common.py")
    yolo = fork / "models" / "yolo.py"
    text = yolo.read_text(encoding="utf-8")
    yolo.write_text(
        text.replace(
            "from models.common import (",
            "from models.common import *\nfrom models.common import (",
        ),
        encoding="utf-8",
    )
    base = fork / "models" / "mini.yaml"
    for name in ("Dies", "Sleeps", "Babbles", "Installs", "Alone", "Square", "Endless", "Unlike"):
        (fork / f"{name}.yaml").write_text(with_row(base, name), encoding="utf-8")
    return open_run(fork, None, True)


def _verified(run: Run, *names: str, seconds: float = 60.0) -> list[Verified]:
    targets = [run.open_model(run.tree.root / f"{name}.yaml") for name in names]
    with Verifier(Subjects(run, None, VerifyOptions(seconds=seconds))) as verifier:
        return list(verifier.all(targets))


def _fails(one: Verified) -> dict[str, str]:
    return {check.name: check.reason for check in one.failed}


def test_a_network_that_ends_the_process_fails_and_the_next_one_is_tried(run: Run) -> None:
    dead, next_one = _verified(run, "Dies", "Babbles")
    assert _fails(dead) == {
        "eval": f"{sys.executable} (yamlmod's own) gave no answer, exit code 3: no more"
    }
    assert [check.name for check in dead.checks][-1] == "eval"
    assert _fails(next_one) == {}


def test_a_network_that_never_ends(run: Run) -> None:
    with Verifier(Subjects(run, None, VerifyOptions())) as verifier:
        assert not _fails(next(verifier.all([run.open_model(run.tree.root / "models/mini.yaml")])))
        verifier.subjects = Subjects(
            run, None, VerifyOptions(seconds=3.0)
        )  # the fork is imported by now
        (found,) = verifier.all([run.open_model(run.tree.root / "Sleeps.yaml")])
    assert _fails(found) == {"train": f"{sys.executable} did not answer within 3 s and was stopped"}


def test_mistakes_that_some_sizes_and_modes_show(run: Run) -> None:
    names = ("Alone", "Square", "Endless", "Unlike", "Installs")
    with Verifier(Subjects(run, None, VerifyOptions())) as verifier:
        targets = [run.open_model(run.tree.root / f"{name}.yaml") for name in names]
        alone, square, endless, unlike, installs = map(_fails, verifier.all(targets))
    assert (
        set(alone) == {"train"}
        and "layer 5 Alone: ValueError: Expected more than 1" in alone["train"]
    )
    assert set(square) == {"train", "eval"} and "layer 5 Square" in square["eval"]
    assert endless["eval"] == "256x256: the output is not finite; the first is layer 5 Endless"
    assert set(unlike) == {"deterministic"}
    assert installs == {}
    (blocked,) = verifier.told["blocked"]
    assert blocked.startswith("run `pip install thing` (models/common.py:")


def test_a_fork_that_cannot_be_imported_is_refused(run: Run, tmp_path: Path) -> None:
    fork = tmp_path / "minifork"
    shutil.copytree(_EXAMPLE, fork)
    common = fork / "models" / "common.py"
    text = common.read_text(encoding="utf-8")
    other = open_run(fork, None, True)
    target = [other.open_model(fork / "models" / "mini.yaml")]
    for planted, code in (("import os\nos._exit(4)", "no-answer"), ("1 / 0", "not-built")):
        common.write_text(text + "\n" + planted + "\n", encoding="utf-8")
        with (
            pytest.raises(Refusal) as refused,
            Verifier(Subjects(other, None, VerifyOptions())) as verifier,
        ):
            list(verifier.all(target))
        assert refused.value.code == code


def test_what_is_told_of_a_run_is_no_more_than_that(run: Run) -> None:
    with Verifier(Subjects(run, None, VerifyOptions())) as verifier:
        assert not _fails(next(verifier.all([run.open_model(run.tree.root / "models/mini.yaml")])))
        assert verifier.told.keys() == {"stand_ins", "blocked", "torch", "python"}
        assert verifier.worker().protection.processes in ("namespace", "adopted", "job", "group")


class _Isa(TypedDict):
    isa: str


@pytest.mark.skipif(os.name == "nt", reason="it starts a shell script")
@pytest.mark.parametrize("own", [None, "AVX2"])
def test_wide_convolutions_in_float16_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str | None
) -> None:
    script = tmp_path / "python"
    answer = 'YAMLMOD {\\"number\\": 1, \\"answer\\": {\\"isa\\": \\"$ONEDNN_MAX_CPU_ISA\\"}}'
    script.write_text(f'#!/bin/sh\nread question\necho "{answer}"\n')
    script.chmod(0o755)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    if own is not None:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", own)
    with Worker(Interpreter(str(script), "a test"), tmp_path) as worker:
        assert worker.ask({}, 60, _Isa) == {"isa": own or "AVX512_CORE_BF16"}
