"""Check exports of a network: TorchScript and ONNX, each run again and compared."""

from __future__ import annotations

import importlib
import inspect
import io
import os
import shutil
import tempfile
from typing import Any, Dict, List, Tuple

from ..tensors import difference, tensors
from .network import BuiltNetwork, Failed, Skipped, run

_CLOSE = 1e-3


def check_torchscript(net: BuiltNetwork) -> str:
    """Trace the network, write and read it, and run another image than the traced one."""
    import torch

    jit: Any = torch.jit  # which has no types
    module, image, other = _ready(net)
    with torch.no_grad():
        traced = jit.trace(module, image, strict=False, check_trace=False)
    file = io.BytesIO()
    jit.save(traced, file)
    file.seek(0)
    loaded = jit.load(file)
    with jit.optimized_execution(False), torch.no_grad():  # once is not worth optimising for
        outputs = tensors(loaded(other))
    return _compared("TorchScript", run(module, other), outputs)


def check_onnx(net: BuiltNetwork) -> str:
    """Export to ONNX with the exporter that forks use, and run it where onnxruntime is there."""
    import torch

    module, image, other = _ready(net)
    opset = 12 if int(torch.__version__.split(".")[0]) < 2 else 17
    known = inspect.signature(torch.onnx.export).parameters
    options: Dict[str, Any] = {"dynamo": False} if "dynamo" in known else {}
    folder = tempfile.mkdtemp(prefix="yamlmod-")
    path = os.path.join(folder, "network.onnx")
    try:
        with torch.no_grad():
            torch.onnx.export(
                module, image, path, opset_version=opset, input_names=["images"], **options
            )
        try:
            runtime = importlib.import_module("onnxruntime")
        except ImportError:
            return "written with opset {}; onnxruntime is not installed, it was not run".format(
                opset
            )
        session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
        arrays = session.run(None, {"images": other.numpy()})
    except ImportError as error:
        raise Skipped("torch.onnx needs a package: {}".format(error)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    outputs = [torch.as_tensor(array) for array in arrays]
    return _compared("ONNX, opset {}".format(opset), run(module, other), outputs)


def _ready(net: BuiltNetwork) -> Tuple[Any, Any, Any]:
    """Return a copy in the state in which forks export, and two images."""
    import torch

    module = net.copy().eval()
    head = module.model[-1]
    if isinstance(getattr(head, "export", None), bool):
        head.export = True
    image = net.image(net.small)
    run(module, image)  # fills the grids, as every exporter does
    other = torch.rand(image.shape, generator=torch.Generator().manual_seed(3))
    return module, image, other


def _compared(what: str, eager: List[Any], outputs: List[Any]) -> str:
    # An exporter leaves out what is there twice.
    shapes = [tuple(tensor.shape) for tensor in outputs]
    wanted = [tensor for tensor in eager if tuple(tensor.shape) in shapes]
    if [tuple(tensor.shape) for tensor in wanted] != shapes:
        raise Failed("{} gives outputs of other shapes: {}".format(what, shapes))
    error = difference(wanted, outputs)
    if not error <= _CLOSE:
        raise Failed("{} differs by {:.1e} of the largest output".format(what, error))
    return "{}, run again: equal to {:.0e}".format(what, max(error, 1e-7))
