"""Count where published YAMLs put each module: the places that `info` and the docs show.

python -m tools.places CORPUS        writes templates/places.toml

CORPUS is any folder with model YAMLs. Each network of a module counts once for each place; files
that hold the same layers count once.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.registry.catalogue import catalogue, templates_folder

_LEVELS = {8: "P3", 16: "P4", 32: "P5", 64: "P6"}


def main() -> int:
    corpus = Path(sys.argv[1])
    if not corpus.is_dir():
        sys.exit(f"{corpus} is no folder; nothing was written")
    names = {name: template.name for template in catalogue() for name in template.names}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    files: Counter[str] = Counter()
    seen: set[tuple[str, ...]] = set()
    for path in sorted(corpus.rglob("*.y*ml")):
        try:
            model = read_network(path.read_text(encoding="utf-8"), path.name)
        except (Refusal, UnicodeDecodeError, OSError, RecursionError):
            continue
        rows = model.document.rows
        key = tuple(f"{row.module}{row.from_value}" for row in rows)
        if key in seen:
            continue
        seen.add(key)
        found = defaultdict(set)
        for row in rows:
            if row.module in names:
                found[names[row.module]].add(place_of(model, row.index))
        for name, places in found.items():
            files[name] += 1
            counts[name].update(places)
    lines = ["# Written by `python -m tools.places CORPUS`; do not edit.",
             f"# Of {len(seen)} different networks in public YAMLs."]  # fmt: skip
    for name in sorted(counts, key=str.lower):
        lines += ["", f"[{name}]", f"networks = {files[name]}"]
        places = sorted(counts[name].items(), key=lambda item: (-item[1], item[0]))[:5]
        lines += [f'"{place}" = {count}' for place, count in places]
    path = templates_folder() / "places.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(f"{len(seen)} networks, {len(counts)} modules")
    return 0


def place_of(model: Network, layer: int) -> str:
    """Return where a layer is, as a user would ask for that place."""
    rows, head = model.document.rows, model.graph.head
    readers = {read.reader for read in model.readers(layer)}
    row = rows[layer]
    above = rows[layer - 1].module if layer else "the image"
    if any(rows[reader].module.startswith("SPP") for reader in readers):
        return "before SPPF"
    if above.startswith("SPP"):
        return "after SPPF"
    level = _LEVELS.get(int(model.shapes[layer].stride or 0), "")
    if head in readers:
        return f"before the head, {level}" if level else "before the head"
    where = "in the backbone" if row.section == "backbone" else "in the neck"
    return f"{where}, after {above}" if layer else "first"


if __name__ == "__main__":
    sys.exit(main())
