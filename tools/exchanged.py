"""Modules that take the place of other layers (upsampling, downsampling), in four networks.

    python -m tools.exchanged DIR [NAME...] [--yolov7-tiny FILE] [--networks yolov5s yolov8n]

DIR is an empty folder to work in. In each network (yolov5s 7.0.14, yolov7-tiny, whose YAML must be
given, yolov8n, yolo11n) each module takes the place of two layers, each alone and both together.
The three files are verified against the base, the one with both takes a training step, and a
checkpoint of the base is remapped to it; the fork's own loading code must then find every tensor
of the base that has a place.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yamlmod
from tests.runtime.bench import FORCE, Bench
from yamlmod.errors import Refusal
from yamlmod.registry.catalogue import catalogue, get
from yamlmod.registry.template import Template
from yamlmod.usecases.fork_run import open_run
from yamlmod.usecases.verify import Subjects, Verifier, VerifyOptions


class Setting(NamedTuple):
    """A network, and the published fork that builds it."""

    fork: str
    cfg: str


NETWORKS = {
    "yolov5s": Setting("yolov5==7.0.14", "yolov5s.yaml"),
    "yolov7-tiny": Setting("yolov7detect==1.0.1", ""),
    "yolov8n": Setting("ultralytics==8.4.190", "yolov8.yaml"),
    "yolo11n": Setting("ultralytics==8.4.190", "yolo11.yaml"),
}


def exchangeable(model: yamlmod.Model, template: Template) -> list[int]:
    """Return the layers whose place a module can take, with the same stride and channels."""
    found = []
    for layer in model.layers:
        if layer.module == template.name or layer.index == 0:  # the image has three channels
            continue
        try:
            after = model.replace(layer.index, template.name)
        except Refusal:
            continue
        old, new = layer, after.layers[layer.index]
        if (old.channels, old.stride) == (new.channels, new.stride):
            found.append(layer.index)
    return found


def exchanged(model: yamlmod.Model, template: Template, count: int = 1) -> yamlmod.Model:
    """Return the network with a module in the places of the first layers that it can replace."""
    places = exchangeable(model, template)[:count]
    if len(places) < count:
        raise Refusal("no-place", f"no {count} layers that {template.name} can replace")
    for place in places:
        model = model.replace(place, template.name)
    return model


def main(words: Sequence[str] | None = None) -> int:
    """Work through the networks; 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--yolov7-tiny", type=Path, metavar="FILE")
    parser.add_argument("--networks", nargs="+", choices=sorted(NETWORKS), default=list(NETWORKS))
    options = parser.parse_args(words)
    templates = [get(name) for name in options.names] or [t for t in catalogue() if t.exchanges]
    failed = tried = 0
    for network in options.networks:
        fork, cfg = NETWORKS[network]
        path = options.yolov7_tiny.resolve() if network == "yolov7-tiny" else cfg
        if not path:
            continue
        folder = options.folder.resolve() / network
        folder.mkdir(parents=True)
        bench = Bench(folder, path, fork)
        for template in templates:
            problems = list(trial(bench, template, network))
            sys.stdout.write(f"{network} {template.name}: {'; '.join(problems) or 'right'}\n")
            sys.stdout.flush()
            failed, tried = failed + bool(problems), tried + 1
    sys.stdout.write(f"{tried - failed} of {tried} right\n")
    return 1 if failed else 0


def trial(bench: Bench, template: Template, network: str) -> Iterator[str]:
    """Yield what goes wrong with a module in a network."""
    model = yamlmod.load(bench.base_yaml.read_text(encoding="utf-8"))
    places = exchangeable(model, template)
    if len(places) < 2:
        yield f"only {len(places)} places"
        return
    if template.class_name not in (bench.fork / _modules_of(bench)).read_text(encoding="utf-8"):
        done = yamlmod_command("patch", bench.fork, template.name, "-w", folder=bench.folder)
        if done:
            yield done
            return
    cfgs = []
    scale = network[-1] if bench.is_ultralytics else ""
    for chosen in ([places[0]], [places[-1]], [places[0], places[-1]]):
        edited = model
        for place in chosen:
            edited = edited.replace(place, template.name)
        stem = f"{bench.base_yaml.stem}{scale}-{template.name}-{'-'.join(map(str, chosen))}"
        cfgs.append(bench.folder / f"{stem}.yaml")
        cfgs[-1].write_text(edited.to_text(), encoding="utf-8")
    run = open_run(bench.fork, None, True)
    with Verifier(Subjects(run, run.open_model(bench.base_yaml), VerifyOptions())) as verifier:
        wrong = [
            "; ".join(f"{c.name}: {c.reason}" for c in found.failed) or found.skipped
            for found in verifier.all([run.open_model(cfg) for cfg in cfgs])
            if found.failed or found.skipped
        ]
    if wrong:  # what cannot be built cannot be trained
        yield from wrong
        return
    yield from _trained_and_remapped(bench, cfgs[-1], (places[0], places[-1]))


def _trained_and_remapped(bench: Bench, cfg: Path, chosen: Sequence[int]) -> Iterator[str]:
    yield from bench.ask({"steps": [str(cfg)], "watched": list(chosen)})["steps"]
    out = bench.folder / "remapped.pt"
    done = bench.remap(cfg, "-o", out, "--json", "--force")
    if done.code:
        yield f"remap: {done.err.strip()[:300]}"
        return
    told = json.loads(done.out)
    state = bench.ask({"pairs": [[str(out), str(cfg)]]}, **FORCE)["loaded"][0]["state"]
    out.unlink()
    lost = [
        key
        for key, digest in bench.state.items()
        if int(key.split(".")[1]) not in chosen and state.get(key) != digest
    ]
    if lost:
        yield f"remap lost {len(lost)} of {len(bench.state)} tensors, first {lost[0]}: {told}"


def _modules_of(bench: Bench) -> str:
    return "nn/tasks.py" if bench.is_ultralytics else "models/yolo.py"


def yamlmod_command(*words: str | Path, folder: Path) -> str:
    """Run the tool; return what it complains of, or an empty text."""
    from tests.cli.run import yamlmod as command

    done = command(*words, cwd=folder)
    return done.err.strip()[:300] if done.code else ""


if __name__ == "__main__":
    sys.exit(main())
