"""graft: the backbone of one file under the neck and head of another, connected by stride."""

from __future__ import annotations

from pathlib import Path

import pytest

import yamlmod
from tests.ops.helpers import wiring
from tests.ops.samples import SMALL
from tests.ops.test_add_head import ELAN
from tools.scales.judge import judge_graft
from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.model.document import parse_document
from yamlmod.ops.chain import run_plans
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.graft.donor import DonorFile
from yamlmod.ops.operations.graft.plan import graft_plans
from yamlmod.ops.proof import prove

OTHER = """\
nc: 80
scales: {n: [0.33, 0.25, 1024]}
backbone:
  # another one
  - [-1, 1, Conv, [64, 3, 2]] # 0-P1/2
  - [-1, 1, Conv, [128, 3, 2]] # 1-P2/4
  - [-1, 1, Conv, [256, 3, 2]] # 2-P3/8

  # the last stage
  - [-1, 1, Conv, [512, 3, 2]] # 3-P4/16
  - [-1, 3, C2f, [512, True]]
head:
  - [[2, 4], 1, Detect, [nc]]
"""
TORCHVISION = """\
backbone:
  - [-1, 1, TorchVision, [768, convnext_tiny, DEFAULT, True, 2, True]]  # 0
  - [0, 1, Index, [192, 4]]  # 1
  - [0, 1, Index, [384, 6]]  # 2
"""


def _graft(text: str, donor: str, *strides: str) -> str:
    outcome = run_plans(
        read_network(text, "a.yaml"), graft_plans(DonorFile(donor, "b.yaml", strides))
    )
    prove(parse_document(text, "a.yaml"), outcome.text, outcome.steps)
    return outcome.text


def test_rows_and_references() -> None:
    after = _graft(SMALL, OTHER)
    assert not judge_graft(SMALL, OTHER, after)
    assert after.startswith(SMALL[: SMALL.index("  [[-1, 1, Conv, [64")])
    new = """\
  [[-1, 1, Conv, [64, 3, 2]], # 0-P1/2
   [-1, 1, Conv, [128, 3, 2]], # 1-P2/4
   [-1, 1, Conv, [256, 3, 2]], # 2-P3/8

   # the last stage
   [-1, 1, Conv, [512, 3, 2]], # 3-P4/16
   [-1, 3, C2f, [512, True]],
  ]
"""
    assert new in after
    assert wiring(after)[5:] == [
        ("Conv", -1),
        ("nn.Upsample", -1),
        ("Concat", [-1, 2]),
        ("C3", -1),
        ("Conv", -1),
        ("Concat", [-1, 5]),
        ("C3", -1),
        ("Detect", [8, 11]),
    ]
    assert "# 8 (P3/8-small)" in after and "# 11 (P4/16-medium)" in after


@pytest.mark.parametrize("text", [SMALL, ELAN, OTHER, SMALL.replace("\n", "\r\n")])
@pytest.mark.parametrize("donor", [SMALL, ELAN, OTHER])
def test_every_pair(text: str, donor: str) -> None:
    after = _graft(text, donor)
    assert not judge_graft(text, donor, after)
    if text == donor:
        assert after == text
    back = _graft(after, text)
    assert [row[0] for row in wiring(back)] == [row[0] for row in wiring(text)]
    assert wiring(back) == wiring(text)


def test_stated_strides_and_a_file_without_a_head() -> None:
    after = _graft(SMALL, TORCHVISION, "1:8", "2:16")
    assert wiring(after)[:4] == [("TorchVision", -1), ("Index", 0), ("Index", 0), ("Conv", -1)]
    assert wiring(after)[5] == ("Concat", [-1, 1])
    model = yamlmod.load(SMALL).graft(yamlmod.load(OTHER), strides={2: 8, "4": 16})
    assert model.to_text() == _graft(SMALL, OTHER)


