"""The work of `draw`: networks read, findings placed, the drawing written in a format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.model.document import parse_document
from yamlmod.model.network import Network
from yamlmod.model.parse import load_plain
from yamlmod.model.refs import IMAGE, target
from yamlmod.ops.network import read_network, registry_kinds
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.labels import Readings
from yamlmod.picture.render import format_names, format_of_suffix, render
from yamlmod.picture.scene import LANGS, Lang
from yamlmod.picture.themes import THEMES
from yamlmod.usecases.model_file import find_cfg, named_scale, read_model
from yamlmod.usecases.model_folders import folders_of_fork
from yamlmod.usecases.named_fork import NamedFork
from yamlmod.usecases.new_file import Overwriting, new_file_change
from yamlmod.workspace.files import FileChange, display, read_text

if TYPE_CHECKING:
    from yamlmod.checks.finding import Finding
    from yamlmod.picture.marks import Marks

# Formats that a library makes from the SVG; they have no text of their own.
PRINTED = (".pdf", ".png")
MADE_BY = b"yamlmod draw"
"""What every file that is written here holds near its beginning, so that it can be replaced."""


class DrawRequest(NamedTuple):
    """What to draw of a file: its base, its findings, and where facts beyond the file come from."""

    base: Path | None = None
    side_by_side: bool = False
    check: bool = False
    fork: NamedFork | None = None


def draw_file(cfg: Path, request: DrawRequest, options: DrawOptions) -> Drawing:
    """Return the drawing of a model YAML. Raises Refusal where a file cannot be read."""
    if request.side_by_side and request.base is None:
        raise Refusal("usage", "--side-by-side draws two files, and there is no --base")
    path = find_cfg(cfg, folders_of_fork(cfg, request.fork))
    file = read_text(path)
    if options.scale is None:
        options = replace(options, scale=named_scale(cfg, path) or None)
    shown = display(file.path)
    if request.check:
        document = parse_document(file.text, shown)
        kinds = registry_kinds(row.module for row in document.rows)
        network = Network.lenient(document, kinds)
    else:
        network = read_model(file.text, shown)
    base = None
    if request.base is not None:
        base_file = read_text(find_cfg(request.base, folders_of_fork(request.base, request.fork)))
        base = read_model(base_file.text, display(base_file.path))
    marks = _marks_of(network, request) if request.check else None
    if request.fork is not None:
        options = replace(options, readings=_readings(network, request.fork))
        if base is not None:
            options = replace(options, base_readings=_readings(base, request.fork))
    return Drawing(network, options, base, request.side_by_side, marks)


def _marks_of(network: Network, request: DrawRequest) -> Marks:
    # Here and not at the top: only --check pays for the rules.
    from yamlmod.checks.run import check_document
    from yamlmod.usecases.check_setup import check_options

    options = check_options((), (), request.base, request.fork)
    return marks_of(network, check_document(network.document, options))


def marks_of(network: Network, findings: Iterable[Finding]) -> Marks:
    """Place findings on a network: wrong references, dead layers, marked layers."""
    from yamlmod.picture.marks import LayerMark, Marks, worst

    right: dict[tuple[int, int], int] = {}
    severities: dict[int, list[str]] = defaultdict(list)
    messages: dict[int, list[str]] = defaultdict(list)
    lines = []
    for finding in findings:
        lines.append(f"{finding.severity}[{finding.rule}]: {finding.message}")
        if finding.layer is None:
            continue
        severities[finding.layer].append(finding.severity)
        messages[finding.layer].append(lines[-1])
        right |= _right(network, finding)
    layers = {
        layer: LayerMark(worst(names), tuple(messages[layer]))
        for layer, names in severities.items()
    }
    dead = frozenset() if network.unresolved else _dead(network)
    return Marks(right, dead, layers, tuple(lines))


def _dead(network: Network) -> frozenset[int]:
    return frozenset(range(len(network.rows))) - network.alive


def _right(network: Network, finding: Finding) -> dict[tuple[int, int], int]:
    """Return where the references of a finding should lead, those that already do left out."""
    if finding.expected is None or finding.layer is None:
        return {}
    reader = finding.layer
    given = finding.expected if isinstance(finding.expected, list) else [finding.expected]
    now = [ref.value for ref in network.rows[reader].refs]
    targets = {}
    for slot, (was, value) in enumerate(zip(now, given, strict=False)):
        layer = target(reader, value)
        if layer != target(reader, was) and IMAGE <= layer < len(network.rows):
            targets[reader, slot] = layer
    return targets


_CHOICES = {
    "theme": tuple(THEMES),
    "fold": ("auto", "none"),
    "lang": LANGS,
}


def draw_model(
    network: Network,
    base: Network | None,
    words: Mapping[str, str],
    scale: str | None,
    side_by_side: bool,
    findings: Iterable[Finding] | None,
) -> str:
    """Return a figure as text. Raises Refusal for a word that is no choice."""
    choices = {**_CHOICES, "format": tuple(format_names())}
    for name, word in words.items():
        if word not in choices[name]:
            hint = f"use {one_of(list(choices[name]), limit=len(choices[name]))}"
            raise Refusal("usage", f"{name}={word!r} is no choice"[:80], hint=hint)
    if side_by_side and base is None:
        raise Refusal("usage", "side_by_side draws two models, and there is no base")
    marks = None if findings is None else marks_of(network, findings)
    lang: Lang = "zh" if words["lang"] == "zh" else "en"
    options = DrawOptions(scale, lang, words["fold"] == "auto", words["theme"])
    return render(Drawing(network, options, base, side_by_side, marks), words["format"])


def html_figure(network: Network, base: Network | None) -> str:
    """Return the figure as a part of an HTML page; nothing where it is too large."""
    try:
        text = render(Drawing(network, DrawOptions(), base), "svg")
    except Refusal:
        return ""
    return f"<div>{text.partition('-->')[2]}</div>"


def _readings(network: Network, fork: NamedFork) -> Readings:
    """Return channels and strides as the fork's code gives them; it is read and never run."""
    from yamlmod.fork.read.answers import Sizes, output_channels
    from yamlmod.usecases.fork_questions import built_layers

    document = network.document
    own = next(iter(network.shapes.scales)).name
    channels: dict[str, dict[int, int]] = {}
    strides: dict[int, float] = {}
    for scale, reading in built_layers(fork, load_plain(document.text, document.shown)).items():
        at = channels.setdefault(scale or own, {})
        for row in reading.rows:
            known = output_channels(row)
            known = row.channels if known is None and isinstance(row.channels, int) else known
            if known is not None:
                at[row.index] = known
            sizes = row.output.sizes if isinstance(row.output, Sizes) else None
            if sizes is not None and len(sizes) == 4 and sizes[2]:
                strides.setdefault(row.index, 256 / sizes[2])
    return Readings(channels, strides)


