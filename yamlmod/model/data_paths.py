"""A dataset YAML with absolute paths, for code that stands elsewhere than it did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from yamlmod.edits import Edit, apply_edits
from yamlmod.model.parse import compose

_SPLITS = ("train", "val", "test")


def with_absolute_paths(text: str, shown: str, folders: Sequence[Path]) -> str:
    """Return the text with every relative path that exists below a folder made absolute.

    Splits are below `path`; without it each of them is looked up by itself. They are made absolute,
    too: YOLOv7 and YOLOv5 up to v5.0 know no `path`. What is found nowhere stays as it is:
    ultralytics looks into a folder of its own settings.
    """
    root = compose(text, shown)
    if not isinstance(root, MappingNode):
        return text
    values = {key.value: value for key, value in root.value if isinstance(key, ScalarNode)}
    edits = []
    if "path" in values:
        home = Path(str(values["path"].value))
        edits = _edits([values["path"]], folders)
        folders = [home] if home.is_absolute() else [folder / home for folder in folders]
    return apply_edits(text, edits + _edits([values[k] for k in _SPLITS if k in values], folders))


def _edits(nodes: Iterable[Node], folders: Sequence[Path]) -> list[Edit]:
    edits = []
    for node in nodes:
        for scalar in _scalars(node):
            found = _found(str(scalar.value), folders)
            if found is not None:
                start, end = scalar.start_mark.index, scalar.end_mark.index
                edits.append(Edit(start, end, json.dumps(found.as_posix(), ensure_ascii=False)))
    return edits


def _scalars(node: Node) -> Iterator[ScalarNode]:
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _scalars(item)


def _found(word: str, folders: Sequence[Path]) -> Path | None:
    if not word or PurePath(word).is_absolute() or "://" in word:
        return None
    for folder in folders:
        path = folder / word
        if path.exists():
            return path.resolve()
    return None


def data_folders(text: str, shown: str) -> list[str]:
    """Return the absolute paths that a dataset YAML names: those of its splits, or its `path`."""
    root = compose(text, shown)
    if not isinstance(root, MappingNode):
        return []
    values = {key.value: value for key, value in root.value if isinstance(key, ScalarNode)}
    splits = [
        str(scalar.value)
        for name in _SPLITS
        if name in values
        for scalar in _scalars(values[name])
        if scalar.value
    ]
    if "path" in values and isinstance(values["path"], ScalarNode):
        splits = [str(PurePath(values["path"].value, split)) for split in splits]
    return [path for path in splits if PurePath(path).is_absolute()]
