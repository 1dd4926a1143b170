"""Overlays from strangers: no program of theirs is run, and no link leads a write out."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.installed import (
    Environment,
    active_environment,
    make_environment,
    make_overlay,
)
from tests.cli.run import Done, snapshot, yamlmod
from tests.cli.test_overlay import _PRINT, _spoil
from yamlmod.runtime.yamlmod_overlay import yamlmod_loader
from yamlmod.runtime.yamlmod_overlay.yamlmod_texts import _DATA_KEYS, _keys, is_model
from yamlmod.usecases.installed import find_package
from yamlmod.usecases.overlay_install import installed_overlay

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the environment is made with links")
_OVERLAY = "ultralytics_overlay"
_START = Path(yamlmod_loader.__file__).with_name("start")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with an overlay of one module, made once and copied."""
    return make_overlay(tmp_path_factory.mktemp("template"))


@pytest.fixture
def env(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    environment = active_environment(tmp_path, monkeypatch)
    shutil.copytree(template / "project" / _OVERLAY, environment.project / _OVERLAY)
    return environment


def _do(env: Environment, *words: str) -> Done:
    return yamlmod(*words, cwd=env.project)


@pytest.mark.parametrize(
    "words",
    [
        ("status", _OVERLAY),
        ("doctor", _OVERLAY),
        ("check", "mini.yaml", "--repo", "ultralytics"),
        ("patch", "ultralytics", "SE", "--overlay"),
        ("overlay", "refresh"),
        ("overlay", "uninstall"),
    ],
    ids=lambda words: words[0] if words[0] != "overlay" else words[1],
)
def test_the_python_of_a_repository_is_not_run(env: Environment, words: tuple[str, ...]) -> None:
    program = env.project / "python3"
    program.write_text("#!/bin/sh\ntouch ran\n")
    program.chmod(0o755)
    (env.project / "yamlmod.toml").write_text('python = "./python3"\n')
    (env.project / "mini.yaml").write_bytes(
        (env.package / "cfg" / "models" / "mini.yaml").read_bytes()
    )
    for _ in range(2):
        _do(env, *words)
        assert not (env.project / "ran").exists()


@pytest.mark.parametrize("name", ["files", "files/nn", "models", "own", "start", "__init__.py"])
def test_no_write_follows_a_link_out(env: Environment, name: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    place = env.project / _OVERLAY / name
    if place.is_dir() or name.endswith(".py"):
        shutil.move(place, outside)
    else:
        outside.mkdir()
    place.symlink_to(outside)
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n\n\nclass Mine(nn.Module):\n    pass\n"
    )
    before = snapshot(tmp_path)
    word = f"{tmp_path / 'mine.py'}:Mine" if name == "own" else "SE"
    edit = ("--cfg", "mini.yaml", "--after", "2", "--overlay", "-w")
    for _ in range(2):
        done = _do(env, "add", word, "--repo", "ultralytics", *edit)
        assert (done.code == 2 and "link" in done.err) or "outside" in done.err, done.err
        assert snapshot(tmp_path) == before


_MODEL = "nc: 1\nbackbone:\n  - [-1, 1, Conv, [8]]\nhead:\n  - [-1, 1, Detect, [nc]]\n"


@pytest.mark.parametrize(
    ("text", "served"),
    [
        (_MODEL, True),
        ("# A comment\n---\n" + _MODEL, True),
        ("\ufeff" + _MODEL.replace("\n", "\r\n"), True),
        (_MODEL.replace("  - ", "- "), True),
        (_MODEL.replace(":\n  - [", ":\n[[").replace("]]\n", "]]\n]\n"), True),
        ("nc: 1\n", False),
        ("train: a\nval: b\nnc: 1\nnames: [a]\ndownload: touch ran\n", False),
        (_MODEL + "download: touch ran\n", False),
        (_MODEL + '"download": touch ran\n', False),
        (_MODEL + '"down\\x6coad": touch ran\n', False),
        (_MODEL + "? download\n: touch ran\n", False),
        (_MODEL + "&a download: touch ran\n", False),
        (_MODEL + "!!str download: touch ran\n", False),
        (_MODEL + "<<: {download: touch ran}\n", False),
        ('{a: "\nbackbone:\nhead:\n", download: touch ran}\n', False),
        (' a: "\nbackbone:\nhead:\n "\n download: touch ran\n', False),
        ("{backbone: [], head: [], download: touch ran}\n", False),
        (_MODEL + "\u2028download: touch ran\n", False),
    ],
)
def test_only_networks_are_found_by_name(tmp_path: Path, text: str, served: bool) -> None:
    (tmp_path / "coco8.yaml").write_bytes(text.encode("utf-8"))
    (tmp_path / "link.yaml").symlink_to("coco8.yaml")
    (tmp_path / "coco8.txt").write_bytes(text.encode("utf-8"))
    models = os.path.realpath(tmp_path)
    assert is_model(models, "coco8.yaml") == served
    assert not is_model(models, "link.yaml")
    assert not is_model(models, "coco8.txt")
    os.mkfifo(tmp_path / "pipe.yaml")
    assert not is_model(models, "pipe.yaml")


_PIECES = st.sampled_from(
    [
        *("backbone:", "head:", "download: x", "path: y", " ", "\t", "\n", "\r", "\x85", "\u2029"),
        *("- ", "[", "]", "{", "}", '"', "'", ", ", "? ", ": ", "&a ", "*a", "!!str ", "|\n"),
        *(">\n", "---\n", "...\n", "%YAML 1.1\n", "# ", "<<: ", "\\x64", "a: ", "\ufeff", "\x0c"),
    ]
)


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_no_key_of_a_data_set_hides(more: str) -> None:
    for text in (_MODEL + more, more + _MODEL, more):
        found = _keys(text.lstrip("\ufeff").splitlines())
        try:
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError):
            continue
        keys = {key for key in data if isinstance(key, str)} if isinstance(data, dict) else set()
        if found:
            assert keys & _DATA_KEYS <= found


