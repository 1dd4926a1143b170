"""Builds networks with a fork's own Model and reports them as JSON; a script, run on its own.

    python build_worker.py FORK YAML[=CHECK,CHECK...] ...

It needs torch, numpy and pyyaml. What building does not use (cv2, pandas, requests...), and
whatever else the fork imports and nobody installed, is replaced by stand-ins; the network is out
of reach.
stdout carries the report alone: what the fork prints goes to stderr.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import io
import json
import os
import re
import socket
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

# Where a fork's Model lives, below its folder.
MODELS = (("models", "yolo", "Model"), ("nn", "tasks", "DetectionModel"))
VERSION = "99.0.0"  # of every stand-in: new enough for whatever a fork asks for
# Pictures, tables and downloads: replaced even where installed, so that a test means the same on
# every machine. (v6.0 fetches a font while it is imported, unless PIL has it.)
REPLACED = frozenset(
    {
        "cv2",
        "matplotlib",
        "pandas",
        "PIL",
        "requests",
        "scipy",
        "seaborn",
        "torchvision",
        "IPython",
        "psutil",
        "pkg_resources",
    }
)
# The forks import these under a guard and do without them: a stand-in would be taken for them.
GUARDED = frozenset(
    {
        "thop",
        "wandb",
        "clearml",
        "comet_ml",
        "albumentations",
        "google",
        "tensorrt",
        "mlflow",
        "ray",
        "dvclive",
        "neptune",
        "tensorflow",
    }
)


class StandInType(type):
    """The type of stand-in classes: every attribute is one more stand-in class."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = stand_in(name)
        setattr(cls, name, found)
        return found

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        # As a decorator it gives the function back; so does what `@stand_in(...)` returns.
        if "stands_in" in vars(cls) and len(args) == 1 and not kwargs and _decorated(args[0]):
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


class StandIn(metaclass=StandInType):
    """A thing that is there so that a module can be imported; nothing is computed with it."""

    stands_in = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
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


class Version(tuple[int, ...]):
    """The numbers of a version: enough to compare releases where `packaging` is missing."""

    @classmethod
    def parse(cls, text: object) -> Version:
        release = re.match(r"\D*(\d+(?:\.\d+)*)", str(text))
        return cls(int(part) for part in release[1].split(".")) if release else cls()


class StandInModule(types.ModuleType):
    """A module that has every name it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return VERSION
        if name.startswith("__"):
            raise AttributeError(name)
        if name in {"parse_version", "parse", "Version"} and self.__name__ in {
            "pkg_resources",
            "packaging.version",
        }:
            return _version_parser()
        if self.__name__ == "packaging" and name == "version":
            return importlib.import_module("packaging.version")
        found = stand_in(name)
        setattr(self, name, found)
        return found


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for the names of ``only``, or for every name that nobody before it has found.

    It answers forks alone: torch and numpy look for optional packages too, and would use them.
    """

    def __init__(self, fork: Path, only: frozenset[str] | None, names: set[str]) -> None:
        self.fork, self.only = str(fork), only
        self.names = names  # what was replaced, by any finder

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top != fullname:
            wanted = top in self.names
        else:
            named = top in (self.only or ())
            if self.only is None:
                named = top not in GUARDED or not _in_try(*_importing())
            wanted = named and top != Path(self.fork).name and self._is_fork(_importing()[0])
        if not wanted:
            return None
        self.names.add(top)
        return importlib.machinery.ModuleSpec(fullname, self, origin="<stand-in>", is_package=True)

    def _is_fork(self, importer: str) -> bool:
        # The newest YOLOv5 takes part of its code from ultralytics, which may lie on the path.
        return importer.startswith(self.fork) or "/ultralytics/" in importer.replace(os.sep, "/")

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return StandInModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def stand_in(name: str) -> type:
    """A new stand-in class; what is called like an exception can be caught like one."""
    if name.endswith(("Error", "Exception", "Warning")):
        return type(name, (Exception,), {})
    return StandInType(name, (StandIn,), {"stands_in": True})


def _decorated(thing: object) -> bool:
    return isinstance(thing, (types.FunctionType, staticmethod, classmethod)) or (
        isinstance(thing, type) and not isinstance(thing, StandInType)
    )


