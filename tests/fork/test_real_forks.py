"""The published forks: in, in again, and out without a trace; the patched text where it matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fork.memory import ALL, Memory
from tests.real_forks import fork_folder
from yamlmod.errors import Refusal
from yamlmod.fork.locate import Fork, locate
from yamlmod.registry.catalogue import catalogue

SPECS = [
    "yolov5==4.0.14",
    "yolov5==5.0.10",
    "yolov5==6.0.7",
    "yolov5==6.2.3",
    "yolov5==7.0.14",
    "yolov7detect==1.0.1",
    "yolov9pip==0.0.4",
]

pytestmark = pytest.mark.fork


def load(folder: Path) -> Memory:
    """Return the Python files and requirements of a fork."""
    paths = [*folder.glob("models/*.py"), *folder.glob("requirements.txt"), *folder.glob("nn/*.py")]
    return Memory(
        {
            path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8-sig")
            for path in paths
        }
    )


@pytest.mark.parametrize("spec", SPECS)
def test_there_and_back(spec: str) -> None:
    files = load(fork_folder(spec))
    before = dict(files.texts)
    modules = catalogue() or ALL
    files.install(*modules[:2])
    files.install(*modules)
    assert not files.install(*modules).texts
    files.uninstall(modules[1].name)
    files.uninstall(*(module.name for module in modules if module is not modules[1]))
    assert files.texts == before


def facts(fork: Fork) -> tuple[str, bool, bool, bool, bool]:
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


def test_ultralytics_is_for_later() -> None:
    with pytest.raises(Refusal) as caught:
        locate(load(fork_folder("ultralytics==8.4.190")))
    assert caught.value.code == "ultralytics-package"
