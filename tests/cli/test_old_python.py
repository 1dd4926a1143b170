"""Python 3.8 and 3.9 get one line that says what to do, simulated and by real interpreters."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from yamlmod.registry.toml import load_toml

_ROOT = Path(__file__).parents[2]
_SAYS = "yamlmod needs Python 3.10 or newer, and this is 3."


def test_a_python_that_is_too_old_gets_one_line() -> None:
    text = (_ROOT / "yamlmod/__init__.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 7))
    for name in ("-m", "/env/bin/yamlmod"):
        code = f"import sys; sys.version_info = (3, 8, 10); sys.argv = [{name!r}]; import yamlmod"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert done.stderr.startswith(_SAYS + "8:") and "python3.10 -m venv" in done.stderr


def _old_pythons() -> list[str]:
    """Return interpreters of 3.8 and 3.9: on the path, where pyenv keeps them, or as named."""
    named = os.environ.get("YAMLMOD_OLD_PYTHONS", "").split(os.pathsep)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = [str(path) for path in sorted(pyenv.glob("3.[89].*/bin/python"))]
    found = [shutil.which(f"python3.{minor}") for minor in (8, 9)]
    works = []
    for path in dict.fromkeys(filter(None, [*named, *kept, *found])):
        done = subprocess.run(
            [path, "-c", "import sys; print(sys.version_info[:2] in ((3, 8), (3, 9)))"],
            capture_output=True, check=False,
        )  # fmt: skip
        works += [path] if done.stdout.strip() == b"True" else []
    return works


def test_a_real_older_python_gets_one_line(tmp_path: Path) -> None:
    pythons = _old_pythons()
    if not pythons:
        pytest.skip("no Python 3.8 or 3.9 on this machine; YAMLMOD_OLD_PYTHONS names some")
    variables = {**os.environ, "PYTHONPATH": str(_ROOT)}
    script = tmp_path / "yamlmod"
    script.write_text("from yamlmod.__main__ import main\nmain()\n", encoding="utf-8")
    for python in pythons:
        for words in (["-m", "yamlmod", "list"], [str(script), "list"]):
            done = subprocess.run(
                [python, "-B", *words], cwd=tmp_path, env=variables,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stdout) == (1, ""), done
            assert done.stderr.startswith(_SAYS) and done.stderr.count("\n") == 1, done.stderr


def test_pip_by_an_older_python_reports_the_python_alone() -> None:
    """Without the markers, it first looks for versions of what yamlmod needs, and names those."""
    project = load_toml(_ROOT / "pyproject.toml")["project"]
    assert project["requires-python"] == ">=3.10"
    for line in project["dependencies"]:
        marker = Requirement(line).marker
        assert marker is not None and not marker.evaluate({"python_version": "3.9"}), line
