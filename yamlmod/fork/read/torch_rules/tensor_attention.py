"""Output sizes of torch's normalization, sampling and attention functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.values import TensorValue, Value
from yamlmod.fork.read.torch_rules.tensor_convolution import check_tensor
from yamlmod.fork.read.torch_rules.tensors import broadcast, is_int, text_of


def _group_norm(
    machine: Machine, input: Value, num_groups: Value, *rest: Value, **_: Value
) -> Value:
    tensor = check_tensor(input, "group_norm")
    if tensor is None or tensor.shape is None:
        return TensorValue(None)
    channels = tensor.shape[1] if len(tensor.shape) > 1 else None
    if channels is not None and is_int(num_groups) and num_groups and channels % num_groups:
        fail(
            RuntimeError,
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {text_of(tensor.shape)} and num_groups={num_groups}",
        )
    return TensorValue(tensor.shape, tensor.kind)


def _normed(name: str) -> Callable[..., Value]:
    def call(machine: Machine, input: Value, *rest: Value, **keywords: Value) -> Value:
        tensor = check_tensor(input, name)
        return TensorValue(None) if tensor is None else TensorValue(tensor.shape, tensor.kind)

    return call


def _grid_sample(machine: Machine, input: Value, grid: Value, *rest: Value, **_: Value) -> Value:
    known = isinstance(input, TensorValue) and isinstance(grid, TensorValue)
    if not known or input.shape is None or grid.shape is None:
        return TensorValue(None)
    if len(input.shape) != len(grid.shape) or len(input.shape) not in (4, 5):
        return TensorValue(None)
    places = (input.shape[0], grid.shape[0])
    if None not in places and places[0] != places[1]:
        fail(
            RuntimeError,
            "grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {text_of(input.shape)} and grid with sizes {text_of(grid.shape)}",
        )
    return TensorValue((*input.shape[:2], *grid.shape[1:-1]), input.kind)


def _attend(
    machine: Machine, query: Value, key: Value, value: Value, *_: Value, **__: Value
) -> Value:
    parts = (query, key, value)
    if not all(isinstance(part, TensorValue) and part.shape is not None for part in parts):
        return TensorValue(None)
    if any(len(part.shape) < 2 for part in parts):
        return TensorValue(None)
    inner = (query.shape[-1], key.shape[-1])
    if None in inner or inner[0] != inner[1]:
        return TensorValue(None)
    batch = broadcast(query.shape[:-2], value.shape[:-2])
    if batch is None:
        return TensorValue(None)
    return TensorValue((*batch, query.shape[-2], value.shape[-1]), query.kind)


def _eye(machine: Machine, n: Value, m: Value = None, **keywords: Value) -> Value:
    sizes = [size if is_int(size) else None for size in (n, n if m is None else m)]
    return TensorValue(tuple(sizes))


ATTENTION: Mapping[str, Callable[..., Value]] = {
    "torch.group_norm": _group_norm,
    "F.group_norm": _group_norm,
    **{f"F.{name}": _normed(name) for name in ("batch_norm", "layer_norm", "instance_norm")},
    **{f"torch.{name}": _normed(name) for name in ("batch_norm", "layer_norm", "instance_norm")},
    "F.grid_sample": _grid_sample,
    "torch.grid_sampler": _grid_sample,
    "F.scaled_dot_product_attention": _attend,
    "torch.eye": _eye,
}
