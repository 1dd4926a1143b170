"""Turn the texts of options into lists: args as JSON, selectors with commas."""

from __future__ import annotations

from typing import Any

from yamlmod.errors import Refusal


def parse_args(text: str | None) -> list[Any] | None:
    """Return the list that --args gives, or None; a Refusal shows what is not JSON."""
    if text is None:
        return None
    import json as json_module

    try:
        value = json_module.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(
            "bad-args",
            f"--args {text[:80]!r} is not JSON: {str(error)[:120]}",
            hint="write a list such as --args '[1024, true, null, \"nearest\"]'",
        ) from None
    if not isinstance(value, list):
        raise Refusal(
            "bad-args", f"--args {text[:80]!r} is not a list", hint=f"write --args '[{text[:40]}]'"
        )
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} has no place in a YAML row")


def split_selectors(text: str | None, option: str) -> tuple[str, ...] | None:
    """Return the selectors of a comma-separated list, or None where none was given."""
    if text is None:
        return None
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not words:
        raise Refusal("usage", f"{option} names no layer")
    return words


def split_readers(text: str | None) -> tuple[str, ...] | None:
    """Return the selectors of --readers; `none` is the empty list."""
    try:
        words = split_selectors(text, "--readers")
    except Refusal as error:
        raise Refusal(error.code, error.message, hint="write --readers none for no layer") from None
    return () if words == ("none",) else words
