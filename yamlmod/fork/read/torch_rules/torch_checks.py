"""The checks and attributes of single torch constructors, tested against the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import fail
from yamlmod.fork.read.interpreter.operators import guarded, kind_of
from yamlmod.fork.read.interpreter.values import (
    Outside,
    TensorValue,
    UnknownValue,
    Value,
    deep_unknown,
    is_plain,
)
from yamlmod.fork.read.torch_rules.tensors import is_int
from yamlmod.fork.read.torch_rules.torch_names import SAME_SIZE

Fields = dict[str, Value]


def made(*sizes: Value) -> TensorValue:
    """Return a parameter of these sizes; raises torch's error for sizes that are none."""
    out: list[int | None] = []
    for place, size in enumerate(sizes):
        # torch looks at the first element alone for a bool.
        if is_int(size) or (isinstance(size, bool) and place):
            out.append(int(size))
        elif isinstance(size, (UnknownValue, TensorValue, Outside)):
            out.append(None)
        elif isinstance(size, bool):
            fail(
                TypeError,
                "empty(): argument 'size' must be tuple of ints, but found element of type bool",
            )
        else:
            fail(
                TypeError,
                "empty() received an invalid combination of arguments - got an element of type "
                f"{kind_of(size)}",
            )
    negative = next((size for size in out if size is not None and size < 0), None)
    if negative is not None:
        fail(RuntimeError, f"Trying to create tensor with negative dimension {negative}")
    return TensorValue(tuple(out), "float", True)


def _repeated(value: Value, rank: int) -> Value:
    """As torch's _pair: what can be iterated is taken as it is."""
    if isinstance(value, (list, tuple)):
        return tuple(value)
    if isinstance(value, (str, dict, set, frozenset, range)):
        return tuple(value)
    return value if isinstance(value, UnknownValue) else (value,) * rank


def _divided(left: Value, right: Value, message: str) -> None:
    if deep_unknown([left, right]) is not None or not (is_plain(left) and is_plain(right)):
        return
    if guarded(lambda: left % right) not in (0, False):
        fail(ValueError, message)


