"""The attack on figures sees faults that are planted, and none without."""

from __future__ import annotations

import pytest

from tools.attack import figures
from tools.attack.report import Budget, Report
from yamlmod.picture import boxes, geometry, routing
from yamlmod.picture.formats import svg


def _run() -> Report:
    return figures.attack(Budget(24, 600.0, 7))


def test_nothing_is_seen_where_nothing_is_wrong() -> None:
    assert not _run().failures


def _seen(report: Report, word: str) -> bool:
    return any(word in failure for failure in report.failures)


def test_a_line_through_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing.Router, "_is_free", lambda *_: True)
    assert _seen(_run(), "goes through box")


def test_lines_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geometry, "_STEP", 0.0)
    assert _seen(_run(), "run on each other")


def test_a_label_that_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "shortened", lambda text, *_: text)
    assert _seen(_run(), "not inside")


def test_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    real = geometry._Geometry.figure

    def lossy(self: geometry._Geometry) -> object:
        self.links.pop()
        return real(self)

    monkeypatch.setattr(geometry._Geometry, "figure", lossy)
    assert _seen(_run(), "lines ")


def test_names_that_become_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg, "_escaped", lambda text: text)
    assert _run().failures
