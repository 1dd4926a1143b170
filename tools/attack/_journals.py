"""Hostile journals at random: forged, changed, replayed, and of odd kinds of files."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yamlmod.workspace.commit import Purpose, commit
from yamlmod.workspace.files import FileChange

_NAMES = ("pending.json", "000001.json", "000002.json", "000007.json", "99999998.json")
_PATHS = (
    *(".git/hooks/post-index-change", ".git/config", ".git/hooks/x.py", ".git", ".GIT/x.py"),
    *("sub/.git/hooks/x.py", "sub/.git/config", "bare/hooks/post-receive", "bare/x.yaml"),
    *(".venv/bin/activate", ".venv/lib/x.py", ".yamlmod/000003.json", ".yamlmod/.gitignore"),
    *("Makefile", "README.md", "models/yolo.py", "models/common.py", "models/mini.yaml"),
    *("models/new.py", "new/a/b.py", "out/x.py", "out/new.yaml", "models/link.py", "empty"),
    *("{outside}/x.yaml", "{outside}/x.py", "{outside}/new.yaml", "{outside}/empty/x.yaml"),
    *("../outside/x.yaml", "models/../.git/config", "/etc/hostname", "/", "", ".", "a\ud800", "\0"),
    *("{repo}/models/yolo.py", "models//yolo.py", "C:/x.py", "models/yolo.py/", "a" * 5000),
)
_PLAIN = ("models/yolo.py", "models/common.py", "models/mini.yaml", "models/new.py", "new/a/b.py")
_FOLDERS = (
    *("{outside}/empty", "{outside}/cache", ".git/empty", "bare/empty", "empty", "out", "models"),
    *("out/empty", "..", "", ".", "/", "new", "new/a", "../outside/empty", ".yamlmod", ".venv"),
)
_JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 10**30, 1.5, "", "x", "\x1b[2J", "\u202e", "\ud800", "\0"),
    *([], [[]], {}, {"a": 1}, [None], ["\x1b]0;x\x07"], "9" * 10_000, ["x"] * 1000),
)


def packed(data: bytes | None) -> str | None:
    """Return contents as an entry holds them."""
    return None if data is None else base64.b64encode(zlib.compress(data)).decode()


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def _held(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except (OSError, ValueError):
        return None


class Maker:
    """Makes the journal of one case in a repository; ``label`` says what it is."""

    def __init__(self, chance: random.Random, repo: Path) -> None:
        self.chance, self.repo = chance, repo
        self.store = repo / ".yamlmod"
        self.outside = repo.parent / "outside"

    def make(self) -> str:
        """Put a hostile journal into the repository. Return its label."""
        kinds: list[Callable[[], str]] = [
            *(self._forged, self._forged, self._forged, self._junk, self._unsigned),
            *(self._changed_bytes, self._changed_fields, self._replayed, self._replayed_here),
            *(self._odd_file, self._bomb),
        ]
        return self.chance.choice(kinds)()

    def _put(self, fields: Any, name: str | None = None) -> None:
        self.store.mkdir(exist_ok=True)
        data = fields if isinstance(fields, bytes) else json.dumps(fields, indent=1).encode()
        (self.store / (name or self.chance.choice(_NAMES))).write_bytes(data)

    def _path(self, pool: tuple[str, ...] = _PATHS) -> str:
        text = self.chance.choice(pool)
        return text.replace("{outside}", str(self.outside)).replace("{repo}", str(self.repo))

    def _file(self, index: int, text: str | None = None) -> dict[str, Any]:
        chance = self.chance
        path = self._path() if text is None else text
        now = _held(self.repo / path) if len(path) < 255 else None
        before = chance.choice([b"planted = 1\n", b"#!/bin/sh\ntouch PWNED\n", None, now])
        after = b"?" if chance.random() < 0.1 else now
        if before is None and after is None:
            before = b"planted = 1\n"
        mode = chance.choice([0o644, 0o755, 0o4755, 0o6777, 0o777, 0])
        return {
            "path": path,
            "before": packed(before),
            "after": _digest(after),
            "mode": None if before is None else mode,
            "temporary": f".yamlmod-0a1b2c3d-{index}.tmp",
            "kept": chance.random() < 0.9,
        }

    def _entry(self, name: str) -> dict[str, Any]:
        chance = self.chance
        stem = name.partition(".")[0]
        # Mostly files that an entry may name, so that the one that it may not is reached.
        plain = chance.sample(_PLAIN, chance.randint(1, 3))
        odd = [self._path() for _ in range(chance.choice([0, 0, 1, 1, 1, 3]))]
        names = list(dict.fromkeys([*plain, *odd]))
        chance.shuffle(names)
        files = [self._file(index, text) for index, text in enumerate(names)]
        if (
            "models/common.py" not in names and chance.random() < 0.5
        ):  # one that is old, so that all is to be rolled back
            at = len(files)
            now = _held(self.repo / "models" / "common.py")
            file = {**self._file(at, "models/common.py"), "before": packed(now), "mode": 0o644}
            files.append({**file, "after": "0" * 64})
        folders = [self._path(_FOLDERS) for _ in range(chance.choice([0, 0, 1, 2]))]
        return {
            "format": 1,
            "number": int(stem) if stem.isdigit() else chance.choice([1, 2, 9]),
            "when": chance.choice(["", "2026-11-01 10:00:00", "\x1b[31m"]),
            "command": chance.choice([["yamlmod"], ["yamlmod", "\x1b]0;x\x07", "\u202e", "\n::x"]]),
            "kind": "write",
            "of": None,
            "files": files,
            "made": folders if chance.random() < 0.5 else [],
            "gone": folders if chance.random() < 0.5 else [],
        }

    def _forged(self) -> str:
        for name in self.chance.sample(_NAMES, self.chance.randint(1, 3)):
            self._put(self._entry(name), name)
        return "forged"

    def _junk(self) -> str:
        name = self.chance.choice(_NAMES)
        fields = self._entry(name)
        target = fields if self.chance.random() < 0.5 else fields["files"][0]
        key = self.chance.choice(list(target))
        if self.chance.random() < 0.2:
            del target[key]
        else:
            target[key] = self.chance.choice(_JUNK)
        self._put(fields, name)
        return "junk"

    def _unsigned(self) -> str:
        name = self.chance.choice(_NAMES)
        fields = {**self._entry(name), "format": 2}
        status = self.repo.stat()
        fields["home"] = {
            "path": str(self.repo),
            "device": status.st_dev,
            "inode": status.st_ino,
            "born": None,
        }
        fields["signature"] = self.chance.choice([None, "0" * 64, "f" * 64, ""])
        self._put(json.dumps(fields, indent=1).encode() + b"\n", name)
        return "unsigned"

    def genuine(self, repo: Path) -> Path:
        """Make a write of our own in a repository. Return its entry."""
        paths = [repo / "models" / name for name in ("common.py", "yolo.py")]
        held = [(path, path.read_bytes()) for path in paths]
        changes = [FileChange(path, data, data + b"# ours\n") for path, data in held]
        commit(changes, Purpose(("yamlmod", "ours")))
        return max((repo / ".yamlmod").glob("0*.json"))

    def _changed_bytes(self) -> str:
        path = self.genuine(self.repo)
        data = bytearray(path.read_bytes())
        for _ in range(self.chance.randint(1, 4)):
            data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        path.unlink()
        self._half()
        self._put(bytes(data), self.chance.choice(["pending.json", path.name]))
        return "changed bytes"

    def _changed_fields(self) -> str:
        path = self.genuine(self.repo)
        fields = json.loads(path.read_bytes())
        path.unlink()
        name = self.chance.choice(["pending.json", path.name])
        fields[self.chance.choice(["files", "made", "gone"])] = self.chance.choice(
            [[self._file(0)], [self._path(_FOLDERS)]]
        )
        self._put(json.dumps(fields, indent=1).encode() + b"\n", name)
        return "changed fields"

    def _replayed(self) -> str:
        """Of another clone that is in the same state, so that the entry fits to the byte."""
        other = self.repo.with_name("other")
        shutil.copytree(self.repo, other, symlinks=True)
        path = self.genuine(other)
        shutil.copytree(other / ".yamlmod", self.store)
        for name in ("common.py", "yolo.py"):
            shutil.copy(other / "models" / name, self.repo / "models" / name)
        if self.chance.random() < 0.5:
            (self.store / path.name).rename(self.store / "pending.json")
        if self.chance.random() < 0.5:  # in the very place of the other one
            self.repo.rename(self.repo.with_name("copied"))
            other.rename(self.repo)
            shutil.rmtree(self.repo)
            shutil.copytree(self.repo.with_name("copied"), self.repo, symlinks=True)
            shutil.rmtree(self.repo.with_name("copied"))
        self._half()
        return "replayed"

    def _half(self) -> None:
        """Let a pending entry be one to be rolled back: one of its files is old."""
        if (self.store / "pending.json").exists() and self.chance.random() < 0.7:
            path = self.repo / "models" / "yolo.py"
            path.write_bytes(path.read_bytes().removesuffix(b"# ours\n"))

    def _replayed_here(self) -> str:
        """An entry of ours that is done, once more as one that was interrupted."""
        path = self.genuine(self.repo)
        shutil.copy(path, self.store / "pending.json")
        self._half()
        return "replayed here"

    def _odd_file(self) -> str:
        self.store.mkdir(exist_ok=True)
        names = ("lock", ".gitignore", "pending.json", "pending.tmp", "000001.json")
        path = self.store / self.chance.choice(names)
        target = self.chance.choice(["/dev/zero", self.outside / "x.py", path.name, "/dev/tty"])
        odd: list[Callable[[], Any]] = [
            lambda: path.symlink_to(target),
            lambda: os.mkfifo(path),
            path.mkdir,
            lambda: path.hardlink_to(self.outside / "x.py"),
            lambda: path.write_bytes(os.urandom(1000)),
            lambda: path.write_bytes(b"\x1b]0;x\x07" * 1000),
        ]
        self.chance.choice(odd)()
        if self.chance.random() < 0.2:
            self.store.rename(self.outside / "store")
            self.store.symlink_to(self.outside / "store")
        return "odd file"

    def _bomb(self) -> str:
        name = self.chance.choice(_NAMES)
        fields = self._entry(name)
        kind = self.chance.randrange(5)
        if kind == 0:
            fields["files"][0].update(before=packed(bytes(40_000_000)), mode=0o644)
        elif kind == 1:
            one = {**fields["files"][0], "before": packed(bytes(4_000_000)), "mode": 0o644}
            fields["files"] = [
                {**one, "path": f"{i}.py", "temporary": f".yamlmod-0a1b2c3d-{i}.tmp"}
                for i in range(30)
            ]
        elif kind == 2:
            fields["files"] *= 30_000
        elif kind == 3:
            fields["number"] = "@"
            self._put(json.dumps(fields).replace('"@"', "9" * 1_000_000).encode(), name)
            return "bomb"
        else:
            self._put(b"[" * 1_000_000, name)
            return "bomb"
        self._put(fields, name)
        return "bomb"
