"""libcst reads what a patch writes, apart from Python's own parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from yamlmod.errors import ProofFailedError
from yamlmod.fork import second_reading
from yamlmod.fork.second_reading import check_second_reading


@pytest.mark.parametrize(
    ("old_text", "new_text", "passes"),
    [
        ("a = 1\n", "a = 2\n", True),
        ("a = 1\n", "a = (\n", False),
        ("class A:\n    pass\n", "class A:\n    pass\n\f\nclass B:\n    pass\n  ", True),
        # Not read as it is: no word on what it becomes.
        ("a = (\n", "a = (\n", True),
    ],
)
def test_the_new_text_must_stay_readable(old_text: str, new_text: str, passes: bool) -> None:
    if passes:
        check_second_reading("f.py", old_text, new_text)
        return
    with pytest.raises(ProofFailedError):
        check_second_reading("f.py", old_text, new_text)


def test_a_patch_is_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from yamlmod.edits import Edit
    from yamlmod.fork.plan import Change
    from yamlmod.fork.proof import proven
    from yamlmod.fork.python.source import parse

    source = parse("f.py", "f.py", "a = 1\n")
    monkeypatch.setattr(second_reading, "_is_readable", lambda text: text == "a = 1\n")
    with pytest.raises(ProofFailedError, match="libcst"):
        proven(source, Change((Edit(6, 6, "\n"),)), ())
