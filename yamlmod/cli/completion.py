"""Complete modules, selectors, rules and dialects in a shell."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_HARMLESS = re.compile(r"[\w.#]+")


def complete_modules(incomplete: str) -> list[str]:
    """Return the registry's modules whose names begin so, in any case."""
    from yamlmod.registry.catalogue import catalogue

    return _begun((t.name for t in catalogue()), incomplete)


def complete_rules(incomplete: str) -> list[str]:
    """Return rules of `check`; the last of a list with commas is completed."""
    from yamlmod.checks.rule import all_rules

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + rule.code for rule in all_rules() if rule.code.startswith(last)]


def complete_dialects(incomplete: str) -> list[str]:
    from yamlmod.fork.parser.dialect import all_dialects

    return [d.name for d in all_dialects() if d.name.startswith(incomplete)]


def complete_selectors(ctx: Any, incomplete: str) -> list[str]:
    """Return selectors of the YAML that the command line names so far: SPPF, C3#2, P3."""
    from yamlmod.errors import Refusal
    from yamlmod.usecases.model_file import open_target

    cfg = _cfg_of(ctx)
    if cfg is None:
        return []
    try:
        model = open_target(cfg).model
    except (Refusal, OSError):
        return []
    names = [row.module for row in model.document.rows]
    words: list[str] = []
    for name in dict.fromkeys(names):
        count = names.count(name)
        words += [name] if count == 1 else [f"{name}#{i}" for i in range(1, count + 1)]
    levels = [f"P{i}" for i in (2, 3, 4, 5, 6)]
    return _begun((*words, *levels), incomplete)


def _begun(words: Iterable[str], incomplete: str) -> list[str]:
    """Return the words that begin so. A shell puts them into its line as they are.

    Names come from YAMLs of unknown origin: `$(rm x)` would be run with the line.
    """
    begun = (word for word in words if word.lower().startswith(incomplete.lower()))
    return [word for word in begun if _HARMLESS.fullmatch(word)]


def complete_replacement(ctx: Any, incomplete: str) -> list[str]:
    """Return what `replace` takes next: a module, then the selectors of its YAML."""
    if _cfg_of(ctx) is None:
        return complete_modules(incomplete)
    return complete_selectors(ctx, incomplete)


def _cfg_of(ctx: Any) -> Path | None:
    params = getattr(ctx, "params", {}) or {}
    # Where an option still waits for its value, nothing of the line was parsed.
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    given = [params.get("cfg"), *(params.get("words") or ()), *line.split()]
    paths = [Path(str(word)) for word in given if word and str(word).endswith((".yaml", ".yml"))]
    return paths[0] if paths else None
