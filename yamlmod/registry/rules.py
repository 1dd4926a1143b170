"""The channel rules: the arguments that a parse function adds before the row's args."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ChannelRule(NamedTuple):
    """How many arguments the class is handed, which ones, and what that means for its row."""

    supplied: int
    leading: str
    meaning: str


RULES: Mapping[str, ChannelRule] = {
    "same": ChannelRule(
        1,
        "channels of the input come first",
        "parse_model hands it its input's channels; the row carries none",
    ),
    "free": ChannelRule(
        0, "the row's args are all it gets", "it takes no channels; its args stand as they are"
    ),
    "conv": ChannelRule(
        2,
        "input and output channels come first",
        "it stands with Conv; the row's first argument is the nominal output channels",
    ),
    "csp": ChannelRule(
        3,
        "input and output channels come first, then the row's number of repeats",
        "it stands with Conv and with C3: nominal output channels, and the row's number repeats "
        "what is inside",
    ),
}


def rules_in_words() -> str:
    """Return the names of all rules for a sentence."""
    *first, last = RULES
    return f"{', '.join(first)} or {last}"


def rules_with_meaning() -> str:
    """Return every rule as an option and what it hands the class."""
    *first, last = (f"--rule {name} ({rule.leading})" for name, rule in RULES.items())
    return f"{', '.join(first)} or {last}"
