"""What locate finds and reads, and what it refuses."""

from __future__ import annotations

import pytest

from tests.fork.memory import COMMON, Memory, repository, template, yolo
from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import locate

TWO = (
    yolo() + "\n\n" + yolo()[yolo().index("def parse_model") :].replace("parse_model", "parse_two")
)
LOOPLESS = yolo().replace("d['backbone'] + d['head']", "d['layers']")
CHAINLESS = (
    "def parse_model(d):\n"
    "    for i, (f, n, m, args) in enumerate(d['backbone'] + d['head']):\n"
    "        m(*args)\n"
)


@pytest.mark.parametrize(
    ("folder", "models"), [("models", "models"), ("yolov5/models", "yolov5/models")]
)
def test_models_folder(folder: str, models: str) -> None:
    files = Memory({f"{folder}/yolo.py": yolo(), f"{folder}/common.py": COMMON})
    fork = locate(files)
    assert (fork.models, fork.common, fork.yolo) == (
        models,
        f"{models}/common.py",
        f"{models}/yolo.py",
    )
    line = yolo().split("\n").index("def parse_model(d, ch):  # model_dict") + 1
    assert (fork.function.name, fork.function.line) == ("parse_model", line)


OFFSET = yolo(reset="")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (yolo(), (False, True, True, False, True)),
        (
            yolo().replace("if i == 0: ch = []", "ch = [c2] if i == 0 else ch + [c2]"),
            (True, False, False, False, True),
        ),
        (yolo(reset="", in_list="-1 if x == -1 else x + 1"), (True, False, False, False, True)),
        (yolo(reset="", in_list="x if x < 0 else x + 1"), (True, False, True, False, True)),
        (
            yolo(reset="", else_="c2 = ch[f if f < 0 else f + 1]")
            .replace("c1, c2 = ch[f]", "c1, c2 = ch[f if f < 0 else f + 1]")
            .replace("args = [ch[f]]", "args = [ch[-1]]"),
            (True, True, False, False, True),
        ),
        (
            yolo().replace("m_.i, m_.f = i, f", "m_.i, m_.f = i + 4 if d else i, f"),
            (False, True, True, True, True),
        ),
        (yolo(else_="c2 = ch[f] * 2"), (False, True, True, False, False)),
        (yolo(else_="c2 = ch[f]\n            args = [c2]"), (False, True, True, False, False)),
        (yolo(else_="pass"), (False, True, True, False, False)),
    ],
)
def test_idiom(text: str, facts: tuple[bool, ...]) -> None:
    fork = locate(repository(text))
    assert (
        fork.channel_offset,
        fork.single_positive_ok,
        fork.negative_in_list_ok,
        fork.index_offset,
        fork.free_falls_to_else,
    ) == facts


@pytest.mark.parametrize(
    ("imports", "prefix"),
    [
        ("from models.common import *", "models."),
        ("from yolov5.models.common import Conv", "yolov5.models."),
        ("from .common import Conv", "."),
        ("from models.experimental import *", "models."),
        ("import models", ""),
    ],
)
def test_package_prefix(imports: str, prefix: str) -> None:
    assert locate(repository(yolo(imports=imports))).package_prefix == prefix


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        ({}, "not-a-fork", "models/yolo.py"),
        ({"models/yolo.py": yolo()}, "not-a-fork", "looked for models/common.py"),
        ({"yolo.py": yolo(), "common.py": COMMON}, "not-a-fork", "the models folder itself"),
        ({"models/net.py": yolo()}, "not-a-fork", "models/net.py has a parse_model"),
        ({"ultralytics/nn/tasks.py": ""}, "not-a-fork", "nn/tasks.py was found"),
        (
            {
                "a/models/yolo.py": "",
                "a/models/common.py": "",
                "b/models/yolo.py": "",
                "b/models/common.py": "",
            },
            "several-forks",
            "a/models, b/models",
        ),
        ({"models/yolo.py": TWO, "models/common.py": COMMON}, "several-parse-models", "parse_two"),
        ({"models/yolo.py": LOOPLESS, "models/common.py": COMMON}, "no-loop", "enumerate"),
        ({"models/yolo.py": CHAINLESS, "models/common.py": COMMON}, "no-chain", "parse_model"),
        ({"models/yolo.py": "x = 1\n", "models/common.py": COMMON}, "no-parse-model", "backbone"),
        (
            {"models/yolo.py": "import a\nx = [1\uff0c 2]\n", "models/common.py": ""},
            "syntax-error",
            "U+FF0C",
        ),
        ({"models/yolo.py": "print 'a'\n", "models/common.py": ""}, "python-2", "Python 2"),
        (
            {"models/yolo.py": "x = 1\ry = 2\r", "models/common.py": ""},
            "lone-cr",
            "carriage return",
        ),
        ({"models/yolo.py": "x = 1\0", "models/common.py": ""}, "syntax-error", "null"),
    ],
)
def test_refused(files: dict[str, str], code: str, says: str) -> None:
    with pytest.raises(Refusal) as caught:
        locate(Memory(files))
    assert caught.value.code == code
    assert says in "\n".join(caught.value.lines())


def test_two_loops_of_one_function() -> None:
    text = yolo()
    loop = text[text.index("    for i, (f, n") : text.index("    return layers, save")]
    with pytest.raises(Refusal, match="several loops over the rows: line") as caught:
        locate(
            repository(text.replace("    return layers, save", loop + "    return layers, save"))
        )
    assert caught.value.code == "several-parse-models"


def test_syntax_error_shows_its_line() -> None:
    with pytest.raises(Refusal) as caught:
        locate(
            Memory({"models/yolo.py": "import a\r\nx = [1\uff0c 2]\r\n", "models/common.py": ""})
        )
    assert caught.value.lines()[:3] == [
        f"repo/models/yolo.py:2:7: error[syntax-error]: {caught.value.message}",
        "2 | x = [1\uff0c 2]",
        "  |       ^",
    ]


def test_a_definition_that_is_shadowed() -> None:
    files = repository(yolo() + "\n\ndef parse_model(d, ch):\n    return d\n")
    with pytest.raises(Refusal, match="defined again") as caught:
        locate(files)
    assert caught.value.code == "several-parse-models"


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "import torch\n"])
def test_a_common_that_holds_nothing(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        repository(common=text).install(template("Alpha", "conv"))
    assert caught.value.code == "not-a-fork"
