"""The channel rules: the arguments that a parse function adds before the row's args."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ChannelRule(NamedTuple):
    """The arguments that the class gets from parse_model, and the meaning of its row."""

    supplied: int
    leading: str
    meaning: str


RULES: Mapping[str, ChannelRule] = {
    "same": ChannelRule(
        1,
        "channels of the input come first",
        "parse_model supplies its input channels; the row has none",
    ),
    "free": ChannelRule(
        0, "it gets only the row's args", "it takes no channels; its args are passed unchanged"
    ),
    "conv": ChannelRule(
        2,
        "input and output channels come first",
        "it is registered beside Conv; the row's first argument is the nominal output channels",
    ),
    "csp": ChannelRule(
        3,
        "input and output channels come first, then the row's number of repeats",
        "it is registered beside Conv and C3: nominal output channels, and the number repeats "
        "the inner blocks",
    ),
}

JOINING_RULES: Mapping[str, ChannelRule] = {
    "concat": ChannelRule(
        1,
        "the list of its inputs' channels comes first",
        "parse_model supplies the channels of all its inputs; the output has their sum",
    ),
    "add": ChannelRule(
        1,
        "the list of its inputs' channels comes first",
        "parse_model supplies the channels of all its inputs; the output has those of the first",
    ),
    "level": ChannelRule(
        1,
        "the list of its inputs' channels comes first",
        "parse_model supplies the channels of all its inputs; the output has the shape of the "
        "input that the row's first argument counts, from 0",
    ),
}
"""Rules of modules that read a list; only the registry has such, no class of a user's own."""
EVERY_RULE: Mapping[str, ChannelRule] = {**RULES, **JOINING_RULES}
TESTED_BLOCKS = frozenset({"C3k2"})
"""Blocks that parse functions test by name; their forms, `alike`, join the tests."""


def rules_in_words() -> str:
    *first, last = RULES
    return f"{', '.join(first)} or {last}"


def rules_with_meaning() -> str:
    """Every rule with the arguments it passes, for the help of --rule."""
    *first, last = (f"--rule {name} ({rule.leading})" for name, rule in RULES.items())
    return f"{', '.join(first)} or {last}"
