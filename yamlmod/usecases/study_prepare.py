"""Find everything that a study file names, and refuse what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from yamlmod.errors import Refusal
from yamlmod.runtime.interpreter import choose
from yamlmod.study.component import SCRATCH
from yamlmod.study.family import Family, has_option
from yamlmod.study.study_file import StudyFile, read_study
from yamlmod.usecases.fork_start import start_folder
from yamlmod.usecases.installed import is_package_word
from yamlmod.usecases.located_fork import LocatedFork, open_fork
from yamlmod.usecases.model_file import Target, find_cfg
from yamlmod.usecases.study_family import family_of_fork
from yamlmod.usecases.study_files import named_files
from yamlmod.usecases.study_text import read_study_text
from yamlmod.workspace.files import display, read_text, real_path


@dataclass(frozen=True)
class Prepared:
    """A study with everything that its file names, found."""

    file: StudyFile
    folder: Path
    located: LocatedFork
    base: Target
    family: Family
    python: str
    weights: Path | None
    data: Path | None
    files: dict[str, Path]

    @property
    def cfg_name(self) -> str:
        """The name of each variant's YAML."""
        return Path(self.file.base).name

    @property
    def code(self) -> Path:
        """Where a variant's copy of the code is; a fork that is a package keeps its name."""
        root = real_path(self.located.tree.root)
        is_package = start_folder(*self.located) == root.parent
        return Path("code", root.name) if is_package else Path("code")

    def open_model(self, name: str) -> Target:
        """Find and read a model YAML that the file names: beside it, or in the fork."""
        return self.located.open_model(_near(self.folder, name))

    def read(self, name: str) -> tuple[str, str]:
        """Return the text of a model YAML that an edit names: beside the file, or in the fork."""
        path = find_cfg(_near(self.folder, name), self.located.cfg_folders())
        return read_text(path).text, display(path)


def prepared(file: Path, python: str) -> Prepared:
    """Find what a study file names. Raises Refusal for what is not there or does not fit."""
    text = read_study_text(file)
    study = read_study(text.text, display(file))
    folder = real_path(file).parent
    if study.python:
        beside = folder / study.python
        python = choose(str(beside.absolute()) if beside.is_file() else study.python).path
    repo = folder / study.repo
    if not repo.exists() and is_package_word(Path(study.repo)):
        repo = Path(study.repo)
    located = _located(study, repo, python)
    base = located.open_model(_near(folder, study.base))
    if Path(study.base).suffix not in (".yaml", ".yml"):
        raise Refusal("bad-study", f"{study.shown}: base is no .yaml file: {study.base}")
    _check_script(located, study)
    family = family_of_fork(located, study.script, study.shown)
    _check_options(study, family)
    _check_seed(located, family, study)
    weights = None
    if study.weights != SCRATCH:
        weights = existing_file(study, "weights", study.weights, (folder, repo))
    data = _data(study, family, (folder, repo, repo / "data"))
    files = named_files(study, folder)
    return Prepared(study, folder, located, base, family, python, weights, data, files)


def _located(study: StudyFile, repo: Path, python: str) -> LocatedFork:
    try:
        return open_fork(repo, study.target, python=python)
    except Refusal as error:
        if "--target" not in error.hint + error.message:
            raise
        message, hint = (
            text.replace("--target ", "target: ") for text in (error.message, error.hint)
        )
        hint += "\nas a key of the study file" if hint else ""
        shown = f"{study.shown}: {message}"
        raise Refusal(error.code, shown, place=error.place, hint=hint) from error


def _data(study: StudyFile, family: Family, folders: tuple[Path, ...]) -> Path | None:
    """Return the dataset YAML; None where the training brings it (`coco8.yaml` of ultralytics)."""
    word = study.train.get("data")
    if not isinstance(word, str):
        return None
    path = next((folder / word for folder in folders if (folder / word).is_file()), None)
    if path is None and (family.script or "/" in word):
        return existing_file(study, "data", word, folders)
    return None if path is None else real_path(path)


def _near(folder: Path, cfg: str) -> Path:
    """Return the YAML beside the study file, else the path as the fork's folders are asked for."""
    return folder / cfg if (folder / cfg).is_file() else Path(cfg)


def existing_file(study: StudyFile, key: str, word: str, folders: tuple[Path, ...]) -> Path:
    for folder in folders:
        if (folder / word).is_file():
            return real_path(folder / word)
    raise Refusal("no-such-file", f"{study.shown}: {key}: there is no file {word}")


def _check_options(study: StudyFile, family: Family) -> None:
    options = [("train", study.train), *((c.name, c.train or {}) for c in study.components)]
    for name, values in options:
        if name != "train" and "data" in values:
            raise Refusal(
                "bad-study",
                f"{study.shown}: {name} sets data, which all variants of a study share",
                hint="results on different data cannot be compared",
            )
        for option in values:
            word = option.replace("-", "_")
            if word in family.needs:
                raise Refusal(
                    "bad-study",
                    f"{study.shown}: {name} sets {option}: {family.needs[word]}",
                    hint="leave it out",
                )
            # argparse takes the start of a name for the name.
            if any(own.replace("-", "_").startswith(word) for own in family.own):
                raise Refusal(
                    "bad-study",
                    f"{study.shown}: {name} sets {option}, which a study sets itself",
                    hint="GPUs are given to `study run --gpus`; names and seeds are the study's",
                )


def _check_script(located: LocatedFork, study: StudyFile) -> None:
    path = PurePosixPath(study.script)
    if path.is_absolute() or ".." in path.parts:
        raise Refusal("bad-study", f"{study.shown}: script leads out of the fork: {study.script}")
    if study.script and located.tree.read(study.script) is None:
        raise Refusal(
            "no-such-file", f"{study.shown}: {located.shown} has no {study.script}, which trains"
        )


def _check_seed(located: LocatedFork, family: Family, study: StudyFile) -> None:
    """Refuse a training script that takes no seed: all its runs would be the same by design."""
    if not family.script:
        return
    script = study.script or family.script
    text = located.tree.read(script)
    if text is None:
        raise Refusal(
            "no-such-file",
            f"{study.shown}: {located.shown} has no {script}, which trains",
            hint="`script:` names another one, such as train_dual.py",
        )
    if not has_option(text, "seed"):
        raise Refusal(
            "no-seed",
            f"{located.tree.shown(script)} has no option --seed: runs could not be told apart",
            hint=f"yamlmod study seeds {study.repo} --fix -w adds it",
        )


def study_name(file: Path) -> str:
    """Return the name of the study in a file, as a folder's name."""
    name = read_study(read_study_text(file).text, display(file)).name
    return (
        "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in name).lstrip(".")
        or "study"
    )
