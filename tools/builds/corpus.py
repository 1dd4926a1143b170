"""The forks of some folders, unpacked, and their model YAMLs as data at their scales."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tools.forks import unpack
from yamlmod.errors import YamlmodError
from yamlmod.fork.parser.locate import ForkFacts, locate
from yamlmod.workspace.tree import Tree


@dataclass(frozen=True)
class Source:
    """A fork: its folder, and what was located in it."""

    name: str
    root: Path
    tree: Tree
    fork: ForkFacts


@dataclass(frozen=True)
class Case:
    """A model YAML's data at one scale; ``damage`` says what was done to it."""

    name: str
    data: dict[str, Any]
    scale: str
    damage: str = ""

    @property
    def head(self) -> str:
        """Return the class of the last row."""
        return str(self.data["head"][-1][2])

    def key(self, version: str) -> str:
        """Return a name for the truth about this case in the cache."""
        raw = pickle.dumps((version, self.data, self.scale))
        return hashlib.sha256(raw).hexdigest()[:24]


def sources(paths: Sequence[Path], cache: Path) -> Iterator[Source | str]:
    """Yield the forks at the paths, or below them; a text says why one is none."""
    for path in paths:
        children = [path] if is_fork(path) else sorted(path.iterdir())
        for child in children:
            root = child
            # Two releases of a package lie in folders of one name, and are two truths.
            name = child.name if child == path else f"{path.name}/{child.name}"
            if child.name.endswith((".dist-info", ".egg-info")):
                continue
            if child.is_file():
                if not child.name.endswith((".whl", ".tar.gz")):
                    continue
                root = cache / "unpacked" / child.name
                if not root.is_dir():
                    unpack(child, root)
            try:
                tree = Tree(root)
                yield Source(name, root, tree, locate(tree))
            except (YamlmodError, RecursionError) as error:
                yield f"{child.name}: {error}"


def is_fork(path: Path) -> bool:
    """Return whether a path is a fork, and not a folder of them."""
    return path.is_file() or any(
        (path / name).exists() for name in ("models", "nn", "ultralytics", ".git")
    )


def cases(source: Source) -> Iterator[Case]:
    """Yield the model YAMLs of a fork at each of their scales."""
    seen: set[str] = set()
    for path in sorted([*source.root.rglob("*.yaml"), *source.root.rglob("*.yml")]):
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8", errors="ignore"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if not is_model(data):
            continue
        text = json.dumps(data, sort_keys=True, default=str)
        if text in seen:
            continue
        seen.add(text)
        name = path.relative_to(source.root).as_posix()
        scales = data.get("scales")
        names = [str(word) for word in scales] if isinstance(scales, dict) and scales else [""]
        for scale in names:
            case = Case(name, dict(data), scale)
            if scale:
                case = replace(case, data={**data, "scale": scale, "yaml_file": path.name})
            yield case


def is_model(data: Any) -> bool:
    """Return whether data has rows of four in backbone and head."""
    if not isinstance(data, dict):
        return False
    tables = [data.get("backbone"), data.get("head")]
    return all(
        isinstance(table, list)
        and table
        and all(isinstance(r, list) and len(r) == 4 for r in table)
        for table in tables
    )
