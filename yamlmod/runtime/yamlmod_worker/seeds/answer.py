"""Start a fork's training as the command line says, up to its first batches, once per trial."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import re
import runpy
import shutil
import sys
import tempfile
import traceback
from typing import Any, Callable, Dict, List

from ..answers import SeedsAnswer, Trial
from ..building.builder import run_facts
from ..building.fence import Fence
from .batches import BatchWatch
from .data_set import write_data_set
from .patches import process_kept, replaced

DATA, RUN = "{data}", "{run}"
# Imported once, with the fork's own networks, before the trials part: it takes most of their time.
_SLOW = (
    *("numpy", "cv2", "PIL.Image", "yaml", "torchvision", "pandas", "scipy.stats"),
    *("matplotlib.pyplot", "seaborn"),
)
# Looked for by name before a training; without one it would be downloaded.
_FONTS = ("Arial.ttf", "Arial.Unicode.ttf")
_REASON = 200
_CONTROLS = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x1f]")


def answer(question: Dict[str, Any], tell: Any) -> SeedsAnswer:
    """Answer with the hashes of each trial: a command line whose ``{data}`` is ours."""
    folder = os.path.realpath(tempfile.mkdtemp(prefix="yamlmod-seeds-"))
    fence = Fence(question["fork"])
    try:
        fence.close()
        _prepare(question, folder)
        data = write_data_set(os.path.join(folder, "data"))
        trials = []
        for number, words in enumerate(question["trials"]):
            run = os.path.join(folder, str(number))
            argv = [word.replace(DATA, data).replace(RUN, run) for word in words]
            trials.append(_trial(argv, question["workers"][number]))
            tell({"trial": number})
        return {"trials": trials, **run_facts((), fence.blocked)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(question: Dict[str, Any], folder: str) -> None:
    os.environ.update(question["environment"])
    os.environ.update({"CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"})
    for variable in ("YOLOV5_CONFIG_DIR", "YOLO_CONFIG_DIR", "MPLCONFIGDIR"):
        os.environ[variable] = folder
    for name in _FONTS:
        with open(os.path.join(folder, name), "wb"):
            pass
    sys.path[:0] = question["path"]
    os.chdir(question["folder"])
    import torch

    torch.set_num_threads(1)  # a pool of threads would not survive a fork
    for name in (*_SLOW, question["module"]):
        try:
            importlib.import_module(name)
        except Exception:  # the training itself will say so
            continue


def _trial(argv: List[str], workers: int) -> Trial:
    """Run one training in a process of its own, where the system can part one from another."""
    if sys.platform != "linux":
        return _run(argv, workers, lambda seen: None)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            _send(writing, _run(argv, workers, lambda seen: _end(writing, seen)))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        text = file.readline()  # the loader's processes may hold its other end for a while
    os.waitpid(child, 0)
    if not text:
        return _failed("its process ended without an answer")
    trial: Trial = json.loads(text)
    return trial


def _end(pipe: int, seen: Dict[str, Any]) -> None:
    """Answer and be gone: what the training does with an exception is its own affair."""
    _send(pipe, seen)
    os._exit(0)


def _send(pipe: int, seen: Any) -> None:
    os.write(pipe, json.dumps(seen).encode() + b"\n")  # shorter than a pipe takes at once


def _run(argv: List[str], workers: int, end: Callable[[Dict[str, Any]], None]) -> Trial:
    trials: List[Any] = []

    def seen(hashes: Dict[str, Any]) -> None:
        trials.append(hashes)
        end(hashes)

    _forget()
    try:
        with process_kept(), _figures_left_out(), BatchWatch(workers, seen).watching():
            _start(argv)
        reason = "it ended before it took a batch"
    except SystemExit as error:
        reason = "it ended with {} before it took a batch".format(error.code)
    except BaseException as error:
        lines = traceback.format_exception_only(type(error), error)
        reason = lines[-1].strip()
    return trials[0] if trials else _failed(reason)


def _forget() -> None:
    """Draw new states of all random numbers, as a process has them that was just started."""
    import torch

    random.seed()
    torch.seed()
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _figures_left_out() -> Any:
    """Leave figures of the labels out: they take longer than all the rest."""
    figure: Any = sys.modules.get("matplotlib.figure")
    if figure is None:
        return contextlib.nullcontext()
    return replaced(figure.Figure, "savefig", lambda *values, **named: None)


def _start(argv: List[str]) -> None:
    """Do what `python ARGV` does."""
    if argv[0] == "-c":
        sys.argv[:] = ["-c", *argv[2:]]
        exec(compile(argv[1], "<string>", "exec"), {"__name__": "__main__"})
        return
    sys.argv[:] = argv
    sys.path.insert(0, os.path.dirname(os.path.abspath(argv[0])))
    runpy.run_path(argv[0], run_name="__main__")


def _failed(reason: str) -> Trial:
    first = _CONTROLS.sub("", reason.strip().split("\n")[0])
    text = first[:_REASON].encode("utf-8", "replace").decode("utf-8")
    return {"epochs": [], "orders": [], "batches": 0, "workers": 0, "failed": text}
