"""`--placement package`: a file for each module, one import, and no trace of either afterwards."""

from __future__ import annotations

import ast

import pytest

from tests.fork.memory import ALL, COMMON, CONV, FREE, SAME, Memory, repository, template, yolo
from tests.fork.test_dialects import DIALECTS, Dialect
from yamlmod.errors import Refusal

PACKAGE = "models/yamlmod_modules"
USABLE = [one for one in DIALECTS if "models" in one.yolo or "from .common" in one.yolo]


@pytest.mark.parametrize("dialect", USABLE, ids=lambda one: one.name)
def test_there_and_back(dialect: Dialect) -> None:
    files = dialect.repository()
    before = dict(files.texts)
    files.install(*ALL, placement="package")
    assert files.texts["models/common.py"] == before["models/common.py"]
    assert {path for path in files.texts if path not in before} == {
        f"{PACKAGE}/{name}.py" for name in ("__init__", "alpha", "beta", "gamma", "delta")
    }
    patched = dict(files.texts)
    assert not files.install(*ALL).texts
    assert not files.install(*ALL, placement="package").texts
    files.uninstall("Beta")
    files.install(SAME, placement="package")
    assert {path: len(text) for path, text in files.texts.items()} == {
        path: len(text) for path, text in patched.items()
    }
    for one in ALL:
        files.uninstall(one.name)
    assert files.texts == before


def test_the_text() -> None:
    files = repository()
    files.install(SAME, placement="package")
    assert (
        "from models.yamlmod_modules.beta import Beta  # yamlmod\n"
        in (files.texts["models/yolo.py"])
    )
    text = files.texts[f"{PACKAGE}/beta.py"]
    assert text.startswith("import torch.nn as nn\nimport torch.nn.functional as F\n\n\n# yamlmod:")
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(SAME.source))


def test_newlines_are_the_forks() -> None:
    files = repository(yolo().replace("\n", "\r\n"), COMMON.replace("\n", "\r\n"))
    files.install(SAME, placement="package")
    for path in (f"{PACKAGE}/beta.py", f"{PACKAGE}/__init__.py"):
        assert "\n" not in files.texts[path].replace("\r\n", "")


def test_both_placements_beside_each_other() -> None:
    files = repository()
    before = dict(files.texts)
    files.install(CONV)
    files.install(SAME, FREE, placement="package")
    assert "class Alpha" in files.texts["models/common.py"]
    assert "class Beta" in files.texts[f"{PACKAGE}/beta.py"]
    assert not files.install(CONV, SAME, FREE).texts
    files.uninstall("Alpha", "Beta")
    files.uninstall("Gamma")
    assert files.texts == before


@pytest.mark.parametrize(("first", "then"), [("common", "package"), ("package", "common")])
def test_switching_is_refused(first: str, then: str) -> None:
    files = repository()
    files.install(SAME, placement=first)
    with pytest.raises(Refusal) as caught:
        files.install(SAME, placement=then)
    assert caught.value.code == "placed-otherwise"
    assert "unpatch REPO Beta" in caught.value.hint


def test_a_newer_version_replaces_the_file() -> None:
    files = repository()
    files.install(SAME, placement="package")
    newer = template("Beta", "conv", version="1.1.0", body="        self.more = 1\n")
    plan = files.install(newer)
    assert "self.more" in files.texts[f"{PACKAGE}/beta.py"]
    assert any("replaced by 1.1.0" in step.text for step in plan.steps)
    assert "[Conv, C3, Beta]" in files.texts["models/yolo.py"]
    assert not files.install(newer).texts
    files.uninstall("Beta")
    assert files.texts == repository().texts


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.act = F.relu", "self.act = F.gelu"),
        ("# yamlmod: end Beta\n", "# yamlmod: end Beta\n\n\nclass Mine(Beta):\n    pass\n"),
        ("# yamlmod: end Beta\n", "# yamlmod: end Beta\n# mine\n"),
    ],
)
def test_an_edited_file_is_left_alone(old: str, new: str) -> None:
    files = repository()
    files.install(SAME, placement="package")
    path = f"{PACKAGE}/beta.py"
    files.texts[path] = files.texts[path].replace(old, new)
    with pytest.raises(Refusal) as caught:
        files.uninstall("Beta")
    assert caught.value.code == "edited-by-hand"


def test_a_file_of_somebody_else() -> None:
    files = repository(**{f"{PACKAGE}/beta.py": "x = 1\n"})
    with pytest.raises(Refusal) as caught:
        files.install(SAME, placement="package")
    assert caught.value.code == "name-taken"


def test_a_name_that_common_has() -> None:
    files = repository(common=COMMON + "\n\nclass Beta(Conv):\n    pass\n")
    with pytest.raises(Refusal) as caught:
        files.install(SAME, placement="package")
    assert caught.value.code == "name-taken"


def test_files_of_ones_own_in_the_package_stay() -> None:
    files = repository(**{f"{PACKAGE}/mine.py": "x = 1\n", f"{PACKAGE}/__init__.py": "# mine\n"})
    before = dict(files.texts)
    files.install(SAME, placement="package")
    files.uninstall("Beta")
    assert files.texts == before


def test_a_missing_import_is_completed() -> None:
    files = repository()
    files.install(SAME, placement="package")
    patched = dict(files.texts)
    line = "from models.yamlmod_modules.beta import Beta  # yamlmod\n"
    files.texts["models/yolo.py"] = patched["models/yolo.py"].replace(line, "")
    files.install(SAME)
    assert files.texts == patched


def test_without_a_spelling() -> None:
    files: Memory = repository(yolo(imports="import models"))
    with pytest.raises(Refusal) as caught:
        files.install(FREE, placement="package")
    assert caught.value.code == "no-import"
