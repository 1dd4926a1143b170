"""Choose the Python of a fork, and ask it about its packages within a time limit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from yamlmod.errors import Refusal
from yamlmod.programs import find_program
from yamlmod.runtime.shapes import Malformed, parse, shaped
from yamlmod.runtime.yamlmod_worker.answers import ImportsAnswer, PackageAnswer

SECONDS = 20.0
_WORKER = Path(__file__).with_name("worker_imports.py")
_PACKAGE_WORKER = Path(__file__).with_name("worker_package.py")
_MARK = b"YAMLMOD "
Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Interpreter:
    """An interpreter, and why it was taken."""

    path: str
    why: str


@dataclass(frozen=True)
class Imports:
    """The answer of an interpreter: its version, those of packages, and the files of names.

    ``here`` is what a script finds that is started in the fork's folder, ``elsewhere`` one that is
    started in another; ``copies`` are all places on its path, the first one first.
    """

    executable: str
    version: str
    versions: Mapping[str, str | None]
    here: Mapping[str, str | None]
    elsewhere: Mapping[str, str | None]
    copies: Mapping[str, Sequence[str]]


def choose(given: str | None, why: str = "--python") -> Interpreter:
    """Return the interpreter that was given, else that of the active environment or the path."""
    return _given(given, why) or _active() or _first_on_path() or own()


def choose_runner(given: str | None, why: str = "--python") -> Interpreter:
    """Return the interpreter that runs a fork: as `choose`, but yamlmod's own if it has torch."""
    found = _given(given, why) or _active()
    if found is not None:
        return found
    return own() if find_spec("torch") is not None else _first_on_path() or own()


def choose_owner(package: str, given: str | None, why: str = "--python") -> Interpreter:
    """Return the interpreter of an installed package: as `choose`, but yamlmod's own if it has it.

    Only for a top-level name: then nothing is imported.
    """
    found = _given(given, why) or _active()
    if found is not None:
        return found
    has = package.isidentifier() and package != "__main__" and find_spec(package) is not None
    return own() if has else _first_on_path() or own()


def _given(given: str | None, why: str) -> Interpreter | None:
    if given is None:
        return None
    program = shutil.which(given)
    if program is None:
        raise Refusal(
            "no-such-interpreter",
            f"{why} {given}: no such program",
            hint="name the Python that runs the fork, for example .venv/bin/python",
        )
    return Interpreter(str(Path(program).absolute()), why)


def _active() -> Interpreter | None:
    """Return the Python of the active environment, None where none is active."""
    inner = ("Scripts/python.exe", "python.exe") if os.name == "nt" else ("bin/python",)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = os.environ.get(variable)
        for name in inner if folder else ():
            path = Path(folder or "", name)
            if path.is_file():
                same = path == Path(sys.executable)
                return own() if same else Interpreter(str(path), f"of ${variable}")
    return None


def _first_on_path() -> Interpreter | None:
    for name in ("python3", "python"):
        if program := find_program(name):
            return Interpreter(program, "the first on the path")
    return None


def own() -> Interpreter:
    return Interpreter(sys.executable, "yamlmod's own")


def ask(
    interpreter: Interpreter, folder: Path, names: Sequence[str], distributions: Sequence[str]
) -> Imports:
    """Run the interpreter once and return its answer. Raises Refusal where it gives none."""
    entries = os.environ.get("PYTHONPATH", "")
    question = {
        "folder": str(folder),
        "names": list(names),
        "distributions": list(distributions),
        "path": entries.split(os.pathsep) if entries else [],
    }
    command = [str(_WORKER), json.dumps(question)]
    return Imports(**_answer(interpreter, command, ImportsAnswer, folder))


def ask_package(interpreter: Interpreter, word: str) -> PackageAnswer:
    """Run the interpreter once to find the package of this name, or of this distribution."""
    return _answer(interpreter, [str(_PACKAGE_WORKER), word], PackageAnswer)


def _answer(
    interpreter: Interpreter, words: Sequence[str], shape: type[Shape], folder: Path | None = None
) -> Shape:
    # An empty entry means the current folder, so that Python would run a `sitecustomize.py` or a
    # `json.py` of the fork before the worker can do anything about it.
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    variables.pop("PYTHONPATH", "")
    # What is asked is the installed package; an overlay of it stays out of this.
    variables["YAMLMOD_OVERLAY_OFF"] = "1"
    try:
        done = subprocess.run(
            [interpreter.path, *words],
            cwd=folder or Path(__file__).parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            env=variables,
        )
    except subprocess.TimeoutExpired:
        raise _silent(interpreter, f"it did not answer within {SECONDS:g} s") from None
    except OSError as error:
        raise _silent(interpreter, error.strerror or str(error)) from error
    lines = [line for line in done.stdout.split(b"\n") if line.startswith(_MARK)]
    try:
        return shaped(parse(lines[-1][len(_MARK) :]), shape)
    except (IndexError, Malformed):
        errors = done.stderr.decode("utf-8", "replace").strip().splitlines()
        last = errors[-1] if errors else "it printed nothing"
        raise _silent(interpreter, f"exit code {done.returncode}: {last}") from None


def _silent(interpreter: Interpreter, reason: str) -> Refusal:
    return Refusal(
        "no-answer",
        f"{interpreter.path} ({interpreter.why}) gave no answer: {reason}",
        hint="name the Python that runs the fork: --python PATH",
    )
