"""Output sizes of torch layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.values import (
    Instance,
    TensorValue,
    UnknownValue,
    Value,
)
from yamlmod.fork.read.torch_rules.tensor_convolution import (
    check_tensor,
    convolve,
    transpose_convolve,
)
from yamlmod.fork.read.torch_rules.tensor_layers import interpolate, linear, pad
from yamlmod.fork.read.torch_rules.tensor_ops import OPERATIONS
from yamlmod.fork.read.torch_rules.tensor_pooling import adaptive, pool
from yamlmod.fork.read.torch_rules.tensors import dimension, is_int
from yamlmod.fork.read.torch_rules.torch_names import SAME_SIZE
from yamlmod.fork.read.torch_rules.torch_norms import (
    batch_norm,
    field_of,
    group_norm,
    instance_norm,
    layer_norm,
    weight_of,
)


def forward(
    machine: Machine, layer: Instance, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """Return what torch's layer ``name`` makes of its input."""
    rule = _RULES.get(name)
    if name in ("Module", "ModuleList", "ModuleDict", "ParameterList"):
        if layer.hidden or layer.cls.is_open:
            return UnknownValue(layer.hidden or f"a base class of {layer.cls.name} is not known")
        fail(
            NotImplementedError,
            f'Module [{layer.cls.name}] is missing the required "forward" function',
        )
    if rule is None:
        return UnknownValue(f"the forward of torch.nn.{name} is not interpreted")
    if len(args) != 1 or keywords:
        if name == "MultiheadAttention" and args:
            return _attention(layer, args)
        inputs = [*args, *keywords.values()]
        if len(inputs) == 1:
            return rule(machine, layer, inputs[0])
        if keywords or name not in _ONE_INPUT:
            return UnknownValue(f"torch.nn.{name} with {len(inputs)} inputs")
        were = "was" if len(args) == 0 else "were"
        fail(
            TypeError,
            f"{name}.forward() takes 2 positional arguments but {len(args) + 1} {were} given"
            if args
            else f"{name}.forward() missing 1 required positional argument: 'input'",
        )
    x = args[0]
    if isinstance(x, TensorValue) and x.shape is not None and 0 in x.shape and name != "Sequential":
        return TensorValue(None)  # torch treats an empty tensor otherwise in every layer
    return rule(machine, layer, x)


def _convolution(rank: int) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        settings = tuple(
            field_of(layer, key) for key in ("stride", "padding", "dilation", "groups")
        )
        weight = weight_of(layer)
        out = None if weight is None or len(weight) != rank + 2 else weight[0]
        if weight is not None and len(weight) != rank + 2:
            return TensorValue(None)
        return convolve(check_tensor(x, f"conv{rank}d"), weight, out, settings, rank)

    return rule


def _transposed(rank: int) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        keys = ("stride", "padding", "dilation", "groups", "output_padding")
        settings = tuple(field_of(layer, key) for key in keys)
        weight = weight_of(layer)
        if weight is not None and len(weight) != rank + 2:
            weight = None
        tensor = check_tensor(x, f"conv_transpose{rank}d")
        return transpose_convolve(tensor, weight, settings, rank)

    return rule


def _unary(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, layer.cls.torch_base.lower())
    return (
        UnknownValue("an input that is not known")
        if tensor is None
        else TensorValue(tensor.shape, tensor.kind)
    )


def _softmax(machine: Machine, layer: Instance, x: Value) -> Value:
    found = _unary(machine, layer, x)
    if isinstance(found, TensorValue) and found.shape is not None:
        dimension(field_of(layer, "dim"), len(found.shape))
    return found


def _identity(machine: Machine, layer: Instance, x: Value) -> Value:
    return x


def _linear(machine: Machine, layer: Instance, x: Value) -> Value:
    weight = field_of(layer, "weight")
    return linear(machine, x, weight)


def _max_pool(rank: int, average: bool = False) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        what = f"{'avg' if average else 'max'}_pool{rank}d"
        tensor = check_tensor(x, what)
        dilation = 1 if average else field_of(layer, "dilation")
        return pool(
            tensor,
            field_of(layer, "kernel_size"),
            field_of(layer, "stride"),
            field_of(layer, "padding"),
            dilation,
            field_of(layer, "ceil_mode"),
            what,
            rank,
        )

    return rule


def _adaptive(rank: int) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        what = f"adaptive_pool{rank}d"
        return adaptive(check_tensor(x, what), field_of(layer, "output_size"), what, rank)

    return rule


def _upsample(mode: str) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        kind = mode or field_of(layer, "mode")
        corners = True if mode == "bilinear" else layer.fields.get("align_corners")
        return interpolate(
            machine, x, field_of(layer, "size"), field_of(layer, "scale_factor"), kind, corners
        )

    return rule


