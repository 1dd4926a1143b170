"""Find the parse functions of a repository, and choose one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.folders import BUILT, ENVIRONMENTS, INSTALLED, TESTS_AND_DOCS
from yamlmod.fork.files import Files
from yamlmod.fork.parser.dialect import Dialect, is_file, parse_files
from yamlmod.fork.parser.parse_model import Function, FunctionNode, read_functions
from yamlmod.fork.python.source import Source, read_source

# Where an unknown fork may keep its parse function, and how many files are looked into for it.
_DEPTHS = ("*.py", "*/*.py", "*/*/*.py", "*/*/*/*.py")
_MOST = 3000
_NOT = INSTALLED | ENVIRONMENTS | BUILT | TESTS_AND_DOCS
_SKIPPED = re.compile(rf"(^|/)(\.[^/]*|{'|'.join(_NOT)})/")


@dataclass(frozen=True, eq=False)
class Chosen:
    """The parse function that is meant, and the parse files that were found besides."""

    function: Function
    others: tuple[str, ...] = ()


def choose(files: Files, target: str = "") -> Chosen:
    """Return the one parse function that is meant; a Refusal lists what could be."""
    if target:
        return Chosen(_targeted(files, target))
    direct = [path for path in parse_files() if is_file(files, path)]
    deeper = [path for place in parse_files() for path in files.glob(f"*/{place}")]
    deeper = [path for path in deeper if not _SKIPPED.search(path)]
    for paths in (direct, deeper):
        usable = [path for path in paths if _beside(files, path)]
        if len(usable) > 1:
            raise _several(files, usable)
        if usable:
            others = [path for path in (*direct, *deeper) if path != usable[0]]
            return Chosen(_only_function(files, _parsed(files, usable[0])), tuple(others))
    if not direct:
        _refuse_models_folder(files)
    return _searched(files)


def split_target(target: str) -> tuple[str, str]:
    """Return file and function of ``FILE[:FUNCTION]``; a drive's colon is not a separator."""
    path, colon, name = target.rpartition(":")
    if colon and name.isidentifier() and len(path) > 1:
        return path.replace("\\", "/"), name
    return target.replace("\\", "/"), ""


def no_home(files: Files, function: Function, family: Dialect) -> Refusal:
    """Return the refusal of a fork whose modules cannot be found."""
    source = function.source
    looked = ", ".join(family.homes)
    return Refusal(
        "not-a-fork",
        f"{source.shown} has a parse_model, but no file for a new class was found",
        place=source.place(function.loop),
        hint=f"looked for {looked}, and for the class Conv along the imports of {source.shown}",
    )


def parse_function_list(files: Files, paths: Iterable[str]) -> list[tuple[str, str]]:
    """Return every parse function of the files as (FILE:FUNCTION, place)."""
    found = []
    for path in paths:
        try:
            source = read_source(files, path)
            functions = () if source is None else read_functions(source)
        except Refusal:
            found.append((path, files.shown(path)))
            continue
        found += [
            (f"{path}:{function.node.name}", f"{files.shown(path)}:{function.node.lineno}")
            for function in functions
        ]
    return found


def _beside(files: Files, path: str) -> bool:
    """Check whether a parse file at its usual place has what belongs beside it."""
    folder = PurePosixPath(path).parent
    if path.endswith("models/yolo.py"):
        return is_file(files, str(folder / "common.py"))
    return is_file(files, str(folder / "modules.py")) or is_file(
        files, str(folder / "modules" / "__init__.py")
    )


def _parsed(files: Files, path: str) -> Source:
    source = read_source(files, path)
    if source is None:
        raise Refusal("no-such-file", f"there is no file {files.shown(path)}")
    return source


def _targeted(files: Files, target: str) -> Function:
    path, name = split_target(target)
    path = str(PurePosixPath(path))
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise Refusal(
            "bad-target",
            f"--target {target} is outside of the repository",
            hint="name a file by its path below REPO, such as models/yolo.py",
        )
    if not is_file(files, path):
        known = [one for one, _ in parse_function_list(files, _search(files))]
        hint = f"parse functions there are: {one_of(known)}" if known else ""
        raise Refusal("bad-target", f"there is no file {files.shown(path)}", hint=hint)
    source = _parsed(files, path)
    functions = list(read_functions(source))
    if not functions:
        _refuse_loopless(source)
    if name:
        functions = [function for function in functions if function.node.name == name]
    if not functions:
        known = [one for one, _ in parse_function_list(files, _search(files))]
        raise Refusal(
            "bad-target",
            f"{source.shown} has no parse function{f' {name}' if name else ''}",
            place=Place(source.shown),
            hint=f"parse functions there are: {one_of(known)}" if known else "",
        )
    return _single(functions)


def _only_function(files: Files, yolo: Source) -> Function:
    functions = read_functions(yolo)
    if functions:
        return _single(functions)
    _refuse_loopless(yolo)
    others = [
        path
        for path in files.glob(f"{PurePosixPath(yolo.path).parent}/*.py")
        if path != yolo.path and "def parse_model" in (files.read(path) or "")
    ]
    seen = f"; {one_of(others)} has a parse_model" if others else ""
    raise Refusal(
        "no-parse-model",
        f"no function here loops over d['backbone'] + d['head'] and branches on the module{seen}",
        place=Place(yolo.shown),
        hint="yamlmod patches the function that turns a model YAML into a network, as YOLOv5 has "
        "it; YAML edits work without it: `yamlmod insert`",
    )


