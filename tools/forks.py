"""Patch, build and unpatch every fork of a folder, also forks that nobody here has seen.

    python -m tools.forks DIR                 patch, patch again, insert, unpatch
    python -m tools.forks DIR --build         build the network besides, and run an image through it
    python -m tools.forks DIR --build --markdown docs/forks-table.md

DIR holds forks: folders, wheels or sdists. Each is worked on as a copy. Every module of the
registry goes in, under another name (`--as`) where the fork has one like it; block forms stay out
of a fork whose parser repeats nothing. One layer of each rule goes into a YAML of the fork;
patching again must change nothing, and unpatching must give the original bytes. A line per parse
function says what came out. With --build the fork's own Model is built in a subprocess (torch;
stand-ins for what is not installed), first from its YAML as it was: a fork that fails by itself is
not blamed on the patch. Exits 1 when something failed that was not refused.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.levels import with_levels
from tools.real_forks import archive_members
from yamlmod.errors import Refusal, YamlmodError
from yamlmod.fork.parser.candidates import choose, parse_function_list
from yamlmod.fork.parser.locate import ForkFacts, cfg_folders, locate
from yamlmod.fork.patch.install import install
from yamlmod.fork.patch.uninstall import uninstall
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.replace.plan import replace
from yamlmod.ops.positions import resolve_positions
from yamlmod.registry.catalogue import catalogue
from yamlmod.registry.code.rename import renamed
from yamlmod.registry.template import Template
from yamlmod.usecases.index_offset import spelling_of
from yamlmod.usecases.located_fork import LocatedFork, PlannedPatch
from yamlmod.workspace.commit import commit
from yamlmod.workspace.tree import Tree

WORKER = Path(__file__).with_name("build_worker.py")
KEPT = (".py", ".yaml", ".yml", ".txt", ".toml", ".cfg")
# Where a fork's own class is named like ours, ours goes in under a name with this in front.
_AS = "Yamlmod"
_TAKEN = ("name-taken", "helper-name-taken")
_UNFIT = ("no-repeats-collection", "unread-test", "other-registration")
# Networks that build fast, by what their names hold.
_SMALL = ("yolov5s.", "yolov8n.", "yolov8.", "yolo11.", "yolov5n", "tiny.", "-s.", "s.")


@dataclass
class Outcome:
    """What came out for one parse function of a fork."""

    fork: str
    target: str = ""
    dialect: str = ""
    patched: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)
    cfg: str = ""
    built: str = ""
    result: str = ""

    @property
    def word(self) -> str:
        """Return the first word of the result: ok, refused or FAILED."""
        return self.result.partition(" ")[0].rstrip(":")

    def line(self) -> str:
        """Return the outcome on a line."""
        taken = f", {len(self.taken)} of them by --as" if self.taken else ""
        taken += f", {len(self.unfit)} block forms not" if self.unfit else ""
        parts = [f"{self.result}: {self.fork} {self.target}".rstrip()]
        if self.dialect:
            parts.append(f"dialect {self.dialect}, {len(self.patched)} patched{taken}")
        return "; ".join([*parts, *([self.built] if self.built else [])])

    def row(self) -> str:
        """Return the outcome as a row of a table."""
        told = f" (`--as`: {', '.join(self.taken)})" if self.taken else ""
        told += f"; not {len(self.unfit)} block forms" if self.unfit else ""
        patched = f"{len(self.patched)}{told}" if self.patched else ""
        cells = [self.fork, f"`{self.target}`", self.dialect, patched, self.result, self.built]
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(words: Sequence[str] | None = None) -> int:
    """Work through the folder and print a line for each fork."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--only", default="", help="a part of the names to work on")
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args(words)
    counts: Counter[str] = Counter()
    rows = []
    for path in sorted(options.folder.iterdir(), key=lambda path: path.name.lower()):
        if options.only not in path.name:
            continue
        for outcome in check_fork(path, build=options.build):
            sys.stdout.write(outcome.line() + "\n")
            sys.stdout.flush()
            counts[outcome.word] += 1
            rows.append(outcome.row())
    total = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    sys.stdout.write(f"{total or 'no forks'}\n")
    if options.markdown:
        options.markdown.write_text(markdown(rows, total), encoding="utf-8", newline="\n")
    return 1 if counts["FAILED"] or not counts else 0


def markdown(rows: Sequence[str], total: str) -> str:
    """Return the table of a run."""
    head = "| fork | parse function | dialect | modules patched | result | network |"
    today = datetime.date.today().isoformat()
    rule = "|" + "--|" * head.count(" | ") + "--|"
    return "\n".join([f"Run of {today}: {total}.", "", head, rule, *rows]) + "\n"


