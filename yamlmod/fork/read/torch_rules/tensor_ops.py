"""Output sizes of tensor operations, shared by methods and functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.values import TensorValue, UnknownValue, Value, is_plain
from yamlmod.fork.read.torch_rules.tensor_blends import BLENDS
from yamlmod.fork.read.torch_rules.tensor_parts import (
    chunk,
    index_of,
    index_select,
    norm,
    reduce,
    reduce_pair,
    sort,
    split,
    topk,
    unbind,
)
from yamlmod.fork.read.torch_rules.tensor_types import converted
from yamlmod.fork.read.torch_rules.tensors import (
    Sizes,
    count,
    dimension,
    dimensions,
    is_int,
    matmul,
    sizes_of,
    tensor_binary,
    view,
)

Operation = Callable[..., Value]


def same(machine: Machine, x: TensorValue, *args: Value, **keywords: Value) -> Value:
    """Element by element: the sizes stay."""
    return TensorValue(x.shape, x.kind)


def in_place(machine: Machine, x: TensorValue, *args: Value, **keywords: Value) -> Value:
    """The tensor itself is changed and given back."""
    return x


def _cast(kind: str) -> Operation:
    return lambda machine, x, *args, **keywords: TensorValue(x.shape, kind)


def _view(machine: Machine, x: TensorValue, *sizes: Value) -> Value:
    parts = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (list, tuple)) else sizes
    if len(parts) == 1 and not (
        is_int(parts[0]) or isinstance(parts[0], TensorValue) or is_plain(parts[0])
    ):
        return TensorValue(None, x.kind)
    return TensorValue(view(x.shape, parts), x.kind)


def _flatten(machine: Machine, x: TensorValue, start_dim: Value = 0, end_dim: Value = -1) -> Value:
    if x.shape is None:
        return TensorValue(None, x.kind)
    start, end = dimension(start_dim, len(x.shape)), dimension(end_dim, len(x.shape))
    if start is None or end is None:
        return TensorValue(None, x.kind)
    if start > end:
        fail(RuntimeError, "flatten() has invalid args: start_dim cannot come after end_dim")
    middle = count(x.shape[start : end + 1]) if x.shape else 1
    return TensorValue((*x.shape[:start], middle, *x.shape[end + 1 :]), x.kind)


def _permute(machine: Machine, x: TensorValue, *dims: Value, **keywords: Value) -> Value:
    order = keywords.get(
        "dims", dims[0] if len(dims) == 1 and isinstance(dims[0], (list, tuple)) else dims
    )
    if x.shape is None or not isinstance(order, (list, tuple)):
        return TensorValue(None, x.kind)
    places = dimensions(list(order), len(x.shape))
    if places is None:
        return TensorValue(None, x.kind)
    if len(places) != len(x.shape):
        fail(
            RuntimeError,
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {len(x.shape)} is "
            f"not equal to len(dims) = {len(places)}",
        )
    if len(set(places)) != len(places):
        fail(RuntimeError, "permute(): duplicate dims are not allowed.")
    return TensorValue(tuple(x.shape[place] for place in places), x.kind)


def _transpose(machine: Machine, x: TensorValue, dim0: Value, dim1: Value) -> Value:
    if x.shape is None:
        return TensorValue(None, x.kind)
    one, other = dimension(dim0, len(x.shape)), dimension(dim1, len(x.shape))
    if one is None or other is None:
        return TensorValue(None, x.kind)
    sizes = list(x.shape)
    if sizes:
        sizes[one], sizes[other] = sizes[other], sizes[one]
    return TensorValue(tuple(sizes), x.kind)


def _unsqueeze(machine: Machine, x: TensorValue, dim: Value) -> Value:
    if x.shape is None or not is_int(dim):
        return TensorValue(None, x.kind)
    place = dimension(dim, len(x.shape) + 1) or 0
    return TensorValue((*x.shape[:place], 1, *x.shape[place:]), x.kind)


def _squeeze(machine: Machine, x: TensorValue, dim: Value = None) -> Value:
    if x.shape is None:
        return TensorValue(None, x.kind)
    places = list(range(len(x.shape))) if dim is None else dimensions(dim, len(x.shape))
    if places is None or any(x.shape[place] is None for place in places if x.shape):
        return TensorValue(None, x.kind)
    kept = [s for place, s in enumerate(x.shape) if not (place in places and s == 1)]
    return TensorValue(tuple(kept), x.kind)


def _expand(machine: Machine, x: TensorValue, *sizes: Value) -> Value:
    parts = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (list, tuple)) else sizes
    if x.shape is None or any(isinstance(part, UnknownValue) for part in parts):
        return TensorValue(None, x.kind)
    if len(parts) < len(x.shape):
        fail(
            RuntimeError,
            f"expand: the number of sizes provided ({len(parts)}) must be greater or equal",
        )
    own: Sizes = (1,) * (len(parts) - len(x.shape)) + x.shape
    out: list[int | None] = []
    for size, part in zip(own, parts, strict=True):
        if not is_int(part):
            out.append(None)
        elif part == -1:
            out.append(size)
        elif size not in (None, 1) and size != part:
            fail(
                RuntimeError,
                f"The expanded size of the tensor ({part}) must match the existing size ({size})",
            )
        else:
            out.append(part)
    return TensorValue(tuple(out), x.kind)


def _repeat(machine: Machine, x: TensorValue, *sizes: Value) -> Value:
    parts = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (list, tuple)) else sizes
    if x.shape is None or not all(is_int(part) for part in parts):
        return TensorValue(None, x.kind)
    if len(parts) < len(x.shape):
        message = "Number of dimensions of repeat dims can not be smaller than number of dimensions"
        fail(RuntimeError, f"{message} of tensor")
    own: Sizes = (1,) * (len(parts) - len(x.shape)) + x.shape
    sizes_out = tuple(None if s is None else s * p for s, p in zip(own, parts, strict=True))
    return TensorValue(sizes_out, x.kind)


def _matmul(machine: Machine, x: Value, other: Value) -> Value:
    return machine.parts.binary(machine, "@", x, other)


def _bmm(machine: Machine, x: TensorValue, other: Value) -> Value:
    if not isinstance(other, TensorValue) or x.shape is None or other.shape is None:
        return TensorValue(None)
    if len(x.shape) != 3 or len(other.shape) != 3:
        fail(RuntimeError, "batch1 must be a 3D tensor")
    batches = (x.shape[0], other.shape[0])
    if None not in batches and batches[0] != batches[1]:
        fail(
            RuntimeError,
            f"Expected size for first two dimensions of batch2 tensor to be: {batches[0]}",
        )
    return TensorValue(matmul(x.shape, other.shape))


def _operator(sign: str) -> Operation:
    return lambda machine, x, other, **keywords: tensor_binary(machine, sign, x, other)


def _operator_in_place(sign: str) -> Operation:
    def call(machine: Machine, x: TensorValue, other: Value, **keywords: Value) -> Value:
        tensor_binary(machine, sign, x, other)
        return x

    return call


def _select(machine: Machine, x: TensorValue, dim: Value, index: Value) -> Value:
    place = None if x.shape is None else dimension(dim, len(x.shape))
    if x.shape is None or place is None:
        return TensorValue(None, x.kind)
    return TensorValue((*x.shape[:place], *x.shape[place + 1 :]), x.kind)


def _movedim(machine: Machine, x: TensorValue, source: Value, destination: Value) -> Value:
    if x.shape is None or not (is_int(source) and is_int(destination)):
        return TensorValue(None, x.kind)
    rank = len(x.shape)
    one, other = dimension(source, rank), dimension(destination, rank)
    sizes = list(x.shape)
    if one is not None and other is not None and sizes:
        sizes.insert(other, sizes.pop(one))
    return TensorValue(tuple(sizes), x.kind)


def _like(machine: Machine, x: TensorValue, other: Value) -> Value:
    shape = other.shape if isinstance(other, TensorValue) else None
    return TensorValue(shape, x.kind)


def _new(machine: Machine, x: TensorValue, *sizes: Value, **keywords: Value) -> Value:
    given = keywords.get("size", sizes[0] if len(sizes) == 1 else sizes)
    return TensorValue(sizes_of(given, "new_zeros"), x.kind)


def _gather(machine: Machine, x: TensorValue, dim: Value, index: Value, **keywords: Value) -> Value:
    return TensorValue(index.shape if isinstance(index, TensorValue) else None, x.kind)


def _diagonal(machine: Machine, x: TensorValue, *args: Value, **keywords: Value) -> Value:
    return TensorValue(None, x.kind)


def _pixel_shuffle(machine: Machine, x: TensorValue, factor: Value) -> Value:
    if x.shape is None or len(x.shape) < 3 or not is_int(factor) or factor < 1:
        return TensorValue(None)
    *batch, channels, height, width = x.shape
    if channels is not None and channels % factor**2:
        fail(
            RuntimeError,
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {factor**2}",
        )
    return TensorValue(
        (*batch, _over(channels, factor**2), _times(height, factor), _times(width, factor))
    )


def _pixel_unshuffle(machine: Machine, x: TensorValue, factor: Value) -> Value:
    if x.shape is None or len(x.shape) < 3 or not is_int(factor) or factor < 1:
        return TensorValue(None)
    *batch, channels, height, width = x.shape
    for size, word in ((height, "height"), (width, "width")):
        if size is not None and size % factor:
            fail(
                RuntimeError,
                f"pixel_unshuffle expects {word} to be divisible by {factor}, but {size} is not",
            )
    return TensorValue(
        (*batch, _times(channels, factor**2), _over(height, factor), _over(width, factor))
    )


def _over(size: int | None, factor: int) -> int | None:
    return None if size is None else size // factor


def _times(size: int | None, factor: int) -> int | None:
    return None if size is None else size * factor


_SAME = (
    "abs acos asin atan ceil clamp clamp_min clamp_max clip clone contiguous cos cosh cumsum "
    "detach dropout elu erf exp expm1 fill flip floor fmod gelu hardsigmoid hardswish hardtanh "
    "leaky_relu log log10 log1p log2 logit logsigmoid log_softmax masked_fill mish nan_to_num "
    "neg normalize pow reciprocal relu relu6 roll round rsqrt selu sigmoid sign silu sin "
    "softmax softplus softsign sqrt square tan tanh triu tril cpu cuda requires_grad_ type_as "
    "data detach_ squeeze_ pin_memory dropout2d threshold celu alpha_dropout cumprod"
)
_IN_PLACE = (
    "zero_ fill_ normal_ uniform_ clamp_ sigmoid_ relu_ copy_ exponential_ share_memory_ "
    "tanh_ exp_ masked_fill_ kaiming_normal_ kaiming_uniform_ xavier_uniform_ xavier_normal_ "
    "constant_ trunc_normal_ ones_ zeros_ orthogonal_ requires_grad_ silu_ leaky_relu_ floor_ "
    "round_ sqrt_"
)
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "true_divide": "/", "multiply": "*"}
_SIGNS |= {"subtract": "-", "maximum": "+", "minimum": "+", "remainder": "%", "floor_divide": "//"}
OPERATIONS: Mapping[str, Operation] = {
    **dict.fromkeys(_SAME.split(), same),
    **dict.fromkeys(_IN_PLACE.split(), in_place),
    **{name: _operator(sign) for name, sign in _SIGNS.items()},
    **{f"{name}_": _operator_in_place(sign) for name, sign in _SIGNS.items()},
    **dict.fromkeys(("long", "int", "short"), _cast("int")),
    **dict.fromkeys(("half", "double", "bfloat16"), _cast("")),
    "float": _cast("float"),
    "to": lambda machine, x, *args, **keywords: converted(x, args, keywords),
    **dict.fromkeys(("bool", "isnan", "isinf", "logical_not"), _cast("bool")),
    **dict.fromkeys(("mean", "sum", "var", "std", "prod", "logsumexp", "all", "any"), reduce),
    **dict.fromkeys(("amax", "amin"), reduce),
    **dict.fromkeys(("max", "min", "median"), reduce_pair),
    **dict.fromkeys(("argmax", "argmin"), index_of),
    **dict.fromkeys(("view", "reshape"), _view),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transpose),
    **dict.fromkeys(("matmul", "mm"), _matmul),
    **dict.fromkeys(("view_as", "reshape_as", "expand_as"), _like),
    **dict.fromkeys(("new_zeros", "new_ones", "new_empty"), _new),
    **BLENDS,
    "bmm": _bmm,
    "chunk": chunk,
    "diagonal": _diagonal,
    "expand": _expand,
    "flatten": _flatten,
    "gather": _gather,
    "index_select": index_select,
    "new_full": lambda machine, x, size, *value, **keywords: _new(machine, x, size),
    "movedim": _movedim,
    "norm": norm,
    "permute": _permute,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "repeat": _repeat,
    "select": _select,
    "sort": sort,
    "split": split,
    "squeeze": _squeeze,
    "tensor_split": lambda machine, x, *args, **keywords: UnknownValue("tensor_split"),
    "topk": topk,
    "unbind": unbind,
    "unsqueeze": _unsqueeze,
}
