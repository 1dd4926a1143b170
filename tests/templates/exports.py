"""A template through the ONNX exporters and back through onnxruntime."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import onnxruntime
import torch
from torch import Tensor, nn

from . import support

NEAR = 1e-4  # what an exported graph may differ by, relative to the largest value


class Route(NamedTuple):
    """One exporter and the opset asked of it."""

    opset: int
    dynamo: bool

    @property
    def name(self) -> str:
        return f"opset {self.opset} ({'dynamo' if self.dynamo else 'TorchScript'} exporter)"


def newest() -> int:
    """The highest opset that this torch knows of."""
    from torch.onnx import _constants

    return int(_constants.ONNX_MAX_OPSET)


def routes() -> tuple[Route, ...]:
    """Opset 12 is YOLOv5's default; asked for 12, the dynamo exporter gives 18."""
    return Route(12, False), Route(17, False), Route(18, True), Route(newest(), True)


def check(
    module: nn.Module,
    channels: int,
    route: Route,
    sizes: Sequence[tuple[int, int]],
    dynamic: bool,
) -> None:
    """Exported at each size, or once at the first if dynamic, the graph equals the module."""
    first = support.image(1, channels, *sizes[0])
    session = export(module, first, route, dynamic) if dynamic else None
    for height, width in sizes:
        other = support.image(1, channels, height, width, seed=2)
        used = session or export(module, other, route, False)
        (found,) = used.run(None, {"x": other.numpy()})
        with torch.no_grad():
            apart = support.gap(torch.from_numpy(found), module(other))
        if not apart < NEAR:
            raise AssertionError(f"{route.name} at {height}x{width}: {apart:.1e} from the module")


def export(
    module: nn.Module, x: Tensor, route: Route, dynamic: bool
) -> onnxruntime.InferenceSession:
    """One graph in onnxruntime; with ``dynamic``, height and width are free."""
    options: dict[str, object] = {}
    if dynamic and route.dynamo:
        free = torch.export.Dim.DYNAMIC
        options["dynamic_shapes"] = ({2: free, 3: free},)
    elif dynamic:
        options["dynamic_axes"] = {"x": {2: "h", 3: "w"}}
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = str(Path(folder) / "module.onnx")
        torch.onnx.export(
            module,
            (x,),
            path,
            opset_version=route.opset,
            dynamo=route.dynamo,
            input_names=["x"],
            **options,  # type: ignore[arg-type]
        )
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Both exporters talk a lot; what matters is raised."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
