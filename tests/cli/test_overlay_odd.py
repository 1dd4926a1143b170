"""Overlays at odd places, of odd contents: what `exec` shows is what runs, and nothing else."""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.installed import (
    Environment,
    active_environment,
    make_overlay,
)
from tests.cli.run import Done, snapshot, yamlmod
from tests.cli.test_overlay import _PRINT, _spoil
from yamlmod.errors import Refusal
from yamlmod.runtime.yamlmod_overlay import yamlmod_loader
from yamlmod.usecases.overlay_exec import checked_overlay
from yamlmod.usecases.overlay_install import plan_hook
from yamlmod.workspace import overlay_folder
from yamlmod.workspace.overlay_folder import MANIFEST, read_manifest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the environment is made with links")
_OVERLAY = "ultralytics_overlay"
_START = Path(yamlmod_loader.__file__).with_name("start")
_NAME = "ultralytics.nn.modules.conv"
_CHILD = f"import {_OVERLAY}, subprocess, sys; subprocess.run([sys.executable, '-c', {_PRINT!r}])"
_MODEL = "backbone: []\nhead: []\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with an overlay of one module, made once and copied."""
    return make_overlay(tmp_path_factory.mktemp("template"))


@pytest.fixture
def env(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    environment = active_environment(tmp_path, monkeypatch)
    shutil.copytree(template / "project" / _OVERLAY, environment.project / _OVERLAY)
    return environment


def _do(env: Environment, *words: str, **variables: str) -> Done:
    return yamlmod(*words, cwd=env.project, **variables)


def _change(folder: Path, **values: object) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}, indent=2))


def _add_text(folder: Path, path: str, text: str, original: str | None = None) -> None:
    _spoil(folder, f"files/{path}", text)
    hashes = {"original": original, "patched": sha256(text.encode()).hexdigest()}
    files = json.loads((folder / MANIFEST).read_text())["files"]
    _change(folder, files={**files, path: hashes})


# What `exec` shows.


def test_exec_names_the_package_that_it_changes(env: Environment) -> None:
    folder = env.project / _OVERLAY
    _change(folder, package="requests", files={}, lookups={})
    _add_text(folder, "sessions.py", "# no module of yamlmod\n")
    line = checked_overlay(folder).line()
    assert "requests (ultralytics 8.3.0)" in line and "sessions.py" in line
    assert "nothing" not in line


def test_exec_names_every_file_and_what_is_new(env: Environment) -> None:
    folder = env.project / _OVERLAY
    for number in range(60):
        _add_text(folder, f"extra/f{number}.py", f"# yamlmod: begin \x1b[31m{'A' * 9_000}\n")
    (folder / "models").mkdir()
    for number in range(60):
        (folder / "models" / f"m{number}.yaml").write_text(_MODEL)
    line = checked_overlay(folder).line()
    new = line.partition("new: ")[2]
    assert all(f"extra/f{number}.py" in new for number in range(60))
    assert all(f"m{number}.yaml" in line for number in range(60))
    assert "nn/modules/conv.py" in line and "nn/modules/conv.py" not in new
    assert "AAA" not in line and "\x1b" not in line


def test_only_listed_texts_of_a_new_folder_are_run(env: Environment) -> None:
    folder = env.project / _OVERLAY
    _add_text(folder, "extra/__init__.py", "from . import listed\nprint(listed.__name__)\n")
    _add_text(folder, "extra/listed.py", "")
    _spoil(folder, "files/extra/hidden.py", "print('ran')\n")
    done = _do(env, "exec", str(env.python), "-c", "import ultralytics.extra")
    assert done.out == b"ultralytics.extra.listed\n", done.err
    done = _do(env, "exec", str(env.python), "-c", "import ultralytics.extra.hidden")
    assert b"ran" not in done.out and "ModuleNotFoundError" in done.err


@pytest.mark.parametrize(
    "values",
    [
        {"package": "json"},
        {"package": "importlib"},
        {"package": "encodings"},
        {"lookups": {"utils/checks.py": "check_requirements"}},
    ],
    ids=lambda values: str(next(iter(values.values()))),
)
def test_what_no_overlay_changes(env: Environment, values: dict[str, object]) -> None:
    _change(env.project / _OVERLAY, **values)
    with pytest.raises(Refusal) as raised:
        read_manifest(env.project / _OVERLAY)
    assert raised.value.code == "overlay-damaged"


def test_exec_says_that_overlays_are_off(env: Environment) -> None:
    done = _do(env, "exec", str(env.python), "-c", "print(1)", YAMLMOD_OVERLAY_OFF="1")
    assert done.code == 0 and done.out == b"1\n"
    assert "YAMLMOD_OVERLAY_OFF is set" in done.err and "patches" not in done.err


