"""Output sizes of torch's normalization layers."""

from __future__ import annotations

from collections.abc import Callable

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Instance,
    TensorValue,
    UnknownValue,
    Value,
    is_plain,
)
from yamlmod.fork.read.torch_rules.tensor_convolution import check_tensor
from yamlmod.fork.read.torch_rules.tensors import count, is_int, text_of


def field_of(layer: Instance, name: str) -> Value:
    found = layer.fields.get(name, MISSING)
    return UnknownValue(layer.hidden or name) if found is MISSING else found


def weight_of(layer: Instance) -> tuple[int | None, ...] | None:
    weight = field_of(layer, "weight")
    return weight.shape if isinstance(weight, TensorValue) else None


def batch_norm(ranks: tuple[int, ...], word: str) -> Callable[..., Value]:
    """Make the rule of a BatchNorm for inputs of some ranks."""

    def rule(machine: Machine, layer: Instance, x: Value) -> Value:
        tensor = _with_dim(x)
        if tensor is None or tensor.shape is None:
            return TensorValue(None)
        shape = tensor.shape
        if len(shape) not in ranks:
            fail(ValueError, f"expected {word} input (got {len(shape)}D input)")
        features = field_of(layer, "num_features")
        training = field_of(layer, "training")
        known = count((shape[0], *shape[2:]))
        if training is True and known == 1:
            fail(
                ValueError,
                "Expected more than 1 value per channel when training, got input size "
                f"torch.Size({text_of(shape)})",
            )
        if is_int(features) and shape[1] is not None and shape[1] != features:
            fail(RuntimeError, f"running_mean should contain {shape[1]} elements not {features}")
        return TensorValue(shape)

    return rule


def _with_dim(x: Value) -> TensorValue | None:
    if is_plain(x):
        fail(AttributeError, f"'{kind_of(x)}' object has no attribute 'dim'")
    return x if isinstance(x, TensorValue) else None


def instance_norm(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = _with_dim(x)
    if tensor is None or tensor.shape is None:
        return TensorValue(None)
    rank = int(layer.cls.torch_base[-2])
    if len(tensor.shape) not in (rank + 1, rank + 2):
        word = f"{rank + 1}D or {rank + 2}D"
        fail(ValueError, f"expected {word} input (got {len(tensor.shape)}D input)")
    if layer.fields.get("weight") is not None:
        features = field_of(layer, "num_features")
        channels = tensor.shape[-rank - 1]
        if is_int(features) and channels is not None and channels != features:
            fail(
                ValueError,
                f"expected input's size at dim=1 to match num_features ({features}), but got: "
                f"{channels}.",
            )
    if count(tensor.shape[-rank:]) == 1:
        fail(
            ValueError,
            "Expected more than 1 spatial element when training, got input size "
            f"torch.Size({text_of(tensor.shape)})",
        )
    return TensorValue(tensor.shape)


def group_norm(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, "group_norm")
    if tensor is None or tensor.shape is None:
        return TensorValue(None)
    shape = tensor.shape
    if len(shape) < 2:
        fail(RuntimeError, "Expected at least 2 dimensions for input tensor")
    groups, weight = field_of(layer, "num_groups"), weight_of(layer)
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
            "Expected more than 1 value per channel when training, got input size "
            f"{text_of(shape)}",
        )
    if channels is not None and weight is not None and weight != (None,) and weight != (channels,):
        fail(
            RuntimeError,
            "Expected weight to be a vector of size equal to the number of channels in input, but "
            f"got weight of shape {text_of(weight)} and input of shape {text_of(shape)}",
        )
    return TensorValue(shape)


def layer_norm(machine: Machine, layer: Instance, x: Value) -> Value:
    tensor = check_tensor(x, "layer_norm")
    if tensor is None or tensor.shape is None:
        return TensorValue(None)
    sizes = field_of(layer, "normalized_shape")
    if isinstance(sizes, tuple) and all(map(is_int, sizes)):
        end = (
            tensor.shape[len(tensor.shape) - len(sizes) :]
            if len(sizes) <= len(tensor.shape)
            else ()
        )
        if len(end) != len(sizes) or any(
            a is not None and a != b for a, b in zip(end, sizes, strict=True)
        ):
            fail(
                RuntimeError,
                f"Given normalized_shape={list(sizes)}, expected input with shape [*, "
                f"{text_of(sizes)[1:-1]}], but got input of size{text_of(tensor.shape)}",
            )
    return TensorValue(tensor.shape)
