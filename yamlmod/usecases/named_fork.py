"""A fork as options name it, before anything of it is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from yamlmod.usecases.located_fork import LocatedFork


class NamedFork(NamedTuple):
    """A repository and which parse function of it is meant, in the words of the options."""

    repo: Path
    target: str = ""
    dialect: str = ""

    def located(self) -> LocatedFork:
        """Locate the fork. Raises Refusal where it has no such parse function, or several."""
        # The fork room is large: only those who ask for a fork pay for it.
        from yamlmod.usecases.located_fork import open_fork

        return open_fork(*self)