def chosen_format(name: str | None, output: Path | None) -> str:
    """Return the format: the one asked for, else that of the file's suffix, else SVG."""
    if name is not None:
        return name
    if output is None:
        return "svg"
    if output.suffix.lower() in PRINTED:
        return output.suffix.lower().removeprefix(".")
    suffix_format = format_of_suffix(output.suffix)
    if suffix_format is None:
        names = [f".{name}" for name in format_names()] + list(PRINTED)
        raise Refusal(
            "unknown-format",
            f"the suffix of {display(output)} is that of no format",
            hint=f"use {one_of(names, limit=len(names))}, or --format",
        )
    return suffix_format


def drawing_bytes(drawing: Drawing, name: str) -> bytes:
    """Return the file that holds the drawing."""
    if f".{name}" in PRINTED:
        from yamlmod.usecases.print_figure import printed

        return printed(render(drawing, "svg"), name)
    return render(drawing, name).encode("utf-8")


def drawing_change(drawing: Drawing, name: str, path: Path, force: bool) -> FileChange:
    """Return the write of the drawing; a file that is no drawing of ours needs --force."""
    after = drawing_bytes(drawing, name)
    note = " and was not drawn by yamlmod"
    return new_file_change(path, after, Overwriting(force, _is_drawing, note))


def _is_drawing(data: bytes) -> bool:
    return not data or MADE_BY in data[:1000] + data[-200:]


def draw_difference(
    before: Network, text: str, path: Path, force: bool, scale: str = ""
) -> FileChange:
    """Return the write of what an edit does to a network, in the format of the file's suffix."""
    after = read_network(text, before.document.shown)
    return draw_networks(before, after, path, force, scale)


def draw_networks(
    before: Network, after: Network, path: Path, force: bool, scale: str = ""
) -> FileChange:
    """Return the write of the difference of two networks."""
    drawing = Drawing(after, DrawOptions(scale or None), before)
    return drawing_change(drawing, chosen_format(None, path), path, force)
