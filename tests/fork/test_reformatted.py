"""A patched fork that black or ruff has been over: patched again, and out without a trace."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from collections.abc import Callable

import black
import pytest

from tests.fork.memory import ALL, CONV, Memory, repository, yolo
from tests.fork.test_real_forks import load
from tools.real_forks import fork_folder
from yamlmod.errors import Refusal
from yamlmod.registry.catalogue import catalogue
from yamlmod.registry.code.digest import digest_of, syntax
from yamlmod.registry.code.rename import renamed
from yamlmod.registry.template import Template


def _black(text: str) -> str:
    return black.format_str(text, mode=black.Mode())


def _ruff(*options: str) -> Callable[[str], str]:
    def formatted(text: str) -> str:
        command = [sys.executable, "-m", "ruff", "format", "--isolated", *options, "-"]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
        return done.stdout.decode()

    return formatted


FORMATTERS = {"black": _black, "ruff": _ruff(), "ruff, short lines": _ruff("--line-length", "60")}
each_formatter = pytest.mark.parametrize("formatter", FORMATTERS.values(), ids=FORMATTERS)


def _modules() -> list[Template]:
    """The registry twice over, so that lists and sets grow too long for one line."""
    registry = list(catalogue())[:6]
    return [*registry, *(renamed(one, f"ALongNameForACopyOf{one.name}") for one in registry)]


def _comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [one.string for one in tokens if one.type == tokenize.COMMENT]


def _round_trip(files: Memory, modules: list[Template], formatter: Callable[[str], str]) -> None:
    paths = (files.fork().common, files.fork().yolo)
    wanted = {path: formatter(files.texts[path]) for path in paths}
    files.install(*modules)
    for path in paths:
        files.texts[path] = formatter(files.texts[path])
    assert not files.install(*modules).texts
    files.uninstall(*(one.name for one in modules))
    for path in paths:
        assert syntax(ast.parse(files.texts[path])) == syntax(ast.parse(wanted[path]))
        # Lists that were broken over lines may stay so: the comma behind the last name says it.
        assert _comments(files.texts[path]) == _comments(wanted[path])


@each_formatter
@pytest.mark.parametrize("else_", ["c2 = ch[f]", "c2 = ch[f]; args = args"])
def test_small_forks(formatter: Callable[[str], str], else_: str) -> None:
    imports = "import torch.nn as nn\nfrom models.common import C3, Concat, Conv"
    modules = [*ALL, *(renamed(one, f"ALongNameForACopyOf{one.name}") for one in ALL)]
    files = repository(yolo("{Conv, C3}", imports, else_))
    _round_trip(files, modules, formatter)


@pytest.mark.slow
@pytest.mark.fork
@pytest.mark.parametrize(
    ("spec", "formatter"),
    [("yolov5==7.0.14", FORMATTERS["black"]), ("yolov5==6.0.7", FORMATTERS["ruff"])],
    ids=["7.0, black", "6.0, ruff"],
)
def test_real_forks(spec: str, formatter: Callable[[str], str]) -> None:
    _round_trip(load(fork_folder(spec)), _modules(), formatter)


@each_formatter
def test_what_was_edited_is_still_seen(formatter: Callable[[str], str]) -> None:
    files = repository()
    files.install(CONV)
    text = files.texts["models/common.py"].replace("self.pi = math.pi", "self.pi = math.e")
    files.texts["models/common.py"] = formatter(text)
    with pytest.raises(Refusal, match="edited since yamlmod wrote it"):
        files.uninstall("Alpha")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 'a'", 'x = ( "a" )', True),
        ("x = 1", "x = 2", False),
        ("del (a, b)", "del a, b", True),
        ("def f():\n  '''  A\n\n   b  '''", 'def f():\n    """A\n\n    b"""', True),
        ("def f():\n  '''A'''", "def f():\n  '''B'''", False),
        ("x = '  A'", "x = 'A'", False),
        ("x = f'{a}b' 'c'", 'x = f"{a}bc"', True),
        ("x = f'{a}b'", "x = f'{a!r}b'", False),
        ("class A(): pass", "class A:\n    pass", True),
        ("x = u'a'", "x = 'a'", True),
        ("x = 0XFF", "x = 0xff", True),
        ("x = 1", "x = 1.0", False),
        ("x = True", "x = 1", False),
        ("x = a,", "x = (a,)", True),
        ("x = 1  # one", "x = 1", True),
    ],
)
def test_syntax_without_layout(one: str, other: str, same: bool) -> None:
    assert (digest_of(one) == digest_of(other)) is same
