"""Several parse functions, unknown forks and dialects: what is listed, chosen and sniffed."""

from __future__ import annotations

import pytest

from tests.fork.memory import ALL, COMMON, CONV, Memory, repository, yolo
from yamlmod.errors import Refusal
from yamlmod.fork.parser.candidates import split_target
from yamlmod.fork.parser.dialect import all_dialects
from yamlmod.fork.parser.locate import locate
from yamlmod.fork.patch.install import install
from yamlmod.fork.patch.uninstall import uninstall

SECOND = "\n\n" + yolo()[yolo().index("def parse_model") :].replace("parse_model", "parse_two")


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("models/yolo.py", ("models/yolo.py", "")),
        ("models/yolo.py:parse_two", ("models/yolo.py", "parse_two")),
        ("models\\yolo.py:parse_two", ("models/yolo.py", "parse_two")),
        ("C:\\fork\\models\\yolo.py", ("C:/fork/models/yolo.py", "")),
        ("C:\\fork\\yolo.py:parse", ("C:/fork/yolo.py", "parse")),
        ("c:parse", ("c:parse", "")),
    ],
)
def test_split_target(target: str, parts: tuple[str, str]) -> None:
    assert split_target(target) == parts


@pytest.mark.parametrize(
    ("classes", "chosen"),
    [
        ({"Model": "parse_two"}, "parse_two"),
        ({"Model": "parse_model"}, "parse_model"),
        ({"Model": "parse_model", "Model2": "parse_two"}, ""),
        ({}, ""),
    ],
)
def test_the_function_that_the_classes_of_the_file_call(
    classes: dict[str, str], chosen: str
) -> None:
    """As a fork leaves its old function behind, beside the one that its Model calls."""
    text = yolo() + SECOND
    for name, function in classes.items():
        text += f"\n\nclass {name}:\n    def __init__(self, d):\n"
        text += f"        self.model, self.save = {function}(d, ch=[3])\n"
    if chosen:
        assert locate(repository(text)).function.name == chosen
        return
    with pytest.raises(Refusal) as caught:
        locate(repository(text))
    assert caught.value.code == "several-parse-models"


def test_two_functions_of_one_file() -> None:
    files = repository(yolo() + SECOND)
    with pytest.raises(Refusal) as caught:
        locate(files)
    assert caught.value.code == "several-parse-models"
    assert "--target models/yolo.py:parse_model\n--target models/yolo.py:parse_two" in (
        caught.value.hint
    )
    before = dict(files.texts)
    fork = locate(files, "models/yolo.py:parse_two")
    files.write(install(files, fork, ALL))
    first, second = files.texts["models/yolo.py"].split("def parse_two")
    assert "Alpha]" in second
    assert "Beta, Delta}" in second
    assert "Alpha]" not in first
    files.write(uninstall(files, fork, [one.name for one in ALL]))
    assert files.texts == before


def test_two_files() -> None:
    files = Memory({f"{one}/{name}.py": text for one in "ab" for name, text in TWO.items()})
    with pytest.raises(Refusal) as caught:
        locate(files)
    assert caught.value.code == "several-forks"
    assert caught.value.hint.endswith("--target a/models/yolo.py\n--target b/models/yolo.py")
    fork = locate(files, "b/models/yolo.py")
    assert (fork.yolo, fork.common) == ("b/models/yolo.py", "b/models/common.py")
    assert set(install(files, fork, [CONV]).texts) == {fork.yolo, fork.common}


TWO = {"models/yolo": yolo(), "models/common": COMMON}


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("models/other.py", "parse functions there are: models/yolo.py:parse_model"),
        ("models/common.py", "has no parse function"),
        ("models/yolo.py:parse_two", "has no parse function parse_two"),
        ("../models/yolo.py", "is outside of the repository"),
        ("/models/yolo.py", "is outside of the repository"),
    ],
)
def test_bad_targets(target: str, says: str) -> None:
    with pytest.raises(Refusal) as caught:
        locate(repository(), target)
    assert caught.value.code == "bad-target"
    assert says in "\n".join(caught.value.lines())


