"""Exports networks of a fork to ONNX; a script, run on its own: `export_fork.py QUESTION`.

The question is JSON: where the fork is, and a list of [CFG, OUT, OPSET, DYNAMO, SIZE]. The
answer is a line for each behind a marker, with the error where there is one.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from typing import Any

import torch

from yamlmod.runtime.yamlmod_worker.building.builder import Builder


def main() -> int:
    """Export them all."""
    question = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    builder = Builder({"stand_ins": True, **question})
    builder.open()
    for cfg, out, opset, dynamo, size in question["exports"]:
        error = ""
        try:
            export(builder.build(cfg, None, "Detect").eval(), out, opset, dynamo, size)
        except Exception as problem:
            error = f"{type(problem).__name__}: {str(problem).strip().splitlines()[0][:200]}"
        sys.stdout.write(f"\nEXPORTED {json.dumps([out, error])}\n")
        sys.stdout.flush()
    return 0


def export(network: Any, out: str, opset: int, dynamo: bool, size: int) -> None:
    """Export one network as the fork's own export.py does: fused, with one output."""
    if not dynamo:  # a fused network has parameters that torch.export refuses
        network = network.fuse()
    for module in network.modules():
        if hasattr(module, "export"):
            module.export = True
    image = torch.zeros(1, 3, size, size)
    torch.onnx.export(network, (image,), out, opset_version=opset, dynamo=dynamo)


if __name__ == "__main__":
    raise SystemExit(main())
