"""Reproduce the counts of thop 0.1.1: some module types, at their forward hooks, in MACs.

YOLOv5 prints twice this number, taken at an image of one stride and scaled up to the wanted size.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from ..refused import Refused

_PER_PIXEL = {"linear": 5, "bilinear": 11, "bicubic": 259}  # of nn.Upsample, by its mode
_RECURRENT = ("RNNCell", "GRUCell", "LSTMCell", "RNN", "GRU", "LSTM")


class Thop:
    """Hooks on a network that count as thop does, and the true cost of what they see.

    ``seen`` holds the FLOPs of each hooked convolution and linear module, as the dispatcher counts
    them; what a forward computes besides is what thop is blind to.
    """

    def __init__(self, network: Any) -> None:
        import torch

        self._network, self._rules = network, _rules(torch.nn)
        self._blind = tuple(getattr(torch.nn, name) for name in _RECURRENT)
        self.macs: Dict[Any, float] = {}
        self.seen: Dict[Any, int] = {}
        self.unknown = ""  # a type of module that thop has a rule for, and this file none
        self._handles: List[Any] = []

    def __enter__(self) -> Thop:
        # Like thop: a module that is reached twice is hooked twice, and counted twice below.
        self._network.apply(self._hook)
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _hook(self, module: Any) -> None:
        if type(module) in self._blind:
            self.unknown = type(module).__name__
        rule = self._rules.get(type(module))
        if rule is None:
            return
        first = module not in self.macs
        self.macs[module], self.seen[module] = 0, 0
        flops = _TRUE.get(type(module).__name__)

        def count(module: Any, inputs: Any, output: Any) -> None:
            self.macs[module] += rule(module, inputs[0], output)
            if first and flops is not None:
                self.seen[module] += flops(module, inputs[0], output)

        self._handles.append(module.register_forward_hook(count))

    def total(self) -> float:
        """Return the MACs of the network, summed over its tree as thop does."""
        import torch

        if self.unknown:
            message = "the network has a {}, and thop's rule for it is not implemented"
            raise Refused("no-rule", message.format(self.unknown))
        containers = (torch.nn.Sequential, torch.nn.ModuleList)

        def below(module: Any) -> float:
            macs = self.macs.get(module, 0)
            for _, inner in module.named_children():
                known = inner in self.macs and not isinstance(inner, containers)
                macs += self.macs[inner] if known else below(inner)
            return macs

        return below(self._network)


def _rules(nn: Any) -> Dict[Any, Callable[[Any, Any, Any], float]]:
    """Return thop's table: a rule for exactly these types, subclasses excluded."""
    named = {
        _convolution: "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
        _norm: "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm LayerNorm InstanceNorm1d "
        "InstanceNorm2d InstanceNorm3d",
        _input: "PReLU",
        _softmax: "Softmax",
        _output: "AvgPool1d AvgPool2d AvgPool3d",
        _adaptive: "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
        _linear: "Linear",
        _upsample: "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    }
    return {getattr(nn, name): rule for rule, names in named.items() for name in names.split()}


def _convolution(module: Any, x: Any, y: Any) -> float:
    # Also for a transposed one, where it is not the work that is done.
    kernel = 1
    for size in module.weight.shape[2:]:
        kernel *= int(size)
    return int(y.numel()) * (int(x.shape[1]) // int(module.groups)) * kernel


def _norm(module: Any, x: Any, y: Any) -> float:
    scaled = getattr(module, "affine", False) or getattr(module, "elementwise_affine", False)
    return int(x.numel()) * (4 if scaled else 2)


def _input(module: Any, x: Any, y: Any) -> float:
    return int(x.numel())


def _output(module: Any, x: Any, y: Any) -> float:
    return int(y.numel())


def _softmax(module: Any, x: Any, y: Any) -> float:
    features = int(x.shape[module.dim])
    return (int(x.numel()) // features) * (3 * features - 1)


def _adaptive(module: Any, x: Any, y: Any) -> float:
    window = 1.0
    for before, after in zip(x.shape[2:], y.shape[2:]):
        window *= before / after
    return int((window + 1) * int(y.numel()))


def _linear(module: Any, x: Any, y: Any) -> float:
    return int(module.in_features) * int(y.numel())


def _upsample(module: Any, x: Any, y: Any) -> float:
    if module.mode == "nearest":
        return int(y.numel())
    return _PER_PIXEL.get(module.mode, 0) * int(y.numel())


# The cost as the dispatcher counts it, a multiplication and an addition being two.


def _conv_flops(module: Any, x: Any, y: Any) -> int:
    return 2 * int(_convolution(module, x, y))


def _transposed_flops(module: Any, x: Any, y: Any) -> int:
    kernel = 1
    for size in module.weight.shape[1:]:  # out_channels / groups, and the kernel
        kernel *= int(size)
    return 2 * int(x.numel()) * kernel


def _linear_flops(module: Any, x: Any, y: Any) -> int:
    return 2 * int(_linear(module, x, y))


_TRUE: Dict[str, Callable[[Any, Any, Any], int]] = {"Linear": _linear_flops}
for _dimensions in "123":
    _TRUE["Conv{}d".format(_dimensions)] = _conv_flops
    _TRUE["ConvTranspose{}d".format(_dimensions)] = _transposed_flops
