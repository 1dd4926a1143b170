"""Keep what was done until Ctrl-C."""

from __future__ import annotations

from typing import Generic, TypeVar

Result = TypeVar("Result")


class Interrupted(KeyboardInterrupt, Generic[Result]):
    """Ctrl-C while networks ran: the result so far, and what is missing of it."""

    def __init__(self, result: Result, missing: str) -> None:
        super().__init__(missing)
        self.result, self.missing = result, missing
