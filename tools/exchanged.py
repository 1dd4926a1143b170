"""Every module in four networks: in the place of other layers, or behind them.

    python -m tools.exchanged DIR [NAME...] [--yolov7-tiny FILE] [--networks yolov5s yolov8n]
    python -m tools.exchanged DIR --table          the table of all that DIR/results.jsonl holds

DIR is a folder to work in. In each network (yolov5s 7.0.14, yolov7-tiny, whose YAML must be given,
yolov8n, yolo11n) each module is tried at two places, each alone and both together. What resizes,
joins, convolves or is a block takes the place of other layers. One that joins three levels stands
between them and the head, for one level and for two. The others are inserted behind the first and
the last layer of stride 16. The files are verified against the base, the one with both takes two
training steps, and a checkpoint of the base is remapped to it; the fork's own loading code must
then find every tensor of the base that has a place. A class that the fork has itself is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yamlmod
from tests.runtime.bench import Bench
from tools.levels import head_levels
from tools.real_forks import lacking
from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.head_switch import head_switch
from yamlmod.ops.network import read_network
from yamlmod.registry.catalogue import catalogue, get
from yamlmod.registry.template import Template
from yamlmod.usecases.fork_run import open_run
from yamlmod.usecases.verify import Subjects, Verifier, VerifyOptions


class Setting(NamedTuple):
    """A network, and the published fork that builds it."""

    fork: str
    cfg: str


# Ends of parameters whose gradient is zero, in the official code as well: biases that the softmax
# or the BatchNorm behind them cancels.
_CANCELLED = (
    *("conv_p.bias", "attention_embed.3.bias", "key_conv.bias", "conv_mask.bias"),
    "attention.conv1.bias",
)
# A stride: maps are small enough there for what compares every position with every other.
_INSERTED_AT = 16

NETWORKS = {
    "yolov5s": Setting("yolov5==7.0.14", "yolov5s.yaml"),
    "yolov7-tiny": Setting("yolov7detect==1.0.1", ""),
    "yolov8n": Setting("ultralytics==8.4.190", "yolov8.yaml"),
    "yolo11n": Setting("ultralytics==8.4.190", "yolo11.yaml"),
}


class Edited(NamedTuple):
    """A network with a module in it: which layers those are, and where each old layer is.

    ``reshaped`` are old layers whose weights may have other shapes: they read other channels.
    """

    model: yamlmod.Model
    new: tuple[int, ...]
    mapping: tuple[int, ...]
    reshaped: frozenset[int] = frozenset()

    def keeps(self, layer: int) -> bool:
        """Check for a layer of the base that is there as it was."""
        return self.mapping[layer] not in self.new and layer not in self.reshaped


def exchangeable(model: yamlmod.Model, template: Template) -> list[int]:
    """Return the layers whose place a module can take, with the same stride and channels.

    A sum may have other channels than the Concat that it replaces.
    """
    if template.rule == "level":
        return head_levels(network_of(model))
    found = []
    for layer in model.layers:
        if layer.module == template.name or layer.index == 0:  # the image has three channels
            continue
        try:
            after = model.replace(layer.index, template.name)
        except Refusal:
            continue
        new = after.layers[layer.index]
        if layer.stride == new.stride and (
            layer.channels == new.channels or template.rule == "add"
        ):
            found.append(layer.index)
    return found


def places_of(model: yamlmod.Model, template: Template) -> list[int]:
    """Return the layers whose place the module takes, or behind which it is inserted."""
    if takes_places(template):
        return exchangeable(model, template)
    return [
        layer.index
        for layer in model.layers
        if layer.stride == _INSERTED_AT and _takes(model, template, layer.index)
    ]


def _takes(model: yamlmod.Model, template: Template, layer: int) -> bool:
    try:
        model.insert(template.name, after=[layer])
    except Refusal:
        return False
    return True


def network_of(model: yamlmod.Model) -> Network:
    return read_network(model.to_text(), "model.yaml")


def exchanged(model: yamlmod.Model, template: Template, count: int = 1) -> Edited:
    """Return the network with a module in the places of the first layers that it can replace."""
    places = exchangeable(model, template)[:count]
    if len(places) < count:
        raise Refusal("no-place", f"no {count} layers that {template.name} can replace")
    return edited(model, template, places)


def edited(model: yamlmod.Model, template: Template, places: Sequence[int]) -> Edited:
    """Return the network with the module in these places."""
    if template.rule == "level":
        head, levels = len(model.layers) - 1, exchangeable(model, template)
        edges = [f"{place}:{head}" for place in places]
        after = model.insert(template.name, edge=edges, at_end=True, sources=levels)
        new = tuple(range(head, head + len(places)))
        return Edited(after, new, (*range(head), head + len(places)))
    if not takes_places(template):
        after = model.insert(template.name, after=list(places))
        mapping = [i + sum(place < i for place in places) for i in range(len(model.layers))]
        return Edited(after, tuple(mapping[place] + 1 for place in places), tuple(mapping))
    after = model
    for place in places:
        after = after.replace(place, template.name)
    layers = zip(model.layers, after.layers, strict=True)
    changed = {old.index for old, new in layers if old.channels != new.channels}
    readers = {
        layer.index for layer in model.layers if changed.intersection(inputs_of(model, layer.index))
    }
    if head_switch(network_of(model), after.to_text()):
        readers.add(len(model.layers) - 1)  # ultralytics builds the head otherwise
    return Edited(after, tuple(places), tuple(range(len(model.layers))), frozenset(readers))


def inputs_of(model: yamlmod.Model, layer: int) -> set[int]:
    return {read.target for read in network_of(model).graph.reads[layer]}


def main(words: Sequence[str] | None = None) -> int:
    """Work through the networks; 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--yolov7-tiny", type=Path, metavar="FILE")
    parser.add_argument("--networks", nargs="+", choices=sorted(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--table", action="store_true", help="print the table of earlier runs")
    options = parser.parse_args(words)
    results = options.folder.resolve() / "results.jsonl"
    if options.table:
        sys.stdout.write(table(results))
        return 0
    templates = [get(name) for name in options.names] or list(catalogue())
    failed = tried = 0
    for network in options.networks:
        fork, cfg = NETWORKS[network]
        path = (
            options.yolov7_tiny.resolve()
            if network == "yolov7-tiny" and options.yolov7_tiny
            else cfg
        )
        if not path:
            continue
        with tempfile.TemporaryDirectory(prefix=f"{network}-", dir=_made(options.folder)) as name:
            bench = Bench(Path(name), path, fork)
            own = {template.name for template in templates} - {t.name for t in lacking(bench.fork)}
            names = [template.name for template in templates if template.name not in own]
            refused = yamlmod_command("patch", bench.fork, *names, "-w", folder=bench.folder)
            if refused:
                sys.stdout.write(f"{network}: {refused}\n")
                return 1
            bench.forget()  # it imported the fork before the patch
            for template in templates:
                if template.name in own:
                    _keep(results, network, template.name, "own")
                    continue
                places = places_of(_base(bench), template)
                if not places:
                    _keep(results, network, template.name, "no place")
                    continue
                problems = list(trial(bench, template, network, places))
                right = "right" if len(places) > 1 else "right, at its only place"
                outcome = "; ".join(problems) or right
                sys.stdout.write(f"{network} {template.name}: {outcome}\n")
                sys.stdout.flush()
                _keep(results, network, template.name, outcome)
                failed, tried = failed + bool(problems), tried + 1
    sys.stdout.write(f"{tried - failed} of {tried} right\n")
    return 1 if failed else 0


def takes_places(template: Template) -> bool:
    """Check for what is put in the place of another layer."""
    return (
        template.exchanges or template.rule == "csp" or template.kind[0] in ("convolution", "block")
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _keep(results: Path, network: str, name: str, outcome: str) -> None:
    line = json.dumps({"network": network, "module": name, "outcome": outcome})
    with results.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def table(results: Path) -> str:
    """Return a Markdown table of the last outcome of each module in each network."""
    found: dict[str, dict[str, str]] = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        found.setdefault(item["module"], {})[item["network"]] = item["outcome"]
    text = "| module | " + " | ".join(NETWORKS) + " |\n" + "|--" * (len(NETWORKS) + 1) + "|\n"
    for name in sorted(found, key=str.lower):
        cells = [_cell(found[name].get(network)) for network in NETWORKS]
        text += f"| {name} | {' | '.join(cells)} |\n"
    return text


def _cell(outcome: str | None) -> str:
    if outcome is None:
        return "not tried"
    return "the fork's own" if outcome == "own" else outcome


def trial(bench: Bench, template: Template, network: str, places: Sequence[int]) -> Iterator[str]:
    """Yield what goes wrong with a module at the first and the last of these places."""
    model = _base(bench)
    chosen = list(dict.fromkeys((places[0], places[-1])))
    scale = network[-1] if bench.is_ultralytics else ""
    both = edited(model, template, chosen)
    cfgs = []
    for some in [chosen] if len(chosen) < 2 else [chosen[:1], chosen[1:], chosen]:
        stem = f"{bench.base_yaml.stem}{scale}-{template.name}-{'-'.join(map(str, some))}"
        cfgs.append(bench.folder / f"{stem}.yaml")
        text = edited(model, template, some).model.to_text()
        cfgs[-1].write_text(text, encoding="utf-8")
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
    yield from _trained_and_remapped(bench, cfgs[-1], both)


def _base(bench: Bench) -> yamlmod.Model:
    return yamlmod.load(bench.base_yaml.read_text(encoding="utf-8"))


def _trained_and_remapped(bench: Bench, cfg: Path, net: Edited) -> Iterator[str]:
    asked = {"steps": [str(cfg)], "watched": list(net.new), "cancelled": _CANCELLED}
    yield from bench.ask(asked)["steps"]
    out = bench.folder / "remapped.pt"
    done = bench.remap(cfg, "-o", out, "--json", "--force")
    if done.code:
        yield f"remap: {done.err.strip()[:300]}"
        return
    told = json.loads(done.out)
    state = bench.ask({"pairs": [[str(out), str(cfg)]]})["loaded"][0]["state"]
    out.unlink()
    kept = {key: digest for key, digest in bench.state.items() if _stays(net, key)}
    lost = [key for key, digest in kept.items() if state.get(_moved(net, key)) != digest]
    if lost:
        yield f"remap lost {len(lost)} of {len(bench.state)} tensors, first {lost[0]}: {told}"


def _stays(net: Edited, key: str) -> bool:
    """Check for a tensor of the base whose layer is there as it was."""
    return net.keeps(int(key.split(".")[1]))


def _moved(net: Edited, key: str) -> str:
    """Return the key of a tensor of the base in the network that was made of it."""
    first, layer, rest = key.split(".", 2)
    return f"{first}.{net.mapping[int(layer)]}.{rest}"


def yamlmod_command(*words: str | Path, folder: Path) -> str:
    """Run the tool; return what it complains of, or an empty text."""
    from tests.cli.run import yamlmod as command

    done = command(*words, cwd=folder)
    return done.err.strip()[:300] if done.code else ""


if __name__ == "__main__":
    sys.exit(main())