def test_what_was_not_chosen_is_told() -> None:
    files = repository(**{f"sub/{name}.py": text for name, text in TWO.items()})
    assert locate(files).others == ("sub/models/yolo.py",)


@pytest.mark.parametrize(
    ("texts", "parse", "home", "prefix"),
    [
        # In no known place, its classes in another file than common.py.
        (
            {
                "src/net/build.py": yolo(imports="from net.layers import *"),
                "src/net/layers.py": COMMON,
            },
            "src/net/build.py",
            "src/net/layers.py",
            "net.",
        ),
        # Through a package that hands on names.
        (
            {
                "net/build.py": yolo(imports="from net.parts import C3, Concat, Conv"),
                "net/parts/__init__.py": "from .conv import C3, Concat, Conv\n",
                "net/parts/conv.py": COMMON,
            },
            "net/build.py",
            "net/parts/conv.py",
            "net.",
        ),
        # Everything in one file.
        (
            {"net.py": yolo(imports="import os").replace("class Detect", COMMON + "\n\nclass D")},
            "net.py",
            "net.py",
            "",
        ),
    ],
    ids=["star", "package", "one file"],
)
def test_unknown_forks(texts: dict[str, str], parse: str, home: str, prefix: str) -> None:
    files = Memory(texts)
    fork = locate(files)
    assert (fork.dialect.name, fork.yolo, fork.common) == ("none", parse, home)
    assert fork.package_prefix == prefix
    files.install(*ALL)
    assert not files.install(*ALL).texts
    assert "Alpha]" in files.texts[parse]
    assert "class Alpha" in files.texts[home]
    files.uninstall(*(one.name for one in ALL))
    assert files.texts == texts


def test_an_unknown_fork_without_the_protocol() -> None:
    texts = {"net/build.py": yolo().replace("d['backbone'] + d['head']", "d['layers']")}
    with pytest.raises(Refusal) as caught:
        locate(Memory(texts))
    told = "\n".join(caught.value.lines())
    assert caught.value.code == "not-a-fork"
    assert "models/yolo.py, nn/tasks.py" in told
    assert "d['backbone'] + d['head']" in told


def test_every_dialect_is_a_file_of_its_own() -> None:
    names = [one.name for one in all_dialects()]
    assert names == sorted(set(names))
    assert {"yolov5", "yolov3", "yolov5-face", "scaled-yolov4", "yolov7", "yolov9"} < set(names)
    assert all(one.signs for one in all_dialects())


FACE = COMMON + "\n\nclass StemBlock(Conv):\n    pass\n"


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ({}, "none"),
        ({"models/yolov5s.yaml": ""}, "yolov5"),
        ({"models/yolov3.yaml": ""}, "yolov3"),
        ({"models/yolov3.yaml": "", "models/yolov5s.yaml": ""}, "yolov5"),
        ({"models/common.py": FACE, "models/yolov5s.yaml": ""}, "yolov5"),
        (
            {
                "models/common.py": FACE,
                "models/yolov5s.yaml": "",
                "models/yolo.py": yolo() + "\nno = nc + 5 + 10\n",
            },
            "yolov5-face",
        ),
    ],
)
def test_sniffed(texts: dict[str, str], name: str) -> None:
    assert locate(repository(**texts)).dialect.name == name


def test_the_dialect_can_be_named() -> None:
    assert locate(repository(), dialect="yolov7").dialect.name == "yolov7"
    with pytest.raises(Refusal) as caught:
        locate(repository(), dialect="yolov77")
    assert caught.value.code == "unknown-dialect"
    assert "yolov7" in caught.value.hint


def test_a_file_that_does_not_matter_may_be_broken() -> None:
    files = repository(**{"models/odd.py": "x = = 1\n", "models/yolov5s.yaml": ""})
    assert files.install(CONV).texts
