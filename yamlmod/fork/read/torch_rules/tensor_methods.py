"""Attributes and methods of tensors."""

from __future__ import annotations

from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.values import Builtin, TensorValue, UnknownValue, Value
from yamlmod.fork.read.torch_rules.tensor_ops import OPERATIONS
from yamlmod.fork.read.torch_rules.tensor_types import device, type_of
from yamlmod.fork.read.torch_rules.tensors import count, dimension
from yamlmod.fork.read.torch_rules.torch_state import requires_grad


def tensor_attribute(machine: Machine, value: TensorValue, name: str) -> Value:
    """Return an attribute of a tensor; raises the AttributeError that torch would."""
    if name == "shape":
        return _shape(value)
    if name == "data":
        return value
    if name == "T":
        return TensorValue(None if value.shape is None else value.shape[::-1], value.kind)
    if name == "requires_grad":
        return requires_grad(machine, value)
    if name == "dtype":
        return type_of(value)
    if name == "device":
        return device()
    if name in ("is_cuda", "is_sparse", "is_quantized", "is_mkldnn"):
        return False  # a network is built on the CPU
    if name == "ndim":
        return UnknownValue("the rank of a tensor") if value.shape is None else len(value.shape)
    own = {
        "size": _size,
        "dim": _rank,
        "numel": _count,
        "nelement": _count,
        "ndimension": _rank,
        "is_contiguous": _is_plain,
    }.get(name)
    if own is not None:
        return Builtin(name, lambda m, *args, **keywords: own(value, *args, **keywords))
    operation = OPERATIONS.get(name)
    if operation is not None:
        return Builtin(name, lambda m, *args, **keywords: operation(m, value, *args, **keywords))
    return UnknownValue(f"the attribute {name} of a tensor", name)


def _shape(value: TensorValue) -> Value:
    if value.shape is None:
        return UnknownValue("the sizes of a tensor")
    return tuple(
        UnknownValue("a size of a tensor") if size is None else size for size in value.shape
    )


def _size(value: TensorValue, dim: Value = None) -> Value:
    if dim is None:
        return _shape(value)
    if value.shape is None:
        return UnknownValue("the sizes of a tensor")
    place = dimension(dim, len(value.shape))
    if place is None or value.shape[place] is None:
        return UnknownValue("a size of a tensor")
    return value.shape[place]


def _is_plain(value: TensorValue, memory_format: Value = None) -> Value:
    """Say that maps have torch's usual layout; shapes do not depend on it."""
    return memory_format is None


def _rank(value: TensorValue) -> Value:
    return UnknownValue("the rank of a tensor") if value.shape is None else len(value.shape)


def _count(value: TensorValue) -> Value:
    found = count(value.shape)
    return UnknownValue("the number of elements") if found is None else found
