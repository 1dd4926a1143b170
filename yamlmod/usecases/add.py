"""Add a layer to a model YAML and its class to the fork, as one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yamlmod.fork.read.opening import reader_of, reader_with
from yamlmod.ops.outcome import Outcome
from yamlmod.usecases.chosen_module import Choices, plan_for, templates_for
from yamlmod.usecases.fit_args import insert_fitting
from yamlmod.usecases.fit_rows import replace_rows
from yamlmod.usecases.fork_classes import refuse_alias
from yamlmod.usecases.index_offset import offset_as_cause, refuse_index_offset, spelling_of
from yamlmod.usecases.insertion import InsertionWords
from yamlmod.usecases.layer_numbers import layer_number_warnings
from yamlmod.usecases.located_fork import LocatedFork, PlannedPatch
from yamlmod.usecases.model_file import Target, layers_of, shadowed_cfg
from yamlmod.usecases.new_errors import refuse_new_errors
from yamlmod.usecases.overlay_plan import is_of_package, model_change, module_words, own_sources
from yamlmod.workspace.files import FileChange
from yamlmod.workspace.overlay_tree import OverlayTree

if TYPE_CHECKING:
    from yamlmod.fork.read.network import ForkReader
    from yamlmod.model.network import Network
    from yamlmod.registry.template import Template


@dataclass(frozen=True)
class ReplacementWords:
    """Which layers the new class replaces, by selectors, and what their rows hold."""

    replaced: Sequence[str]
    args: Sequence[Any] | None = None
    number: int | None = None
    force: bool = False

    def outcome(self, reader: ForkReader, model: Network, template: Template) -> Outcome:
        """Replace the rows; a class that the fork gets is asked for its args as any other."""
        layers = layers_of(model, self.replaced)
        words = template.name, self.args, self.force, self.number, template
        return replace_rows(reader, model, layers, *words)


@dataclass(frozen=True)
class PlannedAdd:
    """The edit of the YAML and the patch of the fork: nothing is written."""

    target: Target
    outcome: Outcome
    patch: PlannedPatch
    warnings: tuple[str, ...]

    def change(self, output: Path | None, force: bool, in_place: bool = False) -> FileChange:
        """Return the write of the YAML; one of an installed package becomes a new file."""
        tree, text = self.patch.located.tree, self.outcome.text
        if isinstance(tree, OverlayTree) and output is None:
            file = self.target.file
            if is_of_package(tree, file.path):
                module = self.patch.modules[0].name
                return model_change(tree, file.path, module, file.encode(text), force)
        return self.target.change(text, output, force, in_place)

    def shown_change(self, change: FileChange) -> FileChange:
        """Return what a diff shows of the YAML: the edit, also where it becomes a new file."""
        tree, file = self.patch.located.tree, self.target.file
        if isinstance(tree, OverlayTree) and is_of_package(tree, file.path):
            return FileChange(file.path, file.raw, change.after)
        return change

    def repo(self, given: Path) -> Path:
        return self.patch.repo(given)


def plan_add(
    located: LocatedFork,
    module: str,
    cfg: Path,
    insertion: InsertionWords | ReplacementWords,
    choices: Choices,
) -> PlannedAdd:
    """Plan both halves. Raises Refusal where the fork could not build the new network."""
    tree, fork = located
    if not choices.use_existing and choices.as_name is None:
        refuse_alias(located, module)
    templates = templates_for(tree, fork, [module], choices)
    target = located.open_model(cfg)
    model = target.model
    shown = model.document.shown
    refuse_index_offset(located, target.file.text, shown)
    plan = plan_for(tree, fork, templates, choices)
    # Both keep what they have read: three questions are asked of the same networks.
    before, after = reader_of(fork), reader_with(tree, fork, plan.texts)
    if isinstance(insertion, ReplacementWords):
        outcome = insertion.outcome(after, model, templates[0])
    else:
        request = insertion.request(model, templates[0].name, templates[0], spelling_of(fork))
        with offset_as_cause(located, model, request, after):
            outcome = insert_fitting(after, model, request)
    refuse_index_offset(located, outcome.text, shown, after)
    hidden = refuse_new_errors(outcome, before, after)
    numbers = layer_number_warnings(located, outcome, before, after)
    notes = (target.edit_note,) if target.scale else ()
    warnings = (*notes, *hidden, *numbers, *shadowed_cfg(cfg, tree.root))
    words, sources = module_words([module], choices), own_sources([module])
    patch = PlannedPatch(located, plan, words, (), sources)
    return PlannedAdd(target, outcome, patch, warnings)