# Compiled code, links and sizes.


def test_compiled_code_of_the_folder_is_not_run(env: Environment) -> None:
    code = marshal.dumps(compile("open('ran', 'w')\ndef activate(*_, **__): pass", "x", "exec"))
    kept = env.project / _OVERLAY / "__pycache__"
    kept.mkdir()
    for name in ("yamlmod_cache", "yamlmod_loader", "yamlmod_texts"):
        # By these flags Python takes it without a look at the source.
        head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
        (kept / f"{name}.{sys.implementation.cache_tag}.pyc").write_bytes(head + code)
    # By its name, Python would import this instead of the file.
    package = env.project / _OVERLAY / "yamlmod_loader"
    package.mkdir()
    (package / "__init__.py").write_text("open('ran', 'w')\ndef activate(*_, **__): pass\n")
    assert _do(env, "overlay", "install", "-w").code == 0
    for _ in range(2):
        done = env.run(_PRINT, PYTHONDONTWRITEBYTECODE="")
        assert done.stdout == f"{_NAME}\n" and not (env.project / "ran").exists(), done.stderr
    compiled = {path.name.partition(".")[0] for path in (env.root / "cache").rglob("*.pyc")}
    assert compiled == {"yamlmod_cache", "yamlmod_loader", "yamlmod_texts"}


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o700])
def test_a_hook_reads_no_cache_that_others_can_write(env: Environment, mode: int) -> None:
    cache = env.root / "cache"
    cache.mkdir()
    cache.chmod(mode)
    _, hook = plan_hook(env.project / _OVERLAY, str(env.python))
    assert (str(cache) in hook.text) == (mode == 0o700)


@pytest.mark.parametrize("path", ["files/nn/modules/conv.py", "files/nn", "models", "__init__.py"])
def test_a_link_inside_the_folder(env: Environment, path: str) -> None:
    folder = env.project / _OVERLAY
    place, other = folder / path, folder / "other"
    if place.exists():
        shutil.move(place, other)
    else:
        other.mkdir()
    place.symlink_to(other)
    before = snapshot(env.project)
    words = ("add", "SE", "--repo", "ultralytics", "--cfg", "mini.yaml", "--after", "2")
    done = _do(env, *words, "--overlay", "-w")
    assert done.code == 2 and "is reached through a link" in done.err
    assert snapshot(env.project) == before
    if "files" in path:
        with pytest.raises(Refusal):
            checked_overlay(folder)


@pytest.mark.parametrize("there", [True, False])
def test_the_default_folder_is_a_link(env: Environment, there: bool) -> None:
    outside = env.root / "outside"
    if there:
        shutil.move(env.project / _OVERLAY, outside)
    else:
        shutil.rmtree(env.project / _OVERLAY)
    (env.project / _OVERLAY).symlink_to(outside)
    before = snapshot(env.root)
    done = _do(env, "patch", "ultralytics", "SE", "--overlay", "-w")
    assert done.code == 2 and "is a link" in done.err, done.err
    assert snapshot(env.root) == before
    if there:
        named = ("patch", "ultralytics", "SE", "--overlay", _OVERLAY)
        assert _do(env, *named).code == 0


def test_many_large_texts_are_refused(env: Environment) -> None:
    folder = env.project / _OVERLAY
    _add_text(folder, "a.py", "#" * 1_900_000)
    files = json.loads((folder / MANIFEST).read_text())["files"]
    for number in range(20):
        os.link(folder / "files/a.py", folder / f"files/a{number}.py")
        files[f"a{number}.py"] = files["a.py"]
    _change(folder, files=files)
    with pytest.raises(Refusal) as raised:
        overlay_folder.read_texts(folder, read_manifest(folder))
    assert "too large" in raised.value.message


def test_many_large_models_are_refused(env: Environment) -> None:
    models = env.project / _OVERLAY / "models"
    models.mkdir()
    (models / "a.yaml").write_text(_MODEL + "#" * 900_000)
    assert checked_overlay(env.project / _OVERLAY).models == ("a.yaml",)
    for number in range(30):
        os.link(models / "a.yaml", models / f"a{number}.yaml")
    with pytest.raises(Refusal):
        checked_overlay(env.project / _OVERLAY)
    done = _do(env, "status", _OVERLAY)
    assert done.code == 2 and "error[too-large]" in done.err, done.err


# Places and environments.


