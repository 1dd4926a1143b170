"""A rule: code, summary, reason, check, and its valid and invalid examples."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from yamlmod.checks.finding import Finding, Severity
from yamlmod.model.parser_facts import ParserFacts

if TYPE_CHECKING:
    from yamlmod.checks.subject import Subject


class Valid(NamedTuple):
    """A text without findings of the rule."""

    text: str
    base: str | None = None
    builder: ParserFacts | None = None


class Invalid(NamedTuple):
    """A text with findings of the rule at these layers, with these expected values.

    ``fixed`` is the text after the fixes, None if there are none.
    """

    text: str
    layers: tuple[int | None, ...]
    expected: tuple[Any, ...] = ()
    fixed: str | None = None
    base: str | None = None
    builder: ParserFacts | None = None


class Rule(NamedTuple):
    """One kind of mistake. `--explain` prints ``why`` below the summary."""

    code: str
    severity: Severity
    summary: str
    why: str
    check: Callable[[Subject], Iterator[Finding]]
    valid: tuple[Valid, ...]
    invalid: tuple[Invalid, ...]
    needs_repo: bool = False


@cache
def all_rules() -> tuple[Rule, ...]:
    """Import every rule of the folder `rules`, sorted by code."""
    from yamlmod.checks import rules

    found = []
    for module in pkgutil.iter_modules(rules.__path__):
        found.append(importlib.import_module(f"{rules.__name__}.{module.name}").RULE)
    return tuple(sorted(found, key=lambda rule: rule.code))


def model_text(backbone: str, head: str, settings: str = "nc: 4\nanchors: 3\n") -> str:
    """Build a small model YAML for a rule's examples; rows have no trailing comma."""
    tables = (("backbone", backbone), ("head", head))
    return settings + "".join(
        f"{name}:\n  [\n" + "".join(_line(row) for row in rows.strip().split("\n")) + "  ]\n"
        for name, rows in tables
    )


def _line(row: str) -> str:
    text, mark, comment = row.strip().partition("  #")
    return f"    {text},{mark}{comment}\n"
