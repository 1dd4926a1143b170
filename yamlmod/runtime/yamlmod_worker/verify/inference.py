"""Check evaluation mode: sizes, which layers affect the output, and half precision."""

from __future__ import annotations

from typing import Any, Optional

from ..tensors import difference, finite, tensors
from .network import BuiltNetwork, Failed, Skipped, first_bad, listening, run
from .training import shown


def check_sizes(net: BuiltNetwork) -> str:
    """Run every size, and look for NaN or infinity."""
    for size in net.sizes:
        if not finite(net.answer(size)):
            where = first_bad(net, net.module.eval(), net.image(size))
            raise Failed("{}: the output is not finite; {}".format(shown(size), where))
    return "finite"


def check_influence(net: BuiltNetwork) -> str:
    """Disturb the output of each inserted layer: the network's output must change."""
    import torch

    if not net.inserted:
        raise Skipped("no attention layer was inserted")
    plain = net.answer(net.small)
    without = []
    for wanted in net.inserted:

        def hear(index: int, output: Any, wanted: int = wanted) -> Optional[Any]:
            return _disturbed(output) if index == wanted else None

        with listening(net.module, hear):
            changed = run(net.module, net.image(net.small))
        same = [a.shape == b.shape and torch.equal(a, b) for a, b in zip(plain, changed)]
        if all(same):
            without.append(wanted)
    if without:
        named = ", ".join(net.named(layer) for layer in without)
        raise Failed("the output does not depend on layer {}".format(named))
    return "the output changes with layer {}".format(", ".join(map(net.named, net.inserted)))


def _disturbed(output: Any) -> Any:
    import torch

    if isinstance(output, (list, tuple)):
        return type(output)(_disturbed(part) for part in output)
    if not hasattr(output, "shape") or not output.is_floating_point():
        return output
    noise = torch.rand(output.shape, generator=torch.Generator().manual_seed(2))
    return output + (noise - 0.5).to(output) * (output.abs().max() + 1)


def check_half(net: BuiltNetwork, dtype: str) -> str:
    """Run in half precision; what torch itself cannot do here is no fault."""
    import torch

    half = _cast(net.copy(), dtype)
    try:
        outputs = run(half, _small(net, dtype))
    except RuntimeError as error:
        missing = _missing_kernel(dtype)
        if not missing:
            raise error
        raise Skipped("torch {} on this CPU: {}".format(torch.__version__, missing)) from None
    if not finite(outputs):
        where = first_bad(net, half, _small(net, dtype))
        raise Failed("the output is not finite; {}".format(where))
    apart = difference(net.answer(net.small), outputs)
    return "finite, {:.1%} from float32".format(apart) if apart < 1 else "finite"


def _small(net: BuiltNetwork, dtype: str) -> Any:
    import torch

    return net.image(net.small).to(getattr(torch, dtype))


def _cast(module: Any, dtype: str) -> Any:
    return module.half() if dtype == "float16" else module.bfloat16()


def _missing_kernel(dtype: str) -> str:
    """Return why the plain operations of a YOLO do not run in this precision, or nothing."""
    import torch
    from torch import nn

    plain = nn.Sequential(
        nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.SiLU(), nn.MaxPool2d(5, 1, 2),
        nn.Upsample(scale_factor=2), nn.Sigmoid(),
    )  # fmt: skip
    try:
        outputs = run(_cast(plain, dtype), torch.rand(1, 4, 8, 8).to(getattr(torch, dtype)))
        torch.cat(tensors(outputs), 1)
    except RuntimeError as error:
        return str(error).split("\n")[0][:120]
    return ""
