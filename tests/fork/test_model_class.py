"""Which class builds networks with a parse function: the usual one, or the one that calls it."""

from __future__ import annotations

import pytest

from tests.fork.memory import COMMON, Memory, yolo
from yamlmod.fork.parser.model_class import unusual_class
from yamlmod.fork.python.source import read_source

_LOOP = yolo()[yolo().index("def parse_model") :]
_OTHER = _LOOP.replace("def parse_model", "def parse_other", 1)


def _class(name: str, called: str, base: str = "") -> str:
    return f"\n\nclass {name}({base}):\n    def __init__(self):\n        self.m = {called}\n"


@pytest.mark.parametrize(
    ("text", "function", "found"),
    [
        (_LOOP + _class("Model", "parse_model(1)"), "parse_model", ""),
        (_LOOP + _class("FaceModel", "parse_model(1)"), "parse_model", "FaceModel"),
        (
            _LOOP + _class("Base", "parse_model(1)") + _class("Model", "1", "Base"),
            "parse_model",
            "",
        ),
        # The usual class calls the only function there is, in a way that is not seen.
        (
            _LOOP + _class("DetectionModel", "build(1)") + _class("Other", "parse_model(1)"),
            "parse_model",
            "",
        ),
        (
            _LOOP + _OTHER + _class("Model", "parse_model(1)") + _class("Two", "parse_other(1)"),
            "parse_other",
            "Two",
        ),
        (_LOOP + _OTHER + _class("Model", "parse_model(1)"), "parse_other", ""),
    ],
)
def test_the_class_that_calls_a_parse_function(text: str, function: str, found: str) -> None:
    files = Memory({"models/yolo.py": text, "models/common.py": COMMON}, "/r", "")
    source = read_source(files, "models/yolo.py")
    assert source is not None and unusual_class(source, function) == found
