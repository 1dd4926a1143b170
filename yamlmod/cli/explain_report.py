"""Print the answer of `explain`, as text and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from yamlmod.gates.sentences import SHORT, sentences, summary
from yamlmod.report.tables import table
from yamlmod.runtime.yamlmod_worker.answers import Stopped
from yamlmod.usecases.explain import Explained
from yamlmod.usecases.fork_run import told_of_run


def report(explained: Explained) -> Iterator[str]:
    """Yield the lines of the answer: a summary, a table, three sentences."""
    findings = explained.findings
    yield explained.title()
    yield ""
    cells = explained.rows()
    if cells:
        yield from table(explained.headers(), cells, right=(0, 3), wrap=4)
        yield ""
    yield from sentences(findings)
    if any(one.place.how == "weights" for one in findings.found):
        yield "(some modules are not named: their layers are those of the nearest named weights)"
    if explained.ran:
        yield from told_of_run(cast(Stopped, explained.ran))


def answer_json(explained: Explained) -> dict[str, Any]:
    """Return the whole answer as data, every pair with its nodes."""
    findings = explained.findings
    return {
        "command": "explain",
        "file": explained.shown,
        "route": explained.route,
        "ran": explained.ran,
        "summary": summary(findings),
        "sentences": sentences(findings),
        "nodes": findings.nodes,
        "sigmoids": findings.sigmoids,
        "unknown_operators": findings.unknown,
        "convolutions": findings.convolutions,
        "convolutions_activated": findings.activated,
        "counts": {kind.name: findings.count(kind) for kind in SHORT},
        "pairs": [
            {
                "kind": pair.kind.name,
                "layer": place.layer,
                "layer_class": place.layer_class or None,
                "module": place.module or None,
                "module_class": place.module_class or None,
                "place_from": place.how,
                "sigmoid": pair.sigmoid.name or pair.sigmoid.outputs[0],
                "product": pair.product.name or pair.product.outputs[0],
                "operators": list(dict.fromkeys([pair.sigmoid.op, pair.product.op])),
                "through": list(pair.through),
                "spelled": pair.spelled or None,
            }
            for pair, place in findings.found
        ],
        "alone": [{"layer": one.layer, "module": one.module or None} for one in findings.alone],
        "products": [
            {"layer": product.layer, "module": product.module or None}
            for product in findings.products
        ],
    }
