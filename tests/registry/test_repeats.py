"""Which constructors take the row's number of repeats: a table, and what is left to the user."""

from __future__ import annotations

import pytest

from yamlmod.errors import Refusal
from yamlmod.registry.code.extract import own_template

_HEAD = "import torch.nn as nn\nfrom x import Bottleneck, C2f, Conv\n\n\n"
_LIST = "self.m = nn.ModuleList(Bottleneck(c2, c2) for _ in range({0}))"
_LOOP = "blocks = []\n        for _ in range({0}):\n            blocks.append(Bottleneck(c2, c2))"


def _rule(signature: str, body: str = "", base: str = "nn.Module") -> str:
    text = (
        f"{_HEAD}class Mine({base}):\n    def __init__(self, {signature}):\n"
        f"        super().__init__()\n        {body or 'pass'}\n"
    )
    return own_template(text, "mine.py", "Mine").rule


@pytest.mark.parametrize(
    ("signature", "body", "rule"),
    [
        ("c1, c2, n=1, shortcut=False, g=1, e=0.5", _LIST.format("n"), "csp"),
        ("c1, c2, n=1, shortcut=True", "pass", "csp"),  # YOLOv7's SPPCSPC ignores it
        ("c1, c2, n", _LOOP.format("n"), "csp"),
        ("in_channels, out_channels, num_blocks=3", _LIST.format("num_blocks"), "csp"),
        ("c1, c2, depth=1, e=0.5", _LIST.format("depth"), "csp"),
        ("c1, c2, n_blocks=2", "self.m = nn.Sequential(*[Bottleneck(c2, c2)] * n_blocks)", "csp"),
        ("c1, c2, repeats=1", "self.m = C2f(c1, c2, repeats)", "csp"),
        ("c1, c2, number=1", "self.m = C2f(c1, c2, n=number)", "csp"),
        ("c1, c2, num_layers=1", _LIST.format("max(num_layers, 1)"), "csp"),
        ("c1, c2, N=1", _LIST.format("N"), "csp"),
        ("c1, c2, m=1, shortcut=True", _LIST.format("m"), "csp"),
        # As RepConv and its like, and what only looks like repeats.
        ("c1, c2, k=3, s=1", "self.cv = nn.Conv2d(c1, c2, k, s)", "conv"),
        ("c1, c2, k=3, s=1", _LIST.format("k"), "conv"),
        ("c1, c2", "pass", "conv"),
        ("c1, c2, n=True", "pass", "conv"),
        ("c1, c2, n=0.5", "pass", "conv"),
        ("c1, c2, n=(3, 3)", "pass", "conv"),
        ("c1, c2, n_head=4", "self.a = nn.MultiheadAttention(c2, n_head)", "conv"),
        ("c1, c2, num_heads=8", _LIST.format("num_heads"), "conv"),
        ("c1, c2, num_experts=4", _LIST.format("num_experts"), "conv"),
        ("c1, c2, groups=2", _LIST.format("groups"), "conv"),
        ("c1, c2, c3, c4, n=1", _LIST.format("n"), "conv"),  # as RepNCSPELAN4
        ("c1, c2, k=5, n=3, shortcut=False", _LIST.format("n"), "conv"),  # as SPPF
        ("c1, c2, order=5", "self.d = [c2 // 2**i for i in range(order)]", "conv"),
        ("c1, n=1, shortcut=True", _LIST.format("n"), "same"),
    ],
)
def test_the_rule_of_a_constructor(signature: str, body: str, rule: str) -> None:
    assert _rule(signature, body.replace("c2, c2", "c1, c1") if rule == "same" else body) == rule


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        ("c1, c2, n=3", "self.cv = nn.Conv2d(c1, c2, n)"),  # a kernel
        ("c1, c2, n=3", "self.cv = Conv(c1, c2, n)"),
        ("c1, c2, n=4", "self.c = c2 // n"),  # heads or groups
        ("c1, c2, n=1", "pass"),
        ("c1, c2, m=1", _LIST.format("m")),
        ("c1, c2, shortcut=False, n=1", _LIST.format("n")),  # not where it is handed over
    ],
)
def test_what_is_unclear_is_left_to_the_user(signature: str, body: str) -> None:
    with pytest.raises(Refusal) as caught:
        _rule(signature, body)
    assert caught.value.code == "unclear-rule"
    assert "--rule csp" in caught.value.hint and "--rule conv" in caught.value.hint


def test_a_constructor_that_the_file_does_not_hold_is_unclear() -> None:
    text = f"{_HEAD}class Mine(C2f):\n    def forward(self, x):\n        return x\n"
    with pytest.raises(Refusal, match="the constructor of C2f") as caught:
        own_template(text, "mine.py", "Mine")
    assert caught.value.code == "unclear-rule"
    assert own_template(text, "mine.py", "Mine", "csp").rule == "csp"


def test_a_constructor_that_hands_all_over_to_its_base_is_read() -> None:
    body = "super().__init__(c1, c2, n, shortcut)"
    assert _rule("c1, c2, n=1, shortcut=False", body, "C2f") == "csp"
