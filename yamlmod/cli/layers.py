"""The layers of a model as a table and as data, for `show`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yamlmod.errors import Refusal, one_of
from yamlmod.model.channels import Scale
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE
from yamlmod.report.tables import Column, sized_table


def layers_data(model: Network, scale_name: str | None = None) -> dict[str, Any]:
    document, shapes = model.document, model.shapes
    names = [scale.name for scale in shapes.scales]
    if scale_name is not None and scale_name not in names:
        raise refuse_scale(scale_name, names)
    alive = model.alive
    layers = []
    for row in document.rows:
        shape = shapes[row.index]
        layers.append(
            {
                "index": row.index,
                "section": row.section,
                "from": row.from_value,
                "reads": [read.target for read in model.graph.reads[row.index]],
                "repeats": row.repeats,
                "module": row.module,
                "args": list(row.args),
                "channels": shape.nominal,
                "real_channels": {
                    scale.name: real
                    for scale, real in zip(shapes.scales, shape.real, strict=True)
                    if scale_name in (None, scale.name)
                },
                "stride": _stride(shape.stride),
                "readers": sorted({read.reader for read in model.readers(row.index)}),
                "alive": row.index in alive,
            }
        )
    return {"cfg": document.shown, "layers": layers}


def refuse_scale(name: str, known: Sequence[str]) -> Refusal:
    """Return the refusal of a scale that a file does not have."""
    names = one_of([scale or "the file's own" for scale in known])
    return Refusal("no-such-scale", f"--scale {name[:40]}: the scales are {names}")


def layers_table(model: Network, scale: str | None = None) -> list[str]:
    """Return the lines of the table that `show` prints."""
    shown = {scale: f"ch@{scale}"} if scale is not None else _columns(model.shapes.scales)
    columns = [
        Column("layer", right=True),
        Column("from", weight=5),
        Column("reads", weight=4),
        Column("n", right=True, weight=7),
        Column("module"),
        Column("args", weight=9),
        Column("nominal", right=True, weight=6),
        # The scale that the file has now is worth more than its family's.
        *(Column(head, right=True, weight=8 if "*" in head or head == "ch" else 2)
          for head in shown.values()),
        Column("stride", right=True, weight=8),
        Column("read by", weight=9),
    ]  # fmt: skip
    rows = []
    for layer in layers_data(model, scale)["layers"]:
        reads = ", ".join("image" if i == IMAGE else str(i) for i in layer["reads"])
        readers = ", ".join(map(str, layer["readers"]))
        is_head = layer["index"] == model.graph.head
        rows.append(
            [
                str(layer["index"]),
                str(layer["from"]),
                reads,
                str(layer["repeats"]),
                layer["module"],
                "[" + ", ".join(map(str, layer["args"])) + "]",
                _cell(layer["channels"], is_head),
                *(_cell(layer["real_channels"][name], is_head) for name in shown),
                _cell(layer["stride"], is_head),
                readers if readers or is_head else "no layer" if not layer["alive"] else "",
            ]
        )
    return sized_table(columns, rows)


def _columns(scales: Sequence[Scale]) -> dict[str, str]:
    """Return the scales to show and their headers; `*` marks the width the file has now."""
    own = {scale.width for scale in scales if scale.own}
    family = [scale for scale in scales if not scale.own]
    if not family:
        return {s.name: "ch" if s.name == "file" else f"ch@{s.name}" for s in scales}
    marked = {s.name: f"ch@{s.name}" + ("*" if s.width in own else "") for s in family}
    return marked if any("*" in header for header in marked.values()) else {"file": "ch", **marked}


def _cell(value: object, is_head: bool) -> str:
    return "-" if value is None and is_head else "?" if value is None else str(value)


def _stride(stride: float | None) -> int | float | None:
    if stride is None:
        return None
    return int(stride) if stride.is_integer() else stride
