"""The concrete syntax tree of a file: the second reading of a text before it is written."""

from __future__ import annotations

from functools import lru_cache

import libcst as cst

from yamlmod.errors import Place, Refusal
from yamlmod.fork.python.source import Source


@lru_cache(maxsize=16)
def concrete(source: Source) -> cst.Module:
    """Return the concrete syntax tree; refuse a text that does not come back from it unchanged."""
    try:
        module = cst.parse_module(source.text)
    except cst.ParserSyntaxError as error:
        raise Refusal(
            "not-round-trip",
            f"libcst cannot parse the file: {error.message}",
            place=Place(source.shown, error.raw_line),
        ) from error
    if module.code != source.text:
        raise Refusal(
            "not-round-trip",
            "the file does not come back unchanged from its parse",
            place=Place(source.shown),
            hint="please report this file",
        )
    return module
