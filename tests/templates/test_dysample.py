"""DySample alone: where it starts, its border, and its two ways to read a map."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from . import support

FORMS = (("lp", False), ("lp", True), ("pl", False), ("pl", True))


@pytest.mark.parametrize(("style", "dyscope"), FORMS)
@pytest.mark.parametrize("scale", [2, 3])
def test_without_offsets_it_is_bilinear_upsampling(scale: int, style: str, dyscope: bool) -> None:
    module = support.build("dysample", 36, scale, style, 4, dyscope).eval()
    with torch.no_grad():
        module.offset.weight.zero_()
        x = support.image(2, 36, 5, 7)
        expected = F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)
        assert support.gap(module(x), expected) < 1e-6


@pytest.mark.parametrize(("style", "dyscope"), FORMS)
def test_both_ways_to_read_a_map_agree(style: str, dyscope: bool) -> None:
    """The fused operator, and the plain ones that graphs and deterministic runs get."""
    module = support.filled("dysample", 16, 2, style, 4, dyscope).double().train()
    found = []
    for plain in (False, True):
        x = support.image(2, 16, 6, 5, dtype=torch.float64).requires_grad_()
        torch.use_deterministic_algorithms(plain)
        try:
            out = module(x)
        finally:
            torch.use_deterministic_algorithms(False)
        module.zero_grad()
        out.square().sum().backward()
        found.append([out, x.grad, *(value.grad.clone() for value in module.parameters())])
    for fused, other in zip(*found, strict=True):
        assert support.gap(fused, other) < 1e-12


def test_far_offsets_end_at_the_border() -> None:
    module = support.build("dysample", 8, 2).eval()
    x = support.image(1, 8, 4, 6)
    with torch.no_grad():
        module.offset.weight.zero_()
        module.offset.bias[:16] = 1000.0  # across
        module.offset.bias[16:] = -1000.0  # down
        assert torch.equal(module(x), x[:, :, :1, -1:].expand(1, 8, 8, 12))


def test_groups_have_offsets_of_their_own() -> None:
    module = support.build("dysample", 8, 2, "lp", 2).eval()
    x = support.image(1, 8, 4, 4)
    with torch.no_grad():
        module.offset.weight.zero_()
        start = module(x)
        module.offset.bias[4:8] = 1.0  # across, second group
        moved = module(x)
    assert torch.equal(moved[:, :4], start[:, :4]) and not torch.equal(moved[:, 4:], start[:, 4:])


@pytest.mark.parametrize("args", [(2, "lp", 3), (3, "pl"), (3, "pl", 16)])
def test_channels_that_do_not_fit_are_refused_with_a_row_that_works(args: tuple) -> None:
    with pytest.raises(ValueError, match="write the row") as refusal:
        support.build("dysample", 64, *args)
    row = str(refusal.value).rpartition("DySample, ")[2].removesuffix("]")
    support.build("dysample", 64, *eval(row))
