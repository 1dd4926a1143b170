"""Output sizes of functions of torch and torch.nn.functional."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import kind_of
from yamlmod.fork.read.interpreter.values import (
    Lazy,
    TensorValue,
    UnknownValue,
    Value,
    deep_unknown,
    is_plain,
)
from yamlmod.fork.read.torch_rules.tensor_attention import ATTENTION
from yamlmod.fork.read.torch_rules.tensor_layers import LAYER_FUNCTIONS
from yamlmod.fork.read.torch_rules.tensor_ops import OPERATIONS, Operation
from yamlmod.fork.read.torch_rules.tensor_types import kind_of_type, promoted
from yamlmod.fork.read.torch_rules.tensors import (
    Sizes,
    broadcast,
    concatenated,
    dimension,
    is_int,
    sizes_of,
)


def _on_tensor(name: str, operation: Operation) -> Callable[..., Value]:
    """Make a function of a method: the tensor is its first argument."""

    def call(machine: Machine, *args: Value, **keywords: Value) -> Value:
        words = dict(keywords)
        rest = list(args)
        x = rest.pop(0) if rest else words.pop("input", None)
        if isinstance(x, TensorValue):
            return operation(machine, x, *rest, **words)
        if name in ("add", "mul", "sub", "maximum", "minimum") and isinstance(rest[:1], list):
            return UnknownValue(f"torch.{name} of what is not a tensor")
        if is_plain(x) and deep_unknown(x) is None:
            fail(
                TypeError,
                f"{name}(): argument 'input' (position 1) must be Tensor, not {kind_of(x)}",
            )
        return UnknownValue(f"torch.{name} of what is not known")

    return call


def _cat(machine: Machine, tensors: Value, dim: Value = 0, **rest: Value) -> Value:
    items = _tensors(machine, tensors, "cat")
    dim = rest.get("axis", dim)
    if isinstance(items, UnknownValue):
        return TensorValue(None)
    return TensorValue(concatenated(items, dim), items[0].kind)


def _tensors(machine: Machine, tensors: Value, name: str) -> list[TensorValue] | UnknownValue:
    if isinstance(tensors, UnknownValue):
        return tensors
    if isinstance(tensors, TensorValue):
        fail(
            TypeError,
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor",
        )
    if is_plain(tensors) and not isinstance(tensors, (list, tuple)):
        fail(
            TypeError,
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{kind_of(tensors)}",
        )
    if isinstance(tensors, Lazy):
        fail(
            TypeError,
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not generator",
        )
    items = machine.items(tensors)
    if isinstance(items, UnknownValue):
        return items
    if not items:
        fail(RuntimeError, f"{name}(): expected a non-empty list of Tensors")
    for place, item in enumerate(items):
        if isinstance(item, TensorValue):
            continue
        if is_plain(item):
            fail(
                TypeError,
                f"expected Tensor as element {place} in argument 0, but got {kind_of(item)}",
            )
        items[place] = TensorValue(None)
    return items


def _stack(machine: Machine, tensors: Value, dim: Value = 0) -> Value:
    items = _tensors(machine, tensors, "stack")
    if isinstance(items, UnknownValue):
        return TensorValue(None)
    shapes = [item.shape for item in items]
    known = next((shape for shape in shapes if shape is not None), None)
    if known is None or not is_int(dim):
        return TensorValue(None)
    for place, shape in enumerate(shapes):
        if shape is not None and None not in shape and None not in known and shape != known:
            fail(
                RuntimeError,
                "stack expects each tensor to be equal size, but got "
                f"{list(known)} at entry 0 and {list(shape)} at entry {place}",
            )
    place = dimension(dim, len(known) + 1) or 0
    return TensorValue((*known[:place], len(items), *known[place:]), items[0].kind)


def _made(kind: str, name: str) -> Callable[..., Value]:
    def call(machine: Machine, *sizes: Value, **keywords: Value) -> Value:
        given = keywords.get("size", sizes[0] if len(sizes) == 1 else sizes)
        return TensorValue(sizes_of(given, name), kind_of_type(keywords.get("dtype"), kind))

    return call


def _full(machine: Machine, size: Value, value: Value = 0, **keywords: Value) -> Value:
    return TensorValue(sizes_of(size, "full"), "float" if isinstance(value, float) else "")


def _randint(machine: Machine, *args: Value, **keywords: Value) -> Value:
    size = keywords.get("size", next((a for a in args if isinstance(a, (tuple, list))), None))
    return TensorValue(None if size is None else sizes_of(size, "randint"), "int")


def _like(kind: str) -> Callable[..., Value]:
    return lambda machine, x, *args, **keywords: TensorValue(
        x.shape if isinstance(x, TensorValue) else None,
        kind_of_type(keywords.get("dtype"), kind or getattr(x, "kind", "")),
    )


def _tensor(machine: Machine, data: Value = None, *args: Value, **keywords: Value) -> Value:
    kind = "float"
    shape: list[int] = []
    while isinstance(data, (list, tuple)):
        shape.append(len(data))
        if not data:
            break
        data = data[0]
    if isinstance(data, TensorValue):
        return TensorValue(None if data.shape is None else (*shape, *data.shape), data.kind)
    if isinstance(data, bool):
        kind = "bool"
    elif isinstance(data, int):
        kind = "int"
    elif data is not None and not isinstance(data, (float, list, tuple)):
        return TensorValue(None if not shape else tuple(shape), "")
    return TensorValue(tuple(shape), kind)


def _old_tensor(machine: Machine, *args: Value, **keywords: Value) -> Value:
    """`torch.Tensor(2, 3)` is of these sizes, `torch.Tensor([2, 3])` of these values."""
    if len(args) == 1 and not is_int(args[0]):
        return _tensor(machine, args[0])
    return TensorValue(sizes_of(args, "Tensor"))


def _arange(machine: Machine, *ends: Value, **keywords: Value) -> Value:
    ends = ends or tuple(keywords[k] for k in ("start", "end", "step") if k in keywords)
    if not all(is_int(end) for end in ends):
        return TensorValue((None,), "")
    found = range(*ends) if ends and (len(ends) < 3 or ends[2]) else range(0)
    return TensorValue((len(found),), "int")


def _linspace(
    machine: Machine, start: Value, end: Value, steps: Value = None, **keywords: Value
) -> Value:
    return TensorValue((steps if is_int(steps) else None,))


def _meshgrid(machine: Machine, *tensors: Value, **keywords: Value) -> Value:
    items = (
        list(tensors[0])
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple))
        else list(tensors)
    )
    sizes: list[int | None] = []
    for item in items:
        known = isinstance(item, TensorValue) and item.shape is not None and len(item.shape) == 1
        sizes.append(item.shape[0] if known else None)
    return tuple(TensorValue(tuple(sizes), "") for _ in items)


def _where(machine: Machine, test: Value, *pair: Value) -> Value:
    shape: Sizes | None = ()
    for value in (test, *pair):
        if isinstance(value, UnknownValue):
            return TensorValue(None)
        shape = broadcast(shape, value.shape if isinstance(value, TensorValue) else ())
    return TensorValue(shape if len(pair) == 2 else None)


def _parameter(machine: Machine, data: Value = None, requires_grad: Value = True) -> Value:
    if data is None:
        return TensorValue((0,), "float", True)
    if isinstance(data, TensorValue):
        return TensorValue(data.shape, data.kind, True)
    if is_plain(data) and deep_unknown(data) is None:
        fail(TypeError, f"'{kind_of(data)}' object is not a tensor")
    return TensorValue(None, "", True)


def _einsum(machine: Machine, form: Value, *operands: Value) -> Value:
    """Return the result of a plain einsum such as 'bchw,bc->bhw'."""
    items = (
        list(operands[0])
        if len(operands) == 1 and isinstance(operands[0], (list, tuple))
        else operands
    )
    if not isinstance(form, str) or "->" not in form or "." in form:
        return TensorValue(None)
    left, _, right = form.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(items):
        return TensorValue(None)
    sizes: dict[str, int | None] = {}
    for term, item in zip(terms, items, strict=True):
        if not isinstance(item, TensorValue) or item.shape is None:
            continue
        if len(term) != len(item.shape):
            fail(RuntimeError, "einsum(): the number of subscripts in the equation does not match")
        for letter, size in zip(term, item.shape, strict=True):
            before = sizes.get(letter)
            if before not in (None, 1) and size not in (None, 1) and before != size:
                fail(
                    RuntimeError,
                    f"einsum(): subscript {letter} has size {size} which does not match",
                )
            sizes[letter] = size if before in (None, 1) else before
    return TensorValue(tuple(sizes.get(letter) for letter in right))


def _broadcast_tensors(machine: Machine, *tensors: Value) -> Value:
    return UnknownValue("broadcast_tensors")


_MADE = ("zeros", "ones", "empty", "rand", "randn")
_BASIC: Mapping[str, Callable[..., Value]] = {
    "cat": _cat,
    "concat": _cat,
    "concatenate": _cat,
    "stack": _stack,
    "full": _full,
    "randint": _randint,
    "tensor": _tensor,
    "as_tensor": _tensor,
    "from_numpy": _tensor,
    "Tensor": _old_tensor,
    "FloatTensor": _old_tensor,
    "arange": _arange,
    "linspace": _linspace,
    "meshgrid": _meshgrid,
    "where": _where,
    "einsum": _einsum,
    "broadcast_tensors": _broadcast_tensors,
    **{name: _made("float", name) for name in _MADE},
    **{f"{name}_like": _like("") for name in (*_MADE, "full")},
}
FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    **{f"torch.{name}": _on_tensor(name, operation) for name, operation in OPERATIONS.items()},
    **{
        f"torch.special.{name}": _on_tensor(name, OPERATIONS[name]) for name in ("softmax", "expm1")
    },
    **{f"F.{name}": _on_tensor(name, operation) for name, operation in OPERATIONS.items()},
    **{
        f"torch.nn.init.{name}": _on_tensor(name, op)
        for name, op in OPERATIONS.items()
        if name[-1] == "_"
    },
    **{f"torch.{name}": function for name, function in _BASIC.items()},
    **{f"F.{name}": function for name, function in LAYER_FUNCTIONS.items()},
    **{f"torch.{name}": function for name, function in LAYER_FUNCTIONS.items() if "2d" in name},
    "torch.nn.Parameter": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    **ATTENTION,
    "torch.promote_types": lambda machine, one, other: promoted(one, other),
    "torch.numel": lambda machine, x: machine.call(machine.attribute(x, "numel")),
}
