"""What `verify` asks the worker about one network, and what it knows without running anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.checks.bases import base_of
from yamlmod.checks.run import Options, check_document
from yamlmod.checks.subject import Subject, template_of
from yamlmod.errors import Refusal
from yamlmod.model.known_modules import SIDE_EFFECT
from yamlmod.model.network import Network
from yamlmod.ops.layer_map import Following, follow
from yamlmod.ops.network import registry_kinds
from yamlmod.registry.cost import Cost, cost
from yamlmod.runtime.protection import Protection
from yamlmod.runtime.worker import Worker
from yamlmod.runtime.yamlmod_worker.answers import Stopped, Told, VerifyAnswer, VerifyPart
from yamlmod.usecases.fork_run import Run
from yamlmod.usecases.model_file import Target
from yamlmod.usecases.remap import identity_wanted
from yamlmod.workspace.files import real_path

_SIDE = 256  # the largest of the worker's own sizes
_BIG = 256 * 1024**2
_LONG = 2_000_000_000
# Threads that spin while they wait take several times as long on a machine that is busy.
_PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
_DIED = ("no-answer", "timed-out")


class Wish(NamedTuple):
    """What is wanted of every network."""

    sizes: tuple[tuple[int, int], ...] = ()
    export: bool = False
    identity: bool = False
    force: bool = False
    seconds: float = 300.0


class Check(NamedTuple):
    """One check: `pass`, `fail` or `skip`, and what was seen."""

    name: str
    status: str
    reason: str
    seconds: float = 0.0


class Costly(NamedTuple):
    """A layer that takes much memory or time on the largest picture."""

    layer: int
    module: str
    height: int
    width: int
    cost: Cost

    @property
    def line(self) -> str:
        """Return it for a person."""
        parts = [f"layer {self.layer} {self.module} on {self.height}x{self.width}"]
        if self.cost.weights:
            parts.append(
                f"{self.cost.weights / 1e6:,.0f} million attention weights, "
                f"up to {gigabytes(self.cost.bytes)} in training"
            )
        parts.append(f"{self.cost.multiply_adds / 1e9:,.1f} G multiply-adds")
        return ", ".join(parts)


@dataclass
class Verified:
    """What came out for one model YAML."""

    cfg: str
    inserted: list[str]
    costly: list[Costly]
    checks: list[Check] = field(default_factory=list)
    skipped: str = ""
    sizes: list[str] = field(default_factory=list)
    rounded: list[tuple[int, int]] = field(default_factory=list)

    @property
    def failed(self) -> list[Check]:
        """Return the checks that do not hold."""
        return [check for check in self.checks if check.status == "fail"]

    @property
    def word(self) -> str:
        """Return the result in a word."""
        return "FAIL" if self.failed else "skip" if self.skipped else "pass"


@dataclass(frozen=True)
class Subjects:
    """The networks of one call: the base where one was given, and those to verify."""

    run: Run
    base: Target | None
    wish: Wish

    def question(self, target: Target) -> dict[str, Any]:
        """Return what the worker has to know of a network."""
        model, wish = target.model, self.wish
        following = None if self.base is None else follow(self.base.model, model)
        rows, shapes = model.document.rows, model.shapes
        head = model.graph.reads[-1]
        costly = self.costly(target)
        return {
            "kind": "verify",
            **self.run.where,
            "cfg": str(real_path(target.file.path)),
            "classes": None,
            "head": rows[-1].module,
            "rows": _rows(model),
            "strides": [shapes[read.target].stride for read in head],
            "inserted": inserted(model, following),
            "sizes": [list(size) for size in wish.sizes],
            "export": wish.export,
            "needs": sum(one.cost.bytes for one in costly),
            "force": wish.force,
            "identity": identity_wanted(model, following)
            if wish.identity and following is not None
            else None,
            "base": self._base(model, following),
        }

    def _base(self, model: Network, following: Following | None) -> dict[str, Any] | None:
        if self.base is None or following is None:
            return None
        return {
            "cfg": str(real_path(self.base.file.path)),
            "head": self.base.model.document.rows[-1].module,
            "rows": _rows(self.base.model),
            "inserted": [],
            "classes": model.document.settings.get("nc"),
            "pairs": [list(pair) for pair in following.pairs],
        }

    def costly(self, target: Target) -> list[Costly]:
        """Return the layers that cost much, by what their manifests say."""
        height, width = max(
            self.wish.sizes or ((_SIDE, _SIDE),), key=lambda size: size[0] * size[1]
        )
        found = []
        for row in target.model.document.rows:
            template, shape = template_of(row.module), target.model.shapes[row.index]
            channels = max((c for c in shape.real[:1] if c is not None), default=shape.nominal)
            if template is None or shape.stride is None or channels is None:
                continue
            side = max(int(height / shape.stride), 1), max(int(width / shape.stride), 1)
            one = cost(template, row.args, channels, *side)
            if one.bytes >= _BIG or one.multiply_adds >= _LONG:
                found.append(Costly(row.index, row.module, *side, one))
        return found

    def references(self, target: Target) -> Check:
        """Compare the references with the base's: `yamlmod check --base`, one rule of it."""
        base = None if self.base is None else base_of(self.base.model.document, "given")
        options = Options(kinds_of=registry_kinds, select=("wiring",), base=base)
        found = check_document(target.model.document, options)
        errors = [one for one in found if one.severity == "error"]
        against = "the nearest known network" if base is None else base.name
        if not found:
            return Check("references", "pass", f"none leads elsewhere than in {against}")
        told = [
            f"line {one.place.line}: {one.message}; {_first(one.help)}" for one in errors or found
        ]
        return Check("references", "fail" if errors else "pass", "; ".join(told))


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


