"""What a refusal marks in somebody's own file: the statement itself, whatever stands around it."""

from __future__ import annotations

import pytest

from yamlmod.errors import Place, Refusal
from yamlmod.registry.code.extract import own_template
from yamlmod.registry.template import Template

_CLASS = """

class Mine(nn.Module):
    def __init__(self, c1):
        super().__init__()
        self.gate = helper(c1)

    def forward(self, x):
        return self.gate(x)
"""


def _place(head: str) -> Place:
    with pytest.raises(Refusal) as caught:
        own_template(head + _CLASS, "mine.py", "Mine")
    assert caught.value.code == "relative-import"
    assert caught.value.place is not None
    return caught.value.place


@pytest.mark.parametrize(
    ("statement", "marked"),
    [
        ("from .parts import helper\n", "from .parts import helper"),
        ("NAME = 'é'; from .parts import helper\n", "from .parts import helper"),
        ("NAME = 'é中'; from .parts import helper; OTHER = 1\n", "from .parts import helper"),
        ("from .parts import (\n    helper,\n)\n", "from .parts import ("),
        (
            "from .parts import (  # a long line\n    helper)\n",
            "from .parts import (  # a long line",
        ),
        ("NAME = 'é'; from .parts import (\n    helper,\n)\n", "from .parts import ("),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_import_is_marked_as_far_as_it_goes(statement: str, marked: str, newline: str) -> None:
    head = f"from torch import nn\n{statement}".replace("\n", newline)
    place = _place(head)
    start = (place.column or 1) - 1
    assert place.line == 2
    assert place.excerpt[start : start + place.width] == marked


def test_a_statement_is_never_torn() -> None:
    with pytest.raises(Refusal) as caught:
        _mine("helper = 1; OTHER = (\n    2)\n")
    assert caught.value.code == "shared-line"


@pytest.mark.parametrize("line", ["OTHER = 1; helper = (\n    2)\n", "OTHER = 1; helper = 2\n"])
def test_statements_on_one_line_stay_together(line: str) -> None:
    assert line in _mine(line).code


def _mine(head: str) -> Template:
    return own_template(f"from torch import nn\n{head}{_CLASS}", "mine.py", "Mine")


def test_what_shares_a_line_brings_what_it_needs() -> None:
    mine = _mine("def made():\n    return 1\n\n\nOTHER = made(); helper = 2\n")
    assert "def made():" in mine.code
