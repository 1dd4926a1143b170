"""The findings of `doctor`: each a true sentence about a fork and the interpreter that runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from yamlmod.errors import Refusal, one_of
from yamlmod.fork.audit.installed_modules import Survey
from yamlmod.fork.audit.symptoms import of_kind, symptoms, unused_parameters_allowed
from yamlmod.fork.parser.locate import Fork
from yamlmod.model.known_modules import BARE
from yamlmod.model.parser_facts import ParserNames
from yamlmod.registry.catalogue import find
from yamlmod.runtime.interpreter import Imports
from yamlmod.usecases.module_uses import Use
from yamlmod.workspace.files import real_path
from yamlmod.workspace.tree import Tree

DISTRIBUTIONS = ("torch", "torchvision", "numpy", "setuptools", "ultralytics", "yolov5")


@dataclass(frozen=True)
class Finding:
    """One finding; ``level`` is ok, note, warning or problem."""

    topic: str
    level: str
    text: str


def top_names(fork: Fork) -> list[str]:
    """Return the top-level names by which the fork's own code imports itself, and its kin."""
    first = fork.package_prefix.strip(".").split(".")[0] or PurePosixPath(fork.yolo).parts[0]
    return list(dict.fromkeys([first, "utils", "ultralytics", "yolov5", "pkg_resources"]))


def start_folder(tree: Tree, fork: Fork) -> Path:
    """Return where the fork's scripts are started: in it, or above it where it is the package."""
    root = real_path(tree.root)
    itself = root.name == top_names(fork)[0] and (root / "__init__.py").is_file()
    return root.parent if itself else root


def requirement_names(survey: Survey) -> list[str]:
    """Return the packages that the patched modules name in their blocks."""
    names = (re.match(r"[\w.-]+", text) for one in survey.patched for text in one.requirements)
    return list(dict.fromkeys(match[0] for match in names if match))


def interpreter_findings(survey: Survey, imports: Imports) -> Iterator[Finding]:
    """Compare versions with what the patched modules are written for."""
    yield Finding("python", "ok", f"{imports.version}, {imports.executable}")
    torch = imports.versions["torch"]
    if torch is None:
        yield Finding("torch", "problem", "not installed for this interpreter")
    else:
        yield Finding("torch", "ok", f"{torch} (by its metadata; it was not imported)")
    for one in survey.patched:
        template = find(one.name)
        floors = (
            (("Python", imports.version, template.python), ("torch", torch, template.torch))
            if template
            else ()
        )
        for what, found, floor in floors:
            if found and _version(found) < _version(floor):
                least = floor.lstrip(">= ")
                text = f"{one.name} is written for {what} {least} and newer, and this is {found}"
                yield Finding(what.lower(), "problem", text)
    for name in requirement_names(survey):
        if imports.versions.get(name) is None:
            users = [one.name for one in survey.patched if any(name in r for r in one.requirements)]
            yield Finding("packages", "problem", f"{one_of(users)} needs {name}, not installed")


def import_findings(tree: Tree, fork: Fork, imports: Imports) -> Iterator[Finding]:
    """Say which files Python would import: the fork's, or another copy's."""
    root = real_path(tree.root)
    top = top_names(fork)[0]
    for name in top_names(fork)[:-1]:
        here, elsewhere = imports.here[name], imports.elsewhere[name]
        own = name == top or (name == "utils" and (root / "utils").is_dir())
        if here is None:
            if name == top:
                text = f"`{name}` is not found by a script started in {start_folder(tree, fork)}"
                yield Finding("imports", "problem", text)
            continue
        if _inside(here, root):
            yield Finding("imports", "ok", f"`{name}` is the fork's own: {here}")
        elif own:
            text = f"`{name}` is imported from {here}, not from this fork: changes here do nothing"
            yield Finding("imports", "problem", text)
        else:
            version = imports.versions.get(name)
            yield Finding("imports", "note", f"`{name}` {version or ''} is at {here}")
        if own and elsewhere is not None and _inside(here, root) and not _inside(elsewhere, root):
            text = f"a script started in another folder imports `{name}` from {elsewhere}"
            yield Finding("imports", "warning", text)
        copies = imports.copies[name]
        if len(copies) > 1:
            text = f"`{name}` is there {len(copies)} times, the first one wins: {', '.join(copies)}"
            yield Finding("imports", "warning", text)


