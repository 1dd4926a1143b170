"""What a command imports: `--help` and `insert` never pay for libcst, rich or torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.samples import SMALL
from tests.study.folders import run_folder
from yamlmod.study.plan_files import StudyPlan, VariantFacts, write_study_plan

_HEAVY = ("libcst", "torch", "rich", "pydantic", "einops", "numpy", "onnx")


def _loaded(arguments: list[str], folder: Path) -> set[str]:
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['yamlmod', *{arguments!r}]\n"
        "try:\n    runpy.run_module('yamlmod', run_name='__main__')\n"
        "except SystemExit as error:\n    status = error.code\n"
        "sys.stderr.write('LOADED ' + ' '.join(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=folder, check=True)
    return set(done.stderr.decode().split("LOADED ")[1].split())


@pytest.mark.parametrize(
    ("arguments", "also"),
    [
        (["--help"], ("ruamel", "yamlmod.model", "yamlmod.ops", "yamlmod.cli.commands.insert")),
        (["--version"], ("ruamel", "yamlmod.model", "yamlmod.ops")),
        (["insert", "--help"], ("ruamel", "yamlmod.model", "yamlmod.cli.commands.add")),
        (
            ["insert", "SimAM", "x.yaml", "--after", "3"],
            ("yamlmod.fork", "yamlmod.cli.commands.add", "importlib.metadata"),
        ),
        (["remove", "x.yaml", "5"], ("yamlmod.fork",)),
        (["show", "x.yaml"], ("yamlmod.fork",)),
        (["check", "x.yaml"], ("yamlmod.fork", "tomllib", "tomli")),
        (["draw", "x.yaml"], ("yamlmod.fork", "yamlmod.checks", "yamlmod.model.align", "cairosvg")),
        (["list"], ("yamlmod.fork", "ruamel")),
        (["explain", "--help"], ("yamlmod.gates", "yamlmod.fork", "ruamel")),
        (["study", "--help"], ("yamlmod.study", "yamlmod.fork", "yamlmod.model", "ruamel")),
        (["study", "plan", "--help"], ("yamlmod.study", "yamlmod.fork", "ruamel")),
        (["study", "status", "study"], ("yamlmod.fork", "yamlmod.model", "ruamel")),
        (["study", "report", "study"], ("yamlmod.fork", "yamlmod.model", "ruamel")),
        (["study", "run", "study"], ("yamlmod.fork", "yamlmod.model", "ruamel")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_loaded(arguments: list[str], also: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "study").mkdir()
    fact = VariantFacts("base", (), "", "", "x.yaml", 1)
    plan = StudyPlan("s", "yolov5", [], [0], [fact], ["base-s0"])
    write_study_plan(tmp_path / "study", plan)
    run_folder(tmp_path / "study" / "runs", options={"epochs": 1, "seconds": 0})
    loaded = _loaded(arguments, tmp_path)
    assert "yamlmod.cli.app" in loaded
    assert not loaded & {*_HEAVY, *also}
