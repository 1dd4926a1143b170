"""Explain a network: the sigmoids in an ONNX file or a traced network, and what they multiply."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.gates.findings import Findings, examine
from yamlmod.gates.sentences import rows, summary
from yamlmod.gates.torch_graph import traced_graph
from yamlmod.runtime.yamlmod_worker.answers import ExplainAnswer
from yamlmod.usecases.fork_run import Announce, Run
from yamlmod.usecases.shown import ShownAsTable
from yamlmod.workspace.files import display, exists, read_bytes, real_path

# What protobuf itself can read: the largest ONNX file without external weights.
_LARGEST = 2**31
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, repr=False)
class Explained(ShownAsTable):
    """The sigmoids of a network; ``route`` is onnx or traced, ``ran`` what was run for it."""

    shown: str
    route: str
    findings: Findings
    ran: dict[str, Any]

    def title(self) -> str:
        return f"{self.shown}: {summary(self.findings)}"

    def headers(self) -> list[str]:
        return ["layer", "module", "kind", "pairs", "where"]

    def rows(self) -> list[list[str]]:
        return rows(self.findings)


def of_onnx(path: Path) -> Explained:
    from yamlmod.gates.onnx_file import read_onnx

    if path.suffix.lower() in _YAML:
        raise Refusal(
            "no-repo",
            f"{display(path)} is a model YAML, and no fork is named",
            hint="--repo REPO builds its network with the fork's code",
        )
    shown = display(path)
    if not exists(path):
        _refuse_rule(path)
    graph = read_onnx(read_bytes(path, shown, _LARGEST), shown)
    return Explained(shown, "onnx", examine(graph), {})


def _refuse_rule(path: Path) -> None:
    """Refuse the code of a rule, which another command explains."""
    from yamlmod.checks.rule import all_rules

    if str(path) in {rule.code for rule in all_rules()}:
        raise Refusal(
            "no-such-file",
            f"there is no file {display(path)}; it is a rule of check",
            hint=f"yamlmod check --explain {path}",
        )


def is_yaml(path: Path) -> bool:
    return path.suffix.lower() in _YAML


def refuse_onnx(cfg: Path) -> None:
    """Refuse an ONNX file with a fork, before the fork is looked at."""
    if cfg.suffix.lower() == ".onnx":
        raise Refusal(
            "usage", "--repo goes with a model YAML; an ONNX file is explained without a fork"
        )


def of_cfg(
    run: Run, cfg: Path, imgsz: int, seconds: float, announce: Announce | None = None
) -> Explained:
    """Build the network of a model YAML with the fork's code, and explain it."""
    refuse_onnx(cfg)
    target = run.open_model(cfg)
    question = {
        "kind": "explain",
        **run.where,
        "cfg": str(real_path(target.cfg)),
        "head": target.model.document.rows[-1].module,
        "imgsz": imgsz,
    }
    with run.worker(announce=announce) as worker:
        answer = worker.ask(question, seconds, ExplainAnswer)
    ran = {
        "python": run.interpreter.path,
        "protection": worker.protection.as_data(),
        "torch": answer["torch"],
        "stand_ins": answer["stand_ins"],
        "blocked": answer["blocked"],
    }
    return Explained(target.model.document.shown, "traced", examine(traced_graph(answer)), ran)
