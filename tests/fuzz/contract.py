"""What must hold for any text whatever: a model or a refusal, and edits that never fail."""

from __future__ import annotations

import time

from yamlmod.checks.apply_fixes import mend
from yamlmod.checks.run import Options, check_text
from yamlmod.errors import YamlmodError
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.positions import resolve_positions

_OPTIONS = Options()
# Of the CPU, not of a busy machine. Composing costs 5 s a megabyte; what is fuzzed is small.
MAX_SECONDS = 5.0


class BrokenContractError(Exception):
    """A text for which the tool did something else than read, refuse or edit."""


def check(text: str, max_seconds: float = MAX_SECONDS) -> bool:
    """Read, insert and remove; raises BrokenContractError, returns whether it is a model."""
    start = time.process_time()
    try:
        _mend(text)
        is_model = _use(text)
    except YamlmodError as error:
        if error.exit_code != 2:
            raise BrokenContractError(f"exit {error.exit_code}: {error.message}") from error
        error.lines()
        is_model = False
    except Exception as error:
        raise BrokenContractError(f"{type(error).__name__}: {error}") from error
    if time.process_time() - start > max_seconds:
        raise BrokenContractError(f"took more than {max_seconds} s")
    return is_model


def _mend(text: str) -> None:
    """Check a text and apply every fix: findings or none, whatever it holds."""
    for finding in check_text(text, "fuzz.yaml", _OPTIONS):
        finding.lines()
        finding.as_data()
    mend(text, "fuzz.yaml", _OPTIONS, unsafe=True)


def _use(text: str) -> bool:
    model = read_network(text, "fuzz.yaml")
    last = len(model.document.rows) - 1
    for place in sorted({0, last // 2, last}):
        _there_and_back(model, place)
        _try(lambda place=place: remove(model, [place]))
    _try(lambda: remove(model, list(range(1, last, 2)), cascade=True))
    return True


def _there_and_back(model: Network, place: int) -> None:
    def edit() -> None:
        positions = tuple(resolve_positions(model, at=[place]))
        there = insert(model, Request("New", positions, [], allow_dead=True))
        back = remove(read_network(there.text, "fuzz.yaml"), [place])
        wrong = any(comment.value == comment.now for comment in there.wrong_comments)
        if back.text != model.document.text and not wrong:
            raise BrokenContractError(f"removing what was inserted at {place} gives other bytes")

    _try(edit)


def _try(edit: object) -> None:
    try:
        edit()  # type: ignore[operator]
    except YamlmodError as error:
        if error.exit_code != 2:
            raise
