"""Operations that join three tensors, element by element or as products."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.values import TensorValue, UnknownValue, Value
from yamlmod.fork.read.torch_rules.tensors import Sizes, broadcast, matmul


def _blend(machine: Machine, x: TensorValue, *others: Value, **keywords: Value) -> Value:
    """addcmul, addcdiv and lerp: all are broadcast."""
    shape: Sizes | None = x.shape
    for name, value in (*enumerate(others), *keywords.items()):
        if name == "out" or (name == "value" and not isinstance(value, TensorValue)):
            continue
        if isinstance(value, UnknownValue):
            return TensorValue(None, x.kind)
        shape = broadcast(shape, value.shape if isinstance(value, TensorValue) else ())
    return TensorValue(shape, x.kind)


def _in_place(machine: Machine, x: TensorValue, *others: Value, **keywords: Value) -> Value:
    _blend(machine, x, *others, **keywords)
    return x


def _added_product(
    machine: Machine, x: TensorValue, one: Value, other: Value, **keywords: Value
) -> Value:
    """baddbmm, addmm: the product, to which the first is added."""
    known = isinstance(one, TensorValue) and isinstance(other, TensorValue)
    if not known or one.shape is None or other.shape is None:
        return TensorValue(None, x.kind)
    product = matmul(one.shape, other.shape)
    return TensorValue(broadcast(x.shape, product), x.kind)


BLENDS: Mapping[str, Callable[..., Value]] = {
    **dict.fromkeys(("addcmul", "addcdiv", "lerp"), _blend),
    **dict.fromkeys(("addcmul_", "addcdiv_", "lerp_"), _in_place),
    **dict.fromkeys(("baddbmm", "addmm"), _added_product),
}
