"""Journals that a repository may bring: nothing of them is done unless asked, and no harm then."""

from __future__ import annotations

import os
import random
import re
import shutil
import stat
import subprocess
from pathlib import Path

from tools.attack._journals import Maker
from tools.attack._place import Ran, build, run, state, workplace
from tools.attack.report import Budget, Report

CASES = 400
SECONDS = 12.0
_SLOW = 20.0
_INSERT = ["insert", "SimAM", "repo/models/mini.yaml", "--at", "5", "-w"]
_ADD = ["add", "SimAM", "--repo", "repo", "--cfg", "repo/models/mini.yaml", "--at", "5", "-w"]
_UNDO = ["undo", "repo"]
_FLAG = "--trust-journal"
_COMMANDS = (
    *(_INSERT, _INSERT, _UNDO, [*_UNDO, "-w"], [*_UNDO, "-w"], [*_UNDO, "--redo", "-w"]),
    *([*_UNDO, "--list"], [*_UNDO, "--list", "--json"], [*_UNDO, "-w", "--outside"]),
    *([*_UNDO, _FLAG], [*_UNDO, _FLAG, "-w"], [*_UNDO, _FLAG, "-w"]),
    *([*_UNDO, _FLAG, "--outside", "-w"], ["show", "repo/models/mini.yaml"], ["status", "repo"]),
)
_OURS = ("repo/models/common.py", "repo/models/yolo.py")
_PLAIN = re.compile(r"repo/(?!bare/|\.)(?!.*/\.).*\.(py|ya?ml)", re.DOTALL)
# Folders of plain files that an entry puts back; `C:` is one where it is no drive.
_MADE = ("repo/new", "repo/C:")
_PLAIN_OUTSIDE = re.compile(r"outside/(.*/)?[^/.]+\.ya?ml", re.DOTALL)


def attack(budget: Budget) -> Report:
    """Put a hostile journal into a fresh repository, run a command, compare everything."""
    report = Report()
    done = 0
    with workplace() as place:
        template = place / "template"
        build(template)
        edited = _edited(place / "edited")
        while not budget.spent(done):
            seed = f"{budget.seed}:{done}"
            root = place / "case"
            shutil.copytree(template, root, symlinks=True)
            try:
                _case(random.Random(seed), seed, root, edited, report)
            finally:
                os.chdir(place)
                shutil.rmtree(root)
            done += 1
    return report


def _edited(root: Path) -> bytes:
    """Return what the insertion makes of the YAML where nobody disturbs it."""
    repo = build(root)
    ran = run(_INSERT, root)
    if ran.code:
        raise RuntimeError(ran.err)
    return (repo / "models" / "mini.yaml").read_bytes()


def _case(chance: random.Random, seed: str, root: Path, edited: bytes, report: Report) -> None:
    repo = root / "repo"
    maker = Maker(chance, repo)
    label = maker.make()
    if chance.random() < 0.05 and not (repo / ".yamlmod").is_symlink():
        label = f"tracked, {label}"
        _track(repo)
    words = list(_ADD if chance.random() < 0.03 else chance.choice(_COMMANDS))
    before = state(root)
    ran = run(words, root)
    after = state(root)
    trouble = _odd(ran) or _harm(words, ran, before, after, label, edited)
    if trouble:
        report.fail(f"seed {seed}, {label}, {' '.join(words)}: {trouble}")
    else:
        taken = _FLAG in words and "-w" in words and ran.code == 0
        report.add(f"{label}, " + ("taken with the flag" if taken else f"exit {ran.code}"))


def _track(repo: Path) -> None:
    """Have git track the journal, in an index of a real repository."""
    git = repo / ".git"
    shutil.rmtree(git)
    for words in (["init", "-q"], ["add", "-f", ".yamlmod"]):
        subprocess.run(["git", *words], cwd=repo, check=False, capture_output=True)
    (git / "empty").mkdir(exist_ok=True)


def _odd(ran: Ran) -> str:
    """Return what must never be seen of a command, whatever it met."""
    if ran.code not in (0, 1, 2):
        return f"exit {ran.code}: {ran.err[-300:]}"
    if "Traceback" in ran.err or "error[bug]" in ran.err:
        return ran.err[-300:]
    if ran.seconds > _SLOW:
        return f"{ran.seconds:.0f} s"
    for sign in ran.err:
        if not sign.isprintable() and sign not in "\n\t":
            return f"{sign!r} on stderr"
    return ""


def _harm(
    words: list[str],
    ran: Ran,
    before: dict[str, tuple[int, bytes | str | None]],
    after: dict[str, tuple[int, bytes | str | None]],
    label: str,
    edited: bytes,
) -> str:
    """Return a change that the command must not have made; the journal itself may change."""
    writes = "-w" in words
    changed = {
        name
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name) and (not writes or not _is_journal(name))
    }
    if words[0] in ("insert", "add") and ran.code == 0:
        changed.discard("repo/models/mini.yaml")
        if after["repo/models/mini.yaml"][1] != edited:
            return "the YAML is not what the insertion makes of it"
        if words[0] == "add":
            changed -= {"repo/models/common.py", "repo/models/yolo.py"}
    taken = _FLAG in words and writes
    for name in sorted(changed):
        trouble = _is_allowed(name, before.get(name), after.get(name), taken, words, label)
        if trouble:
            return f"{name!r}: {trouble}"
    return ""


def _is_journal(name: str) -> bool:
    return name == "repo/.yamlmod" or name.startswith(("repo/.yamlmod/", "outside/store"))


def _is_allowed(
    name: str,
    before: tuple[int, bytes | str | None] | None,
    after: tuple[int, bytes | str | None] | None,
    taken: bool,
    words: list[str],
    label: str,
) -> str:
    """Return why a change is none that the command may make."""
    # Without the flag only our own write goes: the line that it added.
    if name in _OURS and label == "replayed here" and words[0] == "undo":
        held = [None if one is None else one[1] for one in (before, after)]
        if isinstance(held[1], bytes) and held[0] == held[1] + b"# ours\n":
            return ""
    if not taken:
        return "changed, and nobody took the entry"
    if before is not None and stat.S_ISDIR(before[0]):
        inside = name in ("repo/empty", "repo/new", "repo/new/a", "repo/models")
        return "" if after is None and inside else "a folder went"
    if after is not None and stat.S_ISDIR(after[0]):
        return "" if name.startswith(_MADE) else "a folder was made"
    if not (_PLAIN.fullmatch(name) or ("--outside" in words and _PLAIN_OUTSIDE.fullmatch(name))):
        return "no file that yamlmod writes"
    if after is not None and before is None and after[0] & 0o7022:
        return f"mode {after[0]:o}"
    if after is not None and before is not None and after[0] != before[0]:
        return f"mode {after[0]:o} in place of {before[0]:o}"
    return ""
