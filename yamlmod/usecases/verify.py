"""Verify networks: built with the fork's own code, trained a step, run, copied and exported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.checks.bases import base_of
from yamlmod.checks.run import Options, check_document
from yamlmod.checks.subject import Subject
from yamlmod.errors import Refusal, plural
from yamlmod.model.known_modules import SIDE_EFFECT
from yamlmod.model.network import Network
from yamlmod.ops.layer_map import Following, follow
from yamlmod.ops.network import registry_kinds
from yamlmod.runtime.protection import Protection
from yamlmod.runtime.worker import Worker
from yamlmod.runtime.yamlmod_worker.answers import Stopped, Told, VerifyAnswer, VerifyPart
from yamlmod.usecases.costly import Costly, costly_layers, gigabytes
from yamlmod.usecases.fork_run import PATIENT, Announce, Run, announced
from yamlmod.usecases.interrupted import Interrupted
from yamlmod.usecases.missing_module import missing_hints
from yamlmod.usecases.model_file import Target
from yamlmod.usecases.remap import identity_wanted
from yamlmod.usecases.shown import ShownAsTable
from yamlmod.usecases.verified import Check as Check
from yamlmod.usecases.verified import Heard
from yamlmod.usecases.verified import Verified as Verified
from yamlmod.workspace.files import real_path

_DIED = ("no-answer", "timed-out")


class VerifyOptions(NamedTuple):
    """What is wanted of every network."""

    sizes: tuple[tuple[int, int], ...] = ()
    export: bool = False
    identity: bool = False
    force: bool = False
    seconds: float = 300.0


@dataclass(frozen=True)
class Subjects:
    """The networks of one call: the base where one was given, and those to verify."""

    run: Run
    base: Target | None
    options: VerifyOptions

    def question(self, target: Target) -> dict[str, Any]:
        """Return what the worker has to know of a network."""
        model, options = target.model, self.options
        following = None if self.base is None else follow(self.base.model, model)
        rows = model.document.rows
        costly = self.costly(model)
        return {
            "kind": "verify",
            **self.run.where,
            "cfg": str(real_path(target.cfg)),
            "classes": None,
            "head": rows[-1].module,
            "rows": _rows(model),
            "strides": _strides(model),
            "inserted": inserted(model, following),
            "sizes": [list(size) for size in options.sizes],
            "export": options.export,
            "needs": sum(one.cost.bytes for one in costly),
            "force": options.force,
            "identity": identity_wanted(model, following)
            if options.identity and following is not None
            else None,
            "base": self._base(model, following),
        }

    def _base(self, model: Network, following: Following | None) -> dict[str, Any] | None:
        if self.base is None or following is None:
            return None
        return {
            "cfg": str(real_path(self.base.cfg)),
            "head": self.base.model.document.rows[-1].module,
            "rows": _rows(self.base.model),
            "strides": _strides(self.base.model),
            "inserted": [],
            "classes": model.document.settings.get("nc"),
            "pairs": [list(pair) for pair in following.pairs],
        }

    def costly(self, model: Network) -> list[Costly]:
        return costly_layers(model, self.options.sizes)

    def references(self, target: Target) -> Check:
        """Compare the references with the base's: `yamlmod check --base`, one rule of it."""
        base = None if self.base is None else base_of(self.base.model.document, "given")
        rules = Options(kinds_of=registry_kinds, select=("wiring",), base=base)
        found = check_document(target.model.document, rules)
        errors = [one for one in found if one.severity == "error"]
        against = "the nearest known network" if base is None else base.name
        if not found:
            return Check("references", "pass", f"none leads elsewhere than in {against}")
        told = [
            f"line {one.place.line}: {one.message}; {_first(one.help)}" for one in errors or found
        ]
        return Check("references", "fail" if errors else "pass", "; ".join(told))


@dataclass(frozen=True, repr=False)
class Verification(ShownAsTable):
    """What came out for each network, and what was run for it."""

    repo: str
    interpreter: str
    protection: Protection
    networks: tuple[Verified, ...]
    told: Stopped | Told

    @property
    def failed(self) -> tuple[Verified, ...]:
        return tuple(network for network in self.networks if network.failed)

    @property
    def skipped(self) -> tuple[Verified, ...]:
        return tuple(network for network in self.networks if network.skipped)

    def title(self) -> str:
        passed = len(self.networks) - len(self.failed) - len(self.skipped)
        return f"{passed} of {plural(len(self.networks), 'network')} passed"

    def headers(self) -> Sequence[str]:
        return ("network", "check", "result", "what")

    def rows(self) -> Iterator[list[str]]:
        for network in self.networks:
            if network.skipped:
                yield [network.cfg, "all", "skip", network.skipped]
            for check in network.checks:
                yield [network.cfg, check.name, check.status, check.reason]


