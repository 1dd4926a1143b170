"""The proof stops every change that is not the planned one."""

from __future__ import annotations

import pytest

from tests.fork.memory import yolo
from yamlmod.edits import Edit
from yamlmod.errors import ProofFailedError
from yamlmod.fork.patch.plan import PatchChange
from yamlmod.fork.patch.proof import member, proven
from yamlmod.fork.python.source import parse

SOURCE = parse("yolo.py", "yolo.py", yolo())
AT = yolo().index("C3]:") + 2
GOOD = Edit(AT, AT, ", Alpha")


def at(text: str) -> int:
    """Return the offset of a piece of the source."""
    return SOURCE.text.index(text)


def test_the_planned_change_passes() -> None:
    text = proven(SOURCE, PatchChange((GOOD,), (), (member("Alpha"),)), ["Alpha"])
    assert "[Conv, C3, Alpha]" in text


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (Edit(at("no, gw = 255"), at("no, gw = 255") + 2, "nx"), "outside the planned places"),
        (Edit(at("# model_dict"), at("# model_dict") + 12, "# model"), None),
        (Edit(at("import sys"), at("import sys") + 10, "import"), "not valid Python"),
        (Edit(at("model_dict"), at("model_dict"), "a "), "a comment"),
        (Edit(at("[C3]"), at("[C3]") + 1, "[Alpha, "), "differs from the plan"),
        (Edit(at("[C3]"), at("[C3]") + 1, "[Other, "), "outside the planned places"),
        (
            Edit(at("        m_ = m(*args)"), at("        m_ = m(*args)"), "        pass\n"),
            "outside",
        ),
    ],
)
def test_anything_else_fails(edit: Edit, says: str | None) -> None:
    change = PatchChange((GOOD, edit), (), (member("Alpha"),))
    if says is None:  # the comment itself lies inside the edit: that is what was planned
        proven(SOURCE, change, ["Alpha"])
        return
    with pytest.raises(ProofFailedError) as caught:
        proven(SOURCE, change, ["Alpha"])
    assert says in caught.value.message
    assert caught.value.exit_code == 3


def test_a_plan_without_its_edit_fails() -> None:
    with pytest.raises(ProofFailedError, match="differs from the plan"):
        proven(SOURCE, PatchChange((), (), (member("Alpha"),)), ["Alpha"])
