"""Read recipes: a reviewed, versioned list of edits, run as one proof.

A recipe is a YAML mapping `yamlmod: 1`, `edits: [...]` and perhaps `cfg: FILE`. Each edit names
one operation and its options, and speaks of the file as the edit before it left it:

    - insert: SimAM
      after: [P3, P4]
    - remove: [SPPF]

The operations and their options are those of `operations/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.model.network import Network
from yamlmod.model.parse import load_plain
from yamlmod.ops.chain import Plan
from yamlmod.ops.operation import Reader, RecipeOptions, all_operations, no_files
from yamlmod.ops.outcome import Outcome


@dataclass(frozen=True)
class Recipe:
    """A recipe that was read: its edits as plans for a chain, and the YAML it says it is for."""

    plans: tuple[Plan, ...]
    cfg: str | None


def read_recipe(text: str, shown: str, read: Reader = no_files) -> Recipe:
    """Read a recipe. Raises Refusal, with the edit's number, for an invalid one.

    ``read`` opens the files that its edits name.
    """
    data = load_plain(text, shown)
    unknown = [str(key) for key in data if key not in ("yamlmod", "cfg", "edits")]
    edits, cfg = data.get("edits"), data.get("cfg")
    right = isinstance(edits, list) and isinstance(cfg, (str, type(None)))
    if data.get("yamlmod") != 1 or unknown or not right:
        what = f"; it also has {one_of(unknown)}" if unknown else ""
        raise Refusal(
            "bad-recipe",
            f"a recipe has `yamlmod: 1`, a list `edits` and optionally `cfg`, a file{what}",
            place=Place(shown),
            hint="this is a model YAML; the order is RECIPE CFG"
            if "backbone" in unknown
            else "docs/recipes.md describes the format",
        )
    plans = tuple(
        edit_plan(edit, number, shown, read) for number, edit in enumerate(edits or [], 1)
    )
    return Recipe(plans, cfg)


def edit_plan(edit: Any, number: int, shown: str, read: Reader = no_files) -> Plan:
    """Return one edit of a recipe as a plan for a chain; ``number`` is what messages call it."""
    operations = all_operations()
    names = [key for key in edit if key in operations] if isinstance(edit, dict) else []
    options = RecipeOptions(edit, number, shown, read)
    if len(names) != 1:
        raise options.refusal(f"must name exactly one operation: {one_of(list(operations))}")
    operation = operations[names[0]]
    wrong = [str(k) for k in edit if k != operation.name and k not in operation.options]
    if wrong:
        known = one_of(operation.options) or "none"
        raise options.refusal(f"{operation.name} has no option {one_of(wrong)}; it has {known}")

    def run(model: Network) -> Outcome:
        try:
            return operation.plan(model, options)
        except Refusal as error:
            if error.code == "bad-recipe":
                raise
            words = _shown(edit[operation.name])
            message = f"edit {number} ({operation.name} {words}): {error.message}"
            raise Refusal(error.code, message, place=error.place, hint=error.hint) from error

    return run


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
