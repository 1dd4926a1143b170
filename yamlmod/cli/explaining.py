"""What `explain` looks at, and how its answer is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from yamlmod.cli.running import open_run, told_of_run
from yamlmod.errors import Refusal
from yamlmod.gates.findings import Findings, examine
from yamlmod.gates.sentences import SHORT, rows, sentences, summary
from yamlmod.gates.torch_graph import traced_graph
from yamlmod.runtime.answers import ExplainAnswer, Stopped
from yamlmod.workspace.files import display, read_bytes, real_path

# What protobuf itself can read: the largest ONNX file without external weights.
_LARGEST = 2**31
_YAML = (".yaml", ".yml")


class Explained(NamedTuple):
    """What was found, of what, and what was run for it."""

    shown: str
    route: str
    findings: Findings
    ran: dict[str, Any]


def of_onnx(path: Path) -> Explained:
    """Explain an ONNX file."""
    from yamlmod.gates.onnx_file import read_onnx

    if path.suffix.lower() in _YAML:
        raise Refusal(
            "no-repo",
            f"{display(path)} is a model YAML, and no fork is named",
            hint="--repo REPO builds its network with the fork's code",
        )
    shown = display(path)
    graph = read_onnx(read_bytes(path, shown, _LARGEST), shown)
    return Explained(shown, "onnx", examine(graph), {})


def of_cfg(
    cfg: Path,
    repo: Path,
    python: str | None,
    stand_ins: bool,
    imgsz: int,
    seconds: float,
    tell: Callable[[str], None],
) -> Explained:
    """Build the network of a model YAML with the fork's code, and explain it."""
    if cfg.suffix.lower() == ".onnx":
        raise Refusal(
            "usage", "--repo goes with a model YAML; an ONNX file is explained without a fork"
        )
    opened = open_run(repo, python, stand_ins)
    target = opened.open(cfg)
    tell(opened.announced)
    question = {
        "kind": "explaining",
        **opened.where,
        "cfg": str(real_path(target.file.path)),
        "head": target.model.document.rows[-1].module,
        "imgsz": imgsz,
    }
    with opened.worker() as worker:
        tell(worker.protection.line)
        answer = worker.ask(question, seconds, ExplainAnswer)
    ran = {
        "python": opened.interpreter.path,
        "protection": worker.protection.as_data(),
        "torch": answer["torch"],
        "stand_ins": answer["stand_ins"],
        "blocked": answer["blocked"],
    }
    return Explained(target.model.document.shown, "traced", examine(traced_graph(answer)), ran)


def report(explained: Explained) -> Iterator[str]:
    """Yield the lines of the answer: a summary, a table, three sentences."""
    from yamlmod.report.tables import table

    findings = explained.findings
    yield f"{explained.shown}: {summary(findings)}"
    yield ""
    cells = rows(findings)
    if cells:
        headers = ["layer", "module", "kind", "pairs", "where"]
        yield from table(headers, cells, right=(0, 3), wrap=4)
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
            {"layer": one.layer, "module": one.module or None} for one in findings.products
        ],
    }
