"""Flatten, compare and name tensors."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Tuple

_OF_LAYER = re.compile(r"model\.(\d+)\.(.*)", re.DOTALL)


def tensors(output: Any) -> List[Any]:
    """Return every tensor of an output, however it is nested, in order."""
    import torch

    if isinstance(output, torch.Tensor):
        return [output]
    if isinstance(output, dict):
        output = list(output.values())
    if not isinstance(output, (list, tuple)):
        return []
    return [tensor for part in output for tensor in tensors(part)]


def finite(parts: List[Any]) -> bool:
    """Whether these tensors have neither NaN nor infinity."""
    import torch

    return all(bool(torch.isfinite(part).all()) for part in parts if part.is_floating_point())


def difference(first: List[Any], second: List[Any]) -> float:
    """Return the largest difference of two outputs, in units of the largest number of each part.

    It is infinite for different shapes, and for NaN or infinity.
    """
    if [part.shape for part in first] != [part.shape for part in second]:
        return float("inf")
    worst = 0.0
    for a, b in zip(first, second):
        if a.numel() and a.is_floating_point():
            error = float((a.float() - b.float()).abs().max() / a.float().abs().max().clamp(1e-12))
            worst = max(worst, error if error == error else float("inf"))
    return worst


def layer_of(name: str) -> Optional[int]:
    """Return the layer that a tensor of a network's weights belongs to, None for one of none."""
    match = _OF_LAYER.match(name)
    return int(match.group(1)) if match else None


def split_name(name: str) -> Tuple[Optional[int], str]:
    """Return a tensor's layer and its name within that; no layer and the name for one of none."""
    match = _OF_LAYER.match(name)
    return (int(match.group(1)), match.group(2)) if match else (None, name)


def carried_name(name: str, pairs: Dict[int, int]) -> Optional[str]:
    """Return the tensor's name where layers have other numbers; None where its layer is gone."""
    match = _OF_LAYER.match(name)
    if match is None:
        return name
    layer = pairs.get(int(match.group(1)))
    return None if layer is None else "model.{}.{}".format(layer, match.group(2))


def class_name(module: Any) -> str:
    """Return the name of a module's class as a YAML writes it: Conv, nn.Upsample."""
    kind = type(module)
    return short_name("{}.{}".format(kind.__module__, kind.__name__))


def short_name(path: str) -> str:
    """Return the name of a class, given with its module, as a YAML writes it."""
    short = path.rpartition(".")[2]
    return "nn." + short if path.startswith("torch.nn.") else short


def image_channels(network: Any) -> int:
    """Return how many channels the images of a network have: as its class notes, else 3."""
    data = getattr(network, "yaml", None)
    channels = data.get("ch", data.get("channels")) if isinstance(data, dict) else None
    if isinstance(channels, int) and channels > 0:
        return channels
    # A class may have its own default, and note it nowhere; another first layer may fold the image.
    first = next(iter(getattr(network, "model", None) or ()), None)
    channels = getattr(getattr(first, "conv", None), "in_channels", None)
    return channels if type(first).__name__ == "Conv" and isinstance(channels, int) else 3
