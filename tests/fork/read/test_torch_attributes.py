"""Attributes that torch's layers have are never said to be missing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.fork.read.machines import machine_of
from yamlmod.fork.read.interpreter.values import TensorValue, UnknownValue
from yamlmod.fork.read.torch_rules.torch_names import torch_class

_MADE: dict[str, tuple[Any, ...]] = {
    "Conv1d": (4, 8, 3),
    "Conv2d": (4, 8, 3),
    "ConvTranspose2d": (4, 8, 3),
    "BatchNorm1d": (8,),
    "BatchNorm2d": (8,),
    "SyncBatchNorm": (8,),
    "InstanceNorm2d": (8,),
    "GroupNorm": (4, 8),
    "LayerNorm": (8,),
    "Linear": (8, 4),
    "Embedding": (8, 4),
    "MultiheadAttention": (8, 2),
    "LSTM": (4, 8),
    "MaxPool2d": (2,),
    "AvgPool2d": (2,),
    "AdaptiveAvgPool2d": (1,),
    "Upsample": (None, 2.0),
    "Dropout": (0.5,),
    "SiLU": (),
    "PReLU": (4,),
    "Sequential": (),
    "Identity": (),
    "PixelShuffle": (2,),
    "ZeroPad2d": (1,),
    "Unfold": (3,),
    "Softmax": (1,),
}


@pytest.mark.parametrize("name", _MADE)
def test_every_attribute_is_there_or_not_known(name: str) -> None:
    real = getattr(torch.nn, name)(*_MADE[name])
    machine = machine_of({"m.py": ""})
    layer = machine.call(torch_class(machine, name), list(_MADE[name]))
    for attribute in (name for name in dir(real) if not name.startswith("_")):
        value = machine.attribute(layer, attribute)
        truth = getattr(real, attribute)
        if isinstance(value, UnknownValue):
            continue
        if isinstance(truth, torch.Tensor):
            assert isinstance(value, TensorValue), attribute
            assert value.shape == tuple(truth.shape), attribute
