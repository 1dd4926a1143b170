"""The table of layers beside the drawing, and the facts that hovering shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yamlmod.picture.drawing import Drawing
from yamlmod.picture.formats.svg import attribute, content
from yamlmod.picture.scene import Lang, Scene, SceneNode
from yamlmod.picture.words import words
from yamlmod.safe_text import visible_line


def table(scenes: Sequence[Scene], drawing: Drawing) -> str:
    """Return the layers of the drawing as a table, ghosts where they were."""
    scene, lang = scenes[0], drawing.options.lang
    scales = _scales(scene)
    heads = [words(name, lang) for name in ("layer", "module", "from", "number", "args")]
    heads += [_channel_head(name, lang) for name in scales]
    heads += [words(name, lang) for name in ("stride", "readers")]
    head = "".join(f"<th>{content(text)}</th>" for text in heads)
    body = "".join(_row(node, scales, lang) for node in scene.nodes if node.row is not None)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _channel_head(scale: str, lang: Lang) -> str:
    return words("channels", lang) if scale == "file" else f"@{visible_line(scale)}"


def _scales(scene: Scene) -> list[str]:
    for node in scene.nodes:
        if node.row is not None and not node.is_ghost:
            return list(node.facts["channels"])
    return []


def _row(node: SceneNode, scales: Sequence[str], lang: Lang) -> str:
    facts = node.facts
    channels = facts["channels"]
    stride = facts["stride"] or ""
    level = f" ({facts['level']})" if facts["level"] else ""
    cells = [
        str(node.number),
        visible_line(node.module) + (f" ({words(node.change, lang)})" if node.change else ""),
        facts["from"],
        facts["repeats"],
        visible_line(facts["args"]),
        *("" if channels.get(name) is None else channels[name] for name in scales),
        f"{stride}{level}",
        ", ".join(map(str, facts["readers"])),
    ]
    change = f' data-change="{node.change}"' if node.change else ""
    inside = "".join(f"<td>{content(str(cell))}</td>" for cell in cells)
    return f'<tr data-key="{attribute(node.key)}"{change}>{inside}</tr>'


def facts_of(scenes: Sequence[Scene], lang: Lang) -> dict[str, dict[str, str]]:
    """Return what hovering shows of each layer; those of the base have a `b` before the number."""
    facts: dict[str, dict[str, str]] = {}
    for number, scene in enumerate(scenes):
        for node in scene.nodes:
            if node.row is not None:
                key = f"b{node.number}" if number else node.key
                facts.setdefault(key, {"key": key, "text": "\n".join(_lines(node, lang))})
    return facts


def _lines(node: SceneNode, lang: Lang) -> Iterator[str]:
    yield node.title
    scales = node.facts["channels"]
    known = {name: value for name, value in scales.items() if value is not None}
    if len(known) > 1:
        values = ", ".join(f"{visible_line(name)} {value}" for name, value in known.items())
        yield f"{words('channels', lang)}: {values}"
    if node.change:
        yield words(node.change, lang)
