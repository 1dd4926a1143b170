"""DynamicConv alone: a kernel for each image, and its weights as published."""

from __future__ import annotations

import torch

from . import support


def test_each_image_has_its_own_kernel() -> None:
    """With one expert far ahead, the layer is that expert's convolution."""
    module = support.filled("dynamicconv", 4, 3, 1, 1, 2, 1.0, 0.01)
    x = support.image(2, 4, 6, 6)
    x[1] -= 4.0
    with torch.no_grad():
        module.conv.attention.fc1.weight.copy_(torch.eye(4)[:, :, None, None])
        module.conv.attention.fc2.weight.zero_()
        module.conv.attention.fc2.weight[0] = 1.0  # the first expert where the mean is positive
        shares = module.conv.attention(x)
        kernels = module.state_dict()["conv.weight"]
        for image, share in zip(x, shares, strict=True):
            kernel = torch.einsum("e,eocij->ocij", share, kernels)
            y = torch.nn.functional.conv2d(image[None], kernel, padding=1)
            expected = module.act(module.bn(y))
            assert support.gap(module(image[None]), expected) < 1e-5
    assert float(shares[0, 0]) > 0.99 and float(shares[1, 0]) < 0.6


def test_state_has_one_kernel_after_the_other_and_loads_in_both_forms() -> None:
    module = support.filled("dynamicconv", 8, 3)
    state = module.state_dict()
    assert state["conv.weight"].shape == (4, 8, 8, 3, 3)
    flat = {**state, "conv.weight": state["conv.weight"].flatten(0, 1)}
    x = support.image(1, 8, 5, 4)
    for form in (state, flat):
        twin = support.build("dynamicconv", 8, 3).eval()
        twin.load_state_dict(form)
        assert torch.equal(twin(x), module(x))


def test_an_average_of_weights_in_place_reaches_the_module() -> None:
    """YOLO's EMA multiplies the tensors of the state_dict in place."""
    module = support.filled("dynamicconv", 8)
    with torch.no_grad():
        module.state_dict()["conv.weight"].mul_(0.0)
    assert float(module.conv.weight.detach().abs().max()) == 0.0


def test_a_trace_serves_any_number_of_images() -> None:
    module = support.filled("dynamicconv", 8, 3, 2, 2)
    with torch.no_grad():
        traced = torch.jit.trace(module, support.image(1, 8, 6, 6), check_trace=False)
        x = support.image(3, 8, 9, 5)
        assert support.gap(traced(x), module(x)) < 1e-5
