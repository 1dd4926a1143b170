"""Draw what each variant of a study changes, as the difference to the base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.formats.svg import attribute, inner, num, write
from yamlmod.picture.themes import THEMES
from yamlmod.study.plan_files import VariantFacts
from yamlmod.usecases.model_file import named_scale
from yamlmod.workspace.files import read_text

CHANGE = "change.svg"


def change_svg(before: Network, after: Network, cfg: str) -> str:
    """Return the figure of a change as a file; nothing without one, or too large to draw."""
    if after.document.text == before.document.text:
        return ""
    try:
        drawing = _drawing(before, after, cfg)
        return write(drawing, THEMES[drawing.options.theme])
    except Refusal:
        return ""


def change_elements(
    folder: Path, variants: Sequence[VariantFacts]
) -> Iterator[tuple[VariantFacts, str]]:
    """Yield the figure of each change as an element of a page; empty where it cannot be drawn."""
    before = _network(folder, variants[0])
    for count, variant in enumerate(variants[1:]):
        after = _network(folder, variant)
        if before is None or after is None:
            yield variant, ""
        elif after.document.text != before.document.text:
            yield variant, _element(before, after, variant.cfg, f"change-{count}-")


def _network(folder: Path, variant: VariantFacts) -> Network | None:
    try:
        file = read_text(folder / "variants" / variant.name / variant.cfg)
        return read_network(file.text, variant.cfg)
    except Refusal:
        return None


def _element(before: Network, after: Network, cfg: str, prefix: str) -> str:
    try:
        drawing = _drawing(before, after, cfg)
        figure = drawing.figure
    except Refusal:
        return ""
    theme = THEMES[drawing.options.theme]
    size = f"{num(figure.width)} {num(figure.height)}"
    body = "\n".join(inner(figure, theme, prefix))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="sans-serif" '
        f'width="{num(figure.width)}" height="{num(figure.height)}" role="img" '
        f'aria-label="{attribute(figure.title)}">{body}</svg>'
    )


def _drawing(before: Network, after: Network, cfg: str) -> Drawing:
    options = DrawOptions()
    scale = named_scale(Path(cfg), Path())
    if scale in {known.name for known in after.shapes.scales}:
        options = replace(options, scale=scale)
    return Drawing(after, options, before)
