"""Findings as workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LEVEL = {"error": "error", "warning": "warning", "note": "notice"}


def annotation(finding: Mapping[str, Any]) -> str:
    """Return one finding, given as plain data, as a workflow command."""
    place = (
        f"file={_value(finding['file'])},line={finding['line'] or 1},col={finding['column'] or 1}"
    )
    text = finding["message"] + (f"\n{finding['help']}" if finding["help"] else "")
    level = _LEVEL[finding["severity"]]
    return f"::{level} {place},title=yamlmod {finding['rule']}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: Any) -> str:
    return _data(str(text)).replace(":", "%3A").replace(",", "%2C")
