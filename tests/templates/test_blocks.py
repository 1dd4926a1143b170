"""The block forms that the contract does not run over: C3, C2f and C3k2 with each module."""

from __future__ import annotations

import ast
import copy
import io
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from yamlmod.errors import Refusal
from yamlmod.ops.rows import check_args
from yamlmod.registry.catalogue import get
from yamlmod.registry.manifest import read_template

from . import floor, support

each = pytest.mark.parametrize("folder", support.blocks())
_C3K2 = [folder for folder in support.blocks() if support.manifest(folder)["block"] == "c3k2"]


@each
def test_equals_the_float64_reference(folder: str) -> None:
    official = support.reference(folder)
    for args, shape in official.CASES:
        module, x = support.filled(folder, shape[1], *args), support.image(*shape)
        with torch.no_grad():
            gap = support.gap(module(x), official.reference(module, x.double()))
        assert gap < 1e-5, (args, shape)


@each
def test_keys_are_those_of_the_block_and_of_the_inner_module(folder: str) -> None:
    official = support.reference(folder)
    state = support.build(folder, 64).state_dict()
    assert {key: tuple(value.shape) for key, value in state.items()} == official.OFFICIAL_KEYS_64


@each
def test_trains_on_one_image_and_survives_a_copy(folder: str) -> None:
    module = support.load_class(folder)(64, 48, 3).train()
    x = support.image(1, 64, 4, 4)
    out = module(x)
    out.square().sum().backward()
    assert out.shape == (1, 48, 4, 4) and len(module.m) == 3
    assert all(value.grad is not None for value in module.parameters())
    saved = io.BytesIO()
    torch.save(module.eval(), saved)
    saved.seek(0)
    for twin in (copy.deepcopy(module), torch.load(saved, weights_only=False)):
        assert torch.equal(twin(x), module(x))


@each
def test_code_stands_alone(folder: str) -> None:
    """Every name but the class is private, so the attention itself may stand beside it."""
    name = support.manifest(folder)["name"]
    text = support.source(folder).read_text(encoding="ascii")
    assert floor.newer(text) == [] and max(map(len, text.splitlines())) <= 110  # names are longer
    names = [
        node.name
        for node in ast.parse(text, feature_version=(3, 8)).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    ]
    assert [one for one in names if not one.startswith(f"_{name}")] == [name]
    assert len(set(names)) == len(names)
    # Two underscores in front would be mangled inside a class.
    assert not any(one.startswith("__") for one in names)


@each
def test_info_gives_class_and_constructor(folder: str) -> None:
    template = get(folder)
    assert template.class_name == support.manifest(folder)["class"]
    bounds = next(dict(one.bounds) for one in template.arguments if one.name == "g")
    values = {one.name: ast.literal_eval(one.default) for one in template.arguments}
    values |= {"shortcut": False, "g": int(min(2, bounds.get("max", 2)))}
    module = support.load_class(folder)(*template.constructor(32, 64, [*values.values()]))
    assert isinstance(module, nn.Module)
    assert module(support.image(2, 32, 5, 6)).shape == (2, 64, 5, 6)


def test_weights_of_a_plain_c3_load() -> None:
    module = support.build("c3_se", 64)
    found = module.load_state_dict(
        {key: torch.zeros(shape) for key, shape in c3_keys().items()}, strict=False
    )
    assert not found.unexpected_keys
    assert {key.partition(".attention.")[1] for key in found.missing_keys} == {".attention."}


@pytest.mark.parametrize("folder", _C3K2)
def test_keys_with_c3k_blocks_inside(folder: str) -> None:
    state = support.build(folder, 64, True).state_dict()
    wanted = support.reference(folder).c3k_keys_64
    assert {key: tuple(value.shape) for key, value in state.items()} == wanted


@pytest.mark.parametrize(
    ("args", "error", "says"),
    [
        ((1,), TypeError, "c3k must be True or False, got 1"),
        ((False, 0.5, True), ValueError, "attn=True puts PSA blocks inside C3k2"),
        ((False, 0.5, 8), TypeError, "attn must be True or False, got 8"),
        ((False, 0.5, False, 32), ValueError, "half of the 32 channels .* g=32 divides"),
        ((False, 0.5, False, 3), ValueError, "e=0.5 of 64 channels gives no channels that g=3"),
        ((False, 1 / 64), ValueError, "half of the 1 channels inside"),
        ((True, 0.5, False, 1, 1), TypeError, "shortcut must be True or False"),
    ],
)
def test_arguments_of_c3k2_that_are_refused(
    args: tuple[object, ...], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        support.load_class("c3k2_se")(64, 64, 1, *args)
    assert "; write the row [-1, 3, C3k2_SE, [1024]]" in str(caught.value)


def test_a_row_with_attn_is_refused() -> None:
    with pytest.raises(Refusal, match="attn must not be True: always False"):
        check_args(get("C3k2_SE"), [256, True, 0.5, True])
    check_args(get("C3k2_SE"), [256, True, 0.5, False, 2, True])


@pytest.mark.parametrize("folder", [f for f in support.blocks() if f.endswith("_faster")])
def test_groups_are_refused_where_the_inner_module_has_none(folder: str) -> None:
    with pytest.raises(ValueError, match="g=2 is not 1"):
        support.load_class(folder)(32, 32, 1, True, 2)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("block", "c4", "block must be one of c3, c2f, c3k2"),
        ("block", "c3k2", "inside must be attention in the block c3k2"),
        ("inside", "anywhere", "inside must be one of attention, convolution, bottleneck"),
        ("given", "__import__('os')", "given must be numbers"),
    ],
)
def test_a_form_that_does_not_exist_is_refused(
    key: str, value: str, says: str, tmp_path: Path
) -> None:
    for name in ("_blocks", "fasterblock", "c3_faster"):
        shutil.copytree(support.ROOT / name, tmp_path / name)
    path = tmp_path / "c3_faster" / "manifest.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f"{key} =")]
    path.write_text("\n".join([f'{key} = "{value}"', *kept]) + "\n", encoding="utf-8")
    with pytest.raises(Refusal, match=says):
        read_template(tmp_path / "c3_faster")


def c3_keys() -> dict[str, tuple[int, ...]]:
    from .references.c3_block import C3_KEYS_64

    return C3_KEYS_64
