"""Whatever Python reads is patched and comes back byte for byte: odd white space, odd exports."""

from __future__ import annotations

import ast

import pytest

from tests.fork.memory import ALL, COMMON, SAME, Memory, repository, yolo
from yamlmod.errors import ProofFailedError, Refusal, YamlmodError
from yamlmod.fork.patch.exports import read_exports
from yamlmod.fork.python.comma_list import literal_listing
from yamlmod.fork.python.source import parse

HERE, THERE = "models/common.py", "models/yolo.py"


def there_and_back(files: Memory) -> dict[str, str]:
    """Install and uninstall all test templates; return what the files were in between."""
    before = dict(files.texts)
    files.install(*ALL)
    between = dict(files.texts)
    for path, text in between.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    assert not files.install(*ALL).texts
    files.uninstall(*(one.name for one in ALL))
    assert files.texts == before
    return between


# What libcst does not give back, or does not parse at all, and other layout that is rare.
COMMONS = {
    "a form feed before a class": COMMON.replace("\n\n\nclass C3", "\n\n\n\fclass C3"),
    "a form feed on a line of its own": COMMON.replace("\n\n\nclass C3", "\n\f\n\nclass C3"),
    "a form feed in the indentation": COMMON.replace("    pass", "  \f    pass"),
    "blanks on a last line": COMMON + "  ",
    "blanks and a form feed at the end": COMMON + "\n \f ",
    "a tab on a last line": COMMON + "\t",
    "no newline and a comment": COMMON + "# end",
    "an indented comment at the end": COMMON + "    # end",
    "a vertical tab in a comment": COMMON.replace("# modules", "# mod\x0bules"),
    "separators in a comment": COMMON.replace("# modules", "# mod\x1c\x85\u2028ules"),
    "a form feed in a string": COMMON.replace('"\u2713"', '"a\fb"'),
    "a form feed between tokens": COMMON.replace("class C3(Conv)", "class\fC3(\fConv)"),
    "a tab behind a backslash": COMMON.replace("self.x = ", "self.x = \\\n\t\t"),
    "a lone backslash line": COMMON.replace("import torch\n", "import torch\n\\\n\n", 1),
    "mixed newlines": COMMON.replace("\n", "\r\n", 5),
    "mostly CRLF": COMMON.replace("\n", "\r\n").replace("\r\n", "\n", 3),
    "semicolons": COMMON.replace("    pass\n", "    pass; x = 1;\n"),
    "a class on one line": COMMON + "class Z: pass\n",
    "a type comment": COMMON + "x = []  # type: list[int]\n",
    "odd names": COMMON + "\u212b = \u00c5 = 1\n",
    "nested quotes in an f-string": COMMON + "y = f'{1!r:>{5}}'\n",
    "a cookie": "# -*- coding: utf-8 -*-\n" + COMMON,
    "a cookie of latin-1": "# vim: set fileencoding=latin-1 :\n" + COMMON,
    "an empty cookie line": "\f\n# coding: ascii\n" + COMMON,
}


@pytest.mark.parametrize("name", COMMONS)
def test_layout_of_the_classes(name: str) -> None:
    assert ast.parse(COMMONS[name])
    there_and_back(repository(common=COMMONS[name]))


YOLOS = {
    "form feeds before branches": yolo().replace("        elif", "    \f        elif"),
    "a form feed before else": yolo().replace("        else:", "\f        else:"),
    "blanks on a last line": yolo() + "   ",
    "tabs": yolo().replace("    ", "\t"),
    "a form feed before each line": "\n".join(
        "\f" + line if line.startswith("    ") and "'''" not in line else line
        for line in yolo().split("\n")
    ),
    "parentheses around names": yolo("[(Conv), ((C3))]"),
    "parentheses over lines": yolo(
        "{\n            (Conv),  # (a, b\n            ((\n  C3))\n        }"
    ),
    "a tuple of parentheses": yolo("((Conv), (C3))"),
    "a tuple with a comma": yolo("((Conv), (C3),)"),
    "one in parentheses": yolo("[(Conv)]"),
    "read over lines": yolo(else_="c2 = ch[  # of from\n                f\n            ]"),
}


