"""Every text of a figure can be read: a contrast of 4.5 to 1 on whatever it is written on."""

from __future__ import annotations

import pytest

from yamlmod.picture.themes import THEMES, Theme


def _light(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_light(one), _light(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure() -> None:
    assert _contrast("#ffffff", "#000000") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_texts_can_be_read_on_every_fill(theme: Theme) -> None:
    backs = {theme.paper, *(fill for fill, _ in theme.fills.values()), *theme.soft.values()}
    pale = {
        (text, back): round(_contrast(text, back), 2)
        for text in (theme.text, theme.muted)
        for back in backs
        if _contrast(text, back) < 4.5
    }
    assert pale == {}
