"""Data types and devices of tensors in a first forward pass on the CPU."""

from __future__ import annotations

from yamlmod.fork.read.interpreter.values import (
    ClassValue,
    Instance,
    Outside,
    TensorValue,
    UnknownValue,
    Value,
)

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "long", "int", "short")
_KINDS = {"float32": "float", "float": "float", "bool": "bool", **dict.fromkeys(_INTEGERS, "int")}
_DTYPES = {"float": "torch.float32", "bool": "torch.bool"}
_DEVICE = ClassValue("device", (), {}, None)


def kind_of_type(dtype: Value, default: str) -> str:
    """Return the kind of a dtype that was asked for; empty where it is another or not known."""
    if dtype is None:
        return default
    if isinstance(dtype, Outside) and dtype.path.startswith("torch."):
        return _KINDS.get(dtype.path[6:], "")
    return ""


def type_of(tensor: TensorValue) -> Value:
    """Return a tensor's dtype."""
    path = None if tensor.shape is None else _DTYPES.get(tensor.kind)
    return UnknownValue("the dtype of a tensor") if path is None else Outside(path)


def device() -> Value:
    """Return the device on which a network is built."""
    return Instance(_DEVICE, {"type": "cpu", "index": None})


def converted(tensor: TensorValue, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    """Do tensor.to(...): a dtype, a device, or another tensor whose dtype it takes."""
    kind = tensor.kind
    for value in (*args[:2], keywords.get("dtype")):
        if isinstance(value, TensorValue):
            kind = value.kind
        elif isinstance(value, Outside) and value.path.startswith("torch."):
            kind = kind_of_type(value, kind)
        elif isinstance(value, UnknownValue):
            kind = ""
    return TensorValue(tensor.shape, kind)


def promoted(one: Value, other: Value) -> Value:
    """Return the dtype of an operation on two: known where both are the same."""
    same = isinstance(one, Outside) and isinstance(other, Outside) and one.path == other.path
    return one if same else UnknownValue("the dtype of two")
