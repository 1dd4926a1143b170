"""The tutorials are run as they are written, in order, and print what they show."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.draw import text_of
from tests.site.tutorials import PAGES, commands_of, fork_of, is_shown, steps_of
from tools.real_forks import fork_copy
from yamlmod.registry.official import official_graphs

_ROOT = Path(__file__).parents[2]
_PROGRAMS = {"yamlmod": '-m yamlmod "$@"', "python": '"$@"'}
_YOLOV7 = "nc: 80\ndepth_multiple: 1.0\nwidth_multiple: 1.0\n"


# They train, and build a large network.
_SLOW = ("tutorial_ablation", "tutorial_yolov7")


@pytest.mark.skipif(os.name == "nt", reason="the commands are those of a POSIX shell")
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.stem, marks=[pytest.mark.slow] * (page.stem in _SLOW))
        for page in PAGES
    ],
)
def test_a_tutorial(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    environment = _environment(tmp_path)
    _bring(fork_of(page), folder, tmp_path)
    for step in steps_of(page):
        if step.kind == "file":
            (folder / step.name).write_text(step.text, encoding="utf-8")
            continue
        printed = ""
        for command in commands_of(step):
            done = subprocess.run(
                ["bash", "-c", command.line],
                cwd=folder, env=environment, text=True, timeout=600,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            assert done.returncode == command.code, (command.line, done.stdout)
            printed += done.stdout
        assert not step.printed or is_shown(step.printed, printed), printed


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment whose `yamlmod` and `python` are those of the tests."""
    programs = folder / "bin"
    programs.mkdir()
    for name, words in _PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}\n')
        (programs / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return {
        **kept,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "120",
        "PYTHONPATH": str(_ROOT),
        "VIRTUAL_ENV": str(folder / "env"),
        "HOME": str(folder),
    }


def _bring(fork: str, folder: Path, root: Path) -> None:
    """Put the fork where a user has it."""
    if fork == "minifork":
        ignored = shutil.ignore_patterns("__pycache__", "runs")
        shutil.copytree(_ROOT / "examples" / "minifork", folder / "minifork", ignore=ignored)
    elif fork.startswith("ultralytics"):
        _install(fork, root / "env")
    else:
        path = fork_copy(fork, folder)
        if fork.startswith("yolov7"):  # the package has no model YAMLs
            graph = next(graph for graph in official_graphs() if graph.name == "yolov7 yolov7")
            cfg = path / "cfg" / "training" / "yolov7.yaml"
            cfg.parent.mkdir(parents=True)
            cfg.write_text(_YOLOV7 + text_of(graph).partition("\n")[2], encoding="utf-8")


def _install(fork: str, env: Path) -> None:
    """Make an environment that has the package: `pip install` would bring gigabytes with it."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = env / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    fork_copy(fork, site)
    name, _, number = fork.partition("==")
    about = site / f"{name}-{number}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
    (about / "top_level.txt").write_text(f"{name}\n")
    base = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    (env / "bin").mkdir()
    (env / "bin" / "python").symlink_to(base)
    (env / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    # Its other packages, torch among them, are those of the tests.
    (site / "others.pth").write_text("".join(f"{path}\n" for path in sys.path if "site-p" in path))


def test_every_tutorial_has_commands_and_shows_what_they_print() -> None:
    assert len(PAGES) >= 7
    for page in PAGES:
        steps = [step for step in steps_of(page) if step.kind == "run"]
        assert len(steps) >= 3 and sum(bool(step.printed) for step in steps) >= 2, page.name


def test_both_languages_show_the_same_commands_and_outputs() -> None:
    for page in PAGES:
        chinese = page.with_name(f"{page.stem}.zh-CN.md")
        assert fork_of(chinese) == fork_of(page)
        assert steps_of(chinese) == steps_of(page), page.name


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("a\n...\nd\n", "a\nb\nd\ne\n", False),
        ("...\nd\n...\n", "a\nd\ne\n", True),
        ("in ... s\n", "in 0.3 s  \n", True),
        ("in ... s\n", "in 0.3\n s\n", False),
        ("a+b\n", "aab\n", False),
        ("a\n", "a\nb\n", False),
        ("...\n", "", True),
    ],
)
def test_what_is_shown_is_compared(shown: str, printed: str, same: bool) -> None:
    assert is_shown(shown, printed) == same
