"""Compare a built network with its YAML: layers, types, references, saved outputs, strides."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional

from .network import BuiltNetwork, Failed


def check_wiring(net: BuiltNetwork, names: Any, strides: List[Optional[float]]) -> str:
    """Compare what the fork built with what the rows say; ``names`` is the fork's own module."""
    layers, rows = list(net.module.model), net.rows
    if len(layers) != len(rows):
        raise Failed(
            "the file has {} rows, but {} layers were built".format(len(rows), len(layers))
        )
    wrong = [text for row, layer in zip(rows, layers) for text in _compare(net, row, layer, names)]
    saved = set(net.module.save)
    for row in rows:
        lost = [x for x in row["sources"] if 0 <= x != row["index"] - 1 and x not in saved]
        wrong += ["layer {} is read later and not saved".format(net.named(x)) for x in lost]
    wrong += _strides(net, strides)
    if wrong:
        more = "; {} more".format(len(wrong) - 3) if len(wrong) > 3 else ""
        raise Failed("; ".join(wrong[:3]) + more, "; ".join(wrong))
    inputs = ", ".join(str(source) for source in rows[-1]["sources"])
    return "{} layers, the head reads {}{}".format(len(rows), inputs, _stride_text(net))


def _compare(net: BuiltNetwork, row: Dict[str, Any], layer: Any, names: Any) -> Iterator[str]:
    index, name = row["index"], net.named(row["index"])
    if layer.i != index:
        yield "layer {} was built as layer {}".format(name, layer.i)
    read = layer.f if isinstance(layer.f, (list, tuple)) else [layer.f]
    # An empty list is a head that collects its inputs itself.
    reads = [x if x >= 0 else (index + x if index else -1) for x in read]
    if row["listed"] and reads != row["sources"]:
        yield "layer {} reads {} instead of {}".format(name, reads, row["sources"])
    type_name = layer.type
    if not isinstance(
        type_name, str
    ):  # a fork that notes no type: every module has a method `type`
        type_name = type(layer).__name__
        if type_name == "Sequential":  # a row that is repeated
            return
    kind = type_name.rpartition(".")[2]
    wanted = row["module"].rpartition(".")[2]
    other = getattr(getattr(names, wanted, None), "__name__", wanted)
    if kind not in (wanted, other):
        yield "layer {} was built as {}".format(name, kind)


def _strides(net: BuiltNetwork, strides: List[Optional[float]]) -> Iterator[str]:
    built = _built_strides(net)
    # Heads with auxiliary inputs have only the strides of the main ones.
    if len(built) != len(strides):
        return
    for source, stride, wanted in zip(net.rows[-1]["sources"], built, strides):
        if wanted is not None and abs(stride - wanted) > 1e-6:
            yield "the head takes layer {} for stride {:g}, but it has {:g}".format(
                net.named(source), stride, wanted
            )


def _built_strides(net: BuiltNetwork) -> List[float]:
    strides: Any = getattr(net.module, "stride", None)
    return [float(x) for x in strides] if hasattr(strides, "__len__") else []


def _stride_text(net: BuiltNetwork) -> str:
    built = _built_strides(net)
    return " at strides " + ", ".join("{:g}".format(x) for x in built) if built else ""
