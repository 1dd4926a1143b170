"""The work of `check`: files read, checked folder by folder on all cores, findings reported."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from yamlmod.checks.apply_fixes import Fixed
from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Fixes, Text, check_folder
from yamlmod.checks.run import Options
from yamlmod.errors import Refusal
from yamlmod.model.build_answer import BuildAnswer, KnownAnswers, key_of
from yamlmod.model.parse import load_plain
from yamlmod.usecases.neighbours import has_table, is_model, neighbours
from yamlmod.usecases.processes import Advance, in_processes
from yamlmod.workspace.files import (
    FileChange,
    TextFile,
    display,
    link_name,
    read_bytes,
    read_text,
    real_path,
)
from yamlmod.workspace.walk import YamlFile

# Starting a process costs as much as some fifteen files.
_ALONE = 40
# A file of which a fork is asked at five scales costs as much as opening the fork.
_FEW = 4
# What is no model, whatever it is called: links out of the repository, pipes, devices.
_SKIPPED = ("outside", "not-a-file")


class Checked(NamedTuple):
    """What became of one file: its findings, or why it cannot be read; its change where fixed.

    ``skipped`` says why a file that was not named was not read, ``unfixed`` why it is not fixed;
    ``fixable`` is how many findings `--fix` would fix.
    """

    findings: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    unreadable: Refusal | None = None
    change: FileChange | None = None
    skipped: Refusal | None = None
    unfixed: Refusal | None = None
    is_folder: bool = False
    fixable: int = 0

    @property
    def is_read(self) -> bool:
        """Tell whether the file was read and looked at."""
        return self.unreadable is None and self.skipped is None

    @property
    def note(self) -> Refusal | None:
        """Return why a file that was not named was not changed."""
        return self.skipped or self.unfixed


Answers = Mapping[Path, tuple[str, BuildAnswer]]
Progress = Callable[[str, int], contextlib.AbstractContextManager[Advance]]
"""Given a word and a total, gives a function that is told how many more are done."""


class Job(NamedTuple):
    """The files of one folder; of those that were ``found`` and not named, only models count."""

    named: tuple[Path, ...]
    found: tuple[YamlFile, ...]
    options: Options
    fixes: Fixes

    @property
    def size(self) -> int:
        return len(self.named) + len(self.found)


def _nothing(count: int) -> None:
    pass


@contextlib.contextmanager
def _no_progress(what: str, total: int) -> Iterator[Advance]:
    yield _nothing


def check_files(
    named: Sequence[Path],
    found: Sequence[YamlFile],
    options: Options,
    fixes: Fixes,
    progress: Progress = _no_progress,
) -> list[Checked]:
    """Check all files, in order; those of one folder are looked at together."""
    ahead = _asked_ahead(named, found, options, progress)
    jobs = [_answered(job, ahead) for job in _jobs(named, found, options, fixes)]
    total = len(named) + len(found)
    workers = min(_cores(), len(jobs)) if total > _ALONE else 1
    bar = progress("checking", total)
    if workers > 1:
        return in_processes(check_job, jobs, [job.size for job in jobs], workers, bar)
    done: list[Checked] = []
    with bar as advance:
        for job in jobs:
            done += check_job(job, advance)
    return done


def _asked_ahead(
    named: Sequence[Path], found: Sequence[YamlFile], options: Options, progress: Progress
) -> Answers:
    """Ask the fork about all files at the same time, those of one folder, too."""
    builder = options.builder
    jobs = [Job((path,), (), options, Fixes.none) for path in named]
    jobs += [Job((), (file,), options, Fixes.none) for file in found]
    workers = min(_cores(), len(jobs))
    if builder is None or builder.ask is None or workers < 2 or len(jobs) < _FEW:
        return {}
    bar = progress("checking", len(jobs))
    return dict(in_processes(answer_job, jobs, [job.size for job in jobs], workers, bar))


def _answered(job: Job, ahead: Answers) -> Job:
    """Return a job with the answers about its own files: it goes to a process with them."""
    builder = job.options.builder
    paths = [*job.named, *(file.path for file in job.found)]
    known = dict(ahead[path] for path in paths if path in ahead)
    if builder is None or builder.ask is None or not known:
        return job
    builder = builder._replace(ask=KnownAnswers(builder.ask, known))
    return job._replace(options=job.options._replace(builder=builder))


def answer_job(job: Job) -> list[tuple[Path, tuple[str, BuildAnswer]]]:
    """Return what the fork makes of the one file of a job; nothing where it is no model YAML."""
    path = job.named[0] if job.named else job.found[0].path
    below = None if job.named else job.found[0].repository
    builder = job.options.builder
    with contextlib.suppress(Refusal):  # it is said where the file is checked
        text = read_text(path, below=below).text
        if builder is not None and builder.ask is not None and is_model(text):
            data = load_plain(text, display(path))
            return [(path, (key_of(data), builder.ask(data)))]
    return []


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _jobs(
    named: Sequence[Path], found: Sequence[YamlFile], options: Options, fixes: Fixes
) -> Iterator[Job]:
    folders: dict[Path, tuple[list[Path], list[YamlFile]]] = defaultdict(lambda: ([], []))
    for path in named:
        folders[path.parent][0].append(path)
    for file in found:
        folders[file.path.parent][1].append(file)
    for own, other in folders.values():
        yield Job(tuple(own), tuple(other), options, fixes)


def check_job(job: Job, advance: Advance = _nothing) -> list[Checked]:
    """Check the files of one folder; what is found there and is no model YAML is passed over."""
    done: list[Checked] = []
    files: dict[str, tuple[TextFile, YamlFile | None]] = {}
    for path, place in [*((path, None) for path in job.named), *((f.path, f) for f in job.found)]:
        try:
            file = read_text(path, below=None if place is None else place.repository)
        except Refusal as error:
            if place is None or _matters(place, error):
                done.append(Checked(unreadable=error))
            elif error.code in _SKIPPED:
                done.append(Checked(skipped=error))
            advance(1)
            continue
        if place is None or is_model(file.text):
            # A link is met under its target's name.
            files.setdefault(_name(path, files), (file, place))
        else:
            advance(1)
    texts = [Text(shown, file.text) for shown, (file, _) in files.items()]
    beside = partial(neighbours, job.named) if job.named and not job.found else None
    results = check_folder(texts, job.options, job.fixes, advance, beside)
    linked = {shown for shown, (file, place) in files.items() if _leads_out(file, place)}
    if linked and job.fixes is not Fixes.none:
        as_they_are = check_folder(texts, job.options)
        results = {**results, **{shown: as_they_are[shown] for shown in linked}}
    return done + [
        _checked(files[shown][0], result, shown in linked, job.fixes)
        for shown, result in results.items()
    ]


def _name(path: Path, files: Mapping[str, tuple[TextFile, YamlFile | None]]) -> str:
    """Return how a file is shown, unlike the other files of its folder."""
    shown = display(path)
    while shown in files and real_path(files[shown][0].path) != real_path(path):
        # One name holds an odd sign, the other spells out its escape.
        shown = shown.replace("\\", "\\\\")
    return shown


def _leads_out(file: TextFile, place: YamlFile | None) -> bool:
    folder = None if place is None else place.folder
    return folder is not None and not real_path(file.path).is_relative_to(folder)


def _checked(file: TextFile, result: Fixed, leads_out: bool, fixes: Fixes) -> Checked:
    if fixes is Fixes.none:
        return Checked(result.left, fixable=0 if leads_out else result.fixable)
    if leads_out:
        told = (
            f"{link_name(file.path)} is a link out of the folder that was named, and is not fixed"
        )
        hint = "name the file itself to fix it"
        return Checked(result.left, unfixed=Refusal("outside", told, hint=hint))
    if result.text == file.text:
        return Checked(result.left, result.fixed)
    change = FileChange(file.path, file.raw, file.encode(result.text))
    return Checked(result.left, result.fixed, None, change)


def _matters(file: YamlFile, error: Refusal) -> bool:
    """Tell whether a file that was found, and not named, is missed: it may be a model."""
    if error.code != "not-utf8":
        return error.code in ("unreadable", "too-large")
    try:
        raw = read_bytes(file.path, "", below=file.repository)
    except Refusal:
        return True
    return has_table(raw.decode("latin-1"))
