"""Build networks with a fork's own code, and write down what its parse function did.

    python -m tools.builds.truth QUESTION JOBS ANSWERS

QUESTION is a JSON file of the worker's question, with the parse file and function; JOBS a pickle of
(key, data, head); ANSWERS the folder that gets one JSON file for each key. Every network is built
in a process of its own, forked from one that has imported the fork: a failing build leaves nothing
behind. Weights are zero, nothing is moved to a device, an image of zeros runs through once.
"""

from __future__ import annotations

import contextlib
import json
import linecache
import os
import pickle
import re
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

SECONDS = 100
_SIZE = 256


class Trace:
    """What the parse function and the layers do, as Python's own tracing shows it."""

    def __init__(self, code: CodeType, names: dict[str, str]) -> None:
        self.code, self.names = code, names
        self.rows: dict[int, dict[str, Any]] = {}
        self.channels: list[Any] | None = None
        self.save: Any = None
        self.row: int | None = None
        self.layer: int | None = None
        self.outputs: dict[int, Any] = {}
        self.returned = False

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        """Look at a call, as sys.settrace asks."""
        if frame.f_code is self.code:
            return self._inside
        if frame.f_code.co_name == "__init__":
            parent = frame.f_back
            while parent is not None and parent.f_code.co_name in ("<genexpr>", "<listcomp>"):
                parent = parent.f_back
            if parent is not None and parent.f_code is self.code:
                self._built(frame, parent)
        return None

    def _built(self, frame: FrameType, parent: FrameType) -> None:
        module = parent.f_locals.get(self.names["module"])
        own = next(iter(frame.f_locals.values()), None)
        if not isinstance(module, type) or type(own) is not module:
            return
        index = parent.f_locals.get(self.names["index"])
        row = self.rows.setdefault(index, {"class": module.__name__, "calls": 0})
        row["calls"] += 1
        if row["calls"] == 1:
            row["args"] = plain(list(parent.f_locals.get(self.names["args"], [])))

    def _inside(self, frame: FrameType, event: str, arg: Any) -> Callable[..., Any]:
        if event == "return":
            self.channels = plain(frame.f_locals.get(self.names["ch"]))
            if arg is not None:
                self.returned = True
                sys.settrace(None)
                self._watch(arg)
        self.row = frame.f_locals.get(self.names["index"], self.row)
        return self._inside

    def _watch(self, found: Any) -> None:
        layers, self.save = (
            (found[0], plain(found[1])) if isinstance(found, tuple) else (found, None)
        )
        for index, layer in enumerate(layers):
            layer.register_forward_pre_hook(self._entering(index))
            layer.register_forward_hook(self._leaving(index))

    def _entering(self, index: int) -> Callable[..., None]:
        def hook(layer: Any, args: Any) -> None:
            self.layer = index

        return hook

    def _leaving(self, index: int) -> Callable[..., None]:
        def hook(layer: Any, args: Any, output: Any) -> None:
            self.layer = None
            self.outputs.setdefault(index, shapes(output))

        return hook


