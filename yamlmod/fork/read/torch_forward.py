"""What the layers of torch make of an input's sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yamlmod.fork.read.machine import Machine, fail
from yamlmod.fork.read.operators import kind_of
from yamlmod.fork.read.tensor_convolution import check_tensor, convolve, transpose_convolve
from yamlmod.fork.read.tensor_layers import interpolate, linear, pad
from yamlmod.fork.read.tensor_ops import OPERATIONS
from yamlmod.fork.read.tensor_pooling import adaptive, pool
from yamlmod.fork.read.tensors import count, dimension, is_int, text_of
from yamlmod.fork.read.values import (
    MISSING,
    Instance,
    Tensor,
    Unknown,
    Value,
    is_plain,
)


def forward(
    machine: Machine, layer: Instance, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """Return what torch's layer ``name`` makes of its input."""
    rule = _RULES.get(name)
    if name in ("Module", "ModuleList", "ModuleDict", "ParameterList"):
        if layer.hidden or layer.cls.is_open:
            return Unknown(layer.hidden or f"a base class of {layer.cls.name} is not known")
        fail(
            NotImplementedError,
            f'Module [{layer.cls.name}] is missing the required "forward" function',
        )
    if rule is None:
        return Unknown(f"the forward of torch.nn.{name} is not interpreted")
    if len(args) != 1 or keywords:
        if name == "MultiheadAttention" and args:
            return _attention(layer, args)
        inputs = [*args, *keywords.values()]
        if len(inputs) == 1:
            return rule(machine, layer, inputs[0])
        if keywords or name not in _ONE_INPUT:
            return Unknown(f"torch.nn.{name} with {len(inputs)} inputs")
        were = "was" if len(args) == 0 else "were"
        fail(
            TypeError,
            f"{name}.forward() takes 2 positional arguments but {len(args) + 1} {were} given"
            if args
            else f"{name}.forward() missing 1 required positional argument: 'input'",
        )
    x = args[0]
    if isinstance(x, Tensor) and x.shape is not None and 0 in x.shape and name != "Sequential":
        return Tensor(None)  # torch treats an empty tensor otherwise in every layer
    return rule(machine, layer, x)


def _field(layer: Instance, name: str) -> Value:
    found = layer.fields.get(name, MISSING)
    return Unknown(layer.hidden or name) if found is MISSING else found


def _weight(layer: Instance) -> tuple[int | None, ...] | None:
    weight = _field(layer, "weight")
    return weight.shape if isinstance(weight, Tensor) else None


def _convolution(rank: int) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        settings = tuple(_field(layer, key) for key in ("stride", "padding", "dilation", "groups"))
        weight = _weight(layer)
        out = None if weight is None or len(weight) != rank + 2 else weight[0]
        if weight is not None and len(weight) != rank + 2:
            return Tensor(None)
        return convolve(check_tensor(x, f"conv{rank}d"), weight, out, settings, rank)  # type: ignore[arg-type]

    return rule


def _transposed(rank: int) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        keys = ("stride", "padding", "dilation", "groups", "output_padding")
        settings = tuple(_field(layer, key) for key in keys)
        weight = _weight(layer)
        if weight is not None and len(weight) != rank + 2:
            weight = None
        tensor = check_tensor(x, f"conv_transpose{rank}d")
        return transpose_convolve(tensor, weight, settings, rank)  # type: ignore[arg-type]

    return rule


def _unary(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, layer.cls.torch_base.lower())
    return Unknown("an input that is not known") if tensor is None else Tensor(tensor.shape, tensor.kind)


def _softmax(machine: Machine, layer: Instance, x: Value) -> Value:
    found = _unary(machine, layer, x)
    if isinstance(found, Tensor) and found.shape is not None:
        dimension(_field(layer, "dim"), len(found.shape))
    return found


def _identity(machine: Machine, layer: Instance, x: Value) -> Value:
    return x


def _batch_norm(ranks: tuple[int, ...], word: str) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        tensor = _with_dim(x)
        if tensor is None or tensor.shape is None:
            return Tensor(None)
        shape = tensor.shape
        if len(shape) not in ranks:
            fail(ValueError, f"expected {word} input (got {len(shape)}D input)")
        features = _field(layer, "num_features")
        training = _field(layer, "training")
        known = count((shape[0], *shape[2:]))
        if training is True and known == 1:
            fail(
                ValueError,
                "Expected more than 1 value per channel when training, got input size "
                f"torch.Size({text_of(shape)})",
            )
        if is_int(features) and shape[1] is not None and shape[1] != features:
            fail(RuntimeError, f"running_mean should contain {shape[1]} elements not {features}")
        return Tensor(shape)

    return rule


