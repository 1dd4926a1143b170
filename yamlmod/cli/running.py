"""Announce that code of the fork is run, and what was inferred."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.console import say


def announcer(answer: AnswerOptions) -> Callable[[str], None] | None:
    """Return what says a line on stderr; nothing is said beside JSON."""
    return None if answer.as_json else lambda line: say([line])


def tell(answer: AnswerOptions, notes: Iterable[str]) -> None:
    """Say notes on stderr; nothing is said beside JSON."""
    if not answer.as_json:
        say(f"note: {note}" for note in notes)
