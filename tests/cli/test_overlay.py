"""Overlays of an installed package: made, activated in three ways, refreshed, and refused."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.installed import (
    Environment,
    active_environment,
    make_overlay,
)
from tests.cli.json_schema import SCHEMA, errors
from tests.cli.run import Done, snapshot, yamlmod
from tests.fork.small_ultralytics import TEXTS
from yamlmod.errors import Refusal
from yamlmod.usecases.overlay_exec import checked_overlay
from yamlmod.workspace.overlay_folder import MANIFEST, read_manifest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the environment is made with links")
_OVERLAY = "ultralytics_overlay"
_PRINT = "from ultralytics.nn.modules import SimAM; print(SimAM.__module__)"
_NEW = TEXTS["ultralytics/nn/modules/conv.py"].replace(
    "class Hidden", "class Newer(nn.Module):\n    pass\n\n\nclass Hidden"
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with an overlay of one module, made once and copied."""
    return make_overlay(tmp_path_factory.mktemp("template"))


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    return active_environment(tmp_path, monkeypatch)


def _do(env: Environment, *words: str) -> Done:
    return yamlmod(*words, cwd=env.project)


@pytest.fixture
def made(env: Environment, template: Path) -> Environment:
    shutil.copytree(template / "project" / _OVERLAY, env.project / _OVERLAY)
    return env


def test_add_leaves_the_package_as_it_is(env: Environment) -> None:
    before = env.hashes()
    words = ("add", "SimAM", "--repo", "ultralytics", "--cfg", "mini.yaml", "--after", "2")
    preview = _do(env, *words, "--overlay")
    assert preview.code == 0, preview.err
    assert b"+++ b/nn/modules/conv.py" in preview.out
    assert b"yamlmod_loader" not in preview.out
    assert snapshot(env.project) == {}
    written = _do(env, *words, "--overlay", "-w")
    assert written.code == 0, written.err
    assert env.hashes() == before
    folder = env.project / "ultralytics_overlay"
    assert "SimAM" in (folder / "models" / "mini-simam.yaml").read_text()
    manifest = json.loads((folder / "overlay.json").read_text())
    assert (manifest["package"], manifest["version"]) == ("ultralytics", "8.3.0")
    again = _do(env, *words, "--overlay", "-w")
    assert again.code == 0 and "nothing to change" in again.err
    undone = _do(env, "undo", "-w")
    assert undone.code == 0 and not folder.exists(), undone.err


def test_in_place_is_refused_by_default(env: Environment) -> None:
    before = env.hashes()
    cfg = str(env.package / "cfg" / "models" / "mini.yaml")
    edited = _do(env, "insert", "SimAM", cfg, "--after", "2", "-w")
    assert edited.code == 2 and "error[installed-package]" in edited.err, edited.err
    for words in (("ultralytics", "SimAM", "-w"), (str(env.package), "SimAM")):
        done = _do(env, "patch", *words)
        assert done.code == 2 and "error[installed-package]" in done.err
        assert "--overlay" in done.err and "pip install -e" in done.err
    assert env.hashes() == before


def test_in_place_keeps_its_journal_elsewhere(env: Environment) -> None:
    before = env.hashes()
    done = _do(env, "patch", "ultralytics", "SimAM", "--in-place", "-w")
    assert done.code == 0, done.err
    assert "an upgrade" in done.err
    assert not [name for name in env.hashes() if ".yamlmod" in name]
    undone = _do(env, "undo", str(env.package), "-w")
    assert undone.code == 0 and env.hashes() == before, undone.err
    assert _do(env, "undo", str(env.package), "--redo", "-w").code == 0
    assert _do(env, "status", "ultralytics", "--check").code == 0
    env.install("8.3.0")
    lost = _do(env, "status", "ultralytics", "--check")
    assert lost.code == 1 and b"lost the patch" in lost.out


def test_three_ways_to_activate_it(made: Environment) -> None:
    env = made
    assert env.run(_PRINT).returncode == 1
    name = "ultralytics.nn.modules.conv"
    imported = env.run(f"import ultralytics_overlay; {_PRINT}")
    assert imported.stdout.strip() == name, imported.stderr
    ran = _do(env, "exec", str(env.python), "-c", _PRINT)
    assert ran.out.decode().strip() == name, ran.err
    assert "ultralytics_overlay patches ultralytics 8.3.0 in memory: SimAM" in ran.err
    assert "nothing was written" in _do(env, "overlay", "install").err
    assert env.run(_PRINT).returncode == 1
    assert _do(env, "overlay", "install", "-w").code == 0
    assert env.run(_PRINT).stdout.strip() == name
    assert env.run(_PRINT, YAMLMOD_OVERLAY_OFF="1").returncode == 1
    assert _do(env, "overlay", "uninstall", "-w").code == 0
    assert env.run(_PRINT).returncode == 1
    assert not list(env.site.glob("*.pth"))


