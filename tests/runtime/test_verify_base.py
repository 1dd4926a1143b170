"""`verify --base`: what fails in the base in the same way is no fault of the edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import yamlmod as package
from tests.cli.run import yamlmod
from tests.runtime.planted import plant, with_row
from tools.real_forks import fork_copy
from yamlmod.runtime.yamlmod_worker.verify.base import same_way

pytestmark = pytest.mark.fork
# What the base cannot do, and the checks that fail for it.
_PLANTED = {
    "Unlike": {"deterministic"},
    "Cut": {"alive"},
    "Lazy": {"parameters"},
    "NoKernel": {"bfloat16", "float16"},
    "Endless": {"eval"},
    "Held": {"deepcopy", "pickle"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify_base")
    fork = fork_copy("yolov5==7.0.14", folder)
    assert yamlmod("patch", "yolov5", "SimAM", "-w", cwd=folder).code == 0
    plant(fork / "models" / "common.py")
    text = (fork / "models" / "yolov5n.yaml").read_text(encoding="utf-8")
    text = text.replace("width_multiple: 0.25", "width_multiple: 0.125")
    (folder / "plain.yaml").write_text(text, encoding="utf-8")
    return folder


def _write(folder: Path, name: str) -> None:
    """Write a base with one planted class, and that with SimAM put in behind it."""
    text = with_row(folder / "plain.yaml", name, 4, "77" if name == "Gate" else "")
    (folder / f"{name}-base.yaml").write_text(text, encoding="utf-8")
    edited = package.load(text).insert("SimAM", after=6).to_text()
    (folder / f"{name}.yaml").write_text(edited, encoding="utf-8")


def _verify(folder: Path, name: str, base: str, *words: str) -> tuple[int, dict[str, Any]]:
    done = yamlmod("verify", "yolov5", name, "--base", base, *words, "--json", cwd=folder)
    return done.code, json.loads(done.out)["networks"][0]


def _by_status(network: dict[str, Any], status: str) -> dict[str, str]:
    return {c["name"]: c["reason"] for c in network["checks"] if c["status"] == status}


@pytest.mark.parametrize("name", _PLANTED)
def test_what_the_base_cannot_do_is_skipped(folder: Path, name: str) -> None:
    _write(folder, name)
    code, network = _verify(folder, f"{name}.yaml", f"{name}-base.yaml")
    assert (code, _by_status(network, "fail")) == (0, {})
    told = {c for c, why in _by_status(network, "skip").items() if "the base fails too" in why}
    assert told >= _PLANTED[name]


@pytest.mark.slow
def test_what_fails_in_another_way_still_fails(folder: Path) -> None:
    _write(folder, "Cut")
    base = (folder / "Cut-base.yaml").read_text(encoding="utf-8")
    (folder / "own.yaml").write_text(
        package.load(base).insert("Cut", after=7, args=[]).to_text(), encoding="utf-8"
    )
    code, network = _verify(folder, "own.yaml", "Cut-base.yaml")
    assert code == 1 and set(_by_status(network, "fail")) == {"alive"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Nope", "Gate"])
def test_a_base_that_is_not_built_either(folder: Path, name: str) -> None:
    _write(folder, name)
    code, network = _verify(folder, f"{name}.yaml", f"{name}-base.yaml")
    assert code == 2 and "the base fails too" in network["skipped"]
    code, network = _verify(folder, f"{name}.yaml", "plain.yaml")
    assert code == 1 and set(_by_status(network, "fail")) == {"build"} | {
        name for name in _by_status(network, "fail") if name == "references"
    }


@pytest.mark.slow
def test_a_base_that_ends_the_process_too(folder: Path) -> None:
    _write(folder, "Dies")
    code, network = _verify(folder, "Dies.yaml", "Dies-base.yaml")
    assert code == 0 and "the base fails too" in _by_status(network, "skip")["eval"]
    code, network = _verify(folder, "Dies.yaml", "plain.yaml")
    assert code == 1 and set(_by_status(network, "fail")) >= {"eval"}


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("layer 5 Gate: RuntimeError: size 77", "layer 4 Gate: RuntimeError: size 78", True),
        ("no gradient at layer 1 C3", "no gradient at layer 2 C3", True),
        ("no gradient at layer 1 C3", "no gradient at layer 1 C3, 2 C3", False),
        ("the outputs change by 1.2e-03", "the outputs change by 3e+01", True),
        ("RuntimeError: a", "ValueError: a", False),
    ],
)  # fmt: skip
def test_reasons_are_compared_without_numbers(first: str, second: str, same: bool) -> None:
    assert same_way(first, second) is same