def order_findings(tree: Tree, fork: Fork) -> Iterator[Finding]:
    """Say what keeps Python from importing the parse file at all: a circle, a missing name."""
    for problem in fork.graph.import_problems(fork.yolo):
        kind = "circular import" if problem.cycle else problem.error
        text = f"{tree.shown(problem.path)}:{problem.line}: {kind}: {problem.why}"
        yield Finding("imports", "problem", text)


def yaml_findings(rows: Sequence[Use], known: ParserNames) -> Iterator[Finding]:
    """Name the modules of YAMLs that the parse function has no name for."""
    if known.open:
        text = f"not all names can be told from the text: {one_of(known.open)} was not looked into"
        yield Finding("yamls", "note", text)
        return
    lost = [one for one in rows if known.lacks(one.module)]
    for one in lost:
        text = f"{one.path}:{one.line}: the parse function has no name {one.module}"
        yield Finding("yamls", "problem", text)
    if rows and not lost:
        count = len({one.path for one in rows})
        yield Finding("yamls", "ok", f"every module of {count} model YAMLs has a name in the fork")


def text_findings(fork: Fork, paths: Mapping[str, str], imports: Imports) -> Iterator[Finding]:
    """Say what of the fork's own code fails with the packages of this interpreter."""
    found = symptoms(paths)
    loads = [f"{one.path}:{one.line}" for one in of_kind(found, "torch-load")]
    torch = imports.versions["torch"]
    if loads and torch and _version(torch) >= (2, 6):
        text = (
            f"torch {torch} loads weights only unless told otherwise, and refuses a checkpoint "
            f"that pickles a model; weights_only is not given at {one_of(loads, 4)}"
        )
        yield Finding("checkpoints", "warning", text)
    uses = [f"{one.path}:{one.line}" for one in of_kind(found, "pkg-resources")]
    if uses and imports.here["pkg_resources"] is None:
        version = imports.versions["setuptools"]
        has = (
            f"setuptools {version} does not bring it" if version else "setuptools is not installed"
        )
        text = f"pkg_resources is imported at {one_of(uses, 4)}, and is not there: {has}"
        yield Finding("packages", "problem", text)
    aliases = [f"{one.path}:{one.line}" for one in of_kind(found, "numpy-alias")]
    numpy = imports.versions["numpy"]
    if aliases and numpy and _version(numpy) >= (1, 24):
        text = f"numpy {numpy} has no np.int, np.float and the like; used at {one_of(aliases, 4)}"
        yield Finding("packages", "problem", text)


def export_findings(fork: Fork, survey: Survey, paths: Mapping[str, str]) -> Iterator[Finding]:
    """Say for which patched modules the fork's TensorFlow export has no counterpart."""
    for path, text in paths.items():
        if PurePosixPath(path).name == "tf.py" and "def parse_model" in text:
            lost = [one.class_name for one in survey.patched if f"TF{one.class_name}" not in text]
            if lost:
                told = (
                    f"{path} has no TF{one_of(lost)}: export to TensorFlow fails with these layers"
                )
                yield Finding("export", "warning", told)


def ddp_findings(
    tree: Tree, survey: Survey, rows: Sequence[Use], paths: Mapping[str, str]
) -> Iterator[Finding]:
    """Name layers of YAMLs with patched modules whose parameters never get a gradient."""
    from yamlmod.ops.network import read_network

    allowed = unused_parameters_allowed(paths)
    ours = {one.class_name for one in survey.patched}
    for path in dict.fromkeys(one.path for one in rows if one.module in ours):
        try:
            model = read_network(tree.read(path) or "", tree.shown(path))
        except Refusal as error:
            yield Finding("yamls", "problem", f"{path}: {error.message}")
            continue
        dead = [
            f"{row.index} {row.module}"
            for row in model.document.rows
            if row.index not in model.alive and row.module not in BARE
        ]
        if dead:
            told = f"{path}: {one_of(dead, 4)} never reaches the head and gets no gradient"
            if allowed:
                yield Finding("ddp", "note", f"{told}; the fork sets find_unused_parameters")
            else:
                yield Finding(
                    "ddp", "problem", f"{told}; DDP needs find_unused_parameters=True then"
                )


def unreadable_findings(tree: Tree) -> Iterator[Finding]:
    """Name what of the fork could not be looked at."""
    for error in tree.unreadable:
        yield Finding("files", "problem", error.message)


def _inside(place: str, root: Path) -> bool:
    return Path(place).is_relative_to(root)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.split("+")[0])[:3])