def _sequential(machine: Machine, layer: Instance, x: Value) -> Value:
    if layer.hidden:
        for item in layer.fields.values():
            if isinstance(item, UnknownValue):
                x = UnknownValue(item.reason)
            elif isinstance(item, Instance) and item.is_module:
                x = machine.call(item, [x])
        return x
    for item in layer.layers().values():
        x = machine.call(item, [x])
    return x


def _pad(machine: Machine, layer: Instance, x: Value) -> Value:
    return pad(machine, x, field_of(layer, "padding"))


def _operation(name: str, *keys: str) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        tensor = check_tensor(x, name)
        if tensor is None:
            return TensorValue(None)
        return OPERATIONS[name](machine, tensor, *[field_of(layer, key) for key in keys])

    return rule


def _glu(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, "glu")
    dim = field_of(layer, "dim")
    if tensor is None or tensor.shape is None or not is_int(dim):
        return TensorValue(None)
    sizes = list(tensor.shape)
    if not sizes:
        fail(RuntimeError, "glu does not support 0-dimensional tensors")
    dimension(dim, len(sizes))
    size = sizes[dim]
    if size is not None and size % 2:
        fail(RuntimeError, f"Halving dimension must be even, but dimension {dim} is size {size}")
    sizes[dim] = None if size is None else size // 2
    return TensorValue(tuple(sizes))


def _prelu(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, "prelu")
    weight = weight_of(layer)
    if tensor is None or tensor.shape is None:
        return TensorValue(None)
    if weight is not None and weight != (1,) and len(tensor.shape) < 2:
        return TensorValue(None)
    if weight is not None and weight != (1,) and None not in weight:
        channels = tensor.shape[1]
        if channels is not None and weight != (channels,):
            fail(
                RuntimeError,
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight[0]} and channel size = {channels}.",
            )
    return TensorValue(tensor.shape)


def _unfold(machine: Machine, layer: Instance, x: Value) -> Value:
    return TensorValue((None, None, None)) if isinstance(x, TensorValue) else TensorValue(None)


def _embedding(machine: Machine, layer: Instance, x: Value) -> Value:
    weight = weight_of(layer)
    if not isinstance(x, TensorValue) or x.shape is None or weight is None:
        return TensorValue(None)
    return TensorValue((*x.shape, weight[1]))


def _attention(layer: Instance, args: list[Value]) -> Value:
    query = args[0]
    if isinstance(query, TensorValue) and query.shape is not None:
        size = field_of(layer, "embed_dim")
        last = query.shape[-1]
        if is_int(size) and last is not None and last != size:
            fail(
                AssertionError,
                f"was expecting embedding dimension of {size}, but got {last}",
            )
        return (TensorValue(query.shape), TensorValue(None))
    return (TensorValue(None), TensorValue(None))


_DROPOUTS = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout")
_RULES: Mapping[str, Callable[..., Value]] = {
    **dict.fromkeys((*SAME_SIZE, *_DROPOUTS), _unary),
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    **{f"Conv{rank}d": _convolution(rank) for rank in (1, 2, 3)},
    **{f"ConvTranspose{rank}d": _transposed(rank) for rank in (1, 2, 3)},
    "BatchNorm1d": batch_norm((2, 3), "2D or 3D"),
    "BatchNorm2d": batch_norm((4,), "4D"),
    "BatchNorm3d": batch_norm((5,), "5D"),
    "SyncBatchNorm": batch_norm((2, 3, 4, 5), "at least 2D"),
    **dict.fromkeys(("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), instance_norm),
    **{f"MaxPool{rank}d": _max_pool(rank) for rank in (1, 2, 3)},
    **{f"AvgPool{rank}d": _max_pool(rank, True) for rank in (1, 2, 3)},
    **{f"AdaptiveAvgPool{rank}d": _adaptive(rank) for rank in (1, 2, 3)},
    **{f"AdaptiveMaxPool{rank}d": _adaptive(rank) for rank in (1, 2, 3)},
    **{f"{kind}Pad{rank}d": _pad for kind in ("Zero", "Reflection", "Replication", "Constant")
       for rank in (1, 2, 3)},
    "Embedding": _embedding,
    "Flatten": _operation("flatten", "start_dim", "end_dim"),
    "GLU": _glu,
    "GroupNorm": group_norm,
    "Identity": _identity,
    "LayerNorm": layer_norm,
    "Linear": _linear,
    "MultiheadAttention": lambda machine, layer, x: (TensorValue(None), TensorValue(None)),
    "PReLU": _prelu,
    "PixelShuffle": _operation("pixel_shuffle", "upscale_factor"),
    "PixelUnshuffle": _operation("pixel_unshuffle", "downscale_factor"),
    "Sequential": _sequential,
    "Unfold": _unfold,
    "Upsample": _upsample(""),
    "UpsamplingBilinear2d": _upsample("bilinear"),
    "UpsamplingNearest2d": _upsample("nearest"),
}  # fmt: skip
_ONE_INPUT = frozenset(_RULES) - {
    "MultiheadAttention",
    "ConvTranspose2d",
    "ConvTranspose1d",
    "Embedding",
}
