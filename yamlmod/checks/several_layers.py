"""Find files in which one row counts as several layers: a backbone that returns several maps.

Some forks change their parser so that one row, for example a timm network, takes the indices 0 to
4. All rows below continue from there, so their references do not fit the row numbers.
"""

from __future__ import annotations

from typing import NamedTuple

from yamlmod.checks.finding import Finding
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import resolve
from yamlmod.model.known_modules import KNOWN

# A backbone returns at most one map for each stride from 2 to 32, and perhaps a vector.
_MOST = 6
_COMMENTS = 3
# It is the first row, or follows a row that passes the image on.
_TOP = 2
# A whole backbone in one row has few rows beside it.
_BESIDE = 3


class Several(NamedTuple):
    """A row, and the number of layers it counts as."""

    row: Row
    layers: int


def counts_for_several(document: Document) -> Several | None:
    """Find a row at the top that seems to count as several layers.

    Either all index comments agree on it, or it resolves all unresolved references at once.
    """
    rows = document.rows
    whole = next((r for r in rows[:_TOP] if r.module not in KNOWN and "." not in r.module), None)
    if whole is None or len(rows) < whole.index + 3:
        return None
    below = rows[whole.index + 1 :]
    more = _by_comments((whole, *below))
    backbone = sum(row.section == whole.section for row in document.rows)
    if not more and backbone <= _BESIDE + whole.index + 1 and resolve(document)[1]:
        more = next((n for n in range(1, _MOST) if _fits(below, n)), 0)
    return Several(whole, more + 1) if more else None


def finding_of_several(document: Document, several: Several) -> Finding:
    row = several.row
    return Finding(
        "not-a-model",
        "warning",
        document.place(*row.spans[2]),
        f"layer {row.index} {row.module} seems to count as {several.layers} layers: otherwise the "
        "references below it do not fit",
        "the fork's parser must then give this row that many indices; the rest of the file was not "
        "checked",
        row.index,
    )


def _by_comments(rows: tuple[Row, ...]) -> int:
    """How much higher all index comments are than the row indices; 0 if they disagree."""
    differ = {r.comment.value - r.index for r in rows if r.comment is not None}
    count = sum(row.comment is not None for row in rows)
    more = next(iter(differ)) if len(differ) == 1 and count >= _COMMENTS else 0
    return more if 0 < more < _MOST else 0


def _fits(rows: tuple[Row, ...], more: int) -> bool:
    """Check that every reference resolves if the rows have indices higher by ``more``."""
    return all(
        -row.index - more <= ref.value < row.index + more for row in rows for ref in row.refs
    )
