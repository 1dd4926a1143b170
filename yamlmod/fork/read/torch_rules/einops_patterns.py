"""einops' rearrange, reduce and repeat: patterns of names, and output sizes."""

from __future__ import annotations

from collections.abc import Callable

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.values import TensorValue, UnknownValue, Value
from yamlmod.fork.read.torch_rules.tensors import is_int


class EinopsError(RuntimeError):
    """The error of that name in einops."""


Groups = list[list[str]]


def einops_call(name: str) -> Callable[..., Value]:
    """Return the function of einops: the tensor, a pattern, sizes of its names."""

    def call(
        machine: Machine, tensor: Value, pattern: Value, *args: Value, **sizes: Value
    ) -> Value:
        if not isinstance(tensor, TensorValue):
            return TensorValue(None)
        return _apply(tensor, pattern, sizes, name)

    return call


def _apply(tensor: TensorValue, pattern: Value, sizes: dict[str, Value], name: str) -> Value:
    if isinstance(pattern, UnknownValue) or not isinstance(pattern, str) or "..." in pattern:
        return TensorValue(None, tensor.kind)
    left, arrow, right = pattern.partition("->")
    ins, outs = _groups(left), _groups(right)
    if not arrow or ins is None or outs is None:
        return TensorValue(None, tensor.kind)
    if tensor.shape is None:
        return TensorValue((None,) * len(outs), tensor.kind)
    if len(ins) != len(tensor.shape):
        title = f' Error while processing {name}-reduction pattern "{pattern}".'
        shape = f"Wrong shape: expected {len(ins)} dims. Received {len(tensor.shape)}-dim tensor."
        fail(EinopsError, f"{title}\n {shape}")
    known: dict[str, int | None] = {
        key: value if is_int(value) else None for key, value in sizes.items()
    }
    for group, size in zip(ins, tensor.shape, strict=True):
        _solve(group, size, known, pattern)
    return TensorValue(tuple(_product(group, known) for group in outs), tensor.kind)


def _groups(side: str) -> Groups | None:
    found: Groups = []
    inside: list[str] | None = None
    for word in side.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            if inside is not None:
                return None
            inside = []
        elif word == ")":
            if inside is None:
                return None
            found.append(inside)
            inside = None
        elif inside is not None:
            inside.append(word)
        else:
            found.append([word])
    return None if inside is not None else found


def _solve(group: list[str], size: int | None, known: dict[str, int | None], text: str) -> None:
    """Learn the sizes of the names in one place of the tensor."""
    names = [name for name in group if not name.isdigit()]
    open_names = [name for name in names if known.get(name) is None]
    if any(name in known and known[name] is None for name in names):
        return  # a size was given that is not known
    if size is None:
        known.update(dict.fromkeys(open_names))
        return
    product = _product([name for name in group if name not in open_names], known) or 1
    if len(open_names) > 1:
        return
    if size % product if open_names else size != product:
        fail(
            EinopsError,
            f' Error while processing rearrange-reduction pattern "{text}".\n Shape mismatch, '
            f"can't divide axis of length {size} in chunks of {product}"
            if open_names
            else f"Shape mismatch, {size} != {product}",
        )
    if open_names:
        known[open_names[0]] = size // product


def _product(group: list[str], known: dict[str, int | None]) -> int | None:
    total = 1
    for name in group:
        size = int(name) if name.isdigit() else known.get(name)
        if size is None:
            return None
        total *= size
    return total
