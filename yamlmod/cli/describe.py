"""The report of a command that edited a YAML."""

from __future__ import annotations

from typing import Any

from yamlmod.cli.finish import Report
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.summary import outcome_lines, outcome_warnings


def describe(command: str, outcome: Outcome) -> Report:
    """Return the summary of an outcome, for a person and as data."""
    lines = [f"{command} in {outcome.model.document.shown}:", *outcome_lines(outcome)]
    return Report(command, lines, outcome_warnings(outcome), _data(outcome))


def _data(outcome: Outcome) -> dict[str, Any]:
    return {
        "cfg": outcome.model.document.shown,
        "inserted": [layer._asdict() for layer in outcome.inserted],
        "removed": list(outcome.removed),
        "replaced": list(outcome.replaced),
        "told": list(outcome.told),
        "consumers": [consumer._asdict() for consumer in outcome.consumers],
        "references": outcome.renumbered,
        "comments": outcome.comments,
        "wrong_comments": [comment._asdict() for comment in outcome.wrong_comments],
    }
