"""libcst reads what a patch writes, apart from Python's own parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from yamlmod.cli.bundles import WriteOptions
from yamlmod.errors import ProofFailedError
from yamlmod.fork.patch import second_reading
from yamlmod.fork.patch.install import install
from yamlmod.fork.patch.second_reading import check_second_reading
from yamlmod.registry.catalogue import get
from yamlmod.usecases.located_fork import PlannedPatch, open_fork

MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"


@pytest.mark.parametrize(
    ("old_text", "new_text", "passes"),
    [
        ("a = 1\n", "a = 2\n", True),
        ("a = 1\n", "a = (\n", False),
        ("class A:\n    pass\n", "class A:\n    pass\n\f\nclass B:\n    pass\n  ", True),
        # Not given back as it is: no word on what it becomes.
        ("if a:\n    b\n\felse:\n    c\n", "if a:\n    b\n\felse:\n    (\n", True),
        ("a = (\n", "a = (\n", True),
    ],
)
def test_the_new_text_must_stay_readable(old_text: str, new_text: str, passes: bool) -> None:
    if passes:
        check_second_reading("f.py", old_text, new_text)
        return
    with pytest.raises(ProofFailedError):
        check_second_reading("f.py", old_text, new_text)


@pytest.mark.parametrize("to", [WriteOptions(write=True), WriteOptions(diff=Path("x.diff"))])
def test_what_a_patch_writes_is_read_twice(
    to: WriteOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    located = open_fork(MINIFORK)
    planned = PlannedPatch(located, install(*located, [get("SimAM")]))
    assert planned.changes(to.keeps)
    monkeypatch.setattr(second_reading, "_is_readable", lambda text: "SimAM" not in text)
    assert planned.changes(written=False)
    with pytest.raises(ProofFailedError, match="libcst"):
        planned.changes(to.keeps)
