"""Announce that code of the fork is run, and what was inferred."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.console import say, say_step
from yamlmod.usecases.interrupted import Interrupted

Result = TypeVar("Result")


class Announcer:
    """Says lines on stderr; on a terminal, what is under way is below them."""

    def __call__(self, line: str, /) -> None:
        say_step("")
        say([line])

    def step(self, text: str, /) -> None:
        say_step(text)


def announcer(answer: AnswerOptions) -> Announcer | None:
    """Return what says a line on stderr; nothing is said beside JSON."""
    return None if answer.as_json else Announcer()


def tell(answer: AnswerOptions, notes: Iterable[str]) -> None:
    """Say notes on stderr; nothing is said beside JSON."""
    if not answer.as_json:
        say(f"note: {note}" for note in notes)


def completed(
    run: Callable[[Announcer | None], Result], answer: AnswerOptions
) -> tuple[Result, str]:
    """Return the result of a run of the fork, and what is missing of it after Ctrl-C."""
    try:
        return run(announcer(answer)), ""
    except Interrupted as stop:
        return stop.result, stop.missing
    finally:
        if not answer.as_json:
            say_step("")


def end_if_interrupted(missing: str, answer: AnswerOptions) -> None:
    """Say what is missing after Ctrl-C, and exit with its code."""
    if missing:
        if not answer.as_json:
            say([f"interrupted: {missing}"], always=True)
        raise SystemExit(130)
