"""One network with every kind of pair through both exporters, old opsets and new."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch

from tests.gates.networks import SIMAM, WANTED, network
from yamlmod.gates.findings import Findings, examine
from yamlmod.gates.onnx_file import read_onnx
from yamlmod.gates.torch_graph import traced_graph
from yamlmod.runtime.yamlmod_worker.explain.answer import traced


def _export(path: Path, opset: int, dynamo: bool) -> bytes:
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network(), (torch.zeros(1, 3, 32, 32),), str(path), opset_version=opset,
                dynamo=dynamo,
            )  # fmt: skip
    finally:
        logging.disable(disabled)
    return path.read_bytes()


def by_layer(findings: Findings) -> Mapping[int | None, dict[str, int]]:
    found: dict[int | None, dict[str, int]] = {}
    for pair, place in findings.found:
        kinds = found.setdefault(place.layer, {})
        kinds[pair.kind.name] = kinds.get(pair.kind.name, 0) + 1
    return dict(sorted(found.items(), key=lambda one: str(one[0]).zfill(4)))


@pytest.mark.parametrize("opset", [11, 12, 17])
def test_the_torchscript_exporter(tmp_path: Path, opset: int) -> None:
    raw = _export(tmp_path / "net.onnx", opset, False)
    findings = examine(read_onnx(raw, "net.onnx"))
    assert by_layer(findings) == WANTED
    assert (findings.alone, findings.products) == ([], [])
    assert all(one.place.how == "scope" for one in findings.found)


def test_the_dynamo_exporter(tmp_path: Path) -> None:
    from torch.onnx import _constants

    raw = _export(tmp_path / "net.onnx", int(_constants.ONNX_MAX_OPSET), True)
    findings = examine(read_onnx(raw, "net.onnx"))
    assert by_layer(findings) == WANTED
    classes = {one.place.layer: one.place.layer_class for one in findings.found}
    assert (classes[0], classes[4], classes[12]) == ("Conv", "SE", "Detect")
    _simplified(raw)
    modules = {one.place.module_class for one in findings.found if one.place.layer in (0, 1, 2)}
    assert modules == {"nn.SiLU", "Swish", "nn.Hardswish"}


def _simplified(raw: bytes) -> None:
    """Simplifiers drop the metadata: the same pairs, in their layers by the weights or in none."""
    model = onnx.load_model_from_string(raw)
    for node in model.graph.node:
        del node.metadata_props[:]
    found = dict(by_layer(examine(read_onnx(model.SerializeToString(), "net.onnx"))))
    assert found.pop(None) == {"gate": 1}  # SimAM has no weights
    assert found == {layer: kinds for layer, kinds in WANTED.items() if layer != SIMAM}


def test_what_onnxruntime_has_optimized(tmp_path: Path) -> None:
    """It fuses activations into convolutions, SiLU into QuickGelu, and changes the layout."""
    _export(tmp_path / "net.onnx", 17, False)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.optimized_model_filepath = str(tmp_path / "fast.onnx")
    options.log_severity_level = 3
    providers = ["CPUExecutionProvider"]
    onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), options, providers=providers)
    raw = (tmp_path / "fast.onnx").read_bytes()
    assert b"QuickGelu" in raw
    assert by_layer(examine(read_onnx(raw, "fast.onnx"))) == WANTED


def test_the_trace() -> None:
    findings = examine(traced_graph(traced(network(), 32)))
    assert by_layer(findings) == WANTED
    assert {one.place.module for one in findings.found if one.place.layer == 0} == {"model.0.act"}
    assert (findings.alone, findings.products) == ([], [])


def test_a_function_with_its_own_backward_is_looked_into() -> None:
    from tests.gates.networks import Conv, LeanSwish, Model

    before = torch.autograd.Function.apply
    findings = examine(traced_graph(traced(Model(Conv(3, 4, LeanSwish())).eval(), 32)))
    assert by_layer(findings) == {0: {"silu": 1}}
    assert torch.autograd.Function.apply == before
