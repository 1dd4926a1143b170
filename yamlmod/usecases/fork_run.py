"""Run code of a fork: its folder, its Python, and the worker."""

from __future__ import annotations

import contextlib
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.fork.parser.model_class import unusual_class
from yamlmod.fork.python.source import read_source
from yamlmod.registry.settings import ProjectSettings, settings
from yamlmod.runtime.interpreter import Interpreter, choose_owner, choose_runner
from yamlmod.runtime.worker import Worker
from yamlmod.runtime.yamlmod_worker.answers import Stopped
from yamlmod.usecases.fork_start import start_folder
from yamlmod.usecases.installed import package_of
from yamlmod.usecases.located_fork import LocatedFork, open_fork
from yamlmod.usecases.model_file import Target
from yamlmod.workspace.files import display, real_path
from yamlmod.workspace.overlay_tree import OverlayTree
from yamlmod.workspace.tree import Tree

# Threads that spin while they wait take several times as long on a machine that is busy.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}


class Announce(Protocol):
    """Shows what happens while code of the fork runs."""

    def __call__(self, line: str, /) -> None:
        """Show a line that stays: what runs and within which bounds, a result that is there."""

    def step(self, text: str, /) -> None:
        """Show what is under way, until the next step or line."""


def announced(announce: Announce | None, step: str) -> None:
    if announce is not None:
        announce.step(step)


@dataclass(frozen=True)
class Run:
    """A fork, the interpreter that runs it, and whether missing packages are stood in for."""

    located: LocatedFork
    interpreter: Interpreter
    stand_ins: bool

    @property
    def tree(self) -> Tree:
        return self.located.tree

    @cached_property
    def where(self) -> Mapping[str, Any]:
        """Return what every question says of the fork."""
        folder, module = module_of(*self.located)
        overlay = self.tree.folder if isinstance(self.tree, OverlayTree) else None
        return {
            "folder": str(folder),
            "module": module,
            "fork": str(real_path(self.tree.root)),
            "stand_ins": self.stand_ins,
            "unusual": self._unusual_class(),
            "overlay": "" if overlay is None else str(real_path(overlay)),
        }

    def _unusual_class(self) -> str:
        tree, fork = self.located
        source = read_source(tree, fork.yolo)
        return "" if source is None else unusual_class(source, fork.function.name)

    def open_model(self, cfg: Path) -> Target:
        """Find and read a model YAML: in the current folder, in the fork, where its YAMLs are."""
        return self.located.open_model(cfg)

    def worker(
        self,
        environment: Mapping[str, str] | None = None,
        draft: Path | None = None,
        announce: Announce | None = None,
        copy: Path | None = None,
    ) -> Worker:
        """Start the fork's interpreter in the fork's folder; it may write where ``draft`` is.

        ``copy`` is one of the fork's code that runs instead.
        """
        if announce is not None:
            announce(
                f"running the fork's code with {self.interpreter.path} ({self.interpreter.why})"
            )
        out = None if draft is None else draft.parent
        root = real_path(copy or self.tree.root)
        worker = Worker(self.interpreter, root, environment, out)
        if announce is not None:
            announce(worker.protection.line)
        return worker


def open_run(repo: Path, python: str | None, stand_ins: bool, target: str = "") -> Run:
    """Return a fork that can be run. Raises Refusal where there is none, or no such Python."""
    defaults = settings() if python is None else ProjectSettings()
    why = f"`python` in {defaults.shown}" if defaults.python else "--python"
    package = package_of(repo)
    if package is not None:
        interpreter = choose_owner(package, python or defaults.python, why)
        # The package that is read is that of the Python that runs it.
        return Run(open_fork(repo, target, python=interpreter.path), interpreter, stand_ins)
    interpreter = choose_runner(python or defaults.python, why)
    return Run(open_fork(repo, target, python=python), interpreter, stand_ins)


def module_of(tree: Tree, fork: ForkFacts) -> tuple[Path, str]:
    """Return the folder that stands on the path of the fork's scripts, and its parse module."""
    folder = start_folder(tree, fork)
    spelled = fork.spelled(fork.yolo)
    if not spelled.startswith("."):
        return folder, spelled
    inner = PurePosixPath(fork.yolo).with_suffix("").parts
    above = () if real_path(tree.root) == folder else (real_path(tree.root).name,)
    return folder, ".".join((*above, *inner))


def told_of_run(answer: Stopped) -> Iterator[str]:
    """Yield what stood in for missing packages, and what the fork was kept from."""
    if answer["stand_ins"]:
        yield f"stand-ins for missing packages: {', '.join(answer['stand_ins'])}"
    for call in answer["blocked"]:
        yield f"blocked: the fork tried to {call}"


@contextlib.contextmanager
def draft_of(out: Path | None) -> Iterator[Path | None]:
    """Give the path of a file in a folder of its own beside OUT: all that a fork may write to."""
    if out is None:
        yield None
        return
    target = real_path(out)
    try:
        folder = Path(tempfile.mkdtemp(prefix=".yamlmod-", dir=target.parent))
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        yield folder / target.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep_draft(draft: Path | None, out: Path | None) -> None:
    """Put the draft in OUT's place. Raises Refusal where the fork left something else there."""
    if draft is None or out is None:
        return
    try:
        if not stat.S_ISREG(draft.lstat().st_mode):
            raise Refusal("bad-answer", f"the fork's process left no file for {display(out)}")
        draft.replace(real_path(out))
    except OSError as error:
        raise _unwritable(out, error) from None


def _unwritable(out: Path, error: OSError) -> Refusal:
    return Refusal("unwritable", f"{display(out)} cannot be written: {error.strerror or error}")