def _with_dim(x: Value) -> Tensor | None:
    if is_plain(x):
        fail(AttributeError, f"'{kind_of(x)}' object has no attribute 'dim'")
    return x if isinstance(x, Tensor) else None


def _instance_norm(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = _with_dim(x)
    if tensor is None or tensor.shape is None:
        return Tensor(None)
    rank = int(layer.cls.torch_base[-2])
    if len(tensor.shape) not in (rank + 1, rank + 2):
        word = f"{rank + 1}D or {rank + 2}D"
        fail(ValueError, f"expected {word} input (got {len(tensor.shape)}D input)")
    if layer.fields.get("weight") is not None:
        features = _field(layer, "num_features")
        channels = tensor.shape[-rank - 1]
        if is_int(features) and channels is not None and channels != features:
            fail(ValueError, f"expected input's size at dim=1 to match num_features ({features}), but got: {channels}.")
    if count(tensor.shape[-rank:]) == 1:
        fail(
            ValueError,
            f"Expected more than 1 spatial element when training, got input size torch.Size({text_of(tensor.shape)})",
        )
    return Tensor(tensor.shape)


def _group_norm(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, "group_norm")
    if tensor is None or tensor.shape is None:
        return Tensor(None)
    shape = tensor.shape
    if len(shape) < 2:
        fail(RuntimeError, "Expected at least 2 dimensions for input tensor")
    groups, weight = _field(layer, "num_groups"), _weight(layer)
    channels = shape[1]
    if channels is not None and is_int(groups) and groups and channels % groups:
        fail(
            RuntimeError,
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {text_of(shape)} and num_groups={groups}",
        )
    spread = count((shape[0], channels, *shape[2:]))
    if spread is not None and is_int(groups) and groups and spread // groups == 1:
        fail(
            ValueError,
            f"Expected more than 1 value per channel when training, got input size {text_of(shape)}",
        )
    if channels is not None and weight is not None and weight != (None,) and weight != (channels,):
        fail(
            RuntimeError,
            "Expected weight to be a vector of size equal to the number of channels in input, but "
            f"got weight of shape {text_of(weight)} and input of shape {text_of(shape)}",
        )
    return Tensor(shape)


def _layer_norm(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, "layer_norm")
    if tensor is None or tensor.shape is None:
        return Tensor(None)
    sizes = _field(layer, "normalized_shape")
    if isinstance(sizes, tuple) and all(map(is_int, sizes)):
        end = tensor.shape[len(tensor.shape) - len(sizes) :] if len(sizes) <= len(tensor.shape) else ()
        if len(end) != len(sizes) or any(a is not None and a != b for a, b in zip(end, sizes, strict=True)):
            fail(
                RuntimeError,
                f"Given normalized_shape={list(sizes)}, expected input with shape [*, "
                f"{text_of(sizes)[1:-1]}], but got input of size{text_of(tensor.shape)}",
            )
    return Tensor(tensor.shape)


def _linear(machine: Machine, layer: Instance, x: Value) -> Value:
    weight = _field(layer, "weight")
    found = linear(machine, x, weight)
    return found


def _max_pool(rank: int, average: bool = False) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        what = f"{'avg' if average else 'max'}_pool{rank}d"
        tensor = check_tensor(x, what)
        dilation = 1 if average else _field(layer, "dilation")
        return pool(
            tensor,
            _field(layer, "kernel_size"),
            _field(layer, "stride"),
            _field(layer, "padding"),
            dilation,
            _field(layer, "ceil_mode"),
            what,
            rank,
        )

    return rule


def _adaptive(rank: int) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        what = f"adaptive_pool{rank}d"
        return adaptive(check_tensor(x, what), _field(layer, "output_size"), what, rank)

    return rule


def _upsample(mode: str) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        kind = mode or _field(layer, "mode")
        corners = True if mode == "bilinear" else layer.fields.get("align_corners")
        return interpolate(
            machine, x, _field(layer, "size"), _field(layer, "scale_factor"), kind, corners
        )

    return rule


def _sequential(machine: Machine, layer: Instance, x: Value) -> Value:
    if layer.hidden:
        for item in layer.fields.values():
            if isinstance(item, Unknown):
                x = Unknown(item.reason)
            elif isinstance(item, Instance) and item.is_module:
                x = machine.call(item, [x])
        return x
    for item in layer.layers().values():
        x = machine.call(item, [x])
    return x


def _pad(machine: Machine, layer: Instance, x: Value) -> Value:
    return pad(machine, x, _field(layer, "padding"))


def _operation(name: str, *keys: str) -> Callable[..., Value]:
    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        tensor = check_tensor(x, name)
        if tensor is None:
            return Tensor(None)
        return OPERATIONS[name](machine, tensor, *[_field(layer, key) for key in keys])

    return rule


def _glu(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, "glu")
    dim = _field(layer, "dim")
    if tensor is None or tensor.shape is None or not is_int(dim):
        return Tensor(None)
    sizes = list(tensor.shape)
    if not sizes:
        fail(RuntimeError, "glu does not support 0-dimensional tensors")
    dimension(dim, len(sizes))
    size = sizes[dim]
    if size is not None and size % 2:
        fail(RuntimeError, f"Halving dimension must be even, but dimension {dim} is size {size}")
    sizes[dim] = None if size is None else size // 2
    return Tensor(tuple(sizes))


def _prelu(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, "prelu")
    weight = _weight(layer)
    if tensor is None or tensor.shape is None:
        return Tensor(None)
    if weight is not None and weight != (1,) and len(tensor.shape) < 2:
        return Tensor(None)
    if weight is not None and weight != (1,) and None not in weight:
        channels = tensor.shape[1]
        if channels is not None and weight != (channels,):
            fail(
                RuntimeError,
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight[0]} and channel size = {channels}.",
            )
    return Tensor(tensor.shape)