@pytest.mark.parametrize(
    ("text", "donor", "strides", "code"),
    [
        (SMALL, TORCHVISION, (), "no-tap"),
        (SMALL, TORCHVISION, ("1:8",), "no-tap"),
        (SMALL, TORCHVISION, ("0:8", "2:16"), "many-outputs"),
        (SMALL, TORCHVISION, ("1-8",), "bad-stride"),
        (SMALL, OTHER, ("5:8",), "bad-stride"),
        (SMALL, OTHER, ("99:8",), "no-such-layer"),
        (SMALL, OTHER, ("2:²",), "bad-stride"),
        (SMALL, OTHER, ("2:16", "4:8"), "bad-stride"),
        (SMALL, OTHER, ("2:8", "4:16", "3:16"), "bad-stride"),
        (SMALL, OTHER.replace("Conv, [512, 3, 2]", "Conv, [512, 3, 1]"), (), "no-tap"),
        (SMALL.replace("C3, [256]]", "Mine, [256]]"), OTHER, (), "unknown-stride"),
        (SMALL, "backbone: []\n", (), "no-backbone"),
        (SMALL, "nc: 3\n", (), "not-a-model"),
        (
            SMALL.replace("[[-1, 3], 1, Concat, [1]]", "[[-1, 3], 1, Add, []]"),
            OTHER.replace("[256, 3, 2]", "[192, 3, 2]"),
            (),
            "channels-differ",
        ),
    ],
)
def test_refusals(text: str, donor: str, strides: tuple[str, ...], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        _graft(text, donor, *strides)
    assert caught.value.code == code


def test_another_activation_is_a_warning() -> None:
    donor = OTHER.replace("nc: 80", "nc: 80\nactivation: nn.ReLU()")
    outcome = run_plans(read_network(SMALL, "a.yaml"), graft_plans(DonorFile(donor, "b.yaml")))
    assert any("sets the activation nn.ReLU()" in warning for warning in outcome.warnings)


def test_rows_that_nothing_reads_are_left_out() -> None:
    deep = OTHER.replace("head:", "  - [-1, 1, Conv, [1024, 3, 2]]\nhead:").replace(
        "[[2, 4]", "[[2, 5]"
    )
    outcome = run_plans(read_network(SMALL, "a.yaml"), graft_plans(DonorFile(deep, "b.yaml")))
    assert outcome.text == _graft(SMALL, OTHER)
    assert any("5 Conv of b.yaml feed nothing here" in warning for warning in outcome.warnings)


def test_recipes_read_files_of_their_repository_only(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "other.yaml").write_text(OTHER, encoding="utf-8")
    (tmp_path / "outside.yaml").write_text(OTHER, encoding="utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text("yamlmod: 1\nedits: [{graft: other.yaml, strides: {2: 8, 4: 16}}]\n")
    model = yamlmod.load(SMALL)
    assert model.apply(recipe).to_text() == _graft(SMALL, OTHER)
    recipe.write_text("yamlmod: 1\nedits: [{graft: ../outside.yaml}]\n", encoding="utf-8")
    with pytest.raises(Refusal) as caught:
        model.apply(recipe)
    assert caught.value.code == "outside"
    with pytest.raises(Refusal) as caught:
        model.apply("yamlmod: 1\nedits: [{graft: other.yaml}]\n")
    assert caught.value.code == "usage"


@pytest.mark.parametrize(
    ("old", "new"),
    [("[[-1, 2], 1, Concat", "[[-1, 1], 1, Concat"), ("C2f, [512, True]", "C2f, [512]")],
)
def test_the_proof_and_the_judge_refuse_another_text(old: str, new: str) -> None:
    outcome = run_plans(read_network(SMALL, "a.yaml"), graft_plans(DonorFile(OTHER, "b.yaml")))
    wrong = outcome.text.replace(old, new)
    assert wrong != outcome.text
    with pytest.raises(ProofFailedError):
        prove(parse_document(SMALL, "a.yaml"), wrong, outcome.steps)
    assert judge_graft(SMALL, OTHER, wrong)
