"""Comments that hold the index of their layer, such as `# 17 (P3/8-small)` or `#11`."""

from __future__ import annotations

import re
from typing import NamedTuple

# Behind a row come its comma and the closing brackets of its table, then the comment. A number
# that goes on (`# 20+1`, `# 3.5`, `# 1x1 conv`, `# 2[...]`) says something else than an index.
INDEX = r"(\d{1,5})(?![\d+.*/xX%\[\w])"
_COMMENT = re.compile(rf"[ \t,\]]*#[ \t]*{INDEX}")


class IndexComment(NamedTuple):
    """The number at the head of a row's trailing comment, and its span."""

    value: int
    start: int
    end: int


def index_comment(text: str, row_end: int) -> IndexComment | None:
    found = _COMMENT.match(text, row_end)
    if found is None or (len(found[1]) > 1 and found[1][0] == "0"):
        return None
    return IndexComment(int(found[1]), found.start(1), found.end(1))
