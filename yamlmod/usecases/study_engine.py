"""Open the engine of a study, after its workers were checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yamlmod.errors import Refusal, one_of
from yamlmod.study.engine import Asks, Engine, EngineKind, EngineSettings
from yamlmod.study.run_files import RunPlan
from yamlmod.workspace.files import display, read_text


def open_engine(
    kind: EngineKind, settings: EngineSettings, due: Sequence[RunPlan], packages: Sequence[str]
) -> Engine:
    """Return an engine that may be given the runs that are due. Raises Refusal where it may not."""
    _check_options(kind, settings)
    engine = kind.start(settings)
    if due and isinstance(engine, Asks):
        from yamlmod.study.workers import check_workers

        try:
            paths = _data_paths(settings.folder, due)
            check_workers(engine, settings.folder, due, packages, paths, settings.say)
        except BaseException:
            engine.stop()
            raise
    return engine


def _check_options(kind: EngineKind, settings: EngineSettings) -> None:
    strange = [name for name in settings.options if name not in kind.options]
    if kind.stays and (settings.gpus or settings.jobs):
        strange = ["gpus" if settings.gpus else "jobs"]
    if strange:
        known = one_of([f"--{name}" for name in kind.options])
        raise Refusal(
            "usage",
            f"--{strange[0]} is not for this engine",
            hint=f"it takes {known}" if known else "name another one with --engine",
        )


def _data_paths(folder: Path, due: Sequence[RunPlan]) -> list[str]:
    """Return the paths that the dataset YAML of the study names."""
    from yamlmod.model.data_paths import data_folders

    names = {name for plan in due for name in plan.hashes if name.startswith("data/")}
    paths = []
    for path in sorted(folder / name for name in names):
        paths += data_folders(read_text(path).text, display(path))
    return list(dict.fromkeys(paths))
