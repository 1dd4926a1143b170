"""The folder of a study: `study.json`, `variants/NAME`, `runs/NAME-sK`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.study.run_files import RunStatus, status_of
from yamlmod.workspace.disk import read_regular
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
    init: str = ""


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
    seed: SeedFacts = SeedFacts()

    def text(self) -> str:
        data = self._asdict() | {"variants": [v._asdict() for v in self.variants], "format": 1}
        data["seed"] = self.seed._asdict()
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    def variant(self, name: str) -> VariantFacts:
        return next(variant for variant in self.variants if variant.name == name)


def read_study_plan(folder: Path) -> StudyPlan:
    """Read a planned study. Raises Refusal where the folder is none."""
    try:
        data: dict[str, Any] = json.loads(read_regular(folder / _NAME))
        variants = [VariantFacts(**item) for item in data.pop("variants")]
        data.pop("format")
        data["seed"] = SeedFacts(**data.get("seed", {}))
        return StudyPlan(**data, variants=variants)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Refusal(
            "no-study",
            f"{display(folder)} is not the folder of a study: {type(error).__name__}: {error}"[
                :300
            ],
            hint="yamlmod study plan FILE -o DIR makes one",
        ) from error


def write_study_plan(folder: Path, plan: StudyPlan) -> None:
    (folder / _NAME).write_text(plan.text(), encoding="utf-8")


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