def test_without_yamlmod(made: Environment) -> None:
    """The folder is enough: a container or a node has no yamlmod."""
    env = made
    words = [str(env.python), "-m", "ultralytics_overlay", str(env.python), "-c", _PRINT]
    done = subprocess.run(words, cwd=env.project, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "ultralytics.nn.modules.conv", done.stderr


_CHILDREN = """\
import ultralytics_overlay
import multiprocessing, subprocess, sys

def work(_):
    from ultralytics.nn.modules import SimAM
    return SimAM.__module__

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(work, [0]))
    code = "import ultralytics.nn.modules as m; print(m.SimAM.__module__)"
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
"""


def test_child_processes_see_it(made: Environment) -> None:
    env = made
    (env.project / "main.py").write_text(_CHILDREN)
    done = subprocess.run(
        [str(env.python), "main.py"], cwd=env.project, capture_output=True, text=True, check=False
    )
    assert done.stdout.count("ultralytics.nn.modules.conv") == 2, done.stderr


def test_another_sitecustomize_still_runs(made: Environment) -> None:
    env = made
    (env.site / "sitecustomize.py").write_text("import sys; sys.mark = 'ran'\n")
    done = _do(env, "exec", str(env.python), "-c", f"import sys; print(sys.mark); {_PRINT}")
    assert done.out.decode().split() == ["ran", "ultralytics.nn.modules.conv"], done.err


_SOURCE = """\
import ultralytics_overlay, inspect, pickle, traceback, sys
import importlib.resources
from ultralytics.nn.modules import SimAM, conv
assert conv.__file__.endswith("site-packages/ultralytics/nn/modules/conv.py"), conv.__file__
assert inspect.getsource(SimAM).startswith("class SimAM"), inspect.getsource(SimAM)
assert "def forward" in inspect.getsource(SimAM.forward)
assert "class SimAM" in inspect.getsource(conv)
assert type(pickle.loads(pickle.dumps(SimAM()))) is SimAM
assert conv.__loader__.get_source(conv.__name__) == inspect.getsource(conv)
names = {one.name for one in importlib.resources.files("ultralytics.nn.modules").iterdir()}
assert {"conv.py", "head.py"} <= names
try:
    SimAM().forward(None)
except Exception:
    frame = traceback.extract_tb(sys.exc_info()[2])[-1]
    assert "ultralytics_overlay/files/nn/modules/conv.py" in frame.filename, frame
    assert frame.line in open(frame.filename).read()
from ultralytics.utils.checks import check_file
print(check_file("own.yaml"), check_file("mini.yaml"))
"""


def test_what_python_shows_of_it(made: Environment) -> None:
    env = made
    models = env.project / "ultralytics_overlay" / "models"
    models.mkdir()
    (models / "own.yaml").write_text("backbone: []\nhead: []\n")
    done = env.run(_SOURCE)
    assert done.returncode == 0, done.stderr
    own, mini = done.stdout.split()
    assert own == str(models / "own.yaml") and "site-packages" in mini


def test_compiled_text_is_kept_apart(made: Environment) -> None:
    env = made
    before = env.hashes()
    code = f"import ultralytics_overlay; {_PRINT}"
    for _ in range(2):
        assert env.run(code, PYTHONDONTWRITEBYTECODE="").returncode == 0
    after = {name: one for name, one in env.hashes().items() if "__pycache__" not in name}
    assert after == before
    kept = list((env.root / "cache" / "yamlmod" / "overlay").glob("*.bin"))
    assert len(kept) == 2
    for path in kept:
        path.write_bytes(b"damaged")
    assert env.run(code).returncode == 0
    assert not list((env.project / "ultralytics_overlay" / "files").rglob("*.pyc"))


def test_an_upgrade_is_refused_until_a_refresh(made: Environment) -> None:
    env = made
    env.install("8.4.0", **{"ultralytics/nn/modules/conv.py": _NEW})
    code = f"import ultralytics_overlay; {_PRINT}"
    done = env.run(code)
    assert done.returncode == 1
    assert "made for ultralytics 8.3.0, and ultralytics 8.4.0 is installed" in done.stderr
    assert "yamlmod overlay refresh" in done.stderr
    status = _do(env, "status", "ultralytics_overlay", "--check")
    assert status.code == 1 and b"stale: " in status.out
    refreshed = _do(env, "overlay", "refresh", "-w")
    assert refreshed.code == 0, refreshed.err
    assert env.run(code).returncode == 0
    assert "nothing to change" in _do(env, "overlay", "refresh", "-w").err
    env.install("8.3.0")
    assert env.run(code).returncode == 1


def test_a_refresh_names_rows_that_the_version_cannot_build(made: Environment) -> None:
    text = "nc: 1\nbackbone:\n  - [-1, 1, Gone, [8]]\nhead:\n  - [[0], 1, Detect, [nc]]\n"
    models = made.project / "ultralytics_overlay" / "models"
    models.mkdir()
    (models / "net.yaml").write_text(text)
    for words in (("-w",), ()):
        done = _do(made, "overlay", "refresh", *words)
        assert done.code == 0 and "net.yaml:3: ultralytics 8.3.0 has no Gone" in done.err, done.err


def test_own_class_is_refreshed_from_its_copy(env: Environment) -> None:
    own = env.project / "mine.py"
    own.write_text("import torch.nn as nn\n\n\nclass Mine(nn.Module):\n    pass\n")
    done = _do(env, "patch", "ultralytics", "mine.py:Mine", "--overlay", "--rule", "free", "-w")
    assert done.code == 0, done.err
    own.unlink()
    env.install("8.4.0", **{"ultralytics/nn/modules/conv.py": _NEW})
    assert _do(env, "overlay", "refresh", "-w").code == 0
    code = "import ultralytics_overlay; from ultralytics.nn.modules import Mine, Conv"
    assert env.run(code).returncode == 0


def test_nothing_is_left_to_import(made: Environment) -> None:
    env = made
    assert env.run(f"import ultralytics_overlay; {_PRINT}").returncode == 0
    shutil.rmtree(env.package)
    done = env.run("import ultralytics_overlay, ultralytics")
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("install",), False),
        (("install", "-w"), False),
        (("refresh",), False),
        (("uninstall",), True),
        (("install", "none"), True),
        (("refresh", "none"), True),
        (("install", "--nothing"), True),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_json(made: Environment, words: tuple[str, ...], error: bool) -> None:
    done = _do(made, "overlay", *words, "--json")
    data = json.loads(done.out)
    assert list(errors(data, SCHEMA, SCHEMA)) == []
    assert data["command"] == f"overlay {words[0]}" and ("error" in data) == error, done.err
    assert error or bool(data["written"]) == ("-w" in words)


