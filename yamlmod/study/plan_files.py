"""The folder of a study: `study.json`, `variants/NAME`, `runs/NAME-sK`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.study.run_files import RunStatus, status_of
from yamlmod.study.variant_names import BASE
from yamlmod.workspace.disk import names, read_regular, write_draft
from yamlmod.workspace.files import display

_NAME = "study.json"


class VariantFacts(NamedTuple):
    """What the plan knows of a variant; numbers are None where nothing of the fork was run."""

    name: str
    components: Sequence[str]
    control_of: str
    same_as: str
    cfg: str
    epochs: int
    parameters: int | None = None
    gflops: float | None = None
    verified: str = ""
    carried: Sequence[int] = ()
    # Milliseconds of a forward pass, and of the base's in turn with it: median and quartiles.
    latency: Sequence[float] = ()
    base_latency: Sequence[float] = ()
    # Milliseconds of a training step, for one image of it.
    step: float | None = None
    init: str = ""

    @property
    def latency_differs(self) -> bool:
        """Whether the quartiles do not overlap: else no difference was shown."""
        if not self.latency or not self.base_latency:
            return False
        (_, low, high), (_, base_low, base_high) = self.latency, self.base_latency
        return low > base_high or high < base_low


class TimedOn(NamedTuple):
    """What times were measured on, and with what; ``images`` is the size of the training set."""

    device: str
    device_name: str
    imgsz: int
    rounds: int
    step_images: int
    images: int | None


class SeedFacts(NamedTuple):
    """Whether the seed reaches the batches; None where that is not known.

    ``shown`` is the verdict in words, and ``is_proven`` says that batches were hashed.
    """

    counts: bool | None = None
    is_proven: bool = False
    shown: str = "not checked"


class StudyPlan(NamedTuple):
    """What `study.json` holds."""

    name: str
    family: str
    components: Sequence[str]
    seeds: Sequence[int]
    variants: Sequence[VariantFacts]
    runs: Sequence[str]
    timed: TimedOn | None = None
    seed: SeedFacts = SeedFacts()

    def text(self) -> str:
        data = self._asdict() | {"variants": [v._asdict() for v in self.variants], "format": 1}
        data["timed"] = self.timed._asdict() if self.timed else None
        data["seed"] = self.seed._asdict()
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    def variant(self, name: str) -> VariantFacts:
        return next(variant for variant in self.variants if variant.name == name)

    @property
    def placebos(self) -> Mapping[str, str]:
        """Return the placebo of each trained variant that has one.

        Modules at the same positions share their placebo: it is trained once.
        """
        trained = {variant.name for variant in self.variants if not variant.same_as}
        pairs = {v.control_of: v.same_as or v.name for v in self.variants if v.control_of}
        return {name: placebo for name, placebo in pairs.items() if name in trained}

    @property
    def comparisons(self) -> list[tuple[str, str]]:
        """Return all pairs that a report compares: with the base, then with placebos."""
        names = [variant.name for variant in self.variants if not variant.same_as]
        return [(name, BASE) for name in names if name != BASE] + list(self.placebos.items())


def read_study_plan(folder: Path) -> StudyPlan:
    """Read a planned study. Raises Refusal where the folder is none."""
    if not (folder / _NAME).exists():
        raise _no_study(folder)
    try:
        data: Any = json.loads(read_regular(folder / _NAME))
        variants = [VariantFacts(**item) for item in data.pop("variants")]
        data.pop("format")
        timed = data.pop("timed", None)
        data["seed"] = SeedFacts(**data.get("seed", {}))
        return StudyPlan(**data, variants=variants, timed=TimedOn(**timed) if timed else None)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = f"{_NAME} in {display(folder)} is not that of a study: {type(error).__name__}"
        raise Refusal("no-study", why, hint=_MAKES) from error


_MAKES = "yamlmod study plan FILE -o DIR makes one"


def _no_study(folder: Path) -> Refusal:
    if folder.is_file():
        is_yaml = folder.suffix.lower() in (".yaml", ".yml")
        hint = (
            f"yamlmod study plan {display(folder)} -o DIR makes the folder" if is_yaml else _MAKES
        )
        return Refusal(
            "no-study", f"{display(folder)} is a file; DIR is a planned study", hint=hint
        )
    if not folder.is_dir():
        return Refusal("no-study", f"there is no folder {display(folder)}", hint=_MAKES)
    studies = [name for name in names(folder) if (folder / name / _NAME).is_file()][:3]
    hint = (
        f"did you mean {' or '.join(display(folder / name) for name in studies)}?"
        if studies
        else _MAKES
    )
    return Refusal("no-study", f"{display(folder)} is not a planned study: no {_NAME}", hint=hint)


def write_study_plan(folder: Path, plan: StudyPlan) -> None:
    write_draft(folder / _NAME, plan.text().encode("utf-8"))


def run_folders(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Return the folders of a study's runs in their order; of those named, if there are names."""
    known = read_study_plan(folder).runs
    for name in names:
        if name not in known:
            raise Refusal(
                "no-such-run",
                f"{display(folder)} has no run {name[:80]!r}",
                hint="yamlmod study status lists its runs",
            )
    return [folder / "runs" / name for name in known if not names or name in names]


def statuses(folder: Path, names: Sequence[str] = ()) -> list[RunStatus]:
    return [status_of(path) for path in run_folders(folder, names)]
