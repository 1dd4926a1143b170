"""Every module of the registry at a place of the backbone and one of the neck."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import yamlmod
from tools.branches.cases import Case
from tools.exchanged import exchangeable, exchanged
from tools.real_forks import fork_folder, lacking
from yamlmod.registry.catalogue import catalogue, get

# Their state dicts have other names than they have, or older ones.
_RENAMED = ("ACmix", "CAA", "CrissCrossAttention", "MHSA", "ShuffleAttention", "TripletAttention")
# Behind a block of the backbone (P3) and one of the neck (P4).
_NETWORKS = (
    ("yolov5s", "yolov5==7.0.14", "models/yolov5s.yaml", (4, 20)),
    ("yolov8n", "ultralytics==8.4.190", "cfg/models/v8/yolov8.yaml", (4, 18)),
)


def module_cases(only: Sequence[str] | None = None) -> Iterator[Case]:
    """Yield a module put in at both places; and an edit of the network that has it."""
    for name, fork, path, places in _NETWORKS:
        text = (fork_folder(fork) / path).read_text(encoding="utf-8")
        base = yamlmod.load(text)
        fits = {template.name for template in lacking(fork_folder(fork))}
        for module in only or [template.name for template in catalogue()]:
            if module not in fits:
                continue  # the fork has a class of that name
            count = len(base.layers)
            layers = {i: i + sum(place < i for place in places) for i in range(count)}
            if get(module).exchanges:
                if len(exchangeable(base, get(module))) < len(places):
                    sys.stdout.write(f"{name} {module}: no two layers whose place it can take\n")
                    continue
                net = exchanged(base, get(module), 2)
                edited = net.model
                # A layer with other inputs is still that layer: what has its shape has its place.
                layers = {i: new for i, new in enumerate(net.mapping) if new not in net.new}
            else:
                edited = base.insert(module, after=list(places))
            moved = edited.insert("SimAM", after=0)
            both = tuple(dict.fromkeys((module, "SimAM")))
            yield Case(f"{name} {module}", fork, text, edited.to_text(), layers, both)
            if only is None and module not in _RENAMED:
                continue
            shifted = {i: i + (i > 0) for i in range(len(edited.layers))}
            has = f"{name} that has {module}"
            yield Case(has, fork, edited.to_text(), moved.to_text(), shifted, both)
