"""Recipes: a reviewed, versionable list of edits, run as one proof.

A recipe is a YAML mapping `yamlmod: 1`, `edits: [...]` and perhaps `cfg: FILE`. Each edit names
one operation and its options, and speaks of the file as the edit before it left it:

    - insert: SimAM          # at, after, before, edge: one or a list; args, keep_skips, readers,
      after: [P3, P4]        # from, allow_dead
    - remove: [SPPF]         # cascade, from
    - replace: C3#2          # with, args, force
      with: C3TR
    - move: SimAM            # after or before
      after: SPPF
    - drop-head: P5
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.model.network import Network
from yamlmod.model.parse import load_plain
from yamlmod.ops.chain import Plan, run_plans
from yamlmod.ops.drop_head import drop_head_plans
from yamlmod.ops.insert import Request, plan_insert
from yamlmod.ops.move import move_plans
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions
from yamlmod.ops.remove import plan_remove
from yamlmod.ops.replace import plan_replace

_PLACES = ("at", "after", "before", "edge")
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "insert": (*_PLACES, "args", "keep_skips", "readers", "from", "allow_dead"),
    "remove": ("cascade", "from"),
    "replace": ("with", "args", "force"),
    "move": ("after", "before"),
    "drop-head": (),
}


@dataclass(frozen=True)
class Recipe:
    """A recipe that was read: its edits as plans for a chain, and the YAML it says it is for."""

    plans: tuple[Plan, ...]
    cfg: str | None


def read_recipe(text: str, shown: str) -> Recipe:
    """Read a recipe. Raises Refusal, with the edit's number, for one that is none."""
    data = load_plain(text, shown)
    unknown = [str(key) for key in data if key not in ("yamlmod", "cfg", "edits")]
    edits, cfg = data.get("edits"), data.get("cfg")
    right = isinstance(edits, list) and isinstance(cfg, (str, type(None)))
    if data.get("yamlmod") != 1 or unknown or not right:
        what = f"; it also holds {one_of(unknown)}" if unknown else ""
        raise Refusal(
            "bad-recipe",
            f"a recipe holds `yamlmod: 1`, a list `edits` and perhaps `cfg`, a file{what}",
            place=Place(shown),
            hint="docs/recipes.md shows the form",
        )
    plans = tuple(_plan(edit, number, shown) for number, edit in enumerate(edits or [], 1))
    return Recipe(plans, cfg)


def _plan(edit: Any, number: int, shown: str) -> Plan:
    def refuse(message: str) -> Refusal:
        return Refusal("bad-recipe", f"edit {number}: {message}", place=Place(shown))

    names = [key for key in edit if key in _OPTIONS] if isinstance(edit, dict) else []
    if len(names) != 1:
        raise refuse(f"names one operation: {one_of(list(_OPTIONS))}")
    (name,) = names
    wrong = [str(key) for key in edit if key != name and key not in _OPTIONS[name]]
    if wrong:
        known = one_of(list(_OPTIONS[name])) or "none"
        raise refuse(f"{name} has no option {one_of(wrong)}; it has {known}")

    def run(model: Network) -> Outcome:
        try:
            return _RUN[name](model, edit, refuse)
        except Refusal as error:
            if error.code == "bad-recipe":
                raise
            told = f"edit {number} ({name} {_shown(edit[name])}): {error.message}"
            raise Refusal(error.code, told, place=error.place, hint=error.hint) from error

    return run


Refuse = Callable[[str], Refusal]


def _insert(model: Network, edit: Mapping[str, Any], refuse: Refuse) -> Outcome:
    if not isinstance(edit["insert"], str):
        raise refuse("insert names a module")
    places = {key: _words(edit, key, refuse) for key in _PLACES}
    if any(not word.lstrip("-").isdigit() for word in places["at"]):
        raise refuse("at holds layer numbers")
    positions = resolve_positions(
        model,
        [int(word[:9]) for word in places["at"]],
        places["after"],
        places["before"],
        places["edge"],
    )
    readers = _layers(model, edit, "readers", refuse) if "readers" in edit else None
    sources = _layers(model, edit, "from", refuse) if "from" in edit else None
    return plan_insert(
        model,
        Request(
            module=edit["insert"],
            positions=tuple(positions),
            args=_args(edit, refuse),
            keep_skips=_flag(edit, "keep_skips", refuse),
            readers=readers,
            allow_dead=_flag(edit, "allow_dead", refuse),
            sources=sources,
        ),
    )


def _remove(model: Network, edit: Mapping[str, Any], refuse: Refuse) -> Outcome:
    layers = _layers(model, edit, "remove", refuse)
    if not layers:
        raise refuse("remove names no layer")
    sources = _layers(model, edit, "from", refuse) if "from" in edit else ()
    return plan_remove(model, layers, cascade=_flag(edit, "cascade", refuse), sources=sources)


def _replace(model: Network, edit: Mapping[str, Any], refuse: Refuse) -> Outcome:
    if not isinstance(edit.get("with"), str):
        raise refuse("replace needs `with`, the module to put there")
    layer = _one(model, edit, "replace", refuse)
    force = _flag(edit, "force", refuse)
    return plan_replace(model, layer, edit["with"], _args(edit, refuse), force=force)


def _move(model: Network, edit: Mapping[str, Any], refuse: Refuse) -> Outcome:
    layer = _one(model, edit, "move", refuse)
    after = _one(model, edit, "after", refuse) if "after" in edit else None
    before = _one(model, edit, "before", refuse) if "before" in edit else None
    return run_plans(model, move_plans(model, layer, after=after, before=before))


def _drop_head(model: Network, edit: Mapping[str, Any], refuse: Refuse) -> Outcome:
    return run_plans(model, drop_head_plans(model, _one(model, edit, "drop-head", refuse)))


_RUN: Mapping[str, Callable[[Network, Mapping[str, Any], Refuse], Outcome]] = {
    "insert": _insert,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "drop-head": _drop_head,
}


def _args(edit: Mapping[str, Any], refuse: Refuse) -> list[Any] | None:
    value = edit.get("args")
    if value is not None and not isinstance(value, list):
        raise refuse("args is a list")
    return value


def _flag(edit: Mapping[str, Any], key: str, refuse: Refuse) -> bool:
    value = edit.get(key, False)
    if not isinstance(value, bool):
        raise refuse(f"{key} is true or false")
    return value


def _words(edit: Mapping[str, Any], key: str, refuse: Refuse) -> list[str]:
    """Return the selectors of a key, which holds one or a list of them."""
    value = edit.get(key, [])
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool) or not isinstance(item, (int, str)) for item in items):
        raise refuse(f"{key} holds layers: numbers, names such as SPPF or C3#2, or a list of them")
    return [str(item) for item in items]


def _layers(model: Network, edit: Mapping[str, Any], key: str, refuse: Refuse) -> tuple[int, ...]:
    words = _words(edit, key, refuse)
    if words == ["none"]:
        return ()
    return tuple(layer for word in words for layer in model.select_many(word))


def _one(model: Network, edit: Mapping[str, Any], key: str, refuse: Refuse) -> int:
    words = _words(edit, key, refuse)
    if len(words) != 1:
        raise refuse(f"{key} names one layer")
    return model.select(words[0])


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
