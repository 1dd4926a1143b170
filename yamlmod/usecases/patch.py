"""Patch a fork: put modules into its code, and take them out again."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.errors import Refusal
from yamlmod.fork.patch.uninstall import uninstall
from yamlmod.fork.read.opening import reader_with
from yamlmod.fork.seeds.removal import NAME, plan_seed_removal
from yamlmod.usecases.chosen_module import Choices, name_of, plan_for, templates_for
from yamlmod.usecases.located_fork import LocatedFork, PlannedPatch
from yamlmod.usecases.overlay_plan import module_words, own_sources
from yamlmod.usecases.registration import refuse_faulty_registration
from yamlmod.workspace.search import python_files


def plan_patch(located: LocatedFork, words: Sequence[str], choices: Choices) -> PlannedPatch:
    """Plan what makes a fork know modules; words are registry names or `FILE.py:CLASS`."""
    templates = templates_for(*located, words, choices)
    plan = plan_for(*located, templates, choices)
    refuse_faulty_registration(reader_with(*located, plan.texts), templates)
    return PlannedPatch(located, plan, module_words(words, choices), (), own_sources(words))


def plan_unpatch(located: LocatedFork, words: Sequence[str], force: bool) -> PlannedPatch:
    """Plan what takes modules out of a fork again: what a patch put in, and nothing else."""
    names = list(dict.fromkeys(name_of(word) for word in words))
    if NAME in names:
        if len(names) > 1:
            raise Refusal("usage", f"{NAME} means the lines of `study seeds`: give it alone")
        plan = plan_seed_removal(located.tree, dict(python_files(located.tree)))
        return PlannedPatch(located, plan)
    return PlannedPatch(located, uninstall(*located, names, force), (), tuple(names))
