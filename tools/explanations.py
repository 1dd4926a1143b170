"""Sweeps `explain` over every module of the registry, in yolov5s 7.0.14 behind layer 8.

python -m tools.explanations FOLDER    an empty folder to work in

Each network is explained from its traced graph and from its ONNX file; both must tell the same, and
gates may stand in the new layer alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.cli.run import yamlmod
from tests.gates.bench import GatesBench
from yamlmod.registry.catalogue import catalogue

# What each module has besides the activations of the network: where a sigmoid or a softmax is.
PLACE = 8


def main(folder: Path) -> int:
    """Explain them all; 1 where the two routes differ or another layer has a gate."""
    bench = GatesBench(folder, "yolov5s.yaml")
    names = sorted(template.class_name for template in catalogue() if not template.exchanges)
    wrong = 0
    cfgs = {name: bench.edited(f"{name}.yaml", name, (PLACE,)) for name in names}
    exported = bench.export({name: (cfg, 17, False, 128) for name, cfg in cfgs.items()})
    for name, cfg in cfgs.items():
        told = bench.told(cfg, "--repo", bench.fork, "--imgsz", "128")
        new = sorted(f"{key} {count}" for key, count in counts_in(told, PLACE + 1).items() if count)
        line = f"{name}: {', '.join(new) or 'no sigmoid and no softmax'}"
        problems = problems_of(told)
        if exported[name]:
            line += f"; not exported ({exported[name]})"
        else:
            file = json.loads(yamlmod("explain", f"{name}.onnx", "--json", cwd=folder).out)
            problems += problems_of(file)
            if file["counts"] != told["counts"]:
                problems.append(f"ONNX: {file['counts']}, traced: {told['counts']}")
            if places(file) != places(told):
                problems.append("the two routes name other layers")
        wrong += bool(problems)
        sys.stdout.write("; ".join([line, *(f"WRONG: {one}" for one in problems)]) + "\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(names) - wrong} of {len(names)} as they must be\n")
    return 1 if wrong else 0


def counts_in(told: dict, layer: int) -> dict[str, int]:  # type: ignore[type-arg]
    """Return how often each kind stands in a layer."""
    found: dict[str, int] = {}
    for pair in told["pairs"]:
        if pair["layer"] == layer:
            found[pair["kind"]] = found.get(pair["kind"], 0) + 1
    products = sum(one["layer"] == layer for one in told["products"])
    return {**found, "products without a sigmoid": products}


def places(told: dict) -> list[tuple[str, int]]:  # type: ignore[type-arg]
    """Return the kind and the layer of every pair."""
    return sorted((pair["kind"], pair["layer"]) for pair in told["pairs"])


def problems_of(told: dict) -> list[str]:  # type: ignore[type-arg]
    """Return what cannot be: gates elsewhere, other activations than yolov5s has."""
    problems = []
    elsewhere = {one["layer"] for one in told["pairs"] if one["kind"] in ("gate", "softmax")}
    if elsewhere - {PLACE + 1}:
        problems.append(f"gates in {sorted(elsewhere)}")
    base = [one for one in told["pairs"] if one["kind"] == "silu" and one["layer"] != PLACE + 1]
    if len(base) != 57:
        problems.append(f"{len(base)} SiLUs in the layers of yolov5s")
    return problems


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
