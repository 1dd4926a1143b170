"""The numbers of `profile` as they come from the worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from yamlmod.errors import Refusal, plural
from yamlmod.usecases.fork_run import Announce, announced

if TYPE_CHECKING:
    from yamlmod.runtime.yamlmod_worker.answers import (
        Latency,
        Profile,
        ProfileAnswer,
        ProfilePart,
        ProfileRun,
    )


class ProfileSoFar:
    """The networks that were counted so far, and the rounds of latency."""

    def __init__(self, names: list[str], rounds: int, announce: Announce | None) -> None:
        self.names, self.wanted, self.announce = names, rounds, announce
        self.models: list[Profile] = []
        self.run: ProfileRun | None = None
        self.rounds = 0

    def part(self, message: ProfilePart) -> None:
        """Take one message."""
        if "begun" in message:
            announced(self.announce, message["begun"])
        self.run = message.get("ran", self.run)
        if "model" in message:
            self._model(message["model"])
        if "latencies" in message:
            self._latencies(message.get("rounds", 0), message["latencies"])

    def so_far(self) -> ProfileAnswer | None:
        """Return what is there as an answer; None where no network was counted."""
        if self.run is None or not self.models:
            return None
        return {**self.run, "models": self.models}

    def missing(self) -> str:
        """Return what an interrupted answer lacks."""
        if len(self.models) < len(self.names):
            count = f"{len(self.names) - len(self.models)} of {plural(len(self.names), 'model')}"
            return (
                f"{count} not measured, and no latency" if self.wanted else f"{count} not counted"
            )
        if self.rounds < self.wanted:
            return f"latency is of {self.rounds} instead of {plural(self.wanted, 'round')}"
        return "the layers were not timed"

    def _model(self, model: Profile) -> None:
        if len(self.models) >= len(self.names):
            raise _bad()
        name = Path(self.names[len(self.models)]).stem
        self.models.append(model)
        if self.announce is not None and len(self.names) > 1:
            flops = model["flops"]
            giga = "" if flops is None else f", {flops / 1e9:.2f} GFLOPs"
            count = f"{len(self.models)} of {len(self.names)}"
            self.announce(f"{count}: {name}: {model['parameters'] / 1e6:.3f} M parameters{giga}")

    def _latencies(self, rounds: int, latencies: list[Latency]) -> None:
        if len(latencies) != len(self.models) or not 0 < rounds <= self.wanted:
            raise _bad()
        self.rounds = rounds
        for model, latency in zip(self.models, latencies, strict=True):
            model["latency"] = latency
        announced(self.announce, f"latency: {rounds} of {plural(self.wanted, 'round')}")


def _bad() -> Refusal:
    return Refusal("bad-answer", "the fork's process sent an invalid answer: a number too many")
