"""Announce that code of the fork is run."""

from __future__ import annotations

from collections.abc import Callable

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.console import say


def announcer(answer: AnswerOptions) -> Callable[[str], None] | None:
    """Return what says a line on stderr; nothing is said beside JSON."""
    return None if answer.as_json else lambda line: say([line])
