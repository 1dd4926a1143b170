"""The table of torch.nn, made once by tools/torch_table.py: names, base classes, constructors."""

from __future__ import annotations

import json
import pkgutil
from functools import cache
from typing import Any

from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.values import ClassValue

# Layers whose output has the size of their input, and whose constructor checks nothing.
SAME_SIZE = frozenset(
    [
        "CELU",
        "ChannelShuffle",
        "ELU",
        "GELU",
        "Hardshrink",
        "Hardsigmoid",
        "Hardswish",
        "Hardtanh",
        "LeakyReLU",
        "LogSigmoid",
        "LogSoftmax",
        "Mish",
        "ReLU",
        "ReLU6",
        "SELU",
        "SiLU",
        "Sigmoid",
        "Softmax",
        "Softmax2d",
        "Softplus",
        "Softshrink",
        "Softsign",
        "Tanh",
        "Tanhshrink",
        "Threshold",
    ]
)


@cache
def _table() -> dict[str, Any]:
    data = pkgutil.get_data(__package__, "torch_table.json")
    return json.loads(data or b"{}")  # type: ignore[no-any-return]


@cache
def torch_names() -> frozenset[str]:
    """Return the names of torch.nn that are no layers."""
    return frozenset(_table()["names"])


@cache
def functional_names() -> frozenset[str]:
    """Return the names of torch.nn.functional."""
    return frozenset(_table()["functional"])


@cache
def module_names() -> frozenset[str]:
    """Return the attributes that every layer has."""
    return frozenset(_table()["module"])


def parameters_of(name: str) -> list[list[Any]]:
    """Return the constructor's parameters of a layer: name, kind and default."""
    return _table()["classes"][name]["parameters"]  # type: ignore[no-any-return]


def torch_class(machine: Machine, name: str) -> ClassValue | None:
    """Return torch's layer of a name, one object for each evaluation."""
    found = machine.torch_classes.get(name)
    if found is not None or name not in _table()["classes"]:
        return found
    bases = [torch_class(machine, base) for base in _table()["classes"][name]["bases"]]
    cls = ClassValue(name, tuple(bases), {}, None, torch=name)
    machine.torch_classes[name] = cls
    return cls
