"""Examine a fork together with the Python that runs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from yamlmod.errors import Refusal, one_of, plural
from yamlmod.fork.audit.installed_modules import Survey, survey
from yamlmod.fork.audit.numpy_names import gone_names
from yamlmod.fork.audit.symptoms import of_kind, symptoms, unused_parameters_allowed
from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.model.known_modules import BARE
from yamlmod.model.parser_facts import ParserNames
from yamlmod.registry.catalogue import find
from yamlmod.registry.settings import ProjectSettings, settings
from yamlmod.runtime.interpreter import Imports, Interpreter, ask, choose, choose_owner
from yamlmod.usecases.fork_start import start_folder, top_names
from yamlmod.usecases.installed import find_package, package_of
from yamlmod.usecases.located_fork import LocatedFork
from yamlmod.usecases.module_uses import Use, uses
from yamlmod.usecases.overlay_install import installed_overlay
from yamlmod.usecases.shown import ShownAsTable
from yamlmod.workspace.files import real_path
from yamlmod.workspace.home import is_installed
from yamlmod.workspace.overlay_folder import is_overlay
from yamlmod.workspace.overlay_tree import OverlayTree
from yamlmod.workspace.search import python_files
from yamlmod.workspace.tree import Tree

_DISTRIBUTIONS = ("torch", "torchvision", "numpy", "setuptools", "ultralytics", "yolov5")


@dataclass(frozen=True)
class DoctorFinding:
    """One finding; ``level`` is ok, note, warning or problem."""

    topic: str
    level: str
    text: str


@dataclass(frozen=True, repr=False)
class Examination(ShownAsTable):
    """The findings on a fork and an interpreter, and what the interpreter would import."""

    repo: str
    interpreter: str
    imports: Imports
    findings: tuple[DoctorFinding, ...]
    is_complete: bool

    @property
    def problems(self) -> tuple[DoctorFinding, ...]:
        return tuple(finding for finding in self.findings if finding.level == "problem")

    def title(self) -> str:
        return f"{self.repo} with {self.interpreter}: {plural(len(self.problems), 'problem')}"

    def headers(self) -> Sequence[str]:
        return ("level", "topic", "finding")

    def rows(self) -> list[list[str]]:
        return [[finding.level, finding.topic, finding.text] for finding in self.findings]


def examine(
    located: LocatedFork, python: str | None = None, announce: Callable[[str], None] | None = None
) -> Examination:
    """Examine a fork and the Python that runs it.

    That Python is run once, for at most 20 s, to ask where imports would be found and which
    versions are installed; no package is imported and nothing of the fork is run.
    """
    tree, fork = located
    paths = dict(python_files(tree))
    installed = survey(tree, fork, paths)
    rows = uses(tree)
    interpreter = _interpreter(tree, python)
    if announce is not None:
        announce(f"running {interpreter.path} ({interpreter.why}) to ask what it would import")
    distributions = [*_DISTRIBUTIONS, *_requirement_names(installed)]
    imports = ask(interpreter, start_folder(tree, fork), top_names(fork), distributions)
    findings = (
        *_interpreter_findings(installed, imports),
        *_import_findings(tree, fork, imports),
        *_order_findings(tree, fork),
        *_overlay_findings(tree),
        *_hook_findings(tree, python),
        *yaml_findings(rows, installed.known),
        *_text_findings(fork, paths, imports),
        *_numpy_findings(tree, fork, paths, imports),
        *_export_findings(fork, installed, paths),
        *_ddp_findings(tree, installed, rows, paths),
        *(DoctorFinding("files", "problem", error.message) for error in tree.unreadable),
    )
    complete = not tree.unreadable
    return Examination(located.shown, interpreter.path, imports, findings, complete)


def _interpreter(tree: Tree, given: str | None) -> Interpreter:
    """Return the Python to examine; one that a repository's own yamlmod.toml names is not run."""
    defaults = settings() if given is None else ProjectSettings()
    why = "--python" if given else f"`python` in {defaults.shown}"
    word = given or defaults.users_python
    package = package_of(tree.root)
    return choose(word, why) if package is None else choose_owner(package, word, why)


