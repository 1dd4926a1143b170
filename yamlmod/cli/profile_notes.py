"""Explain the numbers of `profile`: how they were counted, and what thop misses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from yamlmod.errors import one_of
from yamlmod.runtime.yamlmod_worker.answers import Stopped
from yamlmod.usecases.fork_run import told_of_run
from yamlmod.usecases.profile import Settings

_DISPATCHER = "torch.utils.flop_counter"
_FEW = 1e-4  # of a network's FLOPs: a difference that needs no words


def notes(answer: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """Yield every sentence that belongs under the tables."""
    models = answer["models"]
    form = "fused, as val.py prints it" if settings.fused else "not fused, as in training"
    yield f"image {settings.imgsz} x {settings.imgsz}, layers {form}; eval mode, without NMS"
    yield from _counter(answer)
    for model in models:
        yield from _thop(model, settings)
    yield from _memory(settings, models)
    if settings.rounds:
        half = ", half precision" if settings.half else ""
        threads = "1 thread" if answer["threads"] == 1 else f"{answer['threads']} threads"
        yield (
            f"latency: median and quartiles of {settings.rounds} rounds with every model in turn, "
            f"batch {settings.batch}{half}, on {answer['device_name']} ({answer['device']}, "
            f"{threads}), torch {answer['torch']}"
        )
    if settings.layers:
        yield (
            "layers: time is the share of all layers' medians; memory is what a layer needed at "
            "its peak on top of what it found; output is the first tensor, +n for others"
        )
    for model in models:
        for note in model["notes"]:
            yield f"{model['model']}: {note}"
    if len(models) > 1:
        yield f"in brackets: the change from {models[0]['model']}; = is the same number"
        if any(not _shown(model) for model in models[1:]):
            yield "~: the quartiles overlap: no difference in latency was shown; try more --rounds"
    yield from told_of_run(cast(Stopped, answer))


def _shown(model: Mapping[str, Any]) -> bool:
    latency = model["against_base"]["latency_ms"]
    return latency is None or bool(latency.get("shown", True))


def _counter(answer: Mapping[str, Any]) -> Iterator[str]:
    by = {model["counted_by"] for model in answer["models"]} - {None}
    if _DISPATCHER in by:
        yield (
            f"GFLOPs: counted at torch's dispatcher ({_DISPATCHER} of torch {answer['torch']}), "
            "functional operators included; a multiplication with its addition is two"
        )
    elif by:
        yield (
            f"GFLOPs: torch {answer['torch']} has no {_DISPATCHER}; counted from the trace of each "
            "layer, functional operators included; a multiplication with its addition is two"
        )


def _thop(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    thop, at_size = model["thop_flops"], model["thop_flops_at_size"]
    flops, blind = model["flops"], model["thop_unseen_flops"]
    if thop is None or flops is None or at_size is None:
        return
    parts = []
    if blind > 0:
        where = _blind_layers(model)
        parts.append(f"does not see {_giga(blind)} of functional operators{where}")
    extra = at_size - (flops - blind)
    if abs(extra) >= _FEW * flops:
        what = "normalisation, pooling and upsampling, which are no matrix products"
        parts.append(f"counts {_giga(extra)} for {what}")
    scaled = thop - at_size
    if abs(scaled) >= _FEW * flops:
        stride = model["thop_stride"]
        parts.append(
            f"counts an image of {stride} px and scales it to {settings.imgsz} by area, "
            f"which changes the count by {_giga(scaled, sign=True)}"
        )
    why = "; it ".join(parts) or "counts the same operators"
    yield (
        f"{model['model']}: thop, which YOLOv5 prints, would say {_giga(thop)}, "
        f"{_giga(thop - flops, sign=True)} against the count above: it {why}"
    )


def _blind_layers(model: Mapping[str, Any]) -> str:
    found = sorted(
        (layer["thop_unseen_flops"], layer["index"], layer["module"])
        for layer in model["layers"]
        if layer["thop_unseen_flops"] > 0
    )
    told = [f"layer {index} {name} {_giga(value)}" for value, index, name in reversed(found)]
    return f" ({one_of(told, 4)})" if told else ""


def _giga(flops: float, sign: bool = False) -> str:
    value = flops / 1e9
    decimals = 2 if abs(value) >= 0.1 or not value else 4
    return f"{value:{'+' if sign else ''}.{decimals}f}"


def _memory(settings: Settings, models: Any) -> Iterator[str]:
    if not any(model["forward_bytes"] or model["training_bytes"] for model in models):
        return
    how = "torch.cuda.max_memory_allocated" if settings.device == "cuda" else "its profiler"
    half = "half precision" if settings.half else "float32"
    yield (
        f"memory: the most bytes that torch's allocator held at once, counted by {how}, beyond "
        f"weights and image, batch {settings.batch}; Forward without gradients, {half}; Training "
        "is forward and backward of a made-up loss in float32, not fused, gradients included, no "
        "optimizer; MB are 10^6 bytes"
    )