def test_a_data_set_of_an_overlay_is_not_found(env: Environment) -> None:
    models = env.project / _OVERLAY / "models"
    models.mkdir()
    (models / "net.yaml").write_text(_MODEL)
    (models / "coco8.yaml").write_text("train: a\nval: b\ndownload: touch ran\n")
    find = "from ultralytics.utils.checks import check_file; print(check_file({!r}))"
    done = _do(env, "exec", str(env.python), "-c", find.format("net.yaml"))
    assert done.code == 0 and b"net.yaml" in done.out, done.err
    assert "model YAMLs: net.yaml" in done.err and "coco8" not in done.err
    assert _do(env, "exec", str(env.python), "-c", find.format("coco8.yaml")).code == 1


@pytest.mark.parametrize("git", [True, False])
def test_no_compiled_text_of_a_repository_is_read(env: Environment, git: bool) -> None:
    inside = env.project / "cache"
    if git:
        (env.root / ".git").mkdir()
        inside = env.root / "other" / "cache"
    code = f"import ultralytics_overlay; {_PRINT}"
    variables = {"PYTHONDONTWRITEBYTECODE": "", "XDG_CACHE_HOME": str(inside)}
    assert env.run(code, **variables).returncode == 0
    assert not list(inside.rglob("*.bin"))


@pytest.mark.parametrize("name", ["it's", 'a "b"', "a: b", "中文", "back\\slash", "plain"])
def test_the_folder_of_a_hook_is_read_as_it_was_written(env: Environment, name: str) -> None:
    folder = env.project / name
    shutil.copytree(env.project / _OVERLAY, folder)
    installed = _do(env, "overlay", "install", str(folder), "-w")
    assert installed.code == 0, installed.err
    package = find_package("ultralytics", str(env.python))
    assert installed_overlay(package) == os.path.realpath(folder)