def _version_parser() -> Callable[[object], Any]:
    try:
        version = importlib.import_module("packaging.version")
    except ImportError:
        return Version.parse
    return Version.parse if isinstance(version, StandInModule) else version.parse


def _importing() -> tuple[str, int]:
    """The file and line of the import statement being run."""
    frame = sys._getframe(2)
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return "", 0
    return str(Path(frame.f_code.co_filename).resolve()), frame.f_lineno


def _in_try(file: str, line: int) -> bool:
    """Whether a file does without an import that fails: ultralytics 8.0.0 insists on thop."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    guards = (ast.Try, ast.With, ast.If, ast.FunctionDef)
    return any(
        isinstance(node, guards) and node.lineno <= line <= (node.end_lineno or 0)
        for node in ast.walk(tree)
    )


def give_stand_ins_a_version() -> None:
    """Let a fork ask the installed packages for the version of one that is replaced."""
    real = importlib.metadata.version
    importlib.metadata.version = lambda name: (  # type: ignore[assignment]
        VERSION if name in REPLACED else real(name)
    )


def cut_the_network() -> None:
    """Make every connection fail, and keep pip from trying: some forks fetch what they miss."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError("no network while a test builds a network")

    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, refuse)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        setattr(socket, name, refuse)
    os.environ.update(
        PIP_NO_INDEX="1",
        YOLO_OFFLINE="true",
        YOLO_AUTOINSTALL="false",
        YOLOv5_AUTOINSTALL="false",
        YOLOv5_VERBOSE="false",
        YOLO_VERBOSE="false",
    )


def model_class(fork: Path) -> Callable[[str], Any]:
    """Import the fork's Model: as a package where the fork is one, from its folder otherwise."""
    for folder, module, name in MODELS:
        if (fork / folder / f"{module}.py").is_file():
            if (fork / "__init__.py").is_file():
                sys.path.insert(0, str(fork.parent))
                full = f"{fork.name}.{folder}.{module}"
            else:
                sys.path.insert(0, str(fork))
                full = f"{folder}.{module}"
            return getattr(importlib.import_module(full), name)  # type: ignore[no-any-return]
    raise SystemExit(f"{fork} holds no known Model")


def tensors(output: Any) -> list[Any]:
    """All tensors of an output, in order."""
    if hasattr(output, "shape"):
        return [output]
    parts = output.values() if isinstance(output, dict) else output
    return [tensor for part in parts for tensor in tensors(part)]


