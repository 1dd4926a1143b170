"""The numbers of `profile` as tables: of models beside the base, and of a model's layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from yamlmod.report.grids import Grid


class Measure(NamedTuple):
    """A number of each model: its key in the answer, and how a table shows it."""

    key: str
    header: str
    unit: float
    decimals: int


MEASURES = (
    Measure("parameters", "Params (M)", 1e6, 3),
    Measure("flops", "GFLOPs", 1e9, 2),
    Measure("thop_flops", "thop GFLOPs", 1e9, 2),
    Measure("latency_ms", "Latency (ms)", 1, 1),
    Measure("forward_bytes", "Forward (MB)", 1e6, 1),
    Measure("training_bytes", "Training (MB)", 1e6, 1),
    Measure("weights_bytes", "Weights (MB)", 1e6, 1),
)
_SPREAD = "IQR (ms)"
_LAYER_HEADERS = (
    "#", "from", "module", "Params", "GFLOPs", "output", "time (%)", "memory (MB)",
)  # fmt: skip
_LAYER_RIGHT = (0, 3, 4, 6, 7)


def models_grid(models: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the table of a paper: a row for each model, with its distance from the base."""
    shown = [one for one in MEASURES if any(model[one.key] is not None for model in models)]
    headers = ["Model"]
    for measure in shown:
        headers += [measure.header, _SPREAD] if measure.key == "latency_ms" else [measure.header]
    rows = []
    for number, model in enumerate(models):
        cells = [str(model["model"])]
        for measure in shown:
            decimals = _decimals(measure, [one[measure.key] for one in models])
            cells.append(_cell(model, measure, decimals, base=number == 0))
            if measure.key == "latency_ms":
                latency = model["latency"]
                cells.append(f"{latency['q1']:.1f}-{latency['q3']:.1f}" if latency else "-")
        rows.append(cells)
    return Grid(headers, rows, tuple(range(1, len(headers))))


def _decimals(measure: Measure, values: Sequence[float | None]) -> int:
    """Return as many decimals as give the smallest number three digits."""
    smallest = min(value for value in values if value is not None) / measure.unit
    decimals = measure.decimals
    while smallest and smallest * 10**decimals < 100 and decimals < 6:
        decimals += 1
    return decimals


def _cell(model: Mapping[str, Any], measure: Measure, decimals: int, base: bool) -> str:
    value = model[measure.key]
    if value is None:
        return "-"
    text = f"{value / measure.unit:.{decimals}f}"
    against = model["against_base"][measure.key]
    if base or against is None or against["ratio"] is None:
        return text
    if not against["difference"]:
        return f"{text} (=)"
    if measure.key == "latency_ms" and not against.get("shown", True):
        return f"{text} (~)"
    change = 100 * (against["ratio"] - 1)
    if abs(change) < 0.005:
        return f"{text} (<0.01 %)"
    return f"{text} ({change:+.{2 if abs(change) < 10 else 0}f} %)"


def layers_grid(model: Mapping[str, Any]) -> Grid:
    rows = [
        [
            str(layer["index"]),
            str(layer["from"]),
            layer["module"],
            f"{layer['parameters']:,}",
            _number(layer["flops"], 1e9, 3),
            _shapes(layer["shapes"]),
            _number(layer["time_share"], 0.01, 1),
            _number(layer["bytes"], 1e6, 2),
        ]
        for layer in model["layers"]
    ]
    return Grid(_LAYER_HEADERS, rows, _LAYER_RIGHT)


def _number(value: float | None, unit: float, decimals: int) -> str:
    return "-" if value is None else f"{value / unit:.{decimals}f}"


def _shapes(shapes: Sequence[Sequence[int]]) -> str:
    if not shapes:
        return "-"
    more = f" +{len(shapes) - 1}" if len(shapes) > 1 else ""
    return "x".join(map(str, shapes[0])) + more


def models_lines(models: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    """Return the headers and rows of the CSV: bare numbers in the units of their names."""
    headers = ["model", "cfg"]
    for measure in MEASURES:
        headers += [measure.key, f"{measure.key}_difference", f"{measure.key}_ratio"]
        headers += ["latency_q1_ms", "latency_q3_ms"] * (measure.key == "latency_ms")
    rows = []
    for model in models:
        cells = [model["model"], model["cfg"]]
        for measure in MEASURES:
            against = model["against_base"][measure.key] or {}
            cells += [model[measure.key], against.get("difference"), against.get("ratio")]
            if measure.key == "latency_ms":
                latency = model["latency"] or {}
                cells += [latency.get("q1"), latency.get("q3")]
        rows.append(cells)
    return headers, rows


def layers_lines(models: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    """Return the headers and rows of the CSV of all models' layers."""
    keys = ["index", "from", "module", "parameters", "flops", "output", "milliseconds",
            "time_share", "bytes"]  # fmt: skip
    rows: list[list[object]] = []
    for model in models:
        for layer in model["layers"]:
            told = {**layer, "output": ";".join("x".join(map(str, s)) for s in layer["shapes"])}
            rows.append([model["model"], *(told.get(key) for key in keys)])
    return ["model", *keys], rows
