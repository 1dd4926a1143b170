"""Replace rows by those whose args the fork builds right, one after the other, as one proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from yamlmod.fork.read.network import ForkReader
from yamlmod.model.network import Network
from yamlmod.ops.chain import chain
from yamlmod.ops.outcome import Outcome
from yamlmod.usecases.fit_args import replace_fitting

if TYPE_CHECKING:
    from yamlmod.registry.template import Template


def replace_rows(
    reader: ForkReader,
    model: Network,
    layers: Sequence[int],
    module: str,
    args: Sequence[Any] | None,
    force: bool,
    number: int | None = None,
    template: Template | None = None,
) -> Outcome:
    """Replace several rows; each is fitted on the file with the earlier ones replaced."""

    def plan(layer: int, current: Network) -> Outcome:
        return replace_fitting(reader, current, layer, module, args, force, number, template)

    layers = list(dict.fromkeys(layers))
    if len(layers) == 1:
        return plan(layers[0], model)
    steps = [lambda current, layer=layer: plan(layer, current) for layer in layers]
    outcome = chain(model, steps)
    return outcome._replace(warnings=tuple(dict.fromkeys(outcome.warnings)))