def test_json_of_an_uninstall(made: Environment) -> None:
    assert _do(made, "overlay", "install", "-w").code == 0
    for words in ((), ("-w",)):
        data = json.loads(_do(made, "overlay", "uninstall", *words, "--json").out)
        assert list(errors(data, SCHEMA, SCHEMA)) == [] and data["files"], data
        assert data["written"] == (data["files"] if words else [])


def test_unpatch_takes_a_text_out(made: Environment) -> None:
    env = made
    done = _do(env, "unpatch", "ultralytics_overlay", "SimAM", "-w")
    assert done.code == 0, done.err
    manifest = json.loads((env.project / "ultralytics_overlay" / "overlay.json").read_text())
    assert manifest["files"] == {} and manifest["modules"] == []
    assert env.run(f"import ultralytics_overlay; {_PRINT}").returncode == 1


def test_an_overlay_comes_too_late(made: Environment) -> None:
    env = made
    done = env.run("import ultralytics.nn.modules.conv, ultralytics_overlay")
    assert done.returncode == 1 and "import the overlay first" in done.stderr


def test_commands_that_read_know_it(made: Environment) -> None:
    env = made
    models = env.project / "ultralytics_overlay" / "models"
    models.mkdir()
    text = (env.package / "cfg" / "models" / "mini.yaml").read_text()
    (models / "own.yaml").write_text(text.replace("C2f, [128, True]", "SimAM, []"))
    status = _do(env, "status")
    assert status.code == 0 and b"own.yaml" in status.out, status.err
    file = str(models / "own.yaml")
    checked = _do(
        env, "check", file, "--repo", "ultralytics_overlay", "--select", "unresolved-name"
    )
    assert checked.code == 0, (checked.out, checked.err)
    plain = _do(env, "check", file, "--repo", "ultralytics", "--select", "unresolved-name")
    assert plain.code == 1 and b"SimAM" in plain.out
    drawn = _do(env, "draw", file, "--repo", "ultralytics_overlay", "-o", "own.svg")
    assert drawn.code == 0, drawn.err
    doctor = _do(env, "doctor", "ultralytics_overlay")
    assert b"ultralytics_overlay fits ultralytics 8.3.0" in b" ".join(doctor.out.split())


