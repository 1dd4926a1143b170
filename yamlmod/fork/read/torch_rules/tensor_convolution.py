"""Convolutions, shared by layers and functions."""

from __future__ import annotations

from yamlmod.fork.read.interpreter.machine import fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.values import TensorValue, Value, deep_unknown, is_plain
from yamlmod.fork.read.torch_rules.tensors import Sizes, is_int, text_of


def pairs(value: Value, rank: int, what: str, name: str) -> list[int] | None:
    """Return a size for each spatial dimension; None: not known; raises where torch takes none."""
    if deep_unknown(value) is not None:
        return None
    items = list(value) if isinstance(value, (list, tuple)) else [value] * rank
    if len(items) == 1:
        items = items * rank
    for place, item in enumerate(items):
        if (isinstance(item, bool) and not place) or not isinstance(item, int):
            if not is_plain(item):
                return None
            fail(
                TypeError,
                f"{what}(): argument '{name}' must be tuple of ints, but found element of type "
                f"{kind_of(item)}",
            )
    if len(items) != rank:
        fail(
            RuntimeError,
            f"{what}: expected {name} to be a single integer value or a list of {rank} values",
        )
    return items


def check_tensor(x: Value, what: str) -> TensorValue | None:
    """Return the input, None if unknown; raises torch's error if it is not a tensor."""
    if isinstance(x, TensorValue):
        return x
    if is_plain(x) and (x is None or deep_unknown(x) is None or isinstance(x, (list, tuple))):
        name = kind_of(x)
        fail(TypeError, f"{what}(): argument 'input' (position 1) must be Tensor, not {name}")
    if isinstance(x, tuple):
        fail(TypeError, f"{what}(): argument 'input' (position 1) must be Tensor, not tuple")
    return None


def convolve(
    x: TensorValue | None,
    weight: Sizes | None,
    out: int | None,
    settings: tuple[Value, Value, Value, Value],
    rank: int = 2,
) -> TensorValue:
    """Return a convolution's output. ``settings``: stride, padding, dilation, groups."""
    stride, padding, dilation, groups = settings
    what = f"conv{rank}d"
    strides, dilations = (
        pairs(stride, rank, what, "stride"),
        pairs(dilation, rank, what, "dilation"),
    )
    pads = None if isinstance(padding, str) else pairs(padding, rank, what, "padding")
    same = padding == "same" if isinstance(padding, str) else False
    if padding == "valid":
        pads = [0] * rank
    if isinstance(groups, (bool, float, str)) or groups is None:
        fail(TypeError, f"{what}() received an invalid combination of arguments: groups")
    if x is None or x.shape is None:
        return TensorValue((None, out, *(None,) * rank))
    batch = _batch(x.shape, rank, what)
    if strides is not None and min(strides) <= 0:
        fail(RuntimeError, "non-positive stride is not supported")
    if pads is not None and min(pads) < 0:
        fail(RuntimeError, "negative padding is not supported")
    if dilations is not None and min(dilations) <= 0:
        fail(RuntimeError, "dilation should be greater than zero")
    if weight is not None:
        _check_channels(x.shape, weight, groups, rank)
    kernel: list[int | None] = [None] * rank if weight is None else list(weight[2:])
    spatial = list(x.shape[-rank:])
    if not same:
        _check_kernel(spatial, kernel, pads, dilations)
        spatial = [
            _output(size, kernel[i], _at(strides, i), _at(pads, i), _at(dilations, i))
            for i, size in enumerate(spatial)
        ]
    return TensorValue((*batch, out, *spatial))


def _batch(shape: Sizes, rank: int, what: str) -> Sizes:
    if len(shape) not in (rank + 1, rank + 2):
        fail(
            RuntimeError,
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {what}, but got "
            f"input of size: {text_of(shape)}",
        )
    return shape[: len(shape) - rank - 1]


def _check_channels(shape: Sizes, weight: Sizes, groups: Value, rank: int) -> None:
    channels, each = shape[-rank - 1], weight[1]
    if channels is None or each is None or not is_int(groups):
        return
    if weight[0] == 0:
        fail(
            RuntimeError,
            f"Given groups={groups}, expected weight to be at least 1 at dimension 0, but got "
            f"weight of size {text_of(weight)} instead",
        )
    if channels != each * groups:
        fail(
            RuntimeError,
            f"Given groups={groups}, weight of size {text_of(weight)}, expected "
            f"input{text_of(shape)} to have {each * groups} channels, but got {channels} "
            "channels instead",
        )


def _check_kernel(
    spatial: list[int | None],
    kernel: list[int | None],
    pads: list[int] | None,
    dilations: list[int] | None,
) -> None:
    for place, size in enumerate(spatial):
        width, pad, step = kernel[place], _at(pads, place), _at(dilations, place)
        if size is None or width is None or pad is None or step is None:
            continue
        if width == 0:
            fail(RuntimeError, "kernel size should be greater than zero")
        if size + 2 * pad < step * (width - 1) + 1:
            fail(
                RuntimeError,
                f"Calculated padded input size per channel: ({size + 2 * pad}). Kernel size: "
                f"({step * (width - 1) + 1}). Kernel size can't be greater than actual input size",
            )


def _at(values: list[int] | None, place: int) -> int | None:
    return None if values is None else values[place]


def _output(size: Value, kernel: Value, stride: Value, pad: Value, step: Value) -> int | None:
    if None in (size, kernel, stride, pad, step):
        return None
    return int((size + 2 * pad - step * (kernel - 1) - 1) // stride + 1)


def transpose_convolve(
    x: TensorValue | None,
    weight: Sizes | None,
    settings: tuple[Value, Value, Value, Value, Value],
    rank: int = 2,
) -> TensorValue:
    """Return a transposed convolution's output; ``settings`` as above, and the output's padding."""
    stride, padding, dilation, groups, extra = settings
    what = f"conv_transpose{rank}d"
    strides, pads = pairs(stride, rank, what, "stride"), pairs(padding, rank, what, "padding")
    steps, extras = (
        pairs(dilation, rank, what, "dilation"),
        pairs(extra, rank, what, "output_padding"),
    )
    out = None
    if weight is not None and is_int(groups) and weight[1] is not None:
        out = weight[1] * groups
    if x is None or x.shape is None:
        return TensorValue((None, out, *(None,) * rank))
    batch = _batch(x.shape, rank, what)
    channels = x.shape[-rank - 1]
    if weight is not None and None not in (channels, weight[0]) and channels != weight[0]:
        fail(
            RuntimeError,
            f"Given transposed=1, weight of size {text_of(weight)}, expected "
            f"input{text_of(x.shape)} to have {weight[0]} channels, but got {channels} "
            "channels instead",
        )
    if weight is not None and 0 in weight:
        fail(RuntimeError, f"weight of size {text_of(weight)} has no elements")
    sizes: list[int | None] = []
    for place, size in enumerate(x.shape[-rank:]):
        width = None if weight is None else weight[2 + place]
        parts = (_at(strides, place), _at(pads, place), _at(steps, place), _at(extras, place))
        if size is None or width is None or None in parts:
            sizes.append(None)
            continue
        s, p, d, e = (part or 0 for part in parts)
        found = (size - 1) * s - 2 * p + d * (width - 1) + e + 1
        if e and e >= max(s, d):
            fail(RuntimeError, "output padding must be smaller than either stride or dilation")
        if found <= 0:
            fail(
                RuntimeError,
                f"Calculated output size per channel: ({found}). Output size is too small",
            )
        sizes.append(found)
    return TensorValue((*batch, out, *sizes))
