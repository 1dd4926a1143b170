"""Refuse an edit after which the fork could no longer build the YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yamlmod.checks.finding import Finding
from yamlmod.checks.run import Options, check_text
from yamlmod.errors import Refusal
from yamlmod.fork.read.problems import answer
from yamlmod.model.parser_facts import ParserFacts, ParserNames
from yamlmod.ops.network import registry_kinds
from yamlmod.ops.outcome import Outcome

if TYPE_CHECKING:
    from yamlmod.fork.read.network import ForkReader

# The rules that tell what the fork's own code cannot build or run.
_RULES = ("cannot-build", "unresolved-name", "wrong-branch")
_WAY_OUT = "`yamlmod patch` and `yamlmod insert` do the two halves without this check"


def refuse_new_errors(outcome: Outcome, before: ForkReader, after: ForkReader) -> list[str]:
    """Refuse an edit after which `check --repo` finds an error that was not there before.

    Returns warnings about errors that an older one may have hidden.
    """
    shown = outcome.model.document.shown
    errors = _errors(outcome.text, shown, after)
    if not errors:
        return []
    old = _errors(outcome.model.document.text, shown, before)
    places = {None if finding.layer is None else outcome.mapping[finding.layer] for finding in old}
    new = [finding for finding in errors if finding.layer not in places]
    inserted = {layer.index for layer in outcome.inserted}
    for finding in new:
        if not old or finding.layer in inserted:
            raise Refusal(
                finding.rule,
                f"the fork could no longer build the file: {finding.message}",
                place=finding.place,
                hint=f"{finding.help}\n{_WAY_OUT}",
            )
    return [f"{finding.message}; another error hid it so far" for finding in new]


def _errors(text: str, shown: str, reader: ForkReader) -> list[Finding]:
    # Its names are the interpreter's to judge; what it does not understand is no error.
    names = ParserNames(frozenset(), open=("only what is read counts",))
    builder = ParserFacts(
        shown=reader.parser,
        function="" if reader.function is None else reader.function.node.name,
        names=names,
        ask=lambda data: answer(reader, data),
    )
    options = Options(registry_kinds, select=_RULES, builder=builder)
    return [finding for finding in check_text(text, shown, options) if finding.severity == "error"]