def _requirement_names(survey: Survey) -> list[str]:
    """Return the packages that the patched modules name in their blocks."""
    names = (re.match(r"[\w.-]+", text) for one in survey.patched for text in one.requirements)
    return list(dict.fromkeys(match[0] for match in names if match))


def _interpreter_findings(survey: Survey, imports: Imports) -> Iterator[DoctorFinding]:
    yield DoctorFinding("python", "ok", f"{imports.version}, {imports.executable}")
    torch = imports.versions["torch"]
    if torch is None:
        yield DoctorFinding("torch", "problem", "not installed for this interpreter")
    else:
        yield DoctorFinding("torch", "ok", f"{torch} (by its metadata; it was not imported)")
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
                yield DoctorFinding(what.lower(), "problem", text)
    for name in _requirement_names(survey):
        if imports.versions.get(name) is None:
            users = [one.name for one in survey.patched if any(name in r for r in one.requirements)]
            yield DoctorFinding(
                "packages", "problem", f"{one_of(users)} needs {name}, not installed"
            )


def _import_findings(tree: Tree, fork: ForkFacts, imports: Imports) -> Iterator[DoctorFinding]:
    root = real_path(tree.root)
    top = top_names(fork)[0]
    for name in top_names(fork)[:-1]:
        here, elsewhere = imports.here[name], imports.elsewhere[name]
        own = name == top or (name == "utils" and (root / "utils").is_dir())
        if here is None:
            if name == top:
                text = f"`{name}` is not found by a script started in {start_folder(tree, fork)}"
                yield DoctorFinding("imports", "problem", text)
            continue
        if _inside(here, root):
            yield DoctorFinding("imports", "ok", f"`{name}` is the fork's own: {here}")
        elif own:
            text = f"`{name}` is imported from {here}, not from this fork: changes here do nothing"
            yield DoctorFinding("imports", "problem", text)
        else:
            version = imports.versions.get(name)
            yield DoctorFinding("imports", "note", f"`{name}` {version or ''} is at {here}")
        if own and elsewhere is not None and _inside(here, root) and not _inside(elsewhere, root):
            text = f"a script started in another folder imports `{name}` from {elsewhere}"
            yield DoctorFinding("imports", "warning", text)
        copies = imports.copies[name]
        if len(copies) > 1:
            text = f"`{name}` is there {len(copies)} times, the first one wins: {', '.join(copies)}"
            yield DoctorFinding("imports", "warning", text)


def _overlay_findings(tree: Tree) -> Iterator[DoctorFinding]:
    if isinstance(tree, OverlayTree):
        one = tree.manifest
        files = plural(len(one.files), "file")
        text = f"{tree.shown('.')} fits {one.distribution} {one.version}: {files}, by their hashes"
        yield DoctorFinding("overlay", "ok", text)
    left = tree.root / ".yamlmod"
    if is_installed(real_path(tree.root)) and left.is_dir():
        text = (
            f"{left} is an old journal in an installed package: remove it, or an uninstall leaves "
            "an empty package"
        )
        yield DoctorFinding("overlay", "warning", text)


def _hook_findings(tree: Tree, python: str | None) -> Iterator[DoctorFinding]:
    """Yield which overlay every Python of the package's environment has."""
    root = real_path(tree.root)
    if not is_installed(root):
        return
    folder = installed_overlay(find_package(root.name, python))
    if folder and not is_overlay(Path(folder)):
        text = f"the overlay {folder} is installed and not there: `yamlmod overlay uninstall -w`"
        yield DoctorFinding("overlay", "problem", text)
    elif folder:
        yield DoctorFinding("overlay", "note", f"{folder} is active in every Python there")


def _order_findings(tree: Tree, fork: ForkFacts) -> Iterator[DoctorFinding]:
    for problem in fork.graph.import_problems(fork.yolo):
        kind = "circular import" if problem.cycle else problem.error
        text = f"{tree.shown(problem.path)}:{problem.line}: {kind}: {problem.why}"
        yield DoctorFinding("imports", "problem", text)


