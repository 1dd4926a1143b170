"""A fork: its code patched, its networks verified, measured and given weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from yamlmod.api.findings import CheckResult, check_paths, optional_path
from yamlmod.api.model import Model, Where, insertion, load
from yamlmod.api.preview import Preview
from yamlmod.api.words import python_words
from yamlmod.errors import Refusal
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.summary import outcome_lines, outcome_warnings
from yamlmod.usecases.add import plan_add
from yamlmod.usecases.chosen_module import Choices
from yamlmod.usecases.doctor import Examination, examine
from yamlmod.usecases.explain import Explained, of_cfg, of_onnx
from yamlmod.usecases.fork_run import Run, open_run
from yamlmod.usecases.located_fork import LocatedFork, PlannedPatch, open_fork
from yamlmod.usecases.named_fork import NamedFork
from yamlmod.usecases.patch import plan_patch, plan_unpatch
from yamlmod.usecases.profile import Profiled, Settings, profile
from yamlmod.usecases.remap import Remapped, remap
from yamlmod.usecases.status import Status, fork_status
from yamlmod.usecases.verify import Verification, VerifyOptions, verify
from yamlmod.workspace.files import FileChange

PathLike = str | Path
Placement = Literal["", "common", "package"]


@dataclass(frozen=True)
class Fork:
    """A repository with a parse function, found by its files; nothing of it is imported.

    ``target`` is the parse function where there are several, as FILE or FILE:FUNCTION, ``dialect``
    its family where it is not recognised, ``python`` the interpreter that runs the fork where its
    code is run (the current one if None), ``stand_ins`` whether missing packages may be stood in
    for there. Every method reads the files as they are at that moment.
    """

    path: PathLike
    target: str = ""
    dialect: str = ""
    python: str | None = None
    stand_ins: bool = True

    @python_words
    def load(self, cfg: PathLike) -> Model:
        """Load a model YAML: from the current folder, else from the fork."""
        return load(self._located().open_model(Path(cfg)).file.path)

    @python_words
    def patch(
        self,
        *modules: str,
        as_name: str | None = None,
        use_existing: bool = False,
        rule: str | None = None,
        placement: Placement = "",
        force: bool = False,
    ) -> Preview:
        """Put modules into the fork's code: registry names, or `FILE.py:CLASS`."""
        choices = Choices(as_name, use_existing, rule, force, placement)
        return _preview("patch", plan_patch(self._located(), _named(modules), choices))

    @python_words
    def unpatch(self, *modules: str, force: bool = False) -> Preview:
        """Take modules out again: what a patch put in, and nothing else."""
        return _preview("unpatch", plan_unpatch(self._located(), _named(modules), force))

    @python_words
    def add(
        self,
        module: str,
        cfg: PathLike,
        *,
        at: Where = None,
        after: Where = None,
        before: Where = None,
        edge: str | Sequence[str] | None = None,
        args: Sequence[Any] | None = None,
        keep_skips: bool = False,
        readers: Where = None,
        sources: Where = None,
        allow_dead: bool = False,
        at_end: bool = False,
        number: int = 1,
        as_name: str | None = None,
        use_existing: bool = False,
        rule: str | None = None,
        placement: Placement = "",
        output: PathLike | None = None,
        force: bool = False,
    ) -> Preview:
        """Insert a layer into a model YAML and put its class into the fork, as one change.

        ``output`` is another place for the YAML; an existing file needs ``force``.
        """
        where = insertion(at, after, before, edge, args, keep_skips, readers, sources, allow_dead)
        where = where._replace(at_end=at_end, number=number)
        choices = Choices(as_name, use_existing, rule, force, placement)
        planned = plan_add(self._located(), module, Path(cfg), where, choices)
        edit = planned.target.change(planned.outcome.text, optional_path(output), force)
        return _preview("add", planned.patch, planned.outcome, edit, planned.warnings)

    @python_words
    def status(self) -> Status:
        """Return which modules the fork has from yamlmod, and what of it is stale or missing."""
        return fork_status(self._located())

    @python_words
    def doctor(self) -> Examination:
        """Examine the fork with its Python, which is asked about packages and imports none."""
        return examine(self._located(), self.python)

    @python_words
    def check(
        self,
        *cfgs: PathLike,
        base: PathLike | None = None,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
    ) -> CheckResult:
        """Check model YAMLs, or all of the fork, with the names and branches of its code."""
        root = Path(self.path)
        paths = [self._located().open_model(Path(cfg)).file.path for cfg in cfgs] or [root]
        fork = NamedFork(root, self.target, self.dialect)
        return check_paths(paths, optional_path(base), fork, select, ignore)

    @python_words
    def verify(
        self,
        *cfgs: PathLike,
        base: PathLike | None = None,
        imgsz: Sequence[int | tuple[int, int]] = (),
        export: bool = False,
        identity: bool = False,
        force: bool = False,
        seconds: float = 300.0,
    ) -> Verification:
        """Build networks with the fork's code, which is run, and check what breaks.

        ``imgsz`` are sides, or (height, width), in pixels; ``seconds`` the limit for each network.
        """
        sizes = tuple((size, size) if isinstance(size, int) else size for size in imgsz)
        options = VerifyOptions(sizes, export, identity, force, seconds)
        return verify(self._run(), [Path(cfg) for cfg in cfgs], optional_path(base), options)

    @python_words
    def profile(
        self,
        *cfgs: PathLike,
        base: PathLike | None = None,
        imgsz: int = 640,
        batch: int = 1,
        device: str = "cpu",
        half: bool = False,
        fused: bool = False,
        rounds: int = 30,
        threads: int = 0,
        layers: bool = False,
        seconds: float = 900.0,
    ) -> Profiled:
        """Measure networks that the fork's code, which is run, builds, each against the base.

        ``imgsz`` is the side of the image in pixels; latencies are in milliseconds, memory in
        bytes, ``rounds=0`` measures no latency.
        """
        settings = Settings(imgsz, batch, device, half, fused, rounds, threads, layers)
        paths = [Path(cfg) for cfg in cfgs]
        return profile(self._run(), paths, optional_path(base), settings, seconds)

    @python_words
    def remap(
        self,
        weights: PathLike,
        before: PathLike,
        after: PathLike,
        output: PathLike | None = None,
        *,
        identity: bool = False,
        force: bool = False,
        classes: int | None = None,
        seconds: float = 300.0,
    ) -> Remapped:
        """Transfer weights of the YAML ``before`` to the edited YAML ``after``.

        Both networks are built by the fork's code, which is run; the checkpoint is read as data.
        Without ``output`` nothing is written. ``classes`` is the data set's number, for the count
        of what train.py will transfer.
        """
        return remap(
            self._run(),
            Path(weights),
            Path(before),
            Path(after),
            optional_path(output),
            identity=identity,
            force=force,
            classes=classes,
            seconds=seconds,
        )

    @python_words
    def explain(self, cfg: PathLike, *, imgsz: int = 256, seconds: float = 300.0) -> Explained:
        """Return what the sigmoids of a network multiply; the fork's code is run to trace it."""
        return of_cfg(self._run(), Path(cfg), imgsz, seconds)

    def _located(self) -> LocatedFork:
        return open_fork(Path(self.path), self.target, self.dialect)

    def _run(self) -> Run:
        return open_run(Path(self.path), self.python, self.stand_ins, self.target)


@python_words
def explain(onnx: PathLike) -> Explained:
    """Return what the sigmoids of an ONNX file multiply; it is read as data."""
    return of_onnx(Path(onnx))


def _preview(
    command: str,
    patch: PlannedPatch,
    outcome: Outcome | None = None,
    edit: FileChange | None = None,
    warnings: Sequence[str] = (),
) -> Preview:
    plan = patch.plan
    lines = [*(step.text for step in plan.steps), *(f"note: {note}" for note in plan.notes)]
    if outcome is None:
        return Preview(command, tuple(lines), tuple(warnings), None, patch)
    summary = (*outcome_lines(outcome), *lines)
    warned = (*outcome_warnings(outcome), *warnings)
    return Preview(command, summary, warned, Model.of(outcome), patch, edit)


def _named(modules: Sequence[str]) -> Sequence[str]:
    if not modules:
        raise Refusal("usage", "no module was named")
    return modules