def _first(text: str) -> str:
    return text.partition(":")[0].partition("\n")[0]


def inserted(model: Network, following: Following | None) -> list[int]:
    """Return the layers that are new against the base; without one, all attention layers."""
    if following is not None:
        replaced = (change.new for change in following.comparison.replaced)
        return sorted({*following.added, *replaced})
    subject = Subject(model.document, registry_kinds)
    return [row.index for row in model.document.rows if subject.is_attention(row)]


def parse_sizes(words: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return the sizes of --imgsz: `640`, `640x384` (height by width), several with commas."""
    found = []
    for word in (part.strip() for text in words for part in text.split(",")):
        sides = word.lower().split("x")
        if len(sides) > 2 or not all(side.isdecimal() and 0 < int(side) < 10_000 for side in sides):
            raise Refusal(
                "usage",
                f"--imgsz {word[:40]!r} is no size",
                hint="write 640, or height by width: 640x384",
            )
        found.append((int(sides[0]), int(sides[-1])))
    return tuple(found)


class Verifier:
    """Asks one worker about network after network; one that dies is told and replaced."""

    def __init__(self, subjects: Subjects) -> None:
        self.subjects = subjects
        self.told: Stopped | Told = {"stand_ins": [], "blocked": []}
        self._worker: Worker | None = None

    def __enter__(self) -> Verifier:
        return self

    @property
    def protection(self) -> Protection:
        """Return what the fork is kept from; starts the worker."""
        return self._started().protection

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.end()

    def all(self, targets: Sequence[Target]) -> Iterator[Verified]:
        """Yield what came out for each network."""
        for target in targets:
            model = target.model
            question = self.subjects.question(target)
            names = [f"{i} {model.document.rows[i].module}" for i in question["inserted"]]
            found = Verified(model.document.shown, names, self.subjects.costly(target))
            self._ask(question, found)
            if not found.skipped:
                built = found.checks and found.checks[0].status == "pass"
                found.checks.insert(2 if built else 1, self.subjects.references(target))
            yield found

    def _started(self) -> Worker:
        if self._worker is None:
            self._worker = self.subjects.run.worker(_PATIENT)
        return self._worker

    def _ask(self, question: dict[str, Any], found: Verified) -> None:
        heard = _Heard(found)
        try:
            answer = self._started().ask(
                question, self.subjects.wish.seconds, VerifyAnswer, VerifyPart, heard.part
            )
        except Refusal as error:
            if error.code not in _DIED or not heard.begun:
                raise
            # The network did that, and not the fork at its import: a fail like any other.
            self._worker = None
            found.checks.append(Check(heard.begun, "fail", error.message))
            return
        heard.complete(answer)
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


class _Heard:
    """What the worker told before it was done."""

    def __init__(self, found: Verified) -> None:
        self.found, self.begun = found, ""

    def part(self, message: VerifyPart) -> None:
        """Take one message."""
        self.begun = message.get("begun", self.begun)
        if "check" in message:
            self.found.checks.append(Check(**message["check"]))

    def complete(self, answer: VerifyAnswer) -> None:
        """Refuse an answer without a check: one that the worker did not give."""
        if answer["free"] is None and not self.found.checks:
            raise Refusal("bad-answer", "the fork's process sent an invalid answer: no check")


def gigabytes(count: int) -> str:
    """Return bytes as GiB."""
    return f"{count / 1024**3:,.1f} GiB"


def cfg_names(cfgs: Sequence[Path]) -> list[Path]:
    """Return the YAMLs that were named, each once."""
    if not cfgs:
        raise Refusal("usage", "no model YAML was named", hint="yamlmod verify REPO CFG...")
    return list(dict.fromkeys(cfgs))