# Of an overlay folder that comes from elsewhere.


def _spoil(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    "words",
    [
        ("status", "ultralytics_overlay"),
        ("doctor", "ultralytics_overlay"),
        ("overlay", "refresh", "-w"),
        ("overlay", "install"),
        ("check", "x.yaml", "--repo", "ultralytics_overlay"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_nothing_of_it_is_imported(made: Environment, words: tuple[str, ...]) -> None:
    env = made
    folder = env.project / "ultralytics_overlay"
    (env.project / "x.yaml").write_text((env.package / "cfg/models/mini.yaml").read_text())
    mark = env.project / "ran"
    trap = f"open({str(mark)!r}, 'w')\n"
    for path in ("__init__.py", "__main__.py", "yamlmod_loader.py", "start/sitecustomize.py"):
        _spoil(folder, path, trap)
    done = _do(env, *words)
    assert not mark.exists(), done.err
    if words[:2] == ("overlay", "install"):
        assert done.code == 2 and "error[overlay-loader]" in done.err
    elif words[0] == "status":
        assert b"is not the loader of this yamlmod" in done.out


def test_a_changed_text_is_refused_by_its_hash(made: Environment) -> None:
    env = made
    folder = env.project / "ultralytics_overlay"
    _spoil(folder, "files/nn/modules/conv.py", "print('changed')\n")
    for words in (
        ("exec", str(env.python), "-c", "import ultralytics.nn.modules"),
        ("overlay", "install", "-w"),
    ):
        done = _do(env, *words)
        assert done.code == 2 and "error[overlay-tampered]" in done.err, words
    assert _do(env, "status", "ultralytics_overlay", "--check").code == 1
    done = env.run("import ultralytics_overlay, ultralytics.nn.modules")
    assert done.returncode == 1 and "its hash differs" in done.stderr
    assert "changed\n" not in done.stdout


_HASHES = {"original": None, "patched": "0" * 64}
_WORD = {"use_existing": False, "as_name": None, "rule": None, "placement": "", "name": "SimAM"}


@pytest.mark.parametrize(
    "values",
    [
        {"files": {"../../evil.py": _HASHES}},
        {"files": {"/etc/evil.py": _HASHES}},
        {"files": {"nn\\..\\evil.py": _HASHES}},
        {"files": {"C:/evil.py": _HASHES}},
        {"files": {"nn/\x1b[31mevil.py": _HASHES}},
        {"files": {"nn/evil.txt": _HASHES}},
        {"files": {"nn/evil.py": {"original": 3, "patched": "x"}}},
        {"files": {"nn/evil.py": None}},
        {"files": []},
        {"lookups": {"../x.py": "check_file"}},
        {"lookups": {"x.py": "a.b"}},
        {"package": "os.path"},
        {"package": "../x"},
        {"distribution": "\x1b]0;x\x07"},
        {"version": "8\n::error::x"},
        {"modules": [{**_WORD, "word": "../../x.py:X"}]},
        {"modules": [{**_WORD, "word": "/x.py:X"}]},
        {"modules": [{**_WORD, "word": "own/x.py:X", "use_existing": "yes"}]},
        {"format": 2},
    ],
    ids=lambda values: ascii(next(iter(values.items())))[:40],
)
def test_odd_manifests(template: Path, tmp_path: Path, values: dict[str, object]) -> None:
    data = json.loads((template / "project" / _OVERLAY / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**data, **values}, indent=2))
    with pytest.raises(Refusal) as raised:
        read_manifest(tmp_path)
    said = "\n".join(raised.value.lines())
    assert raised.value.code == "overlay-damaged" and "\x1b" not in said and "\n::" not in said


def test_an_odd_manifest_in_a_command(made: Environment) -> None:
    env = made
    path = env.project / _OVERLAY / MANIFEST
    entry = {"original": None, "patched": "0" * 64}
    data = {**json.loads(path.read_text()), "files": {"../../evil.py": entry}}
    path.write_text(json.dumps(data, indent=2))
    done = _do(env, "status", _OVERLAY, "--check")
    assert done.code == 1 and b"is no manifest of an overlay" in done.out, done.err
    ran = env.run("import ultralytics_overlay, ultralytics.nn.modules")
    assert ran.returncode == 1 and "not a path of the package" in ran.stderr


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "huge", "text", "deep", "gone"])
def test_odd_files(made: Environment, kind: str) -> None:
    """A manifest or a text that is a link to elsewhere, a pipe, or of any size."""
    env = made
    folder = env.project / "ultralytics_overlay"
    text, manifest = folder / "files/nn/modules/conv.py", folder / "overlay.json"
    if kind == "link":
        secret = env.root / "secret.py"
        secret.write_bytes(text.read_bytes())
        text.unlink()
        text.symlink_to(secret)
    elif kind == "gone":
        text.unlink()
    elif kind in ("text", "deep"):
        manifest.write_text("no json" if kind == "text" else "[" * 100_000)
    else:
        manifest.unlink()
        if kind == "folder":
            manifest.mkdir()
        elif kind == "pipe":
            os.mkfifo(manifest)
        else:
            with manifest.open("wb") as file:
                file.truncate(5_000_000_000)
    with pytest.raises(Refusal) as raised:
        checked_overlay(folder)
    assert raised.value.code.startswith(("overlay-", "outside", "is-folder", "not-a-file", "too-"))
    if kind in ("link", "text", "deep", "gone"):
        done = env.run("import ultralytics_overlay, ultralytics.nn.modules")
        assert done.returncode == 1 and "OverlayError" in done.stderr, done.stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_pth_that_cannot_be_written(made: Environment) -> None:
    env = made
    env.site.chmod(0o555)
    try:
        done = _do(env, "overlay", "install", "-w")
    finally:
        env.site.chmod(stat.S_IRWXU)
    assert done.code == 2 and "error[unwritable]" in done.err and "yamlmod exec" in done.err


