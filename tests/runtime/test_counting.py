"""FLOPs, thop's rules, memory and spread: small networks against numbers counted by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.runtime.nets import HAND, SHAPE, Layer, Net, bmm_attention
from yamlmod.runtime.yamlmod_worker.profile.flops import (
    Counted,
    count_by_dispatcher,
    count_by_trace,
    count_flops,
)
from yamlmod.runtime.yamlmod_worker.profile.peaks import peak, size_of
from yamlmod.runtime.yamlmod_worker.profile.thop_rules import Thop
from yamlmod.runtime.yamlmod_worker.profile.timing import latencies, quartiles
from yamlmod.runtime.yamlmod_worker.profile.traced import einsum_flops
from yamlmod.runtime.yamlmod_worker.refused import Refused

_ROOT = Path(__file__).parents[2]
COUNTERS = [count_by_dispatcher, count_by_trace]
ATTENTION = 2 * (2 * 24 * 24 * 8)


def hooks_of(network: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules())


@pytest.mark.parametrize("count", COUNTERS)
@pytest.mark.parametrize(("name", "layer", "flops", "unseen"), HAND, ids=[case[0] for case in HAND])
def test_flops_by_hand(
    name: str,
    layer: Callable[[], nn.Module],
    flops: int,
    unseen: int,
    count: Callable[[nn.Module, Tensor], Counted],
) -> None:
    network = Net(nn.Identity(), layer()).eval()
    found = count(network, torch.rand(SHAPE))
    assert found.flops == flops
    assert found.layers == [0, flops]
    assert found.unseen == [0, unseen]
    assert found.unseen_flops == unseen
    assert found.missed == []
    assert hooks_of(network) == 0


@pytest.mark.parametrize("count", COUNTERS)
def test_what_has_no_formula_is_named(count: Callable[[nn.Module, Tensor], Counted]) -> None:
    right = torch.rand(1, 4, 6)
    cases: dict[str, nn.Module] = {
        "cdist": Layer(lambda x: torch.cdist(x[0], right)),
        "fft": Layer(lambda x: torch.fft.rfft(x).abs()),
        "mv|matmul": Layer(lambda x: x[0, 0] @ torch.ones(6)),
        "lstm|rnn": nn.Sequential(nn.Flatten(0, 2), nn.LSTM(6, 3)),
    }
    for words, layer in cases.items():
        found = count(Net(layer).eval(), torch.rand(SHAPE))
        if words == "mv|matmul" and count is count_by_trace:
            assert (found.flops, found.missed) == (2 * 4 * 6, [])  # it has a formula
            continue
        assert [one for one in found.missed if re.search(words, one)], (words, found.missed)
    assert found.thop_macs is None  # thop has a rule for an LSTM, and it is not implemented


def test_attention_is_fused_again_after_the_count() -> None:
    cuda = torch.backends.cuda
    before = [cuda.flash_sdp_enabled(), cuda.mem_efficient_sdp_enabled()]
    fast = torch.backends.mha.get_fastpath_enabled()

    def fails(x: Tensor) -> Tensor:
        assert not cuda.flash_sdp_enabled()
        raise ValueError("planted")

    network = Net(Layer(fails))
    with pytest.raises(ValueError, match="planted"):
        count_by_dispatcher(network, torch.rand(SHAPE))
    assert [cuda.flash_sdp_enabled(), cuda.mem_efficient_sdp_enabled()] == before
    assert torch.backends.mha.get_fastpath_enabled() == fast
    assert hooks_of(network) == 0


def test_a_layer_may_write_into_the_list_it_is_given() -> None:
    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(8, 3, 1)

        def forward(self, x: list[Tensor]) -> list[Tensor]:
            x[0] = self.one(x[0]).unsqueeze(0)
            return x

    network = Net(Layer(lambda x: [x]), Head()).eval()
    for count in COUNTERS:
        assert count(network, torch.rand(SHAPE)).layers == [0, 2 * 24 * 8 * 3]


_LAYERS = st.lists(
    st.tuples(st.sampled_from(["conv", "groups", "attention", "pool", "norm"]), st.integers(1, 3)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=8, deadline=None)
@given(_LAYERS, st.integers(1, 2))
def test_the_trace_counts_what_the_dispatcher_counts(
    words: list[tuple[str, int]], batch: int
) -> None:
    made = {
        "conv": lambda size: nn.Conv2d(8, 8, size, padding=size // 2),
        "groups": lambda size: nn.Conv2d(8, 8, size, padding=size // 2, groups=2 ** (size - 1)),
        "attention": lambda size: Layer(lambda x: bmm_attention(x).mT.reshape(x.shape)),
        "pool": lambda size: nn.AvgPool2d(size, 1, size // 2),
        "norm": lambda size: nn.BatchNorm2d(8),
    }
    network = Net(*(made[word](size) for word, size in words)).eval()
    image = torch.rand(batch, 8, 8, 8)
    first, second = (count(network, image) for count in COUNTERS)
    assert first._replace(by="") == second._replace(by="")
    assert first.flops == sum(first.layers)


@pytest.mark.parametrize(
    ("equation", "shapes", "flops"),
    [
        ("ij,jk->ik", [[2, 3], [3, 4]], 2 * 2 * 3 * 4),
        ("bij, bjk -> bik", [[5, 2, 3], [5, 3, 4]], 2 * 5 * 2 * 3 * 4),
        ("i,j->ij", [[2], [3]], 2 * 2 * 3),
        ("ij,kl->ik", [[2, 3], [4, 5]], 2 * 2 * 4),  # j and l are summed away first
        ("bij->bji", [[2, 3, 4]], 0),
        ("...ij,...jk->...ik", [[1, 2, 3], [1, 3, 4]], None),
        ("ij,jk,kl->il", [[2, 3], [3, 4], [4, 5]], None),
    ],
)
def test_einsum(equation: str, shapes: list[list[int]], flops: int | None) -> None:
    if flops is None:
        with pytest.raises(Refused, match="no formula"):
            einsum_flops(equation, shapes)
        return
    assert einsum_flops(equation, shapes) == flops


# thop: MACs by its rules, for SHAPE, which has 192 numbers.
RULES: list[tuple[Callable[[], nn.Module], int]] = [
    (lambda: nn.Conv2d(8, 16, 3, padding=1, groups=2), 24 * 16 * 4 * 9),
    (lambda: nn.ConvTranspose2d(8, 4, 2, 2), (4 * 8 * 12) * 8 * 4),  # four times what it is
    (lambda: nn.Linear(6, 5), 6 * (8 * 4 * 5)),
    (lambda: nn.BatchNorm2d(8), 4 * 192),
    (lambda: nn.BatchNorm2d(8, affine=False), 2 * 192),
    (lambda: nn.LayerNorm(6), 4 * 192),
    (lambda: nn.GroupNorm(2, 8), 0),  # unknown to it
    (lambda: nn.PReLU(), 192),
    (lambda: nn.SiLU(), 0),
    (lambda: nn.LeakyReLU(), 0),
    (lambda: nn.Softmax(1), 24 * (8 + 7 + 8)),
    (lambda: nn.MaxPool2d(2), 0),
    (lambda: nn.AvgPool2d(2), 8 * 6),
    (lambda: nn.AdaptiveAvgPool2d(1), (24 + 1) * 8),
    (lambda: nn.Upsample(scale_factor=2), 4 * 192),
    (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), 11 * 4 * 192),
    (lambda: nn.Upsample(scale_factor=2, mode="bicubic"), 259 * 4 * 192),
    (lambda: Layer(bmm_attention), 0),
    (lambda: type("Conv2d", (nn.Conv2d,), {})(8, 4, 1), 0),  # a subclass is another type
]


def twice() -> nn.Module:
    """Return one convolution that stands in two places: thop counts it four times over."""
    shared = nn.Conv2d(8, 8, 1)
    return nn.Sequential(nn.Sequential(shared), nn.Sequential(shared))


def thop_macs(network: nn.Module) -> float:
    with Thop(network) as thop, torch.no_grad():
        network(torch.rand(SHAPE))
    assert hooks_of(network) == 0
    return thop.total()


@pytest.mark.parametrize(("layer", "macs"), RULES)
def test_the_rules_of_thop_by_hand(layer: Callable[[], nn.Module], macs: int) -> None:
    assert thop_macs(Net(layer(), nn.Identity()).eval()) == macs


def test_thop_counts_a_shared_module_by_its_places_and_its_calls() -> None:
    assert thop_macs(Net(twice()).eval()) == 2 * (2 * 2 * 24 * 8 * 8)


def test_thop_itself_says_the_same() -> None:
    thop = pytest.importorskip("thop", reason="needs thop: pip install thop (Python < 3.12)")
    for layer in [*(layer for layer, _ in RULES), twice]:
        network = Net(layer(), nn.Identity()).eval()
        given = deepcopy(network)  # as YOLOv5 does: it leaves a hook on a shared module
        told = thop.profile(given, inputs=(torch.rand(SHAPE),), verbose=False)[0]
        assert told == thop_macs(network), layer()


def test_memory_is_counted_to_the_byte() -> None:
    """Every layer makes 1,024 bytes and lets the ones before go; the last row holds its input."""
    image = torch.rand(1, 4, 8, 8)
    network = Net(nn.ReLU(), nn.ReLU(), nn.Sequential(nn.ReLU(), nn.ReLU()))

    def forward() -> None:
        with torch.no_grad():
            network(image)

    found = peak(forward, list(network.model), "cpu")
    assert (found.bytes, found.layers) == (3 * 1024, [1024, 1024, 2048])
    assert hooks_of(network) == 0


def test_a_training_step_holds_what_backward_needs() -> None:
    image = torch.rand(1, 4, 8, 8)
    network = Net(*(nn.Conv2d(4, 4, 1, bias=False) for _ in range(3)))
    kept = peak(lambda: network(image).sum().backward(), [], "cpu").bytes
    with torch.no_grad():
        let_go = peak(lambda: network(image), [], "cpu").bytes
    assert kept >= 3 * 1024 > let_go - 1024  # all three outputs at once, against two
    assert size_of(network) == 3 * 4 * 4 * 4


def test_quartiles() -> None:
    assert quartiles([0.004, 0.001, 0.002, 0.003, 0.005]) == pytest.approx(
        {"median": 3.0, "q1": 2.0, "q3": 4.0}
    )
    assert quartiles([0.5]) == {"median": 500.0, "q1": 500.0, "q3": 500.0}


def test_rounds_take_every_network_in_turn() -> None:
    called: list[int] = []
    runs = [lambda index=index: called.append(index) for index in range(3)]
    found = latencies(runs, 4, lambda: None)
    warm, timed = called[:9], called[9:]
    assert warm == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    rounds = [timed[at : at + 3] for at in range(0, 12, 3)]
    assert [sorted(one) for one in rounds] == [[0, 1, 2]] * 4
    assert len({tuple(one) for one in rounds}) > 1  # not always in the same order
    assert all(one["q1"] <= one["median"] <= one["q3"] for one in found)


def test_this_torch_counts_by_its_own_counter() -> None:
    found = count_flops(Net(nn.Conv2d(8, 4, 1)).eval(), torch.rand(SHAPE))
    assert (found.flops, found.by) == (2 * 24 * 8 * 4, "torch.utils.flop_counter")
    assert found.shapes == [[[1, 4, 4, 6]]]


def test_torch_does_not_import_its_compiler() -> None:
    """Newer ones do at the first call of a mode, and for torch.profiler: a second each."""
    code = """
import sys, torch
from tests.runtime.nets import Net
from yamlmod.runtime.yamlmod_worker.profile.flops import count_flops
from yamlmod.runtime.yamlmod_worker.profile.peaks import peak
network, image = Net(torch.nn.Conv2d(3, 8, 3)).eval(), torch.rand(1, 3, 8, 8)
was = "torch._dynamo" in sys.modules
print(count_flops(network, image).flops, peak(lambda: network(image), [], "cpu").bytes)
assert was or "torch._dynamo" not in sys.modules
import torch._dynamo
print(count_flops(network, image).flops, peak(lambda: network(image), [], "cpu").bytes)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=_ROOT
    )
    without, with_it = done.stdout.splitlines()
    assert done.returncode == 0 and without == with_it, done.stderr