def _convolution(rank: int, transposed: bool = False) -> Callable[[Fields], Fields]:
    def check(fields: Fields) -> Fields:
        kernel = _repeated(fields["kernel_size"], rank)
        padding = fields["padding"]
        given = {key: _repeated(fields[key], rank) for key in ("stride", "dilation")}
        given["padding"] = padding if isinstance(padding, str) else _repeated(padding, rank)
        channels, out, groups = fields["in_channels"], fields["out_channels"], fields["groups"]
        _check_groups(channels, out, groups)
        _check_padding(given, fields)
        each = out if transposed else channels
        other = channels if transposed else out
        width = each if isinstance(each, UnknownValue) else groups
        width = width if isinstance(width, UnknownValue) else guarded(lambda: each // groups)
        if isinstance(kernel, UnknownValue):
            weight = TensorValue(
                (*(made(other, width).shape or ()), *(None,) * rank), "float", True
            )
        else:
            weight = made(other, width, *kernel)
        bias = _optional(fields["bias"], out)
        return {**given, "kernel_size": kernel, "weight": weight, "bias": bias}

    return check


def _check_groups(channels: Value, out: Value, groups: Value) -> None:
    if isinstance(groups, UnknownValue):
        return
    if is_plain(groups) and guarded(lambda: groups <= 0) is True:
        fail(ValueError, "groups must be a positive integer")
    _divided(channels, groups, "in_channels must be divisible by groups")
    _divided(out, groups, "out_channels must be divisible by groups")


def _check_padding(given: Fields, fields: Fields) -> None:
    padding, mode = given["padding"], fields["padding_mode"]
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            fail(
                ValueError,
                f"Invalid padding string '{padding}', should be one of {{'valid', 'same'}}",
            )
        stride = given["stride"]
        if (
            padding == "same"
            and isinstance(stride, tuple)
            and any(is_int(s) and s != 1 for s in stride)
        ):
            fail(ValueError, "padding='same' is not supported for strided convolutions")
    if is_plain(mode) and mode not in ("zeros", "reflect", "replicate", "circular"):
        fail(
            ValueError,
            f"padding_mode must be one of zeros, reflect, replicate, circular, but got {mode}",
        )


def _optional(wanted: Value, size: Value) -> Value:
    if isinstance(wanted, UnknownValue):
        return wanted
    truth = bool(wanted) if is_plain(wanted) else True
    return made(size) if truth else None


def _batch_norm(fields: Fields) -> Fields:
    features = fields["num_features"]
    statistics: Fields = {}
    if fields.get("track_running_stats") is True:
        for name in ("running_mean", "running_var"):
            buffer = _vector(features)
            statistics[name] = TensorValue(buffer.shape, buffer.kind)
    if not isinstance(fields["affine"], UnknownValue) and not fields["affine"]:
        return {"weight": None, "bias": None, **statistics}
    return {"weight": _vector(features), "bias": _vector(features), **statistics}


def _vector(size: Value) -> TensorValue:
    """A size may be a list here: torch.empty([64])."""
    return made(*size) if isinstance(size, (list, tuple)) else made(size)


def _instance_norm(fields: Fields) -> Fields:
    if fields["affine"] and not isinstance(fields["affine"], UnknownValue):
        return {"weight": _vector(fields["num_features"]), "bias": _vector(fields["num_features"])}
    return {"weight": None, "bias": None}


def _group_norm(fields: Fields) -> Fields:
    groups, channels = fields["num_groups"], fields["num_channels"]
    _divided(channels, groups, "num_channels must be divisible by num_groups")
    if not isinstance(fields["affine"], UnknownValue) and not fields["affine"]:
        return {"weight": None, "bias": None}
    return {"weight": _vector(channels), "bias": _vector(channels)}


def _layer_norm(fields: Fields) -> Fields:
    shape = fields["normalized_shape"]
    sizes: Value = (shape,) if is_int(shape) or isinstance(shape, bool) else shape
    if not isinstance(sizes, (list, tuple, UnknownValue)):
        fail(TypeError, f"'{kind_of(sizes)}' object is not iterable")
    if isinstance(sizes, UnknownValue) or not fields["elementwise_affine"]:
        return {"normalized_shape": sizes, "weight": None, "bias": None}
    return {"normalized_shape": tuple(sizes), "weight": made(*sizes), "bias": made(*sizes)}


def _linear(fields: Fields) -> Fields:
    weight = made(fields["out_features"], fields["in_features"])
    return {"weight": weight, "bias": _optional(fields["bias"], fields["out_features"])}


def _embedding(fields: Fields) -> Fields:
    return {"weight": made(fields["num_embeddings"], fields["embedding_dim"])}


def _prelu(fields: Fields) -> Fields:
    return {"weight": _vector(fields["num_parameters"])}


def _dropout(fields: Fields) -> Fields:
    p = fields["p"]
    if is_plain(p) and guarded(lambda: p < 0.0 or p > 1.0) is True:
        fail(ValueError, f"dropout probability has to be between 0 and 1, but got {p}")
    return {}


def _upsample(fields: Fields) -> Fields:
    factor = fields["scale_factor"]
    if isinstance(factor, tuple) and deep_unknown(factor) is None:
        return {"scale_factor": tuple(guarded(float, part) for part in factor)}
    if is_plain(factor) and not isinstance(factor, tuple):
        return {"scale_factor": guarded(float, factor) if factor else None}
    return {}


def _pooling(fields: Fields) -> Fields:
    return {"stride": fields["kernel_size"] if fields["stride"] is None else fields["stride"]}


def _attention(fields: Fields) -> Fields:
    size, heads = fields["embed_dim"], fields["num_heads"]
    if isinstance(size, UnknownValue) or isinstance(heads, UnknownValue):
        return {}
    if guarded(lambda: size <= 0 or heads <= 0) is True:
        fail(
            ValueError,
            f"embed_dim and num_heads must be greater than 0, got embed_dim={size} and "
            f"num_heads={heads} instead",
        )
    if guarded(lambda: size // heads * heads) != size:
        fail(AssertionError, "embed_dim must be divisible by num_heads")
    made(3 * size if is_int(size) else size, size)
    return {"head_dim": size // heads}


def _padding(rank: int) -> Callable[[Fields], Fields]:
    def check(fields: Fields) -> Fields:
        return {"padding": _repeated(fields["padding"], 2 * rank)}

    return check


PLAIN_LAYERS = SAME_SIZE | frozenset(
    [
        "AdaptiveAvgPool1d",
        "AdaptiveAvgPool2d",
        "AdaptiveAvgPool3d",
        "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d",
        "CosineSimilarity",
        "Flatten",
        "Fold",
        "GLU",
        "Identity",
        "PixelShuffle",
        "PixelUnshuffle",
        "Unflatten",
        "Unfold",
    ]
)


CHECKS: Mapping[str, Callable[[Fields], Fields]] = {
    **{f"Conv{rank}d": _convolution(rank) for rank in (1, 2, 3)},
    **{f"ConvTranspose{rank}d": _convolution(rank, True) for rank in (1, 2, 3)},
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"), _batch_norm),
    **dict.fromkeys(("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), _instance_norm),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"), _dropout),
    **dict.fromkeys(("MaxPool1d", "MaxPool2d", "MaxPool3d"), _pooling),
    **dict.fromkeys(("AvgPool2d", "AvgPool3d", "AvgPool1d"), _pooling),
    **{f"{kind}Pad{rank}d": _padding(rank)
       for kind in ("Zero", "Reflection", "Replication", "Constant") for rank in (1, 2, 3)},
    "Embedding": _embedding,
    "GroupNorm": _group_norm,
    "LayerNorm": _layer_norm,
    "Linear": _linear,
    "MultiheadAttention": _attention,
    "PReLU": _prelu,
    "Upsample": _upsample,
    "UpsamplingNearest2d": _upsample,
    "UpsamplingBilinear2d": _upsample,
}  # fmt: skip
