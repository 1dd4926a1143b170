"""The published forks: in, in again, and out without a trace; the patched text where it matters."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from tests.fork.memory import ALL, Memory, template
from tools.real_forks import fork_folder
from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import ForkFacts, locate
from yamlmod.fork.patch.placement import PLACEMENTS
from yamlmod.fork.python.bindings import bindings
from yamlmod.registry.catalogue import catalogue
from yamlmod.registry.template import Template

SPECS = [
    "yolov5==4.0.14",
    "yolov5==5.0.10",
    "yolov5==6.0.7",
    "yolov5==6.1.9",
    "yolov5==6.2.3",
    "yolov5==7.0.14",
    "yolov7detect==1.0.1",
    "yolov9pip==0.0.4",
]
PACKAGES = [
    "ultralytics==8.0.0",
    "ultralytics==8.1.0",
    "ultralytics==8.2.0",
    "ultralytics==8.3.0",
    "ultralytics==8.4.190",
]

pytestmark = pytest.mark.fork


PATTERNS = ("*.py", "requirements.txt", "models/*.py", "nn/*.py", "nn/modules/*.py")


def load(folder: Path) -> Memory:
    """Return the Python files that matter, and the names of the model YAMLs."""
    paths = [path for pattern in PATTERNS for path in folder.glob(pattern)]
    texts = {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8-sig") for path in paths
    }
    yamls = (path.relative_to(folder).as_posix() for path in folder.glob("models/*.yaml"))
    return Memory(texts | dict.fromkeys(yamls, ""))


def free_modules(files: Memory) -> list[Template]:
    """Return the modules whose class the fork does not define itself."""
    text = "\n".join(files.texts.values())
    return [one for one in catalogue() if not re.search(rf"\bclass {one.class_name}\b", text)]


# Files of its own in one fork of each kind; in all with YAMLMOD_TEST_ALL=1.
_ALSO_APART = ("yolov5==4.0.14", "yolov5==7.0.14", "yolov7detect==1.0.1", "yolov9pip==0.0.4",
               "ultralytics==8.0.0", "ultralytics==8.4.190")  # fmt: skip
_PLACED = [
    pytest.param(spec, placement, marks=[pytest.mark.slow] * (placement != PLACEMENTS[0]))
    for placement in PLACEMENTS
    for spec in SPECS + PACKAGES
    if placement == PLACEMENTS[0] or spec in _ALSO_APART or os.environ.get("YAMLMOD_TEST_ALL")
]


@pytest.mark.parametrize(("spec", "placement"), _PLACED)
def test_there_and_back(spec: str, placement: str) -> None:
    files = load(fork_folder(spec))
    before = dict(files.texts)
    modules = free_modules(files)[:4]
    files.install(*modules[:2], placement=placement)
    files.install(*modules, placement=placement)
    assert not files.install(*modules).texts
    files.uninstall(modules[1].name)
    files.uninstall(*(module.name for module in modules if module is not modules[1]))
    assert files.texts == before


def facts(fork: ForkFacts) -> tuple[str, bool, bool, bool, bool]:
    """Return what differs among the published forks."""
    return (
        fork.package_prefix,
        fork.channel_offset,
        fork.single_positive_ok,
        fork.negative_in_list_ok,
        fork.negative_in_head_ok,
    )


@pytest.mark.parametrize("spec", SPECS)
def test_facts(spec: str) -> None:
    fork = locate(load(fork_folder(spec)))
    prefix = {"yolov7": "yolov7.models.", "yolov9": "models."}.get(spec[:6], "yolov5.models.")
    offset = spec == "yolov5==4.0.14"
    assert facts(fork) == (prefix, offset, not offset, True, not offset)
    assert fork.free_falls_to_else
    assert not fork.index_offset


def test_branch_of_the_last_offset_fork() -> None:
    files = load(fork_folder("yolov5==4.0.14"))
    files.install(*ALL)
    assert (
        "        elif m in {Beta, Delta}:  # yamlmod\n"
        "            c2 = ch[f if f < 0 else f + 1]\n"
        "            args = [c2, *args]\n"
        "        else:\n"
        "            c2 = ch[f if f < 0 else f + 1]\n"
    ) in files.texts["models/yolo.py"]


DIALECTS = {
    "yolov5": "yolov5-package",
    "yolov7detect": "yolov7",
    "yolov9pip": "yolov9",
    "ultralytics": "ultralytics",
}


@pytest.mark.parametrize("spec", SPECS + PACKAGES)
def test_dialect(spec: str) -> None:
    fork = locate(load(fork_folder(spec)))
    assert fork.dialect.name == DIALECTS[spec.partition("==")[0]]


@pytest.mark.parametrize("spec", PACKAGES)
def test_ultralytics(spec: str) -> None:
    files = load(fork_folder(spec))
    assert facts(locate(files)) == ("ultralytics.nn.", False, True, True, True)
    files.install(*ALL)
    tasks = files.texts["nn/tasks.py"]
    assert (
        "        elif m in {Beta, Delta}:  # yamlmod\n"
        "            c2 = ch[f]\n"
        "            args = [c2, *args]\n"
        "        else:\n"
    ) in tasks
    package = spec != "ultralytics==8.0.0"
    home = "nn/modules/conv.py" if package else "nn/modules.py"
    assert "# yamlmod: begin Gamma" in files.texts[home]
    names = ["Alpha", "Beta", "Gamma", "Delta"]
    imported = {one.name: one for one in bindings(ast.parse(tasks))}
    assert all(imported[name].target == f"ultralytics.nn.modules.{name}" for name in names)
    if package:
        init = files.texts["nn/modules/__init__.py"]
        assert all(f"\n    {name},\n" in init and f'"{name}"' in init for name in names)
        assert all(f'    "{name}",\n' in files.texts[home] for name in names)


@pytest.mark.parametrize("spec", PACKAGES)
def test_a_name_that_ultralytics_has(spec: str) -> None:
    with pytest.raises(Refusal) as caught:
        load(fork_folder(spec)).install(template("CBAM", "same"))
    assert caught.value.code == "name-taken"
    assert "`def __init__(self, c1, " in caught.value.message


def test_a_name_that_another_file_of_ultralytics_has() -> None:
    with pytest.raises(Refusal) as caught:
        load(fork_folder("ultralytics==8.3.0")).install(template("SCDown", "same"))
    assert caught.value.code == "name-taken"
    assert "nn/tasks.py already binds SCDown" in caught.value.message
