"""An insertion in words, and the request it is for one model."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from yamlmod.model.network import Network
from yamlmod.model.refs import ANY_SPELLING, SpellingRule
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.positions import Position, resolve_positions
from yamlmod.registry.template import Template
from yamlmod.usecases.model_file import layers_of


class InsertionWords(NamedTuple):
    """Where new layers go and what they read, by selectors that speak of the original.

    ``readers`` None moves all readers, the empty list none; ``sources`` None reads the layer above.
    """

    at: Sequence[int] = ()
    after: Sequence[str] = ()
    before: Sequence[str] = ()
    edge: Sequence[str] = ()
    args: Sequence[Any] | None = None
    keep_skips: bool = False
    readers: Sequence[str] | None = None
    allow_dead: bool = False
    sources: Sequence[str] | None = None
    at_end: bool = False
    number: int = 1

    def request(
        self,
        model: Network,
        module: str,
        template: Template | None = None,
        spelling: SpellingRule = ANY_SPELLING,
    ) -> Request:
        """Return what is asked of a model. Raises Refusal where a selector names no layer."""
        return Request(
            module=module,
            positions=tuple(self._positions(model)),
            args=None if self.args is None else list(self.args),
            keep_skips=self.keep_skips,
            readers=None if self.readers is None else layers_of(model, self.readers),
            allow_dead=self.allow_dead,
            sources=None if self.sources is None else layers_of(model, self.sources),
            template=template,
            spelling=spelling,
            number=self.number,
        )

    def _positions(self, model: Network) -> list[Position]:
        places = (self.at, self.after, self.before, self.edge)
        return resolve_positions(model, *places, at_end=self.at_end)
