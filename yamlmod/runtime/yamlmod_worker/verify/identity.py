"""Start new layers as the identity, and check that the outputs are unchanged."""

from __future__ import annotations

import fnmatch
from typing import Any, Dict, List

from ..answers import IdentityAnswer
from ..refused import Refused
from ..tensors import difference, finite, image_channels
from .network import run_with_head

_TOLERANCE = 1e-5
_SIZE = 256


def outputs(network: Any) -> List[Any]:
    """Return what a network answers to a random image, always the same one, and what its head gets.

    An untrained head's boxes hardly depend on what it gets: a difference would not show in them.
    """
    import torch

    shape = 1, image_channels(network), _SIZE, _SIZE
    image = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    got: List[Any] = []
    answered = run_with_head(network.float(), image, got)
    return [*got, *answered]


def start_as_identity(new: Any, wanted: Dict[str, Any], base: List[Any]) -> IdentityAnswer:
    """Fill the new layers' parameters, and compare the outputs with the base's where that is fair.

    ``wanted`` has the layers to fill, with patterns of parameter names and their values, and
    ``reason``: why the outputs cannot be equal, empty where they must be.
    """
    for layer, fills in wanted["fills"].items():
        _fill(layer, new.model[int(layer)], fills)
    result: IdentityAnswer = {
        "cannot": wanted["cannot"],
        "filled": sorted(map(int, wanted["fills"])),
        "compared": False,
        "reason": wanted["reason"],
        "error": None,
    }
    if not result["reason"] and not finite(base):
        result["reason"] = "the pretrained network's own outputs are not finite"
    if result["reason"]:
        return result
    error = difference(base, outputs(new))
    if not error <= _TOLERANCE:
        raise Refused(
            "not-identical",
            "with the new layers filled, the outputs differ from the base's by {:.1e} "
            "of the largest, more than {:g}".format(error, _TOLERANCE),
            "leave out --init; nothing was written",
        )
    return {**result, "compared": True, "error": error}


def _fill(layer: str, module: Any, fills: Dict[str, float]) -> None:
    import torch

    for pattern, value in fills.items():
        parameters = [p for name, p in module.named_parameters() if fnmatch.fnmatch(name, pattern)]
        if not parameters:
            raise Refused(
                "no-such-parameter",
                "layer {} ({}) has no parameter {} to start as the identity".format(
                    layer, type(module).__name__, pattern
                ),
                "the class in the fork is not yamlmod's",
            )
        with torch.no_grad():
            for parameter in parameters:
                parameter.fill_(value)