def check_fork(path: Path, build: bool = False) -> Iterator[Outcome]:
    """Yield the outcome of every parse function of a fork, given as a folder or an archive."""
    with tempfile.TemporaryDirectory(prefix="yamlmod-forks-") as name:
        original = Path(name, "original")
        try:
            unpack(path, original)
            targets = targets_of(original)
        except YamlmodError as error:
            yield Outcome(shown(path), result=f"refused {error.code}: {error.message}")
            return
        for number, target in enumerate(targets):
            outcome = Outcome(shown(path), target)
            try:
                work = Path(name, str(number))
                _check(original, work, target, outcome, build)
            except Refusal as error:
                outcome.result = f"refused {error.code}: {error.message}"
            except Exception as error:  # a crash is an outcome, too
                outcome.result = f"FAILED {type(error).__name__}: {error}"
            yield outcome


def shown(path: Path) -> str:
    """Return a fork's name: `owner+name` stands for owner/name."""
    return path.name.removesuffix(".whl").removesuffix(".tar.gz").replace("+", "/", 1)


def unpack(path: Path, target: Path) -> None:
    """Copy a fork's text files to a folder."""
    if path.is_dir():
        for file in path.rglob("*"):
            inner = file.relative_to(path)
            wanted = file.suffix in KEPT and file.is_file() and ".git" not in inner.parts
            if wanted and "__pycache__" not in inner.parts:
                _put(target / inner, file.read_bytes())
    elif path.name.endswith((".whl", ".tar.gz")):
        for inside, data in archive_members(path):
            if inside.suffix in KEPT:
                _put(target / inside, data)
    target.mkdir(exist_ok=True)


def targets_of(root: Path) -> list[str]:
    """Return the parse functions of a fork: the one there is, or all that could be meant."""
    tree = Tree(root)
    try:
        function = choose(tree).function
        return [f"{function.source.path}:{function.node.name}"]
    except Refusal as error:
        lines = [line for line in error.hint.split("\n") if line.startswith("--target ")]
        found = [line.removeprefix("--target ") for line in lines]
        if not found:
            raise
        listed = [one for path in found if ":" not in path for one in _functions(tree, path)]
        return [one for one in found if ":" in one] + listed


def _functions(tree: Tree, path: str) -> list[str]:
    return [name for name, _ in parse_function_list(tree, [path])] or [path]


def _check(original: Path, work: Path, target: str, outcome: Outcome, build: bool) -> None:
    shutil.copytree(original, work)
    before = snapshot(work)
    fork = locate(Tree(work), target)
    outcome.dialect = fork.dialect.name
    templates = fitting_templates(work, target, outcome)
    if not templates:
        outcome.result = "refused: no module fits"
        return
    _apply(work, target, templates)
    again = install(Tree(work), locate(Tree(work), target), templates)
    if again.texts:
        raise AssertionError(f"patching again changes {', '.join(again.texts)}")
    patched = snapshot(work)
    inserted = insert_rules(work, fork, templates, outcome)
    if build and inserted is not None:
        outcome.built = build_networks(work, fork, *inserted)
    if snapshot(work, set(patched)) != patched:
        raise AssertionError("building has changed the patched files")
    tree = Tree(work)
    located = LocatedFork(tree, locate(tree, target))
    plan = uninstall(*located, [one.name for one in templates])
    commit(PlannedPatch(located, plan).changes())
    after = snapshot(work, set(patched))
    if after != before:
        wrong = sorted(path for path in {*after, *before} if after.get(path) != before.get(path))
        raise AssertionError(f"unpatching leaves {', '.join(wrong)} changed")
    outcome.result = "FAILED: the network" if outcome.built.startswith("FAILED") else "ok"


def fitting_templates(work: Path, target: str, outcome: Outcome) -> list[Template]:
    """Return the registry's templates as they fit the fork, some of them under another name."""
    fitting, refused = _sift(work, target, list(catalogue()))
    for template, code in refused:
        if code in _UNFIT:
            outcome.unfit.append(template.class_name)
            continue
        renamed_one = renamed(template, _AS + template.class_name)
        again, still = _sift(work, target, [renamed_one])
        fitting += again
        (outcome.unfit if still else outcome.taken).append(template.class_name)
    outcome.patched += [template.class_name for template in fitting]
    return fitting


def _sift(
    work: Path, target: str, templates: list[Template]
) -> tuple[list[Template], list[tuple[Template, str]]]:
    """Return those that go in, and those that do not with the code of the refusal.

    All are tried at once and halved on a refusal: most forks take most of them.
    """
    try:
        tree = Tree(work)
        install(tree, locate(tree, target), templates)
    except Refusal as error:
        if error.code not in (*_TAKEN, *_UNFIT):
            raise
        if len(templates) == 1:
            return [], [(templates[0], error.code)]
    else:
        return templates, []
    half = len(templates) // 2
    halves = [_sift(work, target, part) for part in (templates[:half], templates[half:])]
    return [*halves[0][0], *halves[1][0]], [*halves[0][1], *halves[1][1]]


def _apply(work: Path, target: str, templates: Sequence[Template]) -> None:
    tree = Tree(work)
    located = LocatedFork(tree, locate(tree, target))
    plan = install(*located, templates)
    commit(PlannedPatch(located, plan).changes())


