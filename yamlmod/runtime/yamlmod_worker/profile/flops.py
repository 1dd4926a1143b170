"""Count FLOPs of a forward per layer: with torch's counter, or from traces before torch 2.1."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..building.layers import around, layers_of, shapes
from ..refused import Refused
from .thop_rules import Thop
from .traced import count_trace

DISPATCHER = "torch.utils.flop_counter"
TRACE = "the trace of each layer"
# Fused operators that torch's counter lets pass as 0; they are switched off while it counts.
_FUSED = ("_scaled_dot_product", "_native_multi_head", "_transformer_encoder", "lstm", "gru",
          "rnn_", "_cdist", "deform", "_fft", "mkldnn_linear", "_trilinear")  # fmt: skip
# Products of vectors and sums of products, which it does not know either.
_OTHERS = frozenset({"mv", "addmv", "dot", "vdot", "addr", "addbmm", "bilinear"})


class Counted(NamedTuple):
    """FLOPs of one forward: all, those of each layer, and what no hook of thop could see.

    ``unseen`` is of each layer, ``missed`` names operators that are not counted, and ``by``
    is the counter.
    """

    flops: int
    layers: List[int]
    unseen: List[int]
    unseen_flops: int
    thop_macs: Optional[float]
    shapes: List[List[List[int]]]
    missed: List[str]
    by: str


def count_flops(network: Any, image: Any) -> Counted:
    """Count one forward. Raises Refused where the count would not be sure."""
    return count_by_dispatcher(network, image) if has_counter() else count_by_trace(network, image)


def has_counter() -> bool:
    try:
        from torch.utils.flop_counter import FlopCounterMode
    except ImportError:
        return False
    return FlopCounterMode is not None


def count_by_dispatcher(network: Any, image: Any) -> Counted:
    """Count what reaches torch's dispatcher: modules and functional operators alike."""
    import torch
    from torch.utils import flop_counter
    from torch.utils.flop_counter import FlopCounterMode

    layers = layers_of(network)
    counts = _Found(len(layers))
    entered: Dict[int, int] = {}
    missed: Set[str] = set()
    try:
        counter = FlopCounterMode(display=False)
    except TypeError:
        counter = FlopCounterMode(network, display=False)  # torch 2.1

    def before(index: int, *_: Any) -> None:
        entered[index] = counter.get_total_flops()

    def after(index: int, _: Any, output: Any) -> None:
        counts.layers[index] += counter.get_total_flops() - entered[index]
        counts.shapes[index] = shapes(output)

    hooked, watch = around(layers, before, after), _watch(missed)
    modes = [type(watch), vars(flop_counter).get("_FlopCounterMode")]
    with Thop(network) as thop, hooked, torch.no_grad(), _plain(), _light(modes), watch, counter:
        network(image)
    total = int(counter.get_total_flops())
    return counts.counted(total, thop, layers, sorted(missed), DISPATCHER)


def count_by_trace(network: Any, image: Any) -> Counted:
    """Count from the trace of every layer, made with the inputs it got in a forward."""
    import torch

    layers = layers_of(network)
    if not layers:
        raise Refused("no-layers", "the network has no list of layers to trace")
    counts = _Found(len(layers))
    calls: List[Tuple[int, Any]] = []

    def before(index: int, inputs: Any, _: Any) -> None:
        calls.append((index, _copied(inputs)))

    def after(index: int, _: Any, output: Any) -> None:
        counts.shapes[index] = shapes(output)

    missed: Set[str] = set()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a trace holds for these sizes only
        with Thop(network) as thop, around(layers, before, after):
            network(image)
        for index, inputs in calls:
            try:
                counts.layers[index] += count_trace(layers[index], inputs, missed)
            except RuntimeError as error:
                reason = str(error).strip().split("\n")[0][:160]
                message = "layer {} cannot be traced: {}".format(index, reason)
                raise Refused("not-traced", message) from None
    return counts.counted(sum(counts.layers), thop, layers, sorted(missed), TRACE)


class _Found:
    """The observations of each layer during a forward."""

    def __init__(self, count: int) -> None:
        self.layers = [0] * count
        self.shapes: List[List[List[int]]] = [[] for _ in range(count)]

    def counted(
        self, total: int, thop: Thop, layers: List[Any], missed: List[str], by: str
    ) -> Counted:
        unseen = [
            all_of_it - sum(thop.seen.get(module, 0) for module in layer.modules())
            for layer, all_of_it in zip(layers, self.layers)
        ]
        blind = total - sum(thop.seen.values())
        macs = None if thop.unknown else thop.total()
        return Counted(total, self.layers, unseen, blind, macs, self.shapes, missed, by)


def _copied(inputs: Any) -> Any:
    """Return the inputs as they are now: Detect puts its outputs into the list it is given."""
    if isinstance(inputs, (tuple, list)):
        return type(inputs)(_copied(item) for item in inputs)
    return inputs.clone() if hasattr(inputs, "clone") else inputs


def _watch(missed: Set[str]) -> Any:
    """Return a mode that sees every operator below the counter, and names what it let pass."""
    from torch.utils import flop_counter
    from torch.utils._python_dispatch import TorchDispatchMode

    known = getattr(flop_counter, "flop_registry", None) or vars(flop_counter)["flop_mapping"]

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call, unused-ignore]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            packet = getattr(func, "overloadpacket", func)
            space, _, name = str(packet).partition(".")
            if packet not in known and func not in known:
                foreign = space not in ("aten", "prim", "prims", "profiler")
                heavy = name in _OTHERS or any(word in name for word in _FUSED)
                if foreign or heavy:
                    missed.add("{}::{}".format(space, name))
            return func(*args, **(kwargs or {}))

    made: Any = Watch
    return made()


@contextlib.contextmanager
def _light(modes: List[Any]) -> Iterator[None]:
    """Call modes without torch's compiler: to import it takes longer than to count.

    torch wraps the calls of a mode, and the wrapper imports the compiler to keep it from compiling
    them. Nothing compiles unless the fork has imported it.
    """
    wrapped = [(mode, vars(mode).get(_CALL)) for mode in modes if mode is not None]
    for mode, call in wrapped:
        plain = getattr(call, "__wrapped__", None)
        if plain is not None:
            setattr(mode, _CALL, _call_of(call, plain))
    try:
        yield
    finally:
        for mode, call in wrapped:
            if call is not None:
                setattr(mode, _CALL, call)


_CALL = "__torch_dispatch__"


def _call_of(wrapper: Any, plain: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return (wrapper if "torch._dynamo" in sys.modules else plain)(*args, **kwargs)

    return call


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    """Let attention run as plain matrix products: torch's counter says 0 for its fused forms."""
    import torch

    cuda: Any = torch.backends.cuda
    switches = [
        (getattr(cuda, name + "_sdp_enabled"), getattr(cuda, "enable_" + name + "_sdp"))
        for name in ("flash", "mem_efficient", "cudnn")
        if hasattr(cuda, name + "_sdp_enabled")
    ]
    fast: Any = getattr(torch.backends, "mha", None)
    if fast is not None:
        switches.append((fast.get_fastpath_enabled, fast.set_fastpath_enabled))
    before = [get() for get, _ in switches]
    try:
        for _, switch in switches:
            switch(False)
        yield
    finally:
        for (_, switch), value in zip(switches, before):
            switch(value)
