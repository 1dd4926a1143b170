"""Collect the graphs of official model YAMLs into yamlmod/registry/official.json.

    python -m tools.official NAME=FOLDER...

Each FOLDER holds an unpacked package or the tree of a tag (`git archive TAG`); all model YAMLs
below it are read. Only facts are kept: for every layer its module, its `from`, its number and its
args. Files with the same rows (yolov5s and yolov5m, the same file in the next release) become one
entry, named after the first. The entries in the repository were made from these, in this order:
yolov5 v1.0 to v7.0 and master, yolov3 v9.0 to master, yolov7, yolov9 v0.1 and main, and the
ultralytics package 8.4.190 (which holds v3, v5, v6, v8 to v12, 26 and RT-DETR).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.model.document import Document, parse_document

_TARGET = Path(__file__).parent.parent / "yamlmod" / "registry" / "official.json"


def main() -> int:
    """Read the folders named and write the catalogue."""
    known: dict[str, str] = {}
    for word in sys.argv[1:]:
        name, _, folder = word.partition("=")
        if not folder or not Path(folder).is_dir():
            sys.exit(f"{word}: a folder is given as NAME=FOLDER; nothing was written")
        for path in sorted(Path(folder).rglob("*.y*ml"), key=lambda p: (len(p.parts), p)):
            document = _document(path)
            if document is not None:
                known.setdefault(_facts(document), f"{name} {path.stem}")
    _TARGET.write_text(_as_json(known), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{len(known)} graphs\n")
    return 0


def _as_json(known: Mapping[str, str]) -> str:
    """Return the graphs, one a line, with each pair of module and args written once."""
    kinds: dict[str, int] = {}
    graphs = []
    for facts, name in known.items():
        backbone, rows = json.loads(facts)
        layers = [
            [kinds.setdefault(_compact([module, args]), len(kinds)), source, repeats]
            for module, source, repeats, args in rows
        ]
        graphs.append(_compact([name, backbone, layers]))
    lines = {"kinds": kinds, "graphs": graphs}
    tables = (f'"{key}":[\n' + ",\n".join(table) + "\n]" for key, table in lines.items())
    return "{" + ",\n".join(tables) + "}\n"


def _document(path: Path) -> Document | None:
    text = path.read_text(encoding="utf-8", errors="replace")
    if "backbone:" not in text:
        return None
    try:
        return parse_document(text, path.name)
    except Refusal as error:
        sys.stderr.write(f"left out: {path}: {error.message}\n")
        return None


def _facts(document: Document) -> str:
    rows = [[row.module, row.from_value, row.repeats, list(row.args)] for row in document.rows]
    backbone = len(document.sections[0].rows)
    return _compact([backbone, rows])


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    sys.exit(main())