def insert_rules(
    work: Path, fork: ForkFacts, templates: Sequence[Template], outcome: Outcome
) -> tuple[Path, Path] | None:
    """Insert a layer of each rule into a YAML of the fork; return that YAML and the new one."""
    firsts = list({template.rule: template for template in reversed(templates)}.values())
    told = "no model YAML"
    for path in model_yamls(work, fork):
        try:
            model = read_network(path.read_text(encoding="utf-8-sig"), path.name)
            for template in firsts:
                model = _inserted(model, fork, template)
        except (YamlmodError, UnicodeDecodeError) as error:
            told = f"{path.name}: {error}"
            continue
        new = path.with_name(f"{path.stem}-yamlmod.yaml")
        new.write_text(model.document.text, encoding="utf-8", newline="")
        outcome.cfg = path.relative_to(work).as_posix()
        return path, new
    outcome.built = f"not built: {told}"
    return None


def _inserted(model: Network, fork: ForkFacts, template: Template) -> Network:
    last: Refusal | None = None
    rows = model.document.rows
    if template.exchanges:
        return _exchanged(model, template)
    middle = len(model.document.sections[0].rows) // 2
    for layer in sorted(range(1, len(rows) - 1), key=lambda index: abs(index - middle)):
        try:
            position = tuple(resolve_positions(model, after=[str(layer)]))
            wish = Request(template.name, position, spelling=spelling_of(fork), template=template)
            done = insert(model, wish)
        except Refusal as error:
            last = error
            continue
        return read_network(done.text, model.document.shown)
    raise last or Refusal("no-place", f"no place for {template.name}")


def _exchanged(model: Network, template: Template) -> Network:
    """Return the network with the module in the place of the first layer that it can replace.

    One with levels stands between the layers that the head reads and the head.
    """
    if template.rule == "level":
        return read_network(with_levels(model, template, 1).text, model.document.shown)
    for layer in range(1, len(model.document.rows) - 1):
        try:
            done = replace(model, layer, template.name)
        except Refusal:
            continue
        return read_network(done.text, model.document.shown)
    raise Refusal("no-place", f"no layer that {template.name} can replace")


def model_yamls(work: Path, fork: ForkFacts) -> list[Path]:
    """Return the fork's model YAMLs, small networks first."""
    tree = Tree(work)
    paths = [path for folder in cfg_folders(tree, fork) for path in (work / folder).glob("*.yaml")]
    paths = [path for path in paths if not path.stem.endswith("-yamlmod")]
    paths = paths or list((work / fork.base).rglob("*.yaml"))

    def weight(path: Path) -> tuple[bool, int, int]:
        text = path.read_text(encoding="utf-8", errors="replace")
        plain = "Detect" in text and "backbone" in text
        small = next((i for i, word in enumerate(_SMALL) if word in path.name), len(_SMALL))
        return not plain, small, len(text)

    return sorted(paths, key=weight)


def build_networks(work: Path, fork: ForkFacts, old: Path, new: Path) -> str:
    """Build the fork's YAML and the new one with its own Model; say what came out."""
    if not fork.yolo.endswith(("models/yolo.py", "nn/tasks.py")):
        return "not built: its Model is in no known place"
    base = Path(work, fork.base)
    top = fork.package_prefix.split(".")[0]
    own_name = top if top not in ("", "models", "nn") else base.name
    with tempfile.TemporaryDirectory(prefix="yamlmod-build-") as name:
        copy = Path(name, own_name)
        shutil.copytree(base, copy)
        yamls = [str(copy / path.relative_to(base)) for path in (old, new)]
        words = [sys.executable, str(WORKER), str(copy), *(f"{one}=forward" for one in yamls)]
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=600, env=environment, cwd=name
            )
        except subprocess.TimeoutExpired:
            return "not built: it took longer than 600 s"
    return _network(done.stdout, done.stderr, old.name)


def _network(out: str, err: str, name: str) -> str:
    try:
        plain, ours = json.loads(out)["networks"]
    except (ValueError, KeyError):
        last = (err.strip().splitlines() or ["no word"])[-1]
        return f"not built: the fork cannot be imported here: {last}"
    for which, network in (("not built: the fork's own", plain), ("FAILED: the new", ours)):
        if "error" in network:
            return f"{which} {name} fails: {network['error'].strip().splitlines()[-1]}"
    finite = ours["forward"]["finite"] and len(ours["layers"]) > len(plain["layers"])
    return f"{name} built and run" if finite else f"FAILED: the new {name} gives no finite numbers"


def snapshot(root: Path, only: set[str] | None = None) -> dict[str, bytes]:
    """Return every file with its bytes, but for YAMLs of ours, byte code and the journal."""
    paths = (one for one in root.rglob("*") if one.is_file() and ".yamlmod" not in one.parts)
    found = {path.relative_to(root).as_posix(): path for path in paths}
    return {
        name: path.read_bytes()
        for name, path in sorted(found.items())
        if not name.endswith(("-yamlmod.yaml", ".pyc")) and (only is None or name in only)
    }


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    raise SystemExit(main())
