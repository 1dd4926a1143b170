"""Sweep a place: a component with `at: each` becomes one component per place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.chain import chain
from yamlmod.ops.operations.insert.request import PLACES
from yamlmod.ops.recipe import edit_plan
from yamlmod.study.component import Component, is_swept

_PLACES = tuple(key for key in PLACES if key != "at")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.]+")


def swept(component: Component, model: Network, shown: str) -> list[Component]:
    """Return a component for each place of its swept edit; itself where it sweeps none.

    Without a place of its own an edit is tried after every layer; where it cannot be, it is left
    out. Raises Refusal where no place is left.
    """
    number = next((n for n, edit in enumerate(component.edits) if is_swept(edit)), None)
    if number is None:
        return [component]
    edit = {key: value for key, value in component.edits[number].items() if key != "at"}
    named = [key for key in _PLACES if key in edit]
    places = _named(model, edit, named) if named else _all(model, edit, shown)
    if not places:
        raise Refusal(
            "no-position",
            f"{shown}: component {component.name} fits after no layer of {model.document.shown}",
        )
    before, after = component.edits[:number], component.edits[number + 1 :]
    return [
        component._replace(name=f"{component.name}-{label}", edits=(*before, placed, *after))
        for label, placed in places.items()
    ]


def _named(model: Network, edit: Mapping[str, Any], keys: list[str]) -> dict[str, dict[str, Any]]:
    rest = {key: value for key, value in edit.items() if key not in _PLACES}
    places = {}
    for key in keys:
        words = edit[key] if isinstance(edit[key], list) else [edit[key]]
        for word in map(str, words):
            layers = [] if key == "edge" else model.select_many(word)
            if len(layers) < 2:
                places[_label(key, word)] = {**rest, key: [word]}
            for layer in layers if len(layers) > 1 else ():
                places[_label(key, _layer(model, layer))] = {**rest, key: [str(layer)]}
    return places


def _all(model: Network, edit: Mapping[str, Any], shown: str) -> dict[str, dict[str, Any]]:
    places = {}
    for layer in range(model.graph.head):
        placed = {**edit, "after": [str(layer)]}
        try:
            chain(model, [edit_plan(placed, 1, shown)])
        except Refusal:
            continue
        places[_label("after", _layer(model, layer))] = placed
    return places


def _layer(model: Network, layer: int) -> str:
    return f"{layer}-{model.document.rows[layer].module}"


def _label(key: str, word: str) -> str:
    return f"{key}-{_NOT_IN_NAMES.sub('-', word).strip('-.')}"
