"""Build a network, trace it once, and report its operations with their modules."""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Iterator, List

from ..answers import AnyNumber, Constant, ExplainAnswer, Node, TracedNetwork
from ..building.builder import builder_for
from ..refused import Refused
from ..tensors import class_name, image_channels, tensors

_PREFIX = "__module.network"


def answer(question: Dict[str, Any], _: Any) -> ExplainAnswer:
    """Answer with the traced graph: nodes, constants, and the classes of the modules."""
    builder = builder_for(question)
    network = builder.build(question["cfg"], None, question["head"]).float().eval()
    return {**traced(network, question["imgsz"]), **builder.run_report()}


def traced(network: Any, size: int) -> TracedNetwork:
    import torch

    class Outputs(torch.nn.Module):
        """Gives the tensors of what a network returns: the tracer takes nothing else."""

        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Any) -> Any:
            return tuple(tensors(self.network(x)))

    whole = Outputs(network).eval()
    image = torch.zeros(1, image_channels(network), size, size)
    try:
        with torch.no_grad(), _open_functions():
            trace: Any = torch.jit.trace
            script = trace(whole, image, check_trace=False, strict=False)
    except (Exception, SystemExit) as error:
        text = str(error).strip().split("\n")[0][:200]
        raise Refused(
            "not-traced",
            "the network cannot be traced at {0}x{0}: {1}: {2}".format(
                size, type(error).__name__, text
            ),
            "try another --imgsz, or export the model to ONNX and explain that file",
        ) from None
    graph = script.inlined_graph  # kept by its name: its nodes die with it
    nodes: List[Node] = []
    constants: Dict[str, Constant] = {}
    known: Dict[str, Any] = {}
    own = next(graph.inputs()).debugName()
    known[own] = whole
    for node in graph.nodes():
        outputs = [value.debugName() for value in node.outputs()]
        if node.kind() == "prim::GetAttr":
            known[outputs[0]] = getattr(known.get(_first(node)), node.s("name"), None)
            constants[outputs[0]] = _constant(known[outputs[0]])
        elif node.kind() == "prim::Constant":
            constants[outputs[0]] = _constant(node.output().toIValue())
        else:
            inputs = [value.debugName() for value in node.inputs()]
            nodes.append((node.kind(), inputs, outputs, _segments(node.scopeName())))
    classes = {name: class_name(module) for name, module in network.named_modules() if name}
    return {"nodes": nodes, "constants": constants, "classes": classes}


def _first(node: Any) -> str:
    name: str = next(node.inputs()).debugName()
    return name


def _constant(value: Any) -> Constant:
    """Return how many numbers a constant has, and the number where it is one."""
    import torch

    if isinstance(value, torch.Tensor):
        number = float(value.detach()) if value.numel() == 1 and not value.is_complex() else None
        return value.numel(), None if number is None else AnyNumber(number)
    if isinstance(value, (bool, int, float)):
        return 1, AnyNumber(float(value))
    return None, None


def _segments(scope: str) -> List[str]:
    """Return the modules that contain a node, the outermost first."""
    segments = (
        segment[len(_PREFIX) :] for segment in scope.split("/") if segment.startswith(_PREFIX)
    )
    return [segment.lstrip(".") for segment in segments if segment]


class _Context:
    """What a function that has its own backward saves into; nothing is ever taken out."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *values, **named: None


@contextlib.contextmanager
def _open_functions() -> Iterator[None]:
    """Let the tracer see into functions with a backward of their own, such as a lean Swish."""
    import torch

    function: Any = torch.autograd.Function

    def apply(cls: Any, *values: Any) -> Any:
        split = getattr(function, "setup_context", None)
        if split is not None and cls.setup_context is not split:
            return cls.forward(*values)
        return cls.forward(_Context(), *values)

    before = vars(function).get("apply")
    function.apply = classmethod(apply)
    try:
        yield
    finally:
        if before is None:
            del function.apply
        else:
            function.apply = before