def yaml_findings(rows: Sequence[Use], known: ParserNames) -> Iterator[DoctorFinding]:
    if known.open:
        text = (
            f"not all module names are known from the text: {one_of(known.open)} was not followed"
        )
        yield DoctorFinding("yamls", "note", text)
        return
    lost = [row for row in rows if known.lacks(row.module)]
    for one in lost:
        text = f"{one.path}:{one.line}: the parse function has no name {one.module}"
        yield DoctorFinding("yamls", "problem", text)
    if rows and not lost:
        count = len({row.path for row in rows})
        yield DoctorFinding(
            "yamls", "ok", f"every module of {count} model YAMLs has a name in the fork"
        )


def _text_findings(
    fork: ForkFacts, paths: Mapping[str, str], imports: Imports
) -> Iterator[DoctorFinding]:
    found = symptoms(paths)
    loads = [f"{one.path}:{one.line}" for one in of_kind(found, "torch-load")]
    torch = imports.versions["torch"]
    if loads and torch and _version(torch) >= (2, 6):
        text = (
            f"torch {torch} loads only weights by default and refuses a checkpoint "
            f"that pickles a model; weights_only is not given at {one_of(loads, 4)}"
        )
        yield DoctorFinding("checkpoints", "warning", text)
    uses = [f"{one.path}:{one.line}" for one in of_kind(found, "pkg-resources")]
    if uses and imports.here["pkg_resources"] is None:
        version = imports.versions["setuptools"]
        has = (
            f"setuptools {version} does not bring it" if version else "setuptools is not installed"
        )
        text = f"pkg_resources is imported at {one_of(uses, 4)}, and is not there: {has}"
        yield DoctorFinding("packages", "problem", text)


def _numpy_findings(
    tree: Tree, fork: ForkFacts, paths: Mapping[str, str], imports: Imports
) -> Iterator[DoctorFinding]:
    """Yield the names that end a training under this numpy."""
    numpy = imports.versions["numpy"]
    if numpy is None:
        return
    places: dict[tuple[str, str], list[str]] = {}
    for gone in gone_names(tree, fork, paths, _version(numpy)):
        places.setdefault((gone.name, gone.instead), []).append(f"{gone.path}:{gone.line}")
    for (name, instead), where in places.items():
        advice = f"; write {instead} there, or install an older numpy" if instead else ""
        text = f"numpy {numpy} has no np.{name}, used in files of the training: {one_of(where, 4)}"
        text += advice
        yield DoctorFinding("packages", "problem", text)


def _export_findings(
    fork: ForkFacts, survey: Survey, paths: Mapping[str, str]
) -> Iterator[DoctorFinding]:
    for path, text in paths.items():
        if PurePosixPath(path).name == "tf.py" and "def parse_model" in text:
            lost = [one.class_name for one in survey.patched if f"TF{one.class_name}" not in text]
            if lost:
                told = (
                    f"{path} has no TF{one_of(lost)}: export to TensorFlow fails with these layers"
                )
                yield DoctorFinding("export", "warning", told)


def _ddp_findings(
    tree: Tree, survey: Survey, rows: Sequence[Use], paths: Mapping[str, str]
) -> Iterator[DoctorFinding]:
    from yamlmod.ops.network import read_network

    allowed = unused_parameters_allowed(paths)
    ours = {one.class_name for one in survey.patched}
    for path in dict.fromkeys(one.path for one in rows if one.module in ours):
        try:
            model = read_network(tree.read(path) or "", tree.shown(path))
        except Refusal as error:
            yield DoctorFinding("yamls", "problem", f"{path}: {error.message}")
            continue
        dead = [
            f"{row.index} {row.module}"
            for row in model.document.rows
            if row.index not in model.alive and row.module not in BARE
        ]
        if dead:
            told = f"{path}: {one_of(dead, 4)} never reaches the head and receives no gradient"
            if allowed:
                yield DoctorFinding("ddp", "note", f"{told}; the fork sets find_unused_parameters")
            else:
                yield DoctorFinding(
                    "ddp", "problem", f"{told}; DDP needs find_unused_parameters=True then"
                )


def _inside(place: str, root: Path) -> bool:
    return Path(place).is_relative_to(root)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.split("+")[0])[:3])
