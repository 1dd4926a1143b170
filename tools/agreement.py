"""Do check, doctor, status and `show --repo` say the same of a fork? Each asked as it asks itself.

    python -m tools.agreement DIR... [--patch NAME...] [--yamls 12]

DIR is a fork, or a folder of forks (folders, wheels, sdists). For every model YAML of a fork:

- the names that check calls unresolved are those that doctor calls a problem
- a class that `show --repo` builds has a name for check, and is the definition (file and line)
  that the import graph finds for it
- a row whose name is unresolved is not built by `show --repo`

With --patch modules are put into a copy first: what status says is patched is built by
`show --repo` from the file and the line that status names, and is known to check and doctor.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.builds.corpus import is_fork
from tools.forks import Outcome, _apply, fitting_templates, unpack
from yamlmod.checks.run import Options, check_document
from yamlmod.errors import YamlmodError
from yamlmod.fork.audit.installed_modules import Survey, survey
from yamlmod.fork.parser.locate import ForkFacts, locate
from yamlmod.fork.parser.parser_facts import read_builder
from yamlmod.fork.python.answers import Definition
from yamlmod.fork.read.answers import NetworkReading
from yamlmod.fork.read.problems import scales_of
from yamlmod.model.document import Document, parse_document
from yamlmod.model.parse import load_plain
from yamlmod.ops.network import registry_kinds
from yamlmod.usecases.doctor import yaml_findings
from yamlmod.usecases.fork_questions import reader_of
from yamlmod.usecases.module_uses import Use, uses
from yamlmod.workspace.search import model_yamls, python_files
from yamlmod.workspace.tree import Tree


@dataclass
class Compared:
    """What was compared, and where two commands say different things."""

    yamls: int = 0
    rows: int = 0
    built: int = 0
    unresolved: int = 0
    lines: tuple[str, ...] = ()


def compared(root: Path, most: int = 0) -> Compared:
    """Ask every command about a fork, and compare."""
    tree = Tree(root)
    fork = locate(tree)
    found = survey(tree, fork, dict(python_files(tree)))
    total = Compared()
    lines: list[str] = []
    for path, text in list(model_yamls(tree))[: most or None]:
        try:
            document = parse_document(text, path)
            data = load_plain(text, path)
        except YamlmodError:
            continue
        total.yamls += 1
        rows = list(_uses(path, document))
        lines += _names(tree, fork, document, rows, found, total)
        reading = reader_of(fork).read(data, scales_of(data)[0])
        lines += _built(fork, path, reading, found, total)
    lines += [] if most else _as_doctor(tree, found)
    total.lines = tuple(lines)
    return total


def _uses(path: str, document: Document) -> Iterator[Use]:
    for module in dict.fromkeys(row.module for row in document.rows):
        yield Use(path, module, 1, 1)


def _names(
    tree: Tree,
    fork: ForkFacts,
    document: Document,
    rows: Sequence[Use],
    found: Survey,
    total: Compared,
) -> Iterator[str]:
    """Compare check's unresolved names with doctor's."""
    builder = read_builder(tree, fork)
    options = Options(registry_kinds, select=("unresolved-name",), builder=builder)
    checked = {
        finding.place.excerpt.split(",")[2].strip().strip("\"'").partition(".")[0]
        for finding in check_document(document, options)
        if finding.severity == "error"
    }
    diagnosed = {
        finding.text.rpartition(" ")[2].partition(".")[0]
        for finding in yaml_findings(rows, found.known)
        if finding.level == "problem"
    }
    total.unresolved += len(diagnosed)
    if checked != diagnosed:
        yield f"{document.shown}: check {sorted(checked)}, doctor {sorted(diagnosed)}"


def _built(
    fork: ForkFacts, path: str, reading: NetworkReading, found: Survey, total: Compared
) -> Iterator[str]:
    """Compare the classes of `show --repo` with the names that the others know."""
    for row in reading.rows:
        total.rows += 1
        lacks = bool(row.module) and found.known.lacks(row.module)
        if row.class_name and not row.unknown_class:
            total.built += 1
            if lacks:
                yield f"{path} row {row.index}: {row.module} is built, and check has no name for it"
            yield from _defined(fork, path, row.module, row.class_name, row.defined)
        elif not lacks and not found.known.open and row.unknown.startswith("NameError"):
            yield f"{path} row {row.index}: {row.module} is no name, and check knows it"


def _defined(fork: ForkFacts, path: str, module: str, name: str, place: str) -> Iterator[str]:
    if name != module or not place:
        return  # the parse function puts another class into the row, or torch's own is built
    answer = fork.graph.denotes(fork.yolo, module)
    if isinstance(answer, Definition) and answer.kind == "class":
        shown = f"{fork.graph.files.shown(answer.path)}:{answer.line}"
        if shown != place:
            yield f"{path}: {module} is built from {place}, and the graph says {shown}"


def _as_doctor(tree: Tree, found: Survey) -> Iterator[str]:
    """Compare what status misses with what doctor calls a problem, over all YAMLs at once."""
    rows = uses(tree)
    missing = {use.module for use in rows if found.known.lacks(use.module)}
    problems = {
        finding.text.rpartition(" ")[2]
        for finding in yaml_findings(rows, found.known)
        if finding.level == "problem"
    }
    if missing != problems and not found.known.open:
        yield f"status misses {sorted(missing)}, doctor {sorted(problems)}"


def patched_differently(root: Path, names: Sequence[str]) -> list[str]:
    """Patch modules into a fork (it is changed), and compare what the commands say of them."""
    outcome = Outcome(root.name)
    tree = Tree(root)
    target = f"{locate(tree).yolo}:{locate(tree).function.name}"
    templates = [
        t for t in fitting_templates(root, target, outcome) if t.name.endswith(tuple(names))
    ]
    templates = templates or fitting_templates(root, target, outcome)[:1]
    _apply(root, target, templates)
    tree = Tree(root)
    fork = locate(tree, target)
    found = survey(tree, fork, dict(python_files(tree)))
    lines = [f"stale: {line}" for line in found.stale]
    wanted = sorted(template.class_name for template in templates)
    if (had := sorted(one.class_name for one in found.patched)) != wanted:
        lines.append(f"patched {wanted}, and status says {had}")
    builder = read_builder(tree, fork)
    for one in found.patched:
        if found.known.lacks(one.class_name) or builder.names.lacks(one.class_name):
            lines.append(f"{one.class_name} is patched, and check has no name for it")
        answer = fork.graph.denotes(fork.yolo, one.class_name)
        place = getattr(answer, "path", ""), one.path
        if place[0] != place[1]:
            lines.append(f"{one.class_name}: status says {place[1]}, the graph {place[0]}")
        row = _read_row(tree, fork, one.class_name)
        if row is not None and not row.startswith(fork.graph.files.shown(one.path)):
            lines.append(f"{one.class_name}: `show --repo` builds it from {row}")
    return lines


def _read_row(tree: Tree, fork: ForkFacts, name: str) -> str | None:
    """Return where `show --repo` finds a class that is put into one of the fork's networks.

    None where none of the networks is read: a fork that fails by itself.
    """
    place: str | None = None
    for path, text in model_yamls(tree):
        try:
            data = load_plain(text, path)
        except YamlmodError:
            continue
        for args in ([], [64]):
            data["backbone"] = [data["backbone"][0], [-1, 1, name, args]]
            rows = reader_of(fork).read(data, scales_of(data)[0]).rows
            if len(rows) > 1 and rows[1].class_name == name:
                return rows[1].defined
            place = "" if len(rows) > 1 else place
    return place


def main(words: Sequence[str] | None = None) -> int:
    """Work through the forks; exit 1 where two commands disagree."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--patch", nargs="*", default=())
    parser.add_argument("--yamls", type=int, default=0, help="at most so many YAMLs of a fork")
    options = parser.parse_args(words)
    failed = 0
    for folder in options.folders:
        for path in [folder] if is_fork(folder) else sorted(folder.iterdir()):
            failed += _fork(path, options.yamls, options.patch)
    return 1 if failed else 0


def _fork(path: Path, most: int, names: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="yamlmod-agreement-") as name:
        root = Path(name, path.name)
        try:
            unpack(path, root)
            found = compared(root, most)
            lines = [*found.lines, *(patched_differently(root, names) if names else ())]
        except YamlmodError as error:
            sys.stdout.write(f"{path.name}: refused: {error}\n")
            return 0
    sys.stdout.write("".join(f"  {line}\n" for line in lines))
    sys.stdout.write(
        f"{path.name}: {found.yamls} YAMLs, {found.rows} rows, {found.built} classes built, "
        f"{found.unresolved} names unresolved, {len(lines)} disagreements\n"
    )
    sys.stdout.flush()
    return len(lines)


if __name__ == "__main__":
    raise SystemExit(main())
