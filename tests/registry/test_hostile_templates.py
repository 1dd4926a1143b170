"""Templates that a stranger's repository brings: bounded, inside it, and no other command fails."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.run import yamlmod
from tests.registry.test_sources import put
from yamlmod.registry import catalogue, sources

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")
_MINI = Path(__file__).parents[2] / "examples" / "minifork" / "models" / "mini.yaml"
_COMMANDS = ("list", "check mini.yaml", "info SimAM", "insert SimAM mini.yaml --at 5")


def _manifest(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "manifest.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def _text(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return change


def _link(name: str, target: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return change


def _pipe(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return change


def _sparse(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("wb") as file:
            file.truncate(1 << 40)

    return change


_FORMS: dict[str, tuple[Callable[[Path], None], str]] = {
    "manifest is a device": (_link("manifest.toml", "/dev/zero"), "outside"),
    "code is a device": (_link("code.py", "/dev/zero"), "points outside of"),
    "manifest is a pipe": (_pipe("manifest.toml"), "a pipe"),
    "code is a pipe": (_pipe("code.py"), "a pipe"),
    "manifest is huge": (_sparse("manifest.toml"), "at most 64,000"),
    "code is huge": (_sparse("code.py"), "at most 200,000"),
    "manifest leads out": (_link("manifest.toml", "../../../secret.toml"), "points outside of"),
    "code leads out": (_link("code.py", "../../../secret.py"), "points outside of"),
    "code is named outside": (_manifest('"code.py"', '"../../../secret.py"'), "of the folder"),
    "code is named absolutely": (_manifest('"code.py"', '"/dev/zero"'), "of the folder"),
    "code of Windows": (_manifest('"code.py"', "'C:\\x.py'"), "of the folder"),
    "code is a folder": (_manifest('"code.py"', '"."'), "it is a folder"),
    "code is no name": (_manifest('"code.py"', '"\\u0000"'), "one line"),
    "name is a number": (_manifest('name = "Mine"', "name = 5"), "name must be a text"),
    "class is a list": (_manifest('class = "Mine"', 'class = ["a"]'), "class must be a text"),
    "aliases is a text": (_manifest("aliases = []", 'aliases = "abc"'), "must be a list"),
    "alias is a table": (_manifest("aliases = []", "aliases = [{}]"), "must be a text"),
    "paper is no table": (_manifest("[paper]", "paper = 1"), "must be a table"),
    "paper holds a date": (_manifest("[paper]", "[paper]\nyear = 1979-05-27"), "paper.year"),
    "rule is a list": (_manifest('rule = "same"', "rule = [[1]]"), "rule must be"),
    "a requirement of two lines": (
        _manifest("requirements = []", 'requirements = ["a\\nevil"]'),
        "requirements must be a text of one line",
    ),
    "an infinite channel": (
        _manifest("[paper]", "[paper]\n[channels]\nrefused = [inf]"),
        "cannot convert float infinity",
    ),
    "it grows by no argument": (_manifest("[paper]", '[resize]\nup = "x"\n[paper]'), "resize.up"),
    "it shrinks by a half": (_manifest("[paper]", "[resize]\ndown = 0.5\n[paper]"), "resize.down"),
    "it shrinks by nothing": (_manifest("[paper]", "[resize]\ndown = 0\n[paper]"), "resize.down"),
    "a key of many parts": (_manifest("[paper]", "a." * 30_000 + "b = 1\n[paper]"), "dots"),
    "nested arrays": (_manifest("[paper]", "a = " + "[" * 20_000 + "\n[paper]"), "nested"),
    "nested tables": (_manifest("[paper]", "a = " + "{a=" * 5_000 + "\n[paper]"), "nested"),
    "it wraps itself": (_manifest("[paper]", 'wraps = "mine"\nblock = "c3"\n[paper]'), "a block"),
    "it wraps upwards": (_manifest("[paper]", 'wraps = "../x"\n[paper]'), "must be a name"),
    "deep code": (_text("code.py", "class Mine: pass\nx = " + "-" * 90_000 + "1\n"), "not valid"),
    "long code": (_text("code.py", "class Mine: pass\nx = y" + ".a" * 90_000 + "\n"), "not valid"),
    "code of zeros": (_text("code.py", "\0" * 1000), "not valid"),
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    clone = tmp_path / "clone"
    put(clone / "own", "Mine")
    put(clone / "own", "Good")
    (clone / "yamlmod.toml").write_text('templates = ["own"]\n', encoding="utf-8")
    shutil.copy(_MINI, clone)
    (tmp_path / "secret.toml").write_text('name = "Secret"\n', encoding="utf-8")
    (tmp_path / "secret.py").write_text("class Mine: pass\n", encoding="utf-8")
    return clone


@posix
@pytest.mark.parametrize("form", _FORMS)
def test_a_hostile_template_stops_no_other_command(
    clone: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, says = _FORMS[form]
    change(clone / "own" / "mine")
    monkeypatch.setattr(catalogue, "_project", lambda: sources.project_sources(clone))
    catalogue.local.cache_clear()
    start = time.process_time()
    try:
        others = catalogue.local()
    finally:
        catalogue.local.cache_clear()
    assert time.process_time() - start < 5
    assert "Good" in [template.name for template in others.templates]
    (broken,) = others.broken
    lines = "\n".join(broken.refusal.lines())
    assert says in lines or (says == "outside" and "points outside of" in lines), lines
    assert "[Errno" not in lines
    assert "mine" in {name.lower() for name in broken.names} and len(lines) < 800


@posix
@pytest.mark.parametrize("form", ["manifest is a device", "a key of many parts", "code leads out"])
def test_the_commands_work_beside_it(clone: Path, form: str) -> None:
    _FORMS[form][0](clone / "own" / "mine")
    for words in _COMMANDS:
        done = yamlmod(*words.split(), cwd=clone)
        assert done.code == 0, (words, done.err)
        assert ("warning: yamlmod.toml: own: " in done.err) == (words == "list")
    for words in ("info Mine", "insert Mine mini.yaml --at 5"):
        done = yamlmod(*words.split(), cwd=clone)
        assert done.code == 2 and "Traceback" not in done.err, (words, done.err)


@posix
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('templates = ["/"]', "outside"),
        ('templates = [".."]', "outside"),
        ('templates = ["own/../../x"]', "outside"),
        ('templates = ["out"]', "outside"),
        ('templates = ["~nobody-here/x"]', "bad-config"),
        ('templates = ["a\\u0000b"]', "bad-config"),
        ('templates = ["none"]', "no-templates"),
        ("templates = " + "[" * 5000, "bad-config"),
        ("a." * 20_000 + "b = 1", "bad-config"),
        ("templates = [" + '"own",' * 1000 + "]", "bad-config"),
        ("templates = 5", "bad-config"),
        ("\0", "bad-config"),
    ],
)
def test_a_hostile_yamlmod_toml(clone: Path, text: str, code: str) -> None:
    (clone / "out").symlink_to("..")
    (clone / "yamlmod.toml").write_text(text, encoding="utf-8")
    (source,) = sources.project_sources(clone)
    assert source.trouble is not None and source.trouble.code == code
    done = yamlmod("list", cwd=clone)
    assert done.code == 0 and b"SimAM" in done.out and "warning: " in done.err
    (clone / "yamlmod.toml").unlink()
    (clone / "yamlmod.toml").symlink_to("/dev/zero")
    assert yamlmod("check", "mini.yaml", cwd=clone).code == 0


def test_many_templates_cost_a_bounded_time(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        folder = put(clone / "own", f"Big{number}")
        text = (folder / "code.py").read_text(encoding="utf-8")
        (folder / "code.py").write_text(text + "a\n" * 40_000, encoding="ascii")
    monkeypatch.setattr(catalogue, "_project", lambda: sources.project_sources(clone))
    catalogue.local.cache_clear()
    others = catalogue.local()
    catalogue.local.cache_clear()
    assert 10 < len(others.templates) < 20
    assert [one.refusal.code for one in others.broken] == ["too-many"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG is for Linux")
def test_the_users_own_yamlmod_toml_may_name_any_folder(clone: Path, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "Far")
    (clone / "yamlmod.toml").write_text('templates = ["../elsewhere"]\n', encoding="utf-8")
    data = tmp_path / "data"
    done = yamlmod("info", "Far", cwd=clone, XDG_DATA_HOME=str(data))
    listed = yamlmod("list", cwd=clone, XDG_DATA_HOME=str(data))
    assert done.code == 2 and "is outside of" in listed.err
    (data / "yamlmod").mkdir(parents=True)
    own = data / "yamlmod" / "yamlmod.toml"
    own.write_text(f'templates = ["{(tmp_path / "elsewhere").as_posix()}"]\n', encoding="utf-8")
    assert yamlmod("info", "Far", cwd=clone, XDG_DATA_HOME=str(data)).code == 0
