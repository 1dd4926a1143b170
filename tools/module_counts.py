"""Count which modules the model YAMLs of other people name, and which of them the registry lacks.

python -m tools.module_counts FOLDER        prints the tables of docs/module_counts.md

Each folder below FOLDER is a repository, and counts once for a module. A collection (more than 100
networks) is a user only by a network that no other has. The same layers are the same network.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.model.document import parse_document
from yamlmod.registry.catalogue import find
from yamlmod.registry.official import official_kinds

_Layers = tuple[tuple[str, str], ...]
_BLOCK = re.compile(r"(?:A2C2f|C2fCIB|C2PSA|C2f|C3k2|C3k|C3|C2)(?:[-_](?=.)|(?=[A-Z]))(.+)")
# Case, `_`, `-` and `.` never matter; these are one module too.
_JOINED = """
BiFPN_Add: BiFPN_Add2 BiFPN_Add3 | BiFPN_Concat: BiFPN_Concat2 BiFPN_Concat3 Concat_BiFPN
BiLevelRoutingAttention: BRA BRABlock BiFormer BiFormerBlock | CAFM: CAFMAttention | CBAM: CBAMBlock
CascadedGroupAttention: CGA LocalWindowAttention | CloAttention: CloAtt CloBlock CloLayer
CoordAtt: CA CABlock CoordAttn CoordinateAttention | DLKA: deformable_LKA_Attention deformable_LKA
DAttention: DAttentionBaseline DAT | ECA: ECAAttention | EVC: EVCBlock | LSKA: LSKAAttention
EMA: EMAAttention EfficientMultiScaleAttention | FocusedLinearAttention: FLA | GAM: GAMAttention
LSK: LSKBlock | SE: SEAttention SELayer SEBlock SELayerV1 SENetV1 | TripletAttention: TripletAt
"""


class Count(NamedTuple):
    """How many use a module: repositories that chose it, all repositories, networks."""

    name: str
    users: int
    repositories: int
    networks: int
    registry: str


class Corpus(NamedTuple):
    """The repositories that have each network."""

    holders: dict[_Layers, set[str]]
    collections: set[str]
    files: int
    unread: int

    def table(self, view: str) -> list[Count]:
        """Count modules `as a layer`, `inside blocks` or `either way`, the most used first."""
        found: dict[str, set[_Layers]] = defaultdict(set)
        spelled: dict[str, Counter[str]] = defaultdict(Counter)
        for key in self.holders:
            for name in {_named(module, view) for module, _ in key} - {""}:
                title = _TITLES.get(_fold(name), _fold(name))
                found[title].add(key)
                spelled[title][name] += 1
        counts = []
        for title, keys in found.items():
            names = sorted(spelled[title], key=lambda name: (-spelled[title][name], name))
            shown = title if title in _TITLES.values() else names[0]
            repositories = set().union(*(self.holders[key] for key in keys))
            own = (self.holders[key] for key in keys if len(self.holders[key]) == 1)
            users = (repositories - self.collections).union(*own)
            known = "yes" if any(find(name, in_packs=False) for name in (shown, *names)) else "no"
            counts.append(Count(shown, len(users), len(repositories), len(keys), known))
        return sorted(counts, key=lambda c: (-c.users, -c.repositories, -c.networks, c.name))


def read(folder: Path) -> Corpus:
    """Read every model YAML below a folder of repositories."""
    holders: dict[_Layers, set[str]] = defaultdict(set)
    unread, paths = 0, sorted(folder.glob("*/**/*.y*ml"))
    for path in paths:
        try:
            rows = parse_document(path.read_text(encoding="utf-8"), path.name).rows
        except (Refusal, UnicodeDecodeError, OSError, RecursionError):
            unread += 1
            continue
        key = tuple((row.module, str(row.from_value)) for row in rows)
        holders[key].add(path.relative_to(folder).parts[0])
    networks = Counter(name for names in holders.values() for name in names)
    return Corpus(holders, {name for name in networks if networks[name] > 100}, len(paths), unread)


def _fold(name: str) -> str:
    return re.sub(r"[-_.]", "", name).lower()


_GROUPS = re.findall(r"(\w+):((?:\s+\w+(?!\w*:))+)", _JOINED)
_TITLES = {_fold(name): title for title, names in _GROUPS for name in (title, *names.split())}
_OFFICIAL = frozenset(module for module, _ in official_kinds())


def _named(module: str, view: str) -> str:
    inner = block[1] if (block := _BLOCK.fullmatch(module)) else ""
    shown = {"as a layer": module, "inside blocks": inner}.get(view, inner or module)
    return "" if module in _OFFICIAL or module.startswith(("nn.", "torch.")) else shown


def main() -> int:
    corpus = read(Path(sys.argv[1]))
    repositories = set().union(*corpus.holders.values())
    print(len(repositories), "repositories,", len(corpus.collections), "of them collections")
    print(f"{corpus.files} files, {corpus.unread} not read, {len(corpus.holders)} networks")
    for view in ("as a layer", "inside blocks", "either way"):
        head = "| Module | Users | Repositories | Networks | Registry |"
        print(f"\n{view}\n\n{head}\n| --- | ---: | ---: | ---: | --- |")
        for count in corpus.table(view):
            print(f"| `{count.name}` |", " | ".join(str(cell) for cell in count[1:]), "|")
    return 0


if __name__ == "__main__":
    sys.exit(main())