@pytest.mark.parametrize("name", YOLOS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_layout_of_the_parser(name: str, newline: str) -> None:
    assert ast.parse(YOLOS[name])
    there_and_back(repository(YOLOS[name].replace("\n", newline)))


# the assignment, and whether the names go into it
EXPORTS: list[tuple[str, bool]] = [
    ('__all__ = ["Conv", *["C3"]]', True),
    ('__all__ = [*["C3"], "Conv"]', True),
    ('__all__ = [*["C3"]]', True),
    ('__all__ = ["Conv", *("C3",), ]', True),
    ('__all__ = [*["Conv"], *["C3"],]', True),
    ('__all__ = ("Conv", "C3")', True),
    ('__all__ = ("Conv",)', True),
    ('__all__ = "Conv",', True),
    ('__all__ = "Conv", "C3"', True),
    ('__all__ = ("Conv"), ("C3")', True),
    ('__all__ = "Conv", \\\n    "C3"', True),
    ('__all__ = (("Conv"), ("C3"))', True),
    ('__all__ = [("Conv"), ("C3")]', True),
    ('__all__ = [("Co"\n           "nv"),\n           ("C3")]', True),
    ('__all__ = ["Co" "nv", "C" \'3\']', True),
    ("__all__ = ['''Conv''', r'C3']", True),
    ('__all__ = ["Conv", f"C3"]', True),
    ('__all__ = ["Conv", f"{Conv.__name__}"]', True),
    ('__all__ = ["Conv", Conv.__name__]', True),
    ('__all__ = ["Conv", "C" + "3"]', True),
    ('__all__ = [  # (all, "of" them]\n    "Conv",  # "x"\n    "C3"  # y\n]', True),
    ('__all__ = [\n    "Conv",\n    *["C3"],  # more\n]', True),
    ('__all__ = ["Conv"\n           , "C3"\n           ,]', True),
    ('__all__ = x = ["Conv"]', True),
    ('(__all__) = ["Conv"]', True),
    ('__all__ = (["Conv"])', True),
    ('__all__ = ["Conv"]; y = 1', True),
    ('if Conv:\n    __all__ = ["Conv"]', True),
    ('__all__ = ["Conv"]\n__all__.append("C3")', True),
    ('__all__ = ["Conv"]\n__all__.extend(["C3"])', True),
    ('__all__ = ["Conv"] + ["C3"]', False),
    ('__all__ = ["Conv"]\n__all__ += ["C3"]', False),
    ('__all__ = list(("Conv", "C3"))', False),
    ('__all__ = [name for name in ("Conv", "C3")]', False),
    ('__all__ = ["Conv"] if Conv else ["C3"]', False),
    ('__all__: list = ["Conv"]', False),
    ("__all__: list\n__all__ = ['Conv']", False),
    ('if Conv:\n    __all__ = ["Conv"]\nelse:\n    __all__ = ["C3"]', False),
    ('try:\n    __all__ = ["Conv"]\nexcept E:\n    __all__ = ["C3"]', False),
    ('__all__, y = ["Conv"], 1', False),
    ('[__all__, *y] = [["Conv"], 1]', False),
    ('(__all__ := ["Conv"])', False),
    ('for __all__ in (["Conv"],): pass', False),
    ("from x import __all__", False),
    ("import x as __all__", False),
    ("__all__ = []", False),
    ("__all__ = ()", False),
    ('__all__ = ("Conv")', False),
    ('__all__ = {"Conv", "C3"}', False),
    ('__all__ = "Conv C3".split()', False),
]


@pytest.mark.parametrize(("code", "joins"), EXPORTS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("at_end", [True, False])
def test_every_form_of_all(code: str, joins: bool, newline: str, at_end: bool) -> None:
    common = (
        f"{COMMON}\n{code}\n"
        if at_end
        else COMMON.replace("\n\n\nclass", f"\n{code}\n\n\nclass", 1)
    )
    files = repository(yolo(), common)
    files.texts = {path: text.replace("\n", newline) for path, text in files.texts.items()}
    between = there_and_back(files)
    assert (
        f"import {SAME.name}" in between[THERE] or f"import {ALL[0].name}" in between[THERE]
    ) is not joins
    source = parse(HERE, HERE, between[HERE])
    literal, _ = read_exports(source)
    names = literal_listing(source, literal).names() if literal else ()
    assert {one.name for one in ALL} <= set(names) if joins else literal is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("# coding: utf-7\n" + COMMON, "other-encoding"),
        ("# coding: utf-16\n" + COMMON, "other-encoding"),
        ("\n# coding: nonsense\n" + COMMON, "other-encoding"),
        ("# coding: rot13\n" + COMMON, "other-encoding"),
        ("# coding: gbk\n# \u6ce8a\n" + COMMON.replace("\u529b", ""), "other-encoding"),
        (COMMON + "return 1\n", "syntax-error"),
        (COMMON + "def f(a, a): pass\n", "syntax-error"),
        (COMMON + "nonlocal x\n", "syntax-error"),
        (COMMON + "x = 1\0\n", "syntax-error"),
        (COMMON + "x = (\n", "syntax-error"),
        (COMMON.replace("import torch\n", "import torch\r", 1), "lone-cr"),
    ],
)
def test_what_python_cannot_run_is_refused(text: str, code: str) -> None:
    files = repository(common=text)
    with pytest.raises(YamlmodError) as caught:
        files.install(*ALL)
    assert caught.value.code == code
    assert not isinstance(caught.value, ProofFailedError)
    assert isinstance(caught.value, Refusal)
    assert "report" not in "\n".join(caught.value.lines())
