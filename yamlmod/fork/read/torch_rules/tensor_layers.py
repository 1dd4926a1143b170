"""Functions of torch.nn.functional that also exist as layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import floor

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.values import TensorValue, UnknownValue, Value, is_plain
from yamlmod.fork.read.torch_rules.tensor_convolution import check_tensor, convolve
from yamlmod.fork.read.torch_rules.tensor_pooling import adaptive, pool
from yamlmod.fork.read.torch_rules.tensors import Sizes, is_int, text_of

_MODES = {
    3: ("nearest", "nearest-exact", "linear", "area"),
    4: ("nearest", "nearest-exact", "bilinear", "bicubic", "area", "lanczos"),
    5: ("nearest", "nearest-exact", "trilinear", "area"),
}


def interpolate(
    machine: Machine, input: Value, size: Value = None, scale_factor: Value = None,
    mode: Value = "nearest", align_corners: Value = None, *rest: Value, **keywords: Value,
) -> Value:  # fmt: skip
    """Return the output of interpolate."""
    x = input if isinstance(input, TensorValue) else check_attribute(input, "interpolate")
    plain = isinstance(mode, str) and (mode.startswith("nearest") or mode == "area")
    if plain and align_corners is not None and not isinstance(align_corners, UnknownValue):
        fail(
            ValueError,
            "align_corners option can only be set with the interpolating modes: linear | "
            "bilinear | bicubic | trilinear",
        )
    if x is None or x.shape is None:
        return TensorValue(None)
    rank = len(x.shape) - 2
    known = not isinstance(size, UnknownValue) and not isinstance(scale_factor, UnknownValue)
    if known and size is not None and scale_factor is not None:
        fail(ValueError, "only one of size or scale_factor should be defined")
    if known and size is None and scale_factor is None:
        fail(ValueError, "either size or scale_factor should be defined")
    if not isinstance(mode, UnknownValue) and mode not in _MODES.get(len(x.shape), ()):
        fail(
            NotImplementedError,
            "Input Error: Only 3D, 4D and 5D input Tensors supported "
            f"(got {len(x.shape)}D) for the modes: nearest | linear | bilinear | bicubic | "
            f"trilinear | area | nearest-exact (got {mode})",
        )
    if not known or rank < 1:
        return TensorValue((*x.shape[:2], *(None,) * max(rank, 0)))
    given = size if size is not None else scale_factor
    items = list(given) if isinstance(given, (list, tuple)) else [given] * rank
    if len(items) != rank:
        fail(
            ValueError,
            f"Input and output must have the same number of spatial dimensions, got {items}",
        )
    sizes = [
        _resized(old, item, size is not None) for old, item in zip(x.shape[2:], items, strict=True)
    ]
    if 0 in sizes and isinstance(mode, UnknownValue):
        return TensorValue((*x.shape[:2], *(None,) * rank))
    if 0 in sizes and mode != "area":  # that one is an adaptive pooling, which gives nothing back
        fail(
            RuntimeError,
            f"Input and output sizes should be greater than 0, but got output {text_of(sizes)}",
        )
    return TensorValue((*x.shape[:2], *sizes))


def _resized(old: int | None, item: Value, by_size: bool) -> int | None:
    if isinstance(item, (UnknownValue, TensorValue, bool)):
        return None
    if by_size:
        return item if is_int(item) else None
    if not isinstance(item, (int, float)):
        return None
    return None if old is None else floor(old * item)


def check_attribute(x: Value, what: str) -> TensorValue | None:
    """As check_tensor, for functions of Python that read an attribute of their input first."""
    if is_plain(x) and not isinstance(x, UnknownValue):
        fail(AttributeError, f"'{kind_of(x)}' object has no attribute 'dim'")
    return None


def pad(machine: Machine, input: Value, pad: Value, *rest: Value, **keywords: Value) -> Value:
    """Return the output of F.pad: pairs of numbers, the last dimension first."""
    x = check_tensor(input, "pad")
    if x is None or x.shape is None or not isinstance(pad, (list, tuple)):
        return TensorValue(None)
    sizes = list(x.shape)
    if len(pad) > 2 * len(sizes):
        fail(
            RuntimeError,
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {len(sizes)}",
        )
    for place in range(len(pad) // 2):
        low, high = pad[2 * place], pad[2 * place + 1]
        size = sizes[-1 - place] if place < len(sizes) else None
        if place < len(sizes):
            known = is_int(low) and is_int(high) and size is not None
            sizes[-1 - place] = size + low + high if known and size is not None else None
    return TensorValue(tuple(sizes), x.kind)


def linear(machine: Machine, input: Value, weight: Value, bias: Value = None) -> Value:
    x = check_tensor(input, "linear")
    shape = weight.shape if isinstance(weight, TensorValue) else None
    if x is None or x.shape is None or shape is None or len(shape) != 2:
        return TensorValue(None)
    if x.shape and None not in (x.shape[-1], shape[1]) and x.shape[-1] != shape[1]:
        rows = "x".join(str(s) for s in (_product(x.shape[:-1]), x.shape[-1]))
        fail(
            RuntimeError,
            f"mat1 and mat2 shapes cannot be multiplied ({rows} and {shape[1]}x{shape[0]})",
        )
    return TensorValue((*x.shape[:-1], shape[0]))


def _product(shape: Sizes) -> int | str:
    total = 1
    for size in shape:
        if size is None:
            return "?"
        total *= size
    return total


def _conv_function(rank: int) -> Callable[..., Value]:
    def call(
        machine: Machine, input: Value, weight: Value, bias: Value = None, stride: Value = 1,
        padding: Value = 0, dilation: Value = 1, groups: Value = 1,
    ) -> Value:  # fmt: skip
        x = check_tensor(input, f"conv{rank}d")
        shape = weight.shape if isinstance(weight, TensorValue) else None
        if shape is not None and len(shape) != rank + 2:
            return TensorValue(None)
        out = None if shape is None else shape[0]
        return convolve(x, shape, out, (stride, padding, dilation, groups), rank)

    return call


def _pool_function(what: str, dilated: bool) -> Callable[..., Value]:
    def call(
        machine: Machine, input: Value, kernel_size: Value, stride: Value = None,
        padding: Value = 0, *rest: Value, **keywords: Value,
    ) -> Value:  # fmt: skip
        dilation = keywords.get("dilation", rest[0] if dilated and rest else 1)
        ceil = keywords.get("ceil_mode", rest[1] if dilated and len(rest) > 1 else False)
        if not dilated and rest:
            ceil = rest[0]
        x = check_tensor(input, what)
        return pool(x, kernel_size, stride, padding, dilation, ceil, what, int(what[-2]))

    return call


def _adaptive_function(what: str) -> Callable[..., Value]:
    def call(machine: Machine, input: Value, output_size: Value, *rest: Value) -> Value:
        return adaptive(check_tensor(input, what), output_size, what, int(what[-2]))

    return call


LAYER_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "interpolate": interpolate,
    "upsample": interpolate,
    "pad": pad,
    "linear": linear,
    **{f"conv{rank}d": _conv_function(rank) for rank in (1, 2, 3)},
    **{f"max_pool{rank}d": _pool_function(f"max_pool{rank}d", True) for rank in (1, 2, 3)},
    **{f"avg_pool{rank}d": _pool_function(f"avg_pool{rank}d", False) for rank in (1, 2, 3)},
    **{
        f"adaptive_{kind}_pool{rank}d": _adaptive_function(f"adaptive_{kind}_pool{rank}d")
        for rank in (1, 2, 3)
        for kind in ("avg", "max")
    },
}
