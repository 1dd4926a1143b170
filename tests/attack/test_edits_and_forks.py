"""The attacks on YAML edits and on forks see faults that are planted, and none without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tools.attack import python_forks, yaml_edits
from tools.attack.report import Budget, Report
from yamlmod.edits import Edit, apply_edits
from yamlmod.fork.patch import exports, install
from yamlmod.fork.patch import import_route as reach
from yamlmod.fork.patch import marked_blocks as blocks
from yamlmod.fork.patch.plan import PatchChange
from yamlmod.model import layout
from yamlmod.ops import chain
from yamlmod.ops import index_shift as shift
from yamlmod.ops.operations.insert import plan as insert
from yamlmod.ops.operations.move import plan as move
from yamlmod.ops.operations.remove import plan as remove
from yamlmod.ops.operations.remove import removable
from yamlmod.ops.operations.replace import plan as replace


def _sees(monkeypatch: pytest.MonkeyPatch, word: str) -> bool:
    """Run the attack on edits with the proofs switched off: the oracle alone must see."""
    for module in (chain, insert, remove, replace):
        monkeypatch.setattr(module, "prove", lambda *_: None)
    monkeypatch.setattr(yaml_edits, "_smallest", lambda case, edit: (case, edit))
    return _wrong(yaml_edits.attack, word, 160)


def _wrong(attack: Callable[[Budget], Report], word: str, cases: int) -> bool:
    """Whether a fault is seen; most are in the first tenth of the cases."""
    reports = (attack(Budget(count, 600.0, 11)) for count in (cases // 10, cases // 3, cases))
    return any(word in failure for report in reports for failure in report.failures)


def test_nothing_is_seen_where_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    report = yaml_edits.attack(Budget(120, 600.0, 5))
    assert not report.failures
    done = {"insert", "remove", "move", "replace", "drop-head"}
    assert done <= set(report.outcomes)
    forks = python_forks.attack(Budget(8, 600.0, 5))
    assert not forks.failures and forks.outcomes["patched and back"]


def test_dropped_inputs_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removable, "choose", lambda *_: {})
    monkeypatch.setattr(move, "_refuse_several", lambda *_: None)
    assert _sees(monkeypatch, "WRONG move: layer")


def test_a_removal_without_a_choice_is_seen_by_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removable, "choose", lambda *_: {})
    monkeypatch.setattr(yaml_edits, "_smallest", lambda case, edit: (case, edit))
    assert _wrong(yaml_edits.attack, "WRONG proof-failed", 160)


def test_a_number_that_did_not_move_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(shift.GrowingShift):
        def __call__(self, layer: int) -> int:
            return layer

    monkeypatch.setattr(insert, "GrowingShift", Late)
    monkeypatch.setattr(
        insert, "_respell", lambda old, *rest: old if old >= 0 else rest[1] - rest[0]
    )
    assert _sees(monkeypatch, "WRONG insert")


def test_a_comment_that_stayed_behind_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (insert, remove):
        monkeypatch.setattr(module, "renumber_comments", lambda *_: ([], []))
    assert _sees(monkeypatch, "not the old one")


def test_bytes_that_are_lost_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    removal = layout.row_removal

    def greedy(document: Any, row: Any) -> list[Edit]:
        """Take the blanks in front of the next comma along, as yamlmod once did."""
        text, found = document.text, []
        for edit in removal(document, row):
            blanks = len(text[edit.end :]) - len(text[edit.end :].lstrip(" "))
            found.append(Edit(edit.start, edit.end + blanks, edit.text))
        return found

    monkeypatch.setattr(remove, "row_removal", greedy)
    assert _sees(monkeypatch, "do not give the bytes back")


# --- forks -------------------------------------------------------------------------------------


def _sees_in_forks(monkeypatch: pytest.MonkeyPatch, word: str) -> bool:
    def unproven(source: Any, change: PatchChange, names: Any) -> str:
        return apply_edits(source.text, change.edits)

    monkeypatch.setattr(install, "proven", unproven)
    monkeypatch.setattr(python_forks, "_smaller", lambda *_: "")
    return _wrong(python_forks.attack, word, 24)


@pytest.mark.slow  # few forks of the attack have such a list
def test_a_quote_from_a_bracket_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_quote", lambda source, literal: "]")
    assert _sees_in_forks(monkeypatch, "WRONG")


def test_a_class_that_does_not_arrive_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_join_imports", lambda *_: PatchChange())
    assert _sees_in_forks(monkeypatch, "does not arrive")


def test_a_line_that_is_left_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from yamlmod.fork.patch import uninstall

    def late(source: Any, block: blocks.Block) -> Edit:
        return Edit(block.start, block.end, "")

    monkeypatch.setattr(uninstall, "remove_block", late)
    assert _sees_in_forks(monkeypatch, "the bytes back")


def test_a_statement_that_changed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    appended = install.append_blocks

    def careless(source: Any, templates: Any) -> Any:
        edit = appended(source, templates)
        return edit and Edit(edit.start, edit.end, f"{source.newline}zero = 0{edit.text}")

    monkeypatch.setattr(install, "append_blocks", careless)
    assert _sees_in_forks(monkeypatch, "another one")
