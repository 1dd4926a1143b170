"""Names of other packages: some of the standard library, layers and functions of torch."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping

from yamlmod.fork.read.interpreter.copies import deep_copy, shallow_copy
from yamlmod.fork.read.interpreter.machine import Machine, fail
from yamlmod.fork.read.interpreter.operators import guarded
from yamlmod.fork.read.interpreter.values import (
    Builtin,
    ClassValue,
    Instance,
    Lazy,
    Outside,
    Partial,
    Suppress,
    UnknownItemsError,
    UnknownValue,
    Value,
    deep_unknown,
    is_plain,
)
from yamlmod.fork.read.torch_rules.einops_patterns import einops_call
from yamlmod.fork.read.torch_rules.tensor_functions import FUNCTIONS
from yamlmod.fork.read.torch_rules.torch_names import functional_names, torch_class, torch_names
from yamlmod.fork.read.torch_rules.torch_state import STATE

_MATH = "ceil floor sqrt log log2 log10 exp pow gcd isclose isfinite isnan isinf sin "
_MATH += "cos tan atan fabs trunc"
_CONSTANTS = ("pi", "e", "inf", "nan", "tau")


def outside(machine: Machine, path: str) -> Value:
    """Return what a dotted path of another package means."""
    if path in _VALUES:
        return _VALUES[path]
    if path.startswith("torch."):
        return _torch(machine, path)
    if path.startswith("math."):
        name = path[5:]
        if name in _CONSTANTS:
            return getattr(math, name)
        if name in _MATH.split():
            return Builtin(path, _mathematical(name))
    function = _FUNCTIONS.get(path)
    if function is not None:
        return Builtin(path, function)
    return Outside(path)


def _torch(machine: Machine, path: str) -> Value:
    name = path.rpartition(".")[2]
    if path.startswith("torch.nn.") and "functional" not in path and name[:1].isupper():
        cls = torch_class(machine, name)
        if cls is not None:
            return cls
    if path.startswith("torch.nn.modules."):
        cls = torch_class(machine, name)
        if cls is not None:
            return cls
    function = FUNCTIONS.get(path) or STATE.get(path)
    function = function or FUNCTIONS.get(path.replace("torch.nn.functional.", "F."))
    if function is not None:
        return Builtin(path, function)
    parent = path.rpartition(".")[0]
    if name.startswith("_"):
        return Outside(path)
    if parent == "torch.nn" and name not in torch_names():
        fail(AttributeError, f"module 'torch.nn' has no attribute '{name}'")
    if parent == "torch.nn.functional" and name not in functional_names():
        fail(AttributeError, f"module 'torch.nn.functional' has no attribute '{name}'")
    return Outside(path)


def _mathematical(name: str) -> Callable[..., Value]:
    def call(machine: Machine, *values: Value, **keywords: Value) -> Value:
        unknown = deep_unknown([list(values), list(keywords.values())])
        if unknown is not None:
            return unknown
        if not all(is_plain(value) for value in values):
            return UnknownValue(f"math.{name} of an object")
        return guarded(lambda: getattr(math, name)(*values, **keywords))

    return call


def _prod(machine: Machine, values: Value, start: Value = 1) -> Value:
    items = machine.items(values)
    if isinstance(items, UnknownValue):
        return items
    total: Value = start
    for item in items:
        total = machine.parts.binary(machine, "*", total, item)
    return total


def _literal(machine: Machine, source: Value) -> Value:
    if isinstance(source, UnknownValue):
        return source
    if not isinstance(source, str):
        if is_plain(source):
            fail(ValueError, f"malformed node or string: {source!r}")
        return UnknownValue("a literal")
    if len(source) > 2_000:
        return UnknownValue("a long text")
    try:
        return guarded(ast.literal_eval, source)
    except SyntaxError as error:
        fail(SyntaxError, str(error.msg))


def _suppress(machine: Machine, *kinds: Value) -> Value:
    return Suppress(list(kinds))


def _partial(machine: Machine, function: Value, *args: Value, **keywords: Value) -> Value:
    return Partial(function, list(args), keywords)


def _reduce(machine: Machine, function: Value, values: Value, *start: Value) -> Value:
    items = machine.items(values)
    if isinstance(items, UnknownValue):
        return items
    items = [*start, *items]
    if not items:
        fail(TypeError, "reduce() of empty iterable with no initial value")
    total = items[0]
    for item in items[1:]:
        total = machine.call(function, [total, item])
    return total


def _chain(machine: Machine, *sources: Value) -> Value:
    def items() -> Iterator[Value]:
        for source in sources:
            found = machine.iterate(source)
            if isinstance(found, UnknownValue):
                raise UnknownItemsError(found)
            yield from found

    return Lazy(items())


def _repeat(machine: Machine, item: Value, times: Value = None) -> Value:
    if isinstance(times, int) and 0 <= times <= 5_000:
        return [item] * times
    return UnknownValue("an endless or unknown number of repeats")


def _itself(machine: Machine, value: Value = None, *args: Value, **keywords: Value) -> Value:
    return value


def _decorator(machine: Machine, *args: Value, **keywords: Value) -> Value:
    return Builtin("wraps", _itself)


def _environment(machine: Machine, name: Value, default: Value = None) -> Value:
    return default  # as of a user who has set nothing


def _ntuple(count: int) -> Callable[..., Value]:
    def call(machine: Machine, value: Value) -> Value:
        if isinstance(value, (list, tuple)):
            return tuple(value)
        return value if isinstance(value, UnknownValue) else (value,) * count

    return call


def _divisible(machine: Machine, value: Value, divisor: Value) -> Value:
    """Do make_divisible of the ultralytics package, which the newest YOLOv5 and YOLOv3 import."""
    unknown = deep_unknown([value, divisor])
    if unknown is not None or not (is_plain(value) and is_plain(divisor)):
        return unknown or UnknownValue("make_divisible of an object")
    return guarded(lambda: math.ceil(value / divisor) * divisor)


def _load_yaml(machine: Machine, source: Value = None, *args: Value, **keywords: Value) -> Value:
    """Return the YAML that is being read: a model class that opens a file opens this one."""
    if machine.loaded is None or not isinstance(source, UnknownValue):
        return UnknownValue("a YAML that is read from elsewhere")
    return deep_copy(machine, machine.loaded)


_LOCAL = ClassValue("local", (), {}, None)
_EINOPS = ("rearrange", "reduce", "repeat")
_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "math.prod": _prod,
    "numpy.prod": _prod,
    "copy.deepcopy": deep_copy,
    "copy.copy": shallow_copy,
    "ast.literal_eval": _literal,
    "contextlib.suppress": _suppress,
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    "functools.wraps": _decorator,
    "itertools.chain": _chain,
    "threading.local": lambda machine: Instance(_LOCAL),
    "itertools.repeat": _repeat,
    "ultralytics.utils.ops.make_divisible": _divisible,
    **dict.fromkeys(("yaml.safe_load", "yaml.load", "yaml.full_load"), _load_yaml),
    "os.getenv": _environment,
    "os.environ.get": _environment,
    "warnings.warn": lambda machine, *args, **keywords: None,
    **{f"einops.{name}": einops_call(name) for name in _EINOPS},
    **{f"einops.einops.{name}": einops_call(name) for name in _EINOPS},
    **{
        f"torch.nn.modules.utils._{name}": _ntuple(count)
        for name, count in (("single", 1), ("pair", 2), ("triple", 3), ("quadruple", 4))
    },
}
_VALUES: Mapping[str, Value] = {
    "collections.OrderedDict": dict,
    "typing.TYPE_CHECKING": False,
}
