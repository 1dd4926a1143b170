"""The network of --base, for checks that fail with the edited one."""

from __future__ import annotations

import re
from typing import Any, Dict, List

from ..building.builder import Builder
from .created import watched
from .network import BuiltNetwork
from .training import Training
from .wiring import check_wiring

# Numbers of layers, sizes and errors differ from one network to the other.
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


class BaseNetwork:
    """A base that is built when it is asked for; what a build raises is raised each time."""

    def __init__(self, builder: Builder, question: Dict[str, Any]) -> None:
        self._builder, self._question = builder, question
        self.names: List[str] = [row["module"] for row in question["rows"]]
        self._built: List[BuiltNetwork] = []
        self._trained: List[Training] = []

    @property
    def network(self) -> BuiltNetwork:
        """Return the network, in evaluation as it was before any pass in training."""
        self._build()
        return self._built[0]

    @property
    def training(self) -> Training:
        self._build()
        return self._trained[0]

    def settle(self) -> None:
        """Forget what was answered and copied: a pass in training changes the norms' statistics."""
        for network in self._built:
            network.forget()
            network.spare.clear()
            network.twin = None
            for parameter in network.module.parameters():
                parameter.grad = None

    def check_wiring(self, names: Any) -> str:
        return check_wiring(self.network, names, self._question["strides"])

    def _build(self) -> None:
        if self._built:
            return
        question = self._question
        with watched() as made:
            module = self._builder.make(question["cfg"], question["classes"], question["head"])
        network = BuiltNetwork(module, question)
        keys = list(module.state_dict())
        self._built.append(network)
        self._trained.append(Training(network, made, keys))


def same_way(first: str, second: str) -> bool:
    """Whether two checks failed for one reason, as far as their words say."""
    return _NUMBER.sub("#", first) == _NUMBER.sub("#", second)
