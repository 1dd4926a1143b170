"""Summarise an edit: each new layer, and each layer whose inputs changed."""

from __future__ import annotations

from yamlmod.ops.head_switch import head_switch
from yamlmod.ops.outcome import Consumer, NewLayer, Outcome, WrongComment


def outcome_lines(outcome: Outcome) -> list[str]:
    """Return the summary of an outcome, one line each, indented by two blanks."""
    lines: list[str] = []
    for layer in outcome.inserted:
        args = ", ".join(map(str, layer.args))
        source = layer.reads_name if layer.reads < 0 else f"{layer.reads} {layer.reads_name}"
        if layer.sources:
            source = ", ".join(f"{index} {module}" for index, module in layer.sources)
        lines.append(
            f"  new layer {layer.index} {layer.module} [{args}] reads {source}  ({layer.asked})"
        )
        lines += _channels(outcome, layer)
    document = outcome.model.document
    lines += [f"  layer {document.describe(layer)} is gone" for layer in outcome.removed]
    lines += [f"  {line}" for line in outcome.told]
    lines += [_consumer(consumer) for consumer in outcome.consumers]
    if not outcome.consumers and (outcome.inserted or outcome.removed):
        lines.append("  no other layer's inputs changed")
    lines.append(
        f"  {_count(outcome.renumbered, 'reference')} and "
        f"{_count(outcome.comments, 'index comment')} renumbered"
    )
    return lines


def outcome_warnings(outcome: Outcome) -> list[str]:
    """Return what the operation warned of, a head that is built otherwise, and wrong comments."""
    switched = head_switch(outcome.model, outcome.text)
    return [*outcome.warnings, *switched, *_comment_warnings(outcome)]


def _channels(outcome: Outcome, layer: NewLayer) -> list[str]:
    """Return the channels a new layer gets, at every scale, where they are known."""
    shapes = outcome.model.shapes
    sources = [old for old, new in enumerate(outcome.mapping) if new == layer.reads]
    if not sources or None in shapes[sources[0]].real:
        return []
    real = list(zip(shapes.scales, shapes[sources[0]].real, strict=True))
    here = [f"{channels} here" for scale, channels in real if scale.name == "file"]
    sizes = ", ".join(f"{s.name} {channels}" for s, channels in real if s.name != "file")
    return ["    channels: " + "; ".join([*here, *([sizes] if sizes else [])])]


def _consumer(consumer: Consumer) -> str:
    now = "the image" if consumer.reads < 0 else f"{consumer.reads} {consumer.reads_name}"
    change = (
        f"{consumer.old_value} -> {consumer.value}"
        if consumer.old_value != consumer.value
        else f"{consumer.value}, as before"
    )
    verb = "still reads" if consumer.side == "bypass" else "now reads"
    return (
        f"  layer {consumer.reader} {consumer.module} {verb} {now}"
        f"  (from[{consumer.slot}]: {change})"
    )


def _comment_warnings(outcome: Outcome) -> list[str]:
    shown = outcome.model.document.shown
    warnings = []
    for comment in outcome.wrong_comments:
        fate = (
            f"this edit makes it right: that row is now layer {comment.now}"
            if comment.value == comment.now
            else f"that row {_places(comment)}, and the comment was not changed"
        )
        warnings.append(
            f"{shown}:{comment.line}: the comment `# {comment.value}` was wrong before; {fate}"
        )
    return warnings


def _places(comment: WrongComment) -> str:
    if comment.index == comment.now:
        return f"is layer {comment.now}"
    return f"was layer {comment.index} and is layer {comment.now} now"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
