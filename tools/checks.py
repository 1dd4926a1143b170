"""Check a corpus of real model YAMLs and compare with what is known to be wrong in it.

    python -m tools.checks CORPUS [--official FOLDER...]

CORPUS is a folder with `models/**/*.yaml` and `stale.json`, `dead.json`, `malformed.json` and
`oracles.json`. Every FOLDER of --official holds model YAMLs of official packages or tags, in which
no error may be found but in the files named in _REAL. Exits 1 when a count that must hold does not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Text, check_folder
from yamlmod.checks.run import Options, check_text
from yamlmod.ops.network import registry_kinds

_OPTIONS = Options(registry_kinds)
_SHARE = 0.95
# Official files with a real mistake: the end of the path, and what is wrong.
_REAL = {
    "hub/yolov5-bifpn.yaml": "v6.0: a comma is missing at the end of the seventh row",
}

# Wrong reads that the lists do not hold: a Concat of yolov5lPP-LC.yaml reads 14 for 15.
_TRUE = frozenset({"yolov5lPP-LC.yaml"})


def main() -> int:
    """Check everything and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--official", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    corpus: Path = options.corpus
    failures = [
        *stale(corpus),
        *dead(corpus),
        *malformed(corpus),
        *oracles(corpus),
        *official(options.official),
        *everything(corpus),
        *folders(corpus),
    ]
    for failure in failures:
        sys.stdout.write(f"FAILED {failure}\n")
    return 1 if failures else 0


def findings(path: Path) -> tuple[Finding, ...]:
    """Return what is found in one file."""
    text = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
    return check_text(text, str(path), _OPTIONS)


def load(corpus: Path, name: str) -> list[dict[str, Any]]:
    """Return one of the corpus's lists."""
    data: list[dict[str, Any]] = json.loads((corpus / name).read_text(encoding="utf-8"))
    return data


def stale(corpus: Path) -> Iterator[str]:
    """Compare with the references that are known to be wrong."""
    counts: Counter[str] = Counter()
    for entry in load(corpus, "stale.json"):
        found = [f for f in findings(corpus / entry["file"]) if f.rule != "index-comment"]
        wiring = {f.layer: f for f in found if f.rule == "wiring"}
        layers = {f.layer for f in found if f.severity == "error"}
        if not entry["verdict"].startswith("BUG"):
            counts["intended"] += 1
            counts["intended, flagged"] += bool(wiring)
            continue
        known = {ref["layer"]: ref for ref in entry["refs"]}
        for layer, ref in known.items():
            if isinstance(ref["expected"], str):
                counts["in words"] += 1
                counts["in words, reported"] += layer in layers
                continue
            counts["numbers"] += 1
            item = wiring.get(layer)
            right = item is not None and item.expected == ref["expected"]
            counts["numbers, reported"] += right and item.actual == ref["actual"]
            if not right:
                sys.stdout.write(f"  missed: {entry['file']}: {layer}: {ref['expected']}\n")
        for layer in set(wiring) - set(known):
            counts["others, reported"] += 1
            sys.stdout.write(f"  another: {wiring[layer].lines()[0]}\n")
    sys.stdout.write(f"stale references: {dict(counts)}\n")
    if counts["numbers, reported"] < _SHARE * counts["numbers"]:
        yield "too few stale references"
    if counts["in words, reported"] < counts["in words"]:
        yield "a stale reference told in words is not reported"
    if counts["others, reported"] or counts["intended, flagged"]:
        yield "a reference was reported that is right"


def dead(corpus: Path) -> Iterator[str]:
    """Compare with the attention layers that are known to be dead."""
    total = missed = 0
    for entry in load(corpus, "dead.json"):
        layers = {f.layer for f in findings(corpus / entry["file"]) if f.rule == "dead-layer"}
        total += len(entry["dead"])
        missed += sum(item["index"] not in layers for item in entry["dead"])
    sys.stdout.write(f"dead layers: {total}, missed {missed}\n")
    if missed:
        yield "a dead layer was missed"


def malformed(corpus: Path) -> Iterator[str]:
    """See that every file that does not parse is told by its line and cause."""
    unexplained = 0
    entries = load(corpus, "malformed.json")
    for entry in entries:
        found = findings(corpus / entry["file"])
        first = found[0] if found else None
        explained = first is not None and first.rule == "syntax" and first.place.line and first.help
        unexplained += not explained
        if first is not None:
            sys.stdout.write(f"  {Path(entry['file']).name}:{first.place.line}: {first.message}\n")
    sys.stdout.write(f"malformed files: {len(entries)}, unexplained {unexplained}\n")
    if unexplained:
        yield "a malformed file is not explained"


def oracles(corpus: Path) -> Iterator[str]:
    """See that published insertions that are right have no wiring finding."""
    entries = load(corpus, "oracles.json")
    flagged = [
        entry["expected"]
        for entry in entries
        if any(f.rule == "wiring" for f in findings(corpus / entry["expected"]))
    ]
    sys.stdout.write(f"right insertions: {len(entries)}, flagged {len(flagged)}\n")
    yield from (f"a right insertion is flagged: {name}" for name in flagged)


def official(folders: list[Path]) -> Iterator[str]:
    """See that official files hold no error but the known ones."""
    total = 0
    for path in model_files(folders):
        total += 1
        errors = [f for f in findings(path) if f.severity == "error"]
        if not errors:
            continue
        known = any(path.as_posix().endswith(name) for name in _REAL)
        for item in errors:
            sys.stdout.write(f"  official{', known' if known else ''}: {item.lines()[0]}\n")
        if not known:
            yield f"an error in an official file: {path}"
    sys.stdout.write(f"official files: {total}\n")


def everything(corpus: Path) -> Iterator[str]:
    """Count the findings in all files, and see that each round of fixes ends."""
    counts: Counter[str] = Counter()
    for path in model_files([corpus / "models"]):
        for item in findings(path):
            counts[f"{item.rule} ({item.severity})"] += 1
    sys.stdout.write("all files:\n")
    for name, count in sorted(counts.items()):
        sys.stdout.write(f"  {count:5} {name}\n")
    return iter(())


def folders(corpus: Path) -> Iterator[str]:
    """See that files compared with those beside them give no other wrong reads."""
    known = {str(corpus / entry["file"]) for entry in load(corpus, "stale.json")}
    known |= {str(corpus / entry["file"]) for entry in load(corpus, "malformed.json")}
    known |= {str(path) for path in (corpus / "models").rglob("*") if path.name in _TRUE}
    by_folder: dict[Path, list[Text]] = {}
    for path in model_files([corpus / "models"]):
        text = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
        by_folder.setdefault(path.parent, []).append(Text(str(path), text))
    for texts in by_folder.values():
        for shown, done in check_folder(texts, _OPTIONS).items():
            if any(f.rule == "wiring" for f in done.left) and shown not in known:
                yield f"a file beside its siblings: {shown}"


def model_files(folders: list[Path]) -> Iterator[Path]:
    """Yield the model YAMLs below folders."""
    for folder in folders:
        for path in sorted(folder.rglob("*.y*ml")):
            if b"backbone:" in path.read_bytes():
                yield path


if __name__ == "__main__":
    sys.exit(main())