def test_a_pth_of_another_is_left_alone(made: Environment) -> None:
    env = made
    other = env.site / "yamlmod_overlay_ultralytics.pth"
    other.write_text("/somewhere\n")
    assert _do(env, "overlay", "install", "-w").code == 2
    assert _do(env, "overlay", "uninstall", "-w").code == 2
    assert other.read_text() == "/somewhere\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("patch", "nothing_like_it", "SimAM", "--overlay"), "no-such-package"),
        (("patch", ".", "SimAM", "--overlay"), "not-installed"),
        (("patch", "ultralytics", "SimAM", "--overlay", "my-overlay"), "usage"),
        (("patch", "ultralytics", "SimAM", "--overlay", "full"), "exists"),
        (("patch", "ultralytics", "SimAM", "--overlay", "--in-place"), "usage"),
        (("patch", "--overlay", "ultralytics", "SimAM"), "usage"),
        (("patch", "ultralytics", "--overlay", "SimAM"), "usage"),
        (("exec", "python"), "no-overlay"),
        (("exec", "--overlay", "full", "python"), "no-overlay"),
        (("overlay", "uninstall"), "no-overlay"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_wrong_uses(env: Environment, words: tuple[str, ...], code: str) -> None:
    _spoil(env.project, "full/file.txt", "")
    done = _do(env, *words)
    assert done.code == 2 and f"error[{code}]" in done.err, done.err


@pytest.mark.parametrize("words", [("check",), ("show",), ("draw",)], ids=lambda words: words[0])
def test_a_yaml_is_found_in_the_package(env: Environment, words: tuple[str, ...]) -> None:
    for _ in range(2):
        done = _do(env, *words, "mini.yaml", "--repo", "ultralytics")
        # The small network of the test has no args that `check` would accept.
        assert done.code == (1 if words == ("check",) else 0), done.err
        assert done.out
    lost = _do(env, *words, "none.yaml", "--repo", "ultralytics")
    assert lost.code == 2 and "error[no-such-file]" in lost.err


def test_exec_of_a_program_that_is_not_there(made: Environment) -> None:
    env = made
    done = _do(env, "exec", "no-such-program-at-all")
    assert done.code == 2 and "error[no-such-program]" in done.err
    done = _do(env, "exec", str(env.python), "-c", "raise SystemExit(7)")
    assert done.code == 7


def test_every_loader_file_is_for_python_38() -> None:
    import ast

    import yamlmod.runtime

    folder = Path(yamlmod.runtime.__file__).parent / "yamlmod_overlay"
    files = sorted(folder.rglob("*.py"))
    assert len(files) == 7
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                assert top in sys.stdlib_module_names or name.startswith("yamlmod.runtime."), name