@pytest.mark.parametrize("text", ["", "'a", "1", "__import__('os')", "('a' " + "* 2" * 500, "\\"])
def test_an_odd_hook_names_no_folder(env: Environment, text: str) -> None:
    hook = env.site / "yamlmod_overlay_ultralytics.pth"
    hook.write_text(f"# yamlmod overlay of ultralytics: {text}\n")
    assert installed_overlay(find_package("ultralytics", str(env.python))) == ""


def test_a_hook_is_removed_after_its_package(env: Environment) -> None:
    assert _do(env, "overlay", "install", "-w").code == 0
    shutil.rmtree(env.package)
    for _ in range(2):
        preview = _do(env, "overlay", "uninstall")
        assert preview.code == 0 and b"yamlmod_overlay_ultralytics.pth" in preview.out
    assert _do(env, "overlay", "uninstall", "-w").code == 0
    assert not list(env.site.glob("*.pth"))
    assert _do(env, "overlay", "uninstall", "-w").code == 2


def test_own_classes_of_files_with_one_name(env: Environment) -> None:
    words = []
    for number, name in enumerate(("First", "Second")):
        file = env.project / str(number) / "my block (2).py"
        file.parent.mkdir()
        file.write_text(f"from torch import nn\n\n\nclass {name}(nn.Module):\n    pass\n")
        words.append(f"{file}:{name}")
    done = _do(env, "patch", "ultralytics", *words, "--overlay", "-w")
    assert done.code == 0, done.err
    own = env.project / _OVERLAY / "own"
    assert sorted(path.name for path in own.iterdir()) == ["First.py", "Second.py"]
    again = _do(env, "overlay", "refresh")
    assert again.code == 0 and "nothing to change" in again.err, again.err


def test_of_two_overlays_the_newest_counts(env: Environment) -> None:
    other = env.project / "other_overlay"
    words = ("patch", "ultralytics", "SE", "--overlay", "other_overlay", "-w")
    assert _do(env, *words).code == 0
    refused = _do(env, "exec", str(env.python), "-c", "pass")
    assert refused.code == 2 and "only one can be active" in refused.err
    folders = os.pathsep.join([str(other), str(env.project / _OVERLAY)])
    code = "from ultralytics.nn.modules import SE; print(SE.__name__)"
    done = env.run(code, YAMLMOD_OVERLAY=folders, PYTHONPATH=str(_START))
    assert done.stdout == "SE\n", done.stderr


def test_a_damaged_overlay_ends_a_command(env: Environment) -> None:
    _spoil(env.project / _OVERLAY, "overlay.json", '{"package": "not a name"}')
    variables = {"YAMLMOD_OVERLAY": str(env.project / _OVERLAY), "PYTHONPATH": str(_START)}
    done = env.run("print('ran')", **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is damaged" in done.stderr and "Traceback" not in done.stderr


def test_each_thread_asks_for_itself(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    finder = yamlmod_loader.OverlayFinder(str(env.project / _OVERLAY))
    answers: list[bool] = []

    class Other:
        """A finder during whose search another thread imports the same module."""

        def find_spec(self, name: str, *_: object) -> None:
            if not answers:
                answers.append(False)
                asked = []
                monkeypatch.setattr(finder, "_ask", lambda *_: asked.append(name))
                thread = threading.Thread(target=finder.find_spec, args=(name,))
                thread.start()
                thread.join()
                answers[0] = bool(asked)

    monkeypatch.setattr("sys.meta_path", [finder, Other()])
    finder.find_spec("ultralytics.nn.modules.conv")
    assert answers == [True]


def test_the_package_of_another_python(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    other = make_environment(tmp_path / "second")
    words = ("patch", str(other.package), "SE", "--overlay", "new_overlay", "-w")
    refused = _do(env, *words)
    assert refused.code == 2 and "error[not-installed]" in refused.err
    assert not (env.project / "new_overlay").exists()
    assert _do(env, *words, "--python", str(other.python)).code == 0


def test_a_missing_file_is_no_package(env: Environment) -> None:
    done = _do(env, "status", "models.yaml")
    assert done.code == 2 and "no package" not in done.err and "does not exist" in done.err
