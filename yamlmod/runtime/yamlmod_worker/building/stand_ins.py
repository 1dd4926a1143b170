"""Replace missing packages that building a network does not need with stand-ins.

Only the fork's own imports are answered, and only if no other finder has the name. A stand-in
has every name, does nothing, and is named in the report.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import os
import re
import sys
import types
from typing import Any, Iterator, Optional, Sequence, Set, Tuple

VERSION = "99.0.0"  # of every stand-in: new enough for whatever a fork asks for
# Forks import these under a guard and do without them: a stand-in would be taken for them.
_GUARDED = {"thop", "wandb", "clearml", "comet_ml", "albumentations", "google", "tensorrt"}
_GUARDED |= {"mlflow", "ray", "dvclive", "neptune", "tensorflow", "dill"}
# Building needs these: the fork's own error says that they are missing.
_NEEDED = frozenset({"numpy", "torch", "yaml"})


class _Kind(type):
    """The type of stand-in classes: every attribute is one more stand-in class."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        stand_in = _class(name)
        setattr(cls, name, stand_in)
        return stand_in

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        # As a decorator it gives the function back; so does what `@stand_in(...)` returns.
        if len(args) == 1 and not kwargs and _decorated(args[0]):
            return args[0]
        return super().__call__(*args, **kwargs)

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __getitem__(cls, key: Any) -> Any:
        return cls

    def __or__(cls, other: Any) -> Any:
        return cls

    __ror__ = __or__

    def __lt__(cls, other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__


class StandIn(metaclass=_Kind):
    """A thing that is there so that a module can be imported; nothing is computed with it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take whatever a class statement gives: `class Model(Mixin, repo_url=...)`."""
        super().__init_subclass__()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _class(name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Give a decorated function back, and itself otherwise."""
        return args[0] if len(args) == 1 and not kwargs and _decorated(args[0]) else self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Version(tuple):  # type: ignore[type-arg]
    """The numbers of a version: enough to compare releases where `packaging` is missing."""


class _Module(types.ModuleType):
    """A module that has every name it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return VERSION
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("parse_version", "parse", "Version") and self.__name__ in (
            "pkg_resources",
            "packaging.version",
        ):
            return _parse_version
        if self.__name__ == "packaging" and name == "version":
            return importlib.import_module("packaging.version")
        stand_in = _class(name)
        setattr(self, name, stand_in)
        return stand_in


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The last finder on the import path: it answers what no other one found."""

    def __init__(self, fork: str, own: Sequence[str], allowed: bool) -> None:
        self.fork, self.own, self.allowed = os.path.realpath(fork), frozenset(own), allowed
        self.names: Set[str] = set()
        self.forbidden: Set[str] = set()

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """Answer for a missing top-level name, and for all below one that was answered."""
        top = fullname.partition(".")[0]
        if top != fullname:
            wanted = top in self.names
        else:
            file, line = _importing()
            # torch and numpy look for optional packages too, and would use a stand-in.
            wanted = top not in self.own and top not in _NEEDED and self._is_fork(file)
            wanted = wanted and not (top in _GUARDED and _in_try(file, line))
            if wanted and not self.allowed:
                self.forbidden.add(top)
                wanted = False
        if not wanted:
            return None
        self.names.add(top)
        return importlib.machinery.ModuleSpec(fullname, self, origin="<stand-in>", is_package=True)

    def answers_for(self, distribution: str) -> bool:
        """Whether the version of a missing package may be made up: a fork asks for it."""
        file, line = _importing()
        answers = self.allowed and self._is_fork(file)
        answers = answers and not (distribution in _GUARDED and _in_try(file, line))
        if answers:
            self.names.add(distribution)
        return answers

    def _is_fork(self, importer: str) -> bool:
        # The newest YOLOv5 takes part of its code from ultralytics, which may lie on the path.
        inside = importer.startswith(self.fork + os.sep)
        return inside or "/ultralytics/" in importer.replace(os.sep, "/")

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing: it has every name already."""


def answer_versions(finder: Finder) -> None:
    """Let a fork ask the installed packages for the version of one that a stand-in replaces."""
    import importlib.metadata as metadata

    real = metadata.version

    def version(distribution_name: str) -> str:
        try:
            return real(distribution_name)
        except metadata.PackageNotFoundError:
            if distribution_name in finder.names or finder.answers_for(distribution_name):
                return VERSION
            raise

    metadata.version = version


def answer_fonts(finder: Finder) -> None:
    """Let a fork do without a font: YOLOv5 v6.0 and v6.1 fetch one when they are imported."""
    try:
        fonts: Any = importlib.import_module("PIL.ImageFont")
    except ImportError:
        return
    real = fonts.truetype

    def truetype(font: Any = None, *args: Any, **kwargs: Any) -> Any:
        try:
            return real(font, *args, **kwargs)
        except OSError:
            if not finder.answers_for("the font {}".format(os.path.basename(str(font)))):
                raise
            return fonts.load_default()

    fonts.truetype = truetype


def is_stand_in(module: str) -> bool:
    return isinstance(sys.modules.get(module), _Module) or module == __name__


def _class(name: str) -> Any:
    """Return a new stand-in class; what is called like an exception can be caught like one."""
    if name.endswith(("Error", "Exception", "Warning")):
        return type(name, (Exception,), {})
    return _Kind(name, (StandIn,), {})


def _decorated(thing: object) -> bool:
    return isinstance(thing, (types.FunctionType, staticmethod, classmethod)) or (
        isinstance(thing, type) and not isinstance(thing, _Kind)
    )


def _parse_version(text: object) -> Any:
    try:
        version = importlib.import_module("packaging.version")
    except ImportError:
        version = None
    if version is not None and not isinstance(version, _Module):
        return version.parse(str(text))
    release = re.match(r"\D*(\d+(?:\.\d+)*)", str(text))
    return _Version(int(part) for part in release.group(1).split(".")) if release else _Version()


def _importing() -> Tuple[str, int]:
    """Return the file and line of the import statement being run."""
    frame: Any = sys._getframe(2)
    while frame is not None and (
        "importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__
    ):
        frame = frame.f_back
    if frame is None:
        return "", 0
    return os.path.realpath(frame.f_code.co_filename), frame.f_lineno


def _in_try(file: str, line: int) -> bool:
    """Whether a file does without an import that fails: ultralytics 8.0.0 insists on thop."""
    try:
        with open(file, encoding="utf-8") as source:
            tree = ast.parse(source.read())
    except (OSError, ValueError, SyntaxError):
        return True
    guards = (ast.Try, ast.With, ast.If, ast.FunctionDef)
    return any(
        isinstance(node, guards) and node.lineno <= line <= (node.end_lineno or 0)
        for node in ast.walk(tree)
    )
