"""Read image sizes from the words of an option."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.errors import Refusal


def parse_sizes(words: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return the sizes of --imgsz: `640`, `640x384` (height by width), several with commas."""
    found = []
    for word in (part.strip() for text in words for part in text.split(",")):
        sides = word.lower().split("x")
        if len(sides) > 2 or not all(side.isdecimal() and 0 < int(side) < 10_000 for side in sides):
            raise Refusal(
                "usage",
                f"--imgsz {word[:40]!r} is no size",
                hint="write 640, or height by width: 640x384",
            )
        found.append((int(sides[0]), int(sides[-1])))
    return tuple(found)
