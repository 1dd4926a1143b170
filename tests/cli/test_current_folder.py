"""Nothing that yamlmod imports or starts is taken from the repository it works in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_check import MINI
from yamlmod import programs
from yamlmod.programs import find_program
from yamlmod.runtime import interpreter
from yamlmod.workspace import git
from yamlmod.workspace.files import FileChange

_OTHERS = ("typer", "click", "rich", "ruamel", "libcst", "tomli", "yaml", "onnx", "numpy", "torch")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with a file for every module that Python or yamlmod may import."""
    clone = tmp_path / "clone"
    shutil.copytree(MINI.parents[1], clone)
    for index in range(60):
        folder = clone / "more" / str(index % 5)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(MINI, folder / f"{index}.yaml")
    for name in (*sys.stdlib_module_names, *_OTHERS):
        code = f"open({str(tmp_path / 'marks')!r}, 'a').write('{name} ')\n"
        (clone / f"{name}.py").write_text(code, encoding="utf-8")
    return clone


def _marks(clone: Path) -> str:
    path = clone.parent / "marks"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _run(clone: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


_COMMANDS = (
    "list",
    "check .",
    "insert SimAM models/mini.yaml --at 5",
    "patch . SimAM",
    "status .",
    "doctor . --python {python}",
)


@pytest.mark.parametrize("words", _COMMANDS)
@pytest.mark.parametrize("how", ["isolated", "safe path", "script"])
def test_the_safe_forms_import_nothing_of_the_clone(clone: Path, words: str, how: str) -> None:
    script = "import runpy, sys; sys.path[:] = [p for p in sys.path if p]; "
    script += "from yamlmod.__main__ import main; main()"
    starts = {
        "isolated": [sys.executable, "-I", "-m", "yamlmod"],
        "safe path": [sys.executable, "-P", "-m", "yamlmod"],
        "script": [str(Path(sys.executable).with_name("yamlmod"))],
    }
    if how == "safe path" and sys.version_info < (3, 11):
        starts[how] = starts["isolated"]  # -P came with 3.11
    if how == "script" and not Path(starts[how][0]).exists():
        starts[how] = [sys.executable, "-I", "-c", script]
    done = _run(clone, *starts[how], *words.format(python=sys.executable).split())
    assert done.returncode in (0, 1), done.stderr
    assert _marks(clone) == ""


def test_a_module_of_the_clone_is_not_imported_by_python_m_either(clone: Path) -> None:
    """Only what Python itself needs to find the package comes first, and cannot be kept away."""
    needed = _run(Path("/"), sys.executable, "-c", "import runpy, sys; print(*sys.modules)")
    for name in {word.split(".")[0] for word in needed.stdout.split()}:
        (clone / f"{name}.py").unlink(missing_ok=True)
    assert (clone / "typer.py").exists() and (clone / "json.py").exists()
    for words in _COMMANDS:
        command = words.format(python=sys.executable).split()
        done = _run(clone, sys.executable, "-m", "yamlmod", *command)
        assert done.returncode in (0, 1), done.stderr
        assert _marks(clone) == "", words


@pytest.mark.parametrize("entries", ["|/nowhere", "/nowhere|", ".", "{clone}"])
def test_doctor_runs_nothing_of_the_clone_for_an_entry_of_pythonpath(
    clone: Path, entries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many shells hold `PYTHONPATH=$PYTHONPATH:...`; an empty entry means the current folder."""
    for name in ("sitecustomize", "usercustomize"):
        shutil.copy(clone / "json.py", clone / f"{name}.py")
    given = entries.replace("|", os.pathsep).format(clone=clone)
    monkeypatch.setenv("PYTHONPATH", given)
    names = ["pip", "pytest", "torch", "no-such"]
    answer = interpreter.ask(interpreter.own(), clone, ["models"], names)
    assert answer.versions["pytest"] == pytest.__version__
    assert answer.here["models"] == os.path.realpath(clone / "models")
    assert _marks(clone) == ""


def test_doctor_still_finds_what_pythonpath_names(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = clone.parent / "inside" / "some_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", str(package.parent)]))
    answer = interpreter.ask(interpreter.own(), clone, ["some_package", "models"], [])
    assert answer.elsewhere["some_package"] == os.path.realpath(package)
    assert answer.elsewhere["models"] is None
    assert answer.here["models"] == os.path.realpath(clone / "models")


def test_the_checkout_is_what_python_m_runs_in_it() -> None:
    root = Path(__file__).parents[2]
    code = "import yamlmod; print(yamlmod.__file__)"
    (shown,) = _run(root, sys.executable, "-c", code).stdout.splitlines()
    done = _run(root, sys.executable, "-m", "yamlmod", "--version")
    assert done.returncode == 0 and Path(shown).parents[1] == root


@pytest.mark.parametrize("forks", [True, False])
def test_the_processes_of_check(clone: Path, forks: bool) -> None:
    """One that is not forked is a `python -c`, which looks into the current folder first."""
    if forks and not sys.platform.startswith("linux"):
        pytest.skip("processes are forked on Linux only")
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if p]\n"
        "from yamlmod.usecases import check, processes\n"
        f"processes._FORKS, check._cores = {forks}, lambda: 2\n"
        "from yamlmod.__main__ import main\n"
        "if __name__ == '__main__': main()\n"
    )
    start = clone.parent / "start.py"
    start.write_text(code, encoding="utf-8")
    done = _run(clone, sys.executable, str(start), "check", ".")
    assert done.returncode == 0, done.stderr
    assert "61 files checked, nothing found" in done.stderr
    assert _marks(clone) == ""


def test_programs_come_from_no_relative_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows looks into the current folder first; an empty or relative entry means it, too."""
    ending = ".exe" if os.name == "nt" else ""
    monkeypatch.setattr(programs, "_ENDINGS", (ending,))
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, here / "bin", there):
        folder.mkdir()
    for folder in (here, here / "bin"):
        (folder / f"git{ending}").write_text("#!/bin/sh\ntouch planted\n")
        (folder / f"git{ending}").chmod(0o755)
    monkeypatch.chdir(here)
    for entries in (["", "."], ["bin"], ["./bin", there.as_posix()]):
        monkeypatch.setenv("PATH", os.pathsep.join(entries))
        assert find_program("git") is None
    (there / f"git{ending}").write_text("")
    assert find_program("git") is None or os.name == "nt"  # there, but no program
    (there / f"git{ending}").chmod(0o755)
    assert find_program("git") == str(there / f"git{ending}")


def test_git_and_python_are_looked_for_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    for name in ("git", "python3", "python"):
        (tmp_path / name).write_text("#!/bin/sh\ntouch planted\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["", "."]))
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(variable, raising=False)
    assert git.not_in_git([FileChange(tmp_path / "x.yaml", b"a", b"b")]) is None
    assert interpreter.choose(None) == interpreter.own()
    assert not (tmp_path / "planted").exists()
