"""Check that what a study trains is what was planned: its files, and the packages beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.study.freeze import digest_of_code, digest_of_file
from yamlmod.study.run_files import RunPlan
from yamlmod.workspace.disk import read_regular, write_new
from yamlmod.workspace.files import display

_VERSIONS = "versions.json"


def check_files(folder: Path, plans: Iterable[RunPlan]) -> None:
    """Raise Refusal for a file of the study that has been changed since it was planned."""
    wanted = {name: value for plan in plans for name, value in plan.hashes.items()}
    for name, planned in sorted(wanted.items()):
        path = folder / name
        if not path.exists():
            raise _changed(path, "is not there any more")
        digest = digest_of_code(path) if path.is_dir() else digest_of_file(path)
        if digest != planned:
            raise _changed(path, "has been changed since the study was planned")


def check_versions(folder: Path, versions: Mapping[str, str | None]) -> None:
    """Keep the versions of the first run. Raises Refusal where later ones would be others."""
    text = json.dumps(versions, indent=1) + "\n"
    path = folder / _VERSIONS
    try:
        write_new(path, text.encode("utf-8"))
    except FileExistsError:
        first = json.loads(read_regular(path))
    else:
        return
    for name, version in versions.items():
        if first.get(name) != version:
            raise Refusal(
                "versions-differ",
                f"{name} is {version}, and {first.get(name)} in the runs before: their results "
                "could not be compared",
                hint="install the version of before, or plan the study anew",
            )


def _changed(path: Path, what: str) -> Refusal:
    return Refusal(
        "study-changed",
        f"{display(path)} {what}: its runs could not be compared with those before",
        hint="plan the study anew, or put the file back",
    )