def _unfold(machine: Machine, layer: Instance, x: Value) -> Value:
    return Tensor((None, None, None)) if isinstance(x, Tensor) else Tensor(None)


def _embedding(machine: Machine, layer: Instance, x: Value) -> Value:
    weight = _weight(layer)
    if not isinstance(x, Tensor) or x.shape is None or weight is None:
        return Tensor(None)
    return Tensor((*x.shape, weight[1]))


def _attention(layer: Instance, args: list[Value]) -> Value:
    query = args[0]
    if isinstance(query, Tensor) and query.shape is not None:
        size = _field(layer, "embed_dim")
        last = query.shape[-1]
        if is_int(size) and last is not None and last != size:
            fail(
                AssertionError,
                f"was expecting embedding dimension of {size}, but got {last}",
            )
        return (Tensor(query.shape), Tensor(None))
    return (Tensor(None), Tensor(None))


_ELEMENTWISE = (
    "ReLU ReLU6 SiLU GELU Sigmoid Tanh Hardswish Hardsigmoid Hardtanh LeakyReLU ELU SELU CELU Mish Softplus "
    "Softmax LogSoftmax LogSigmoid Softsign Tanhshrink Softshrink Hardshrink Threshold Softmax2d "
    "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout ChannelShuffle"
).split()
_RULES: Mapping[str, Callable[..., Value]] = {
    **dict.fromkeys(_ELEMENTWISE, _unary),
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    **{f"Conv{rank}d": _convolution(rank) for rank in (1, 2, 3)},
    **{f"ConvTranspose{rank}d": _transposed(rank) for rank in (1, 2, 3)},
    "BatchNorm1d": _batch_norm((2, 3), "2D or 3D"),
    "BatchNorm2d": _batch_norm((4,), "4D"),
    "BatchNorm3d": _batch_norm((5,), "5D"),
    "SyncBatchNorm": _batch_norm((2, 3, 4, 5), "at least 2D"),
    **dict.fromkeys(("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), _instance_norm),
    **{f"MaxPool{rank}d": _max_pool(rank) for rank in (1, 2, 3)},
    **{f"AvgPool{rank}d": _max_pool(rank, True) for rank in (1, 2, 3)},
    **{f"AdaptiveAvgPool{rank}d": _adaptive(rank) for rank in (1, 2, 3)},
    **{f"AdaptiveMaxPool{rank}d": _adaptive(rank) for rank in (1, 2, 3)},
    **{f"{kind}Pad{rank}d": _pad for kind in ("Zero", "Reflection", "Replication", "Constant")
       for rank in (1, 2, 3)},
    "Embedding": _embedding,
    "Flatten": _operation("flatten", "start_dim", "end_dim"),
    "GLU": _glu,
    "GroupNorm": _group_norm,
    "Identity": _identity,
    "LayerNorm": _layer_norm,
    "Linear": _linear,
    "MultiheadAttention": lambda machine, layer, x: (Tensor(None), Tensor(None)),
    "PReLU": _prelu,
    "PixelShuffle": _operation("pixel_shuffle", "upscale_factor"),
    "PixelUnshuffle": _operation("pixel_unshuffle", "downscale_factor"),
    "Sequential": _sequential,
    "Unfold": _unfold,
    "Upsample": _upsample(""),
    "UpsamplingBilinear2d": _upsample("bilinear"),
    "UpsamplingNearest2d": _upsample("nearest"),
}  # fmt: skip
_ONE_INPUT = frozenset(_RULES) - {"MultiheadAttention", "ConvTranspose2d", "ConvTranspose1d", "Embedding"}
