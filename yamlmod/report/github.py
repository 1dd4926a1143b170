"""Format findings as GitHub workflow commands, shown as annotations in pull requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yamlmod.report.stream import Styled
from yamlmod.safe_text import visible_line

_LEVEL = {"error": "error", "warning": "warning", "note": "notice"}


def annotation(finding: Mapping[str, Any]) -> Styled:
    """Return one finding, given as plain data, as a workflow command."""
    place = (
        f"file={_value(finding['file'])},line={finding['line'] or 1},col={finding['column'] or 1}"
    )
    lines = [finding["message"], *(finding["help"] or "").split("\n")]
    text = "\n".join(map(visible_line, lines)).rstrip("\n")
    level = _LEVEL[finding["severity"]]
    return Styled(f"::{level} {place},title=yamlmod {finding['rule']}::{_data(text)}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: Any) -> str:
    return _data(visible_line(str(text))).replace(":", "%3A").replace(",", "%2C")
