"""The work of `check`: files read, checked folder by folder on all cores, findings reported."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Fixes, Text, check_folder
from yamlmod.checks.run import Options
from yamlmod.errors import Refusal
from yamlmod.report.progress import progress
from yamlmod.workspace.files import Change, TextFile, display, read_bytes, read_text, real_path

_TABLE = re.compile(r"^[ \t\ufeff]*(?:backbone|head)[ \t]*:", re.MULTILINE)
# Starting a process costs as much as some fifteen files.
_ALONE = 40


@dataclass(frozen=True)
class Checked:
    """What became of one file: its findings, or why it cannot be read; its change where fixed."""

    findings: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()
    unreadable: Refusal | None = None
    change: Change | None = None


@dataclass(frozen=True)
class Job:
    """The files of one folder; of those that were ``found`` and not named, only models count."""

    named: tuple[Path, ...]
    found: tuple[Path, ...]
    options: Options
    fixes: Fixes


def check_files(
    named: Sequence[Path], found: Sequence[Path], options: Options, fixes: Fixes
) -> list[Checked]:
    """Check all files, in order; those of one folder are looked at together."""
    jobs = list(_jobs(named, found, options, fixes))
    total = len(named) + len(found)
    workers = min(_cores(), len(jobs)) if total > _ALONE else 1
    if workers > 1:
        return _with_processes(jobs, workers, total)
    done: list[Checked] = []
    with progress("checking", total) as advance:
        for job in jobs:
            done += check_job(job, advance)
    return done


def _with_processes(jobs: Sequence[Job], workers: int, total: int) -> list[Checked]:
    """Check folders at the same time; the answers come in the order of the folders."""
    from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor

    done: list[Checked] = []
    pool = None
    pressed = _listen()
    try:
        pool = ProcessPoolExecutor(workers, initializer=_end_quietly)
        # Before the bar, which has a thread: a process is not forked beside a thread.
        answers = [pool.submit(check_job, job) for job in jobs]
    except (OSError, NotImplementedError, ImportError, BrokenProcessPool):
        answers = []  # no processes can be had here (a sandbox, no semaphores)
    try:
        with progress("checking", total) as advance:
            for index, job in enumerate(jobs):
                try:
                    done += answers[index].result() if answers else check_job(job)
                except BrokenProcessPool:  # somebody ended a process; the work goes on in this one
                    if pressed:
                        raise KeyboardInterrupt from None
                    done += check_job(job)
                advance(len(job.named) + len(job.found))
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    return done


def _listen() -> list[int]:
    """Return a list that knows of Ctrl-C: raised while a process is forked, Python drops it."""
    pressed: list[int] = []

    def note(number: int, frame: object) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    with contextlib.suppress(ValueError):  # of a thread, which gets no signals
        signal.signal(signal.SIGINT, note)
    return pressed


def _end_quietly() -> None:
    """End a process on Ctrl-C without a word: the first process says what there is to say."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _jobs(
    named: Sequence[Path], found: Sequence[Path], options: Options, fixes: Fixes
) -> Iterator[Job]:
    folders: dict[Path, tuple[list[Path], list[Path]]] = defaultdict(lambda: ([], []))
    for path in named:
        folders[path.parent][0].append(path)
    for path in found:
        folders[path.parent][1].append(path)
    for own, other in folders.values():
        yield Job(tuple(own), tuple(other), options, fixes)


def _nothing(count: int) -> None:
    """Tell nobody."""


def check_job(job: Job, advance: Callable[[int], None] = _nothing) -> list[Checked]:
    """Check the files of one folder; what is found there and is no model YAML is passed over."""
    done: list[Checked] = []
    files: dict[str, TextFile] = {}
    for path in (*job.named, *job.found):
        try:
            file = read_text(path)
        except Refusal as error:
            if path in job.named or _matters(path, error):
                done.append(Checked(unreadable=error))
            advance(1)
            continue
        if path in job.named or _TABLE.search(file.text):
            files[_name(path, files)] = file
        else:
            advance(1)
    texts = [Text(shown, file.text) for shown, file in files.items()]
    for shown, result in check_folder(texts, job.options, job.fixes, advance).items():
        file = files[shown]
        change = None
        if result.text != file.text:
            change = Change(file.path, file.raw, file.encode(result.text))
        done.append(Checked(result.left, result.mended, None, change))
    return done


def _name(path: Path, files: Mapping[str, TextFile]) -> str:
    """Return how a file is shown, unlike the other files of its folder."""
    shown = display(path)
    while shown in files and real_path(files[shown].path) != real_path(path):
        # One name holds an odd sign, the other spells out its escape.
        shown = shown.replace("\\", "\\\\")
    return shown


def _matters(path: Path, error: Refusal) -> bool:
    """Tell whether a file that was found, and not named, is missed: it may be a model."""
    if error.code != "not-utf8":
        return error.code in ("unreadable", "too-large")
    try:
        return _TABLE.search(read_bytes(path, "").decode("latin-1")) is not None
    except Refusal:
        return True


def tally(done: Iterable[Checked]) -> str:
    """Return the closing line: how many findings of each kind, in how many files."""
    done = list(done)
    missed = sum(file.unreadable is not None for file in done)
    done = [file for file in done if file.unreadable is None]
    end = f"; {_many(missed, 'file')} cannot be read" if missed else ""
    counts = Counter(item.severity for file in done for item in file.findings)
    files = sum(bool(file.findings) for file in done)
    if not counts:
        return f"{_many(len(done), 'file')} checked, nothing found{end}"
    parts = [_many(counts[s], s) for s in ("error", "warning", "note") if counts[s]]
    text = f"{', '.join(parts)} in {files} of {_many(len(done), 'file')}"
    fixable = sum(
        item.fix is not None and item.fix.certain for file in done for item in file.findings
    )
    return text + (f"; {fixable} can be mended with --fix" if fixable else "") + end


def _many(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")
