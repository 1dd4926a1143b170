"""The inert objects of a pickle: a name that is not looked up, and what it would have made."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional


class Name(NamedTuple):
    """A global that the pickle names; it is never looked up."""

    module: str
    name: str


class Thing:
    """An inert stand-in of an object: what it would have been made from, its state and items."""

    __slots__ = ("args", "entries", "items", "state", "what")

    def __init__(self, what: Any, args: Any) -> None:
        self.what, self.args = what, args
        self.state: Any = None
        self.items: Optional[List[Any]] = None
        self.entries: Optional[Dict[Any, Any]] = None

    def attribute(self, name: str) -> Any:
        """Return an attribute of the object's state, None where it has none of that name."""
        return self.state.get(name) if isinstance(self.state, dict) else None
