"""Files in which a row counts as several layers: a backbone that gives a list of maps.

Some forks change their parser so that one row, a network of timm and the like, takes the numbers 0
to 4. All that stands below counts on from there; by the plain numbers nothing of it fits.
"""

from __future__ import annotations

from typing import NamedTuple

from yamlmod.checks.finding import Finding
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import resolve
from yamlmod.model.known_modules import KNOWN

# A backbone gives a map for each stride from 2 to 32 at most, and perhaps a vector.
_MOST = 6
_COMMENTS = 3
# It stands first, or behind a row that hands on the image.
_TOP = 2


class Several(NamedTuple):
    """The row, and how many layers it counts for."""

    row: Row
    layers: int


def counts_for_several(document: Document) -> Several | None:
    """Return the row at the top that seems to count for several layers, None where there is none.

    The index comments say so, all of them, or the references that lead nowhere, all at once.
    """
    rows = document.rows
    whole = next((r for r in rows[:_TOP] if r.module not in KNOWN and "." not in r.module), None)
    if whole is None or len(rows) < whole.index + 3:
        return None
    below = rows[whole.index + 1 :]
    more = _by_comments((whole, *below))
    if not more and resolve(document)[1]:
        more = next((n for n in range(1, _MOST) if _fits(below, n)), 0)
    return Several(whole, more + 1) if more else None


def finding_of_several(document: Document, several: Several) -> Finding:
    """Return the one finding of such a file: its fork decides what the numbers mean."""
    row = several.row
    return Finding(
        "not-a-model",
        "warning",
        document.place(*row.spans[2]),
        f"layer {row.index} {row.module} seems to count as {several.layers} layers: only so do the "
        "numbers below it fit",
        "its fork's parser would have to give it so many numbers; nothing else of the file was "
        "checked",
        row.index,
    )


def _by_comments(rows: tuple[Row, ...]) -> int:
    """Return by how much every index comment is higher than its row's index, 0 if they differ."""
    differ = {r.comment.value - r.index for r in rows if r.comment is not None}
    count = sum(row.comment is not None for row in rows)
    more = next(iter(differ)) if len(differ) == 1 and count >= _COMMENTS else 0
    return more if 0 < more < _MOST else 0


def _fits(rows: tuple[Row, ...], more: int) -> bool:
    """Tell whether every reference of rows leads somewhere if they stand so much lower."""
    return all(
        -row.index - more <= ref.value < row.index + more for row in rows for ref in row.refs
    )