def _single(functions: Sequence[Function]) -> Function:
    yolo = functions[0].source
    names = {function.node.name for function in functions}
    if len(names) > 1:
        # What no class of the file calls was left behind by what took its place.
        in_use = names & _called_names(yolo.tree)
        if len(in_use) == 1:
            return _single([one for one in functions if one.node.name in in_use])
        where = [f"{function.node.name} (line {function.node.lineno})" for function in functions]
        choices = "\n".join(f"--target {yolo.path}:{function.node.name}" for function in functions)
        raise Refusal(
            "several-parse-models",
            "several functions build a network from a dictionary: " + one_of(where),
            place=yolo.place(functions[1].loop),
            hint=f"choose the one that builds your YAML:\n{choices}",
        )
    if len(functions) > 1:
        where = [f"line {function.loop.lineno}" for function in functions]
        raise Refusal(
            "several-parse-models",
            f"{functions[0].node.name} has several loops over the rows: {one_of(where)}",
            place=yolo.place(functions[1].loop),
            hint="yamlmod cannot know which of them builds your YAML",
        )
    _refuse_shadowed(yolo, functions[0])
    return functions[0]


def _called_names(tree: ast.Module) -> set[str]:
    """Return the names that the methods of a file's classes call."""
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    calls = (node for item in classes for node in ast.walk(item) if isinstance(node, ast.Call))
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def _refuse_shadowed(yolo: Source, function: Function) -> None:
    """Refuse a parse function that a later one of the same name takes the place of."""
    for node in yolo.tree.body:
        later = getattr(node, "lineno", 0) > function.node.lineno
        if later and isinstance(node, ast.FunctionDef) and node.name == function.node.name:
            raise Refusal(
                "several-parse-models",
                f"{node.name} is defined again here, and the later definition is used",
                place=yolo.place(node),
                hint="remove the unused one first",
            )


def _several(files: Files, paths: list[str]) -> Refusal:
    folders = [str(PurePosixPath(path).parent) for path in paths]
    choices = "\n".join(f"--target {path}" for path in paths)
    return Refusal(
        "several-forks",
        f"there are several models folders: {one_of(folders)}",
        place=Place(files.shown(".")),
        hint=f"give the folder of the one you mean, or\n{choices}",
    )


def _refuse_models_folder(files: Files) -> None:
    for parse, home in (("yolo.py", "common.py"), ("tasks.py", "modules/__init__.py")):
        if is_file(files, parse) and is_file(files, home):
            raise Refusal(
                "not-a-fork",
                "this is the models folder itself",
                place=Place(files.shown(parse)),
                hint="give the folder above it",
            )


def _search(files: Files) -> list[str]:
    """Return the files that may hold a parse function, wherever they are, tf.py left out."""
    found = []
    for path in python_paths(files):
        try:
            text = files.read(path) or ""
        except Refusal:
            continue  # one file of many that cannot be read is not the one that was asked for
        names = "backbone" in text and "head" in text and "def " in text
        if names and "enumerate(" in text and not path.endswith("tf.py"):
            found.append(path)
    return found


def python_paths(files: Files) -> list[str]:
    """Return the Python files in which a parse function may be, those of tests and builds left out.

    Four folders down, and not more than a few thousand.
    """
    paths = [path for depth in _DEPTHS for path in files.glob(depth) if not _SKIPPED.search(path)]
    return paths[:_MOST]


def _searched(files: Files) -> Chosen:
    """Return the parse function of a fork that keeps it in no known place."""
    paths = _search(files)
    functions: list[Function] = []
    broken: list[Refusal] = []
    for path in paths:
        try:
            source = read_source(files, path)
            functions += [] if source is None else read_functions(source)
        except Refusal as refusal:
            broken.append(refusal)
    functions = [function for function in functions if function.conv is not None]
    if len({function.source.path for function in functions}) > 1:
        raise _several_places(files, functions)
    if functions:
        return Chosen(_single(functions))
    if len(broken) == 1:
        raise broken[0]
    raise _no_fork(files)


def _several_places(files: Files, functions: list[Function]) -> Refusal:
    choices = "\n".join(
        f"--target {function.source.path}:{function.node.name}" for function in functions
    )
    return Refusal(
        "several-parse-models",
        f"{len(functions)} functions build a network from a dictionary",
        place=Place(files.shown(".")),
        hint=f"choose the one that builds your YAML:\n{choices}",
    )


def _no_fork(files: Files) -> Refusal:
    half = [path for path in ("models/yolo.py", "models/common.py") if is_file(files, path)]
    seen = f"; only {half[0]} was found" if half else ""
    places = ", ".join(parse_files())
    return Refusal(
        "not-a-fork",
        f"this is no YOLO repository: none of {places} was found with its modules, here or one "
        f"folder down, nor any other file (four folders down) with a function that loops over "
        f"d['backbone'] + d['head'] and names Conv{seen}",
        place=Place(files.shown(".")),
        hint="give the folder that contains models/common.py and models/yolo.py, or nn/tasks.py",
    )


def _refuse_loopless(source: Source) -> None:
    """Refuse a parse_model without the loop that all known ones have."""
    for node in ast.walk(source.tree):
        if isinstance(node, FunctionNode) and node.name == "parse_model":
            raise Refusal(
                "no-loop",
                "parse_model has no loop `for i, (f, n, m, args) in "
                "enumerate(d['backbone'] + d['head'])`",
                place=_head(source, node),
            )


def _head(source: Source, node: FunctionNode) -> Place:
    start = source.start(node)
    return Place.at(source.shown, source.text, start, start + len(source.tail(start)))