class Checks:
    """What can be done to a built network; every method fills its part of the report."""

    def __init__(self, model: Any, report: dict[str, Any]) -> None:
        self.model, self.report = model, report

    def _image(self, height: int, width: int, seed: int = 0) -> Any:
        import torch

        return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))

    def _run(self, model: Any, image: Any) -> list[Any]:
        import torch

        with torch.no_grad():
            return tensors(model.eval()(image))

    def _tell(self, name: str, outputs: list[Any]) -> None:
        self.report[name] = {
            "shapes": [list(t.shape) for t in outputs],
            "dtypes": sorted({str(t.dtype) for t in outputs}),
            "finite": all(bool(t.isfinite().all()) for t in outputs),
        }

    def forward(self) -> None:
        self._tell("forward", self._run(self.model, self._image(256, 256)))

    def shapes(self) -> None:
        """Tell what each layer returns for an image of 128 pixels, where it is one tensor."""
        seen: dict[int, list[int]] = {}

        def keep(layer: Any, _: Any, output: Any) -> None:
            if hasattr(output, "shape"):
                seen[layer.i] = list(output.shape[1:])

        hooks = [layer.register_forward_hook(keep) for layer in self.model.model]
        self._run(self.model, self._image(128, 128))
        for hook in hooks:
            hook.remove()
        self.report["shapes"] = {"of": seen}

    def rectangle(self) -> None:
        self._tell("rectangle", self._run(self.model, self._image(192, 320)))

    def small(self) -> None:
        self._tell("small", self._run(self.model, self._image(128, 128)))

    def bfloat16(self) -> None:
        model = copy.deepcopy(self.model).bfloat16()
        self._tell("bfloat16", self._run(model, self._image(256, 256).bfloat16()))

    def backward(self) -> None:
        model = copy.deepcopy(self.model).train()
        outputs = tensors(model(self._image(256, 256)))
        self._tell("backward", outputs)
        sum(t.sum() for t in outputs).backward()
        grads = {name: p.grad for name, p in model.named_parameters()}
        self.report["backward"].update(
            none=[name for name, g in grads.items() if g is None],
            zero=[name for name, g in grads.items() if g is not None and not g.any()],
            not_finite=[n for n, g in grads.items() if g is not None and not g.isfinite().all()],
        )

    def torchscript(self) -> None:
        import torch

        model = copy.deepcopy(self.model).eval()
        self._run(model, self._image(256, 256))  # fills the grids, as every exporter does
        with torch.no_grad():
            traced = torch.jit.trace(model, self._image(256, 256), strict=False, check_trace=False)
        buffer = io.BytesIO()
        torch.jit.save(traced, buffer)
        loaded = torch.jit.load(io.BytesIO(buffer.getvalue()))
        # Another image than the traced one: nothing of it may have become a constant.
        image = self._image(256, 256, seed=1)
        eager = self._run(model, image)
        with torch.jit.optimized_execution(False):  # optimising takes longer than running once
            got = self._run(loaded, image)
        self._tell("torchscript", got)
        self.report["torchscript"]["relative_error"] = max(
            float((a - b).abs().max() / a.abs().max()) for a, b in zip(eager, got, strict=True)
        )

    def pickle(self) -> None:
        import torch

        buffer = io.BytesIO()
        torch.save(self.model, buffer)
        loaded = torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
        self.report["pickle"] = {"equal": self._same_state(loaded)}

    def deepcopy(self) -> None:
        self.report["deepcopy"] = {"equal": self._same_state(copy.deepcopy(self.model))}

    def _same_state(self, other: Any) -> bool:
        mine, theirs = self.model.state_dict(), other.state_dict()
        return list(mine) == list(theirs) and all(
            mine[k].dtype == theirs[k].dtype and mine[k].equal(theirs[k]) for k in mine
        )


def build(model_class: Callable[[str], Any], yaml: Path, checks: Sequence[str]) -> dict[str, Any]:
    """Build one network, do the checks, and tell what was seen; an error ends this one only."""
    import torch

    report: dict[str, Any] = {"yaml": str(yaml)}
    start = time.perf_counter()
    try:
        torch.manual_seed(0)
        model = model_class(str(yaml))
        report["layers"] = [
            {
                "i": layer.i,
                "f": layer.f,
                "type": str(layer.type).rpartition(".")[2],
                "class": type(layer).__name__,
                "module": type(layer).__module__,
                "parameters": sum(p.numel() for p in layer.parameters()),
            }
            for layer in model.model
        ]
        report["strides"] = [float(s) for s in model.stride]
        report["save"] = sorted(model.save)
        report["build_seconds"] = round(time.perf_counter() - start, 2)
        for name in checks:
            start = time.perf_counter()
            getattr(Checks(model, report), name)()
            report[name]["seconds"] = round(time.perf_counter() - start, 2)
    except Exception:
        report["error"] = traceback.format_exc()
    return report


def main(words: Sequence[str]) -> int:
    """Read the command line, build everything, print the report."""
    # What the fork prints must not get between the lines of the report.
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    fork = Path(words[0]).resolve()
    cut_the_network()
    give_stand_ins_a_version()
    names: set[str] = set()
    sys.meta_path.insert(0, StandInFinder(fork, REPLACED, names))
    sys.meta_path.append(StandInFinder(fork, None, names))
    with contextlib.suppress(ImportError):
        # Forks say `packaging.version` having imported `packaging`, or pkg_resources, alone.
        importlib.import_module("packaging.version")
    import torch

    torch.set_num_threads(int(os.environ.get("YAMLMOD_TEST_THREADS", "2")))
    start = time.perf_counter()
    found = model_class(fork)
    told = {
        "torch": torch.__version__,
        "import_seconds": round(time.perf_counter() - start, 2),
        "networks": [],
    }
    for word in words[1:]:
        yaml, _, checks = word.partition("=")
        told["networks"].append(
            build(found, Path(yaml).resolve(), checks.split(",") if checks else ())
        )
    told["stand_ins"] = sorted(names)
    json.dump(told, report)
    report.write("\n")
    report.close()
    return 1 if any("error" in network for network in told["networks"]) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
