"""An overlay of a package that tests for C3k2: a form of it joins the test in memory alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.installed import active_environment
from tests.cli.run import yamlmod
from tests.fork.small_ultralytics import BLOCK, MODULES, TASKS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the environment is made with links")
_TEST = "            if m is C3k2:\n                legacy = False\n"
_TEXTS = {
    "ultralytics/nn/tasks.py": TASKS.replace("C2f, Concat", "C2f, C3k2, Concat")
    .replace("{Conv, C2f}", "{Conv, C2f, C3k2}")
    .replace("{C2f}", "{C2f, C3k2}")
    .replace("                n = 1\n", f"                n = 1\n{_TEST}"),
    "ultralytics/nn/modules/block.py": BLOCK.replace('"C2f")', '"C2f", "C3k2")')
    + "\n\nclass C3k2(C2f):\n    pass\n",
    "ultralytics/nn/modules/__init__.py": MODULES.replace(
        "Bottleneck, C2f", "Bottleneck, C2f, C3k2"
    ).replace('"C2f", ', '"C2f", "C3k2", '),
}
_NAMES = "from ultralytics.nn import tasks; print(*tasks.parse_model.__code__.co_names)"


def test_a_form_of_c3k2_joins_its_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = active_environment(tmp_path, monkeypatch)
    env.install("8.3.0", **_TEXTS)
    before = env.hashes()
    words = ("patch", "ultralytics", "C3k2_SE", "--overlay")
    preview = yamlmod(*words, cwd=env.project)
    assert preview.code == 0, preview.err
    assert b"-            if m is C3k2:\n+            if m in {C3k2, C3k2_SE}:\n" in preview.out
    written = yamlmod(*words, "-w", cwd=env.project)
    assert written.code == 0, written.err
    assert env.hashes() == before
    plain = env.run(_NAMES).stdout.split()
    overlaid = env.run(f"import ultralytics_overlay; {_NAMES}")
    assert "C3k2" in plain and "C3k2_SE" not in plain
    assert "C3k2_SE" in overlaid.stdout.split(), overlaid.stderr