def plain(value: Any, depth: int = 6) -> Any:
    """Return arguments as JSON: classes and objects by their names."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return (
            value if value == value and value not in (float("inf"), -float("inf")) else repr(value)
        )
    if depth and isinstance(value, (list, tuple)):
        return [plain(item, depth - 1) for item in value]
    if isinstance(value, type):
        return {"name": value.__name__}
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return {"shape": list(value.shape)}
    if callable(value) and hasattr(value, "__name__"):
        return {"name": value.__name__}
    return {"name": f"{type(value).__name__}()"}


def shapes(value: Any, depth: int = 4) -> Any:
    """Return the sizes of an output."""
    if hasattr(value, "shape"):
        return {"shape": list(value.shape)}
    if depth and isinstance(value, (list, tuple)):
        return [shapes(item, depth - 1) for item in value]
    return None


def build(
    builder: Any, code: CodeType, names: dict[str, str], data: Any, head: str
) -> dict[str, Any]:
    """Build one network and run it once."""
    import torch

    trace = Trace(code, names)
    start = time.perf_counter()
    answer: dict[str, Any] = {}
    stage = "build"
    try:
        sys.settrace(trace)
        model = builder.make(data, None, head)
        sys.settrace(None)
        stage = "run"
        if not trace.outputs:
            model.eval()
            with torch.no_grad():
                model(torch.zeros(1, 3, _SIZE, _SIZE))
    except Exception as error:
        answer["error"] = {
            "kind": type(error).__name__,
            "message": str(error)[:500],
            "stage": stage,
            "layer": trace.layer if trace.returned else trace.row,
            "parsed": trace.returned,
            "stand_ins": sorted(builder.finder.names),
            "by_stand_in": by_stand_in(error, builder.finder.names),
            "where": [f"{Path(f.filename).name}:{f.lineno}:{f.name}" for f in _frames(error)],
        }
    finally:
        sys.settrace(None)
    answer.update(
        rows=trace.rows,
        channels=trace.channels,
        save=trace.save,
        outputs=trace.outputs,
        seconds=round(time.perf_counter() - start, 2),
    )
    return answer


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return traceback.extract_tb(error.__traceback__)[-8:]


def by_stand_in(error: BaseException, stand_ins: Collection[str]) -> bool:
    """Return whether the line that raised uses something that only stands in for a package.

    A star import of one brings nothing, so that names are missing, too.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    frame = trace.tb_frame
    line = linecache.getline(frame.f_code.co_filename, trace.tb_lineno)
    if isinstance(error, NameError):
        text = "".join(linecache.getlines(frame.f_code.co_filename))
        stars = re.findall(r"^from (\w+)[\w.]* import \*", text, re.MULTILINE)
        if any(name in stand_ins for name in stars):
            return True
    names = set(re.findall(r"[A-Za-z_]\w*", line))
    values = [
        scope[name] for scope in (frame.f_locals, frame.f_globals) for name in names & {*scope}
    ]
    return any(_stands_in(value) for value in values)


def _stands_in(value: Any) -> bool:
    from yamlmod.runtime.yamlmod_worker.building import stand_ins

    kind = value if isinstance(value, type) else type(value)
    return kind.__module__ == stand_ins.__name__ or issubclass(kind, stand_ins.StandIn)


def make_harmless() -> None:
    """Zero weights instead of random ones, and no device but the CPU."""
    import torch

    def zero(tensor: Any, *args: Any, **keywords: Any) -> Any:
        with torch.no_grad():
            return tensor.zero_()

    for name in dir(torch.nn.init):
        if name.endswith("_") and not name.startswith("_"):
            setattr(torch.nn.init, name, zero)
    itself: Any = lambda self, *args, **keywords: self  # noqa: E731
    for kind in (torch.nn.Module, torch.Tensor):
        kind.cuda = itself
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")


def function_code(function: Any) -> CodeType:
    """Return the code of a parse function behind its decorators."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function.__code__  # type: ignore[no-any-return]


def main(words: list[str]) -> int:
    """Answer all jobs."""
    question = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    jobs = pickle.loads(Path(words[1]).read_bytes())
    folder = Path(words[2])
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from yamlmod.runtime.yamlmod_worker.building.builder import Builder
    from yamlmod.runtime.yamlmod_worker.refused import Refused

    make_harmless()
    builder = Builder(question)
    try:
        builder.open()
        code = function_code(getattr(builder.names, question["function"]))
    except Refused as error:
        (folder / "refused.json").write_text(json.dumps({"refused": error.args}), encoding="utf-8")
        return 1
    for key, data, head in jobs:
        _one(builder, code, question["names"], key, data, head, folder)
    return 0


def _one(
    builder: Any,
    code: CodeType,
    names: dict[str, str],
    key: str,
    data: Any,
    head: str,
    folder: Path,
) -> None:
    pid = os.fork()
    if pid == 0:
        answer: dict[str, Any] = {"lost": "the process ended"}
        with contextlib.suppress(BaseException):
            answer = build(builder, code, names, data, head)
        (folder / f"{key}.json").write_text(json.dumps(answer), encoding="utf-8")
        os._exit(0)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    (folder / f"{key}.json").write_text(json.dumps({"lost": "too slow"}), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
