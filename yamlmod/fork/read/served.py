"""Whether a parse function really hands a class what its channel rule says."""

from __future__ import annotations

from typing import Any

from yamlmod.errors import Place, Refusal
from yamlmod.fork.read.answers import has_unknown, row_of, spelled
from yamlmod.fork.read.network import ForkReader
from yamlmod.registry.rules import RULES
from yamlmod.registry.template import Template

_CHANNELS, _REPEATS = 64, 5


def check_served(reader: ForkReader, template: Template) -> None:
    """Refuse a rule by which the class would be handed something else; unknown is no refusal."""
    row = row_of(reader.read(_network(template)), 1)
    supplied = RULES[template.rule].supplied
    if row is None or not row.calls or row.class_name != template.class_name:
        return
    handed, wanted = list(row.args[:supplied]), [_CHANNELS, _CHANNELS, _REPEATS][:supplied]
    if has_unknown(handed) or has_unknown(row.repeats):
        return
    # Some forks leave the number of other rows unused.
    if handed == wanted and (row.calls == 1 or template.rule != "csp"):
        return
    source = reader.graph.source(reader.parser)
    shown = source.shown if source else reader.parser
    raise Refusal(
        "rule-not-served",
        f"the rule {template.rule} does not hold there: for {_CHANNELS} channels and the number "
        f"{_REPEATS} the branch hands {template.class_name} {spelled(list(row.args))} and builds "
        f"it {row.calls} times",
        place=Place(shown, row.branch) if row.branch else Place(shown),
        hint=f"{template.rule} means {RULES[template.rule].leading}; --rule chooses another",
    )


def _network(template: Template) -> dict[str, Any]:
    """Return a network with one row of the class, repeated, whose numbers tell what went where."""
    args = [_CHANNELS] if template.takes_nominal else []
    return {
        "nc": 3,
        "depth_multiple": 1.0,
        "width_multiple": 1.0,
        "anchors": [[10, 13, 16, 30, 33, 23]],
        "backbone": [
            [-1, 1, "Conv", [_CHANNELS, 3, 2]],
            [-1, _REPEATS, template.class_name, args],
        ],
        "head": [[[1], 1, "Detect", ["nc", "anchors"]]],
    }