def verify(
    run: Run,
    cfgs: Sequence[Path],
    base: Path | None = None,
    options: VerifyOptions | None = None,
    announce: Announce | None = None,
) -> Verification:
    """Build networks with the fork's code and check what breaks when they train, run or ship."""
    options = options or VerifyOptions()
    if options.identity and base is None:
        raise Refusal("usage", "--init identity compares with a base", hint="add --base CFG")
    if not cfgs:
        raise Refusal("usage", "no model YAML was named", hint="yamlmod verify REPO CFG...")
    targets = [run.open_model(cfg) for cfg in dict.fromkeys(cfgs)]
    subjects = Subjects(run, None if base is None else run.open_model(base), options)
    with Verifier(subjects) as verifier:
        protection = verifier.worker(announce).protection
        if announce is not None:
            for target in targets:
                for costly in subjects.costly(target.model):
                    announce(f"{target.model.document.shown}: {costly.line}")
        done: list[Verified] = []

        def verification() -> Verification:
            shown = run.tree.shown(".")
            networks = tuple(done)
            return Verification(shown, run.interpreter.path, protection, networks, verifier.told)

        try:
            for network in verifier.all(targets, announce):
                done.append(network)
                if announce is not None and len(targets) > 1:
                    count = f"{len(done)} of {len(targets)}"
                    announce(f"{count}: {network.cfg}: {network.word}")
        except KeyboardInterrupt:
            missing = f"{len(targets) - len(done)} of {plural(len(targets), 'network')}"
            done += verifier.begun()
            if not done:
                raise
            raise Interrupted(verification(), f"{missing} not verified") from None
        return verification()


def _rows(model: Network) -> list[dict[str, Any]]:
    return [
        {
            "index": row.index,
            "module": row.module,
            "sources": [read.target for read in reads],
            "listed": bool(row.refs),
            "side_effect": row.module in SIDE_EFFECT,
        }
        for row, reads in zip(model.document.rows, model.graph.reads, strict=True)
    ]


def _strides(model: Network) -> list[float | None]:
    """Return the strides of what the head reads."""
    return [model.shapes[read.target].stride for read in model.graph.reads[-1]]


def _first(text: str) -> str:
    return text.partition(":")[0].partition("\n")[0]


def inserted(model: Network, following: Following | None) -> list[int]:
    """Return the layers that are new against the base; without one, all attention layers."""
    if following is not None:
        replaced = (change.new for change in following.comparison.replaced)
        return sorted({*following.added, *replaced})
    subject = Subject(model.document, registry_kinds)
    return [row.index for row in model.document.rows if subject.is_attention(row)]


class Verifier:
    """Asks one worker about network after network; one that dies is told and replaced."""

    def __init__(self, subjects: Subjects) -> None:
        self.subjects = subjects
        self.told: Stopped | Told = {"stand_ins": [], "blocked": []}
        self._worker: Worker | None = None
        self._begun: Verified | None = None

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.end()

    def begun(self) -> list[Verified]:
        """Return the network that Ctrl-C left half verified, if a check of it had ended."""
        if self._begun is None or not self._begun.checks:
            return []
        made = plural(len(self._begun.checks), "check")
        self._begun.skipped = f"interrupted after {made}; the others were not made"
        return [self._begun]

    def all(
        self, targets: Sequence[Target], announce: Announce | None = None
    ) -> Iterator[Verified]:
        """Yield what came out for each network."""
        for target in targets:
            model = target.model
            question = self.subjects.question(target)
            names = [f"{i} {model.document.rows[i].module}" for i in question["inserted"]]
            found = Verified(model.document.shown, names, self.subjects.costly(model))
            self._begun = found
            self._ask(question, found, announce)
            self._begun = None
            if not found.skipped:
                built = found.checks and found.checks[0].status == "pass"
                found.checks.insert(2 if built else 1, self.subjects.references(target))
            found.hints = missing_hints(found.failed, model, self.subjects.run)
            yield found

    def worker(self, announce: Announce | None = None) -> Worker:
        """Return the worker, started where there is none."""
        if self._worker is None:
            self._worker = self.subjects.run.worker(PATIENT, announce=announce)
        return self._worker

    def _ask(self, question: dict[str, Any], found: Verified, announce: Announce | None) -> None:
        heard = Heard(found, lambda check: announced(announce, f"{found.cfg}: {check}"))
        try:
            answer = self.worker().ask(
                question, self.subjects.options.seconds, VerifyAnswer, VerifyPart, heard.part
            )
        except Refusal as error:
            if error.code not in _DIED or not heard.begun:
                raise
            # The network did that, and not the fork at its import: a fail like any other.
            self._worker = None
            if self._base_dies(question, heard.begun, error.code):
                told = f"the base fails too: {error.message}"
                found.checks.append(Check(heard.begun, "skip", told))
            else:
                found.checks.append(Check(heard.begun, "fail", error.message))
            return
        heard.complete(answer)
        build = found.checks[0] if found.checks else None
        if build is not None and build.name == "build" and build.status == "skip":
            found.skipped = build.reason
        self.told = Told(
            stand_ins=answer["stand_ins"],
            blocked=answer["blocked"],
            torch=answer["torch"],
            python=answer["python"],
        )
        found.sizes, found.rounded = answer["sizes"], answer["rounded"]
        if answer["free"] is not None:
            found.skipped = (
                f"would need {gigabytes(question['needs'])}, {gigabytes(answer['free'])} are free; "
                "--force tries"
            )

    def _base_dies(self, question: dict[str, Any], check: str, code: str) -> bool:
        """Try the base in a worker of its own: whether it dies or hangs in the same check."""
        if question["base"] is None:
            return False
        base = {**question, **question["base"], "base": None, "identity": None}
        heard = Heard(Verified("", [], []))
        try:
            self.worker().ask(
                base, self.subjects.options.seconds, VerifyAnswer, VerifyPart, heard.part
            )
        except Refusal as error:
            self._worker = None
            return error.code == code and heard.begun == check
        return False