@pytest.mark.parametrize("name", ["a b", "it's", "中文", "new\nline", b"\xff\xfe", "%s{x}"])
def test_the_project_has_an_odd_name(env: Environment, name: str | bytes) -> None:
    project = env.root / os.fsdecode(name) / "project"
    shutil.move(env.project, project)
    for code in (f"import {_OVERLAY}; {_PRINT}", _CHILD):
        ran = subprocess.run([env.python, "-c", code], cwd=project, capture_output=True, check=True)
        assert ran.stdout.decode().strip() == _NAME, ran.stderr
    done = yamlmod("exec", str(env.python), "-c", _PRINT, cwd=project)
    assert done.out.decode().strip() == _NAME, done.err


def test_a_path_that_no_environment_can_name(env: Environment) -> None:
    project = env.root / f"a{os.pathsep}b"
    shutil.copytree(env.project, project)
    done = yamlmod("exec", str(env.python), "-c", "print('ran')", cwd=project)
    assert done.code == 2 and "error[overlay-place]" in done.err and not done.out
    code = f"import {_OVERLAY}; print('ran')"
    ran = subprocess.run(
        [env.python, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1 and not ran.stdout and f"holds {os.pathsep!r}" in ran.stderr


@pytest.mark.parametrize("folders", [_OVERLAY, f".{os.pathsep}{_OVERLAY}", os.curdir])
def test_a_relative_path_in_the_environment(env: Environment, folders: str) -> None:
    done = env.run("print('ran')", YAMLMOD_OVERLAY=folders, PYTHONPATH=str(_START))
    assert (done.returncode, done.stdout) == (1, "") and "no absolute path" in done.stderr
    assert "Traceback" not in done.stderr
    done = env.run("print('ran')", YAMLMOD_OVERLAY=os.pathsep, PYTHONPATH=str(_START))
    assert done.stdout == "ran\n" and not done.stderr


def test_the_folder_of_a_hook_is_gone(env: Environment) -> None:
    assert _do(env, "overlay", "install", "-w").code == 0
    (env.project / _OVERLAY).rename(env.project / "moved")
    done = env.run("print('ran')")
    assert done.stdout == "ran\n"
    (line,) = done.stderr.splitlines()
    assert str(env.project / _OVERLAY) in line and "No such file" in line
    assert "`yamlmod overlay uninstall ultralytics -w`" in line


def test_another_copy_of_the_package_comes_first(env: Environment) -> None:
    shutil.copytree(env.package, env.project / "ultralytics")
    _spoil(env.project, "ultralytics/nn/tasks.py", "# another\n")
    done = env.run(f"import {_OVERLAY}; {_PRINT}")
    assert done.returncode == 1 and f"in {env.project / 'ultralytics'}:" in done.stderr


@pytest.mark.parametrize("data", [b"", b"N", b"i\1\0\0\0", b"[\xff\xff\xff\x7f", bytes(500)])
def test_a_damaged_cache_is_not_read(env: Environment, data: bytes) -> None:
    code = f"import {_OVERLAY}; {_PRINT}"
    assert env.run(code, PYTHONDONTWRITEBYTECODE="").stdout == f"{_NAME}\n"
    kept = list((env.root / "cache" / "yamlmod" / "overlay").glob("*.bin"))
    assert kept
    for path in kept:
        path.write_bytes(data)
    for value in ("1", "", "1"):
        done = env.run(code, PYTHONDONTWRITEBYTECODE=value)
        assert done.stdout == f"{_NAME}\n", done.stderr


def test_git_keeps_the_texts_as_they_are(env: Environment, tmp_path: Path) -> None:
    refreshed = _do(env, "overlay", "refresh", "-w")
    assert refreshed.code == 0, refreshed.err
    before = snapshot(env.project)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=true"]
    for words in (["init", "-q"], ["add", _OVERLAY], ["commit", "-qm", "overlay"]):
        subprocess.run([*git, *words], cwd=env.project, check=True, capture_output=True)
    clone = tmp_path / "clone"
    subprocess.run([*git, "clone", "-q", str(env.project), str(clone)], check=True)
    assert snapshot(clone) == before


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["-c", "import os; os.kill(os.getpid(), 9)"], 128 + 9, ""),
        (["-c", "raise SystemExit(7)"], 7, ""),
        (None, 1, "no-such-program: No such file or directory"),
    ],
)
def test_how_a_command_ends(
    env: Environment, words: list[str] | None, code: int, text: str
) -> None:
    command = ["no-such-program"] if words is None else [str(env.python), *words]
    done = subprocess.run(
        [env.python, "-m", _OVERLAY, *command],
        cwd=env.project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code and done.stderr.strip() == text
