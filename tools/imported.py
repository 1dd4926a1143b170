"""Processes of their own in which a fork's modules are really imported, with stand-ins."""

from __future__ import annotations

import contextlib
import inspect
import os
import pickle
import signal
import tempfile
import types
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path, PurePosixPath
from typing import Any

_SETTINGS = {
    "PIP_NO_INDEX": "1",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "WANDB_MODE": "disabled",
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "agg",
}


_VERSION = metadata.version


class StandIn(type):
    """The class of stand-ins: any attribute, call, base class or decorator does."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = StandIn(name, (), {})
        setattr(cls, name, made)
        return made

    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        """Return a function that is decorated as it is, else another stand-in."""
        if len(args) == 1 and not keywords and inspect.isroutine(args[0]):
            return args[0]
        return StandIn("made", (), {})

    def __getitem__(cls, _key: Any) -> Any:
        return StandIn("item", (), {})

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __lt__(cls, _other: Any) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__


class Absent:
    """Finds what is not installed, as an empty module with stand-ins for its names."""

    def __init__(self, roots: list[str]):
        self.roots = roots
        self.made: set[str] = set()

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> ModuleSpec | None:
        """Return a spec where neither the tree nor the environment has the name."""
        top, _, rest = name.partition(".")
        if rest and top not in self.made:
            return None
        if any((Path(root) / top).exists() for root in self.roots):
            return None
        self.made.add(top)
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Return the empty module."""
        module = types.ModuleType(spec.name)
        module.__all__ = []  # type: ignore[attr-defined]
        module.__version__ = "99.0"  # type: ignore[attr-defined]
        stand_in = StandIn(spec.name, (), {})

        def get(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            value = getattr(stand_in, name)
            setattr(module, name, value)
            return value

        module.__getattr__ = get  # type: ignore[method-assign]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing runs."""


def version_of(name: str) -> str:
    """Return the version of a package; one that is not installed gets one, as its stand-in has."""
    try:
        return _VERSION(name)
    except metadata.PackageNotFoundError:
        return "99.0"


def roots_of(repo: Path, path: str, parser: str) -> tuple[list[str], str]:
    """Return the folders to look in for a file's imports, the first first, and its dotted name."""
    top = repo
    while (top / "__init__.py").is_file() and top.parent != top:
        top = top.parent
    parts = (repo / path).relative_to(top).with_suffix("").parts
    dotted = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    above = [repo / one for one in PurePosixPath(path).parents]
    # A project inside of the repository is started in its own folder, and so comes first.
    plain = [one for one in above if not (one / "__init__.py").is_file()]
    inner = [one for one in plain if one != (repo / path).parent]
    folders = [*inner, top, repo, *plain, *(repo / one for one in PurePosixPath(parser).parents)]
    return [str(one) for one in dict.fromkeys(folders)], dotted


def each_in_child(
    work: Callable[[str], Any], paths: Sequence[str], seconds: float
) -> Iterator[tuple[str, Any]]:
    """Yield each path with what ``work`` returns for it in one forked process for all.

    None where the process ended or hung; those behind that path go on in another process.
    """
    waiting = list(paths)
    while waiting:
        with _child(work, waiting) as (process, pipe):
            while waiting:
                answer = _next(pipe, seconds)
                if answer is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                yield waiting.pop(0), answer
                if answer is None:
                    break


@contextlib.contextmanager
def _child(work: Callable[[str], Any], paths: Sequence[str]) -> Iterator[tuple[int, Any]]:
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        with tempfile.TemporaryDirectory() as home, os.fdopen(writing, "wb") as pipe:
            _quiet(home)
            for path in paths:
                pickle.dump(work(path), pipe)
                pipe.flush()
        os._exit(0)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            yield process, pipe
    finally:
        os.waitpid(process, 0)


def _next(pipe: Any, seconds: float) -> Any:
    try:
        with _alarm(seconds):
            return pickle.load(pipe)  # what our own child has written
    except (TimeoutError, EOFError, pickle.UnpicklingError):
        return None


def _quiet(home: str) -> None:
    os.setpgid(0, 0)
    os.environ.update(_SETTINGS, HOME=home, YOLO_CONFIG_DIR=home, TMPDIR=home)
    with contextlib.suppress(AttributeError, OSError):
        os.unshare(os.CLONE_NEWNET)  # type: ignore[attr-defined]
    os.chdir(home)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def late(*_: Any) -> None:
        raise TimeoutError

    old = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
