"""Starts new layers as the identity, and checks that the network still answers as before."""

from __future__ import annotations

import fnmatch
from typing import Any, Dict, Optional

from .network import tensors
from .refused import Refused

_TOLERANCE = 1e-5
_SIZE = 256


def start_as_identity(old: Any, new: Any, wanted: Dict[str, Any]) -> Dict[str, Any]:
    """Fill the new layers' parameters, and compare the outputs where that is fair.

    ``wanted`` has the layers to fill, with patterns of parameter names and their values, and
    ``reason``: why the outputs cannot be equal, empty where they must be.
    """
    import torch

    for layer, fills in wanted["fills"].items():
        module = new.model[int(layer)]
        with torch.no_grad():
            for pattern, value in fills.items():
                names = [n for n, _ in module.named_parameters() if fnmatch.fnmatch(n, pattern)]
                for name, parameter in module.named_parameters():
                    if name in names:
                        parameter.fill_(value)
                if not names:
                    raise Refused(
                        "no-such-parameter",
                        "layer {} ({}) has no parameter {} to start as the identity".format(
                            layer, type(module).__name__, pattern
                        ),
                        "the class in the fork is not yamlmod's",
                    )
    told = {"cannot": wanted["cannot"], "filled": sorted(map(int, wanted["fills"]))}
    if wanted["reason"]:
        return {**told, "compared": False, "reason": wanted["reason"], "error": None}
    error = _difference(old, new)
    if error is None:
        reason = "the pretrained network's own outputs are not finite"
        return {**told, "compared": False, "reason": reason, "error": None}
    if not error <= _TOLERANCE:
        raise Refused(
            "not-identical",
            "with the new layers filled, the outputs differ from the base's by {:.1e} "
            "of the largest, and not by at most {:g}".format(error, _TOLERANCE),
            "leave --init away; nothing was written",
        )
    return {**told, "compared": True, "reason": "", "error": error}


def _difference(old: Any, new: Any) -> Optional[float]:
    """Return the largest difference of the outputs, relative to the largest one.

    None where the first network's outputs are not numbers, so that nothing can be compared.
    """
    import torch

    image = torch.rand(1, 3, _SIZE, _SIZE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        first, second = (tensors(net.float().eval()(image)) for net in (old, new))
    if not all(bool(torch.isfinite(one).all()) for one in first):
        return None
    if [one.shape for one in first] != [one.shape for one in second]:
        return float("inf")
    return max(
        float((a - b).abs().max() / a.abs().max().clamp(min=1e-12))
        for a, b in zip(first, second)
        if a.numel()
    )
