"""Finds the models folder of a fork and reads the idiom of its parse function."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import PurePosixPath

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.fork.arithmetic import value_of
from yamlmod.fork.files import Files
from yamlmod.fork.parse_model import (
    Function,
    Names,
    is_name,
    read_functions,
    refuse_loopless,
    tested,
)
from yamlmod.fork.source import Source, read_source


@dataclass(frozen=True)
class ParseFunction:
    """Which function builds the network, and where it stands."""

    name: str
    line: int


@dataclass(frozen=True)
class Fork:
    """A YOLOv5-style repository and what its parse function does its own way.

    ``channel_offset``: ``ch`` keeps the image's channels in front, layer x is ``ch[x + 1]``.
    ``single_positive_ok``: a positive ``from`` that is no list reads the right layer.
    ``negative_in_list_ok``: a number below -1 in a list does, ``negative_in_head_ok``: one in the
    head's list. ``index_offset``: layers get another number than their row's.
    ``free_falls_to_else``: the last else does exactly ``c2 = channels of from``.
    """

    models: str
    common: str
    yolo: str
    function: ParseFunction
    names: Names
    package_prefix: str
    channel_offset: bool
    single_positive_ok: bool
    negative_in_list_ok: bool
    negative_in_head_ok: bool
    index_offset: bool
    free_falls_to_else: bool

    def sibling(self, name: str) -> str:
        """Return the path of another file in the models folder."""
        return str(PurePosixPath(self.models, name))


def locate(files: Files) -> Fork:
    """Return the fork in the files; a Refusal says what was looked for and where."""
    models = _models_folder(files)
    yolo_path = str(PurePosixPath(models, "yolo.py"))
    yolo = read_source(files, yolo_path)
    if yolo is None:
        raise _no_fork(files, f"there is no {yolo_path}")
    function = _only_function(files, models, yolo)
    return Fork(
        models=models,
        common=str(PurePosixPath(models, "common.py")),
        yolo=yolo_path,
        function=ParseFunction(function.node.name, function.node.lineno),
        names=function.names,
        package_prefix=_prefix(yolo),
        channel_offset=_keeps_image(function),
        single_positive_ok=_singles_read_right(function),
        negative_in_list_ok=_lists_read_right(function, "Concat"),
        negative_in_head_ok=_lists_read_right(function, "Detect"),
        index_offset=_offsets_index(function),
        free_falls_to_else=_plain_else(function),
    )


def read_function(files: Files, fork: Fork) -> Function:
    """Return the fork's parse function, read anew from its file."""
    yolo = read_source(files, fork.yolo)
    found = (
        []
        if yolo is None
        else [one for one in read_functions(yolo) if one.node.name == fork.function.name]
    )
    if len(found) != 1:
        raise Refusal(
            "changed",
            f"{fork.yolo} has changed since it was looked at",
            place=Place(files.shown(fork.yolo)),
            hint="run the command again",
        )
    return found[0]


def _models_folder(files: Files) -> str:
    if files.read("models/yolo.py") is not None and files.read("models/common.py") is not None:
        return "models"
    deeper = [str(PurePosixPath(path).parent) for path in files.glob("*/models/yolo.py")]
    deeper = [path for path in deeper if files.read(f"{path}/common.py") is not None]
    if len(deeper) > 1:
        raise Refusal(
            "several-forks",
            f"there are several models folders: {one_of(deeper)}",
            hint="give the folder that holds the one you mean",
        )
    if deeper:
        return deeper[0]
    raise _no_fork(
        files,
        "neither models/yolo.py with models/common.py beside it nor "
        "<package>/models/yolo.py was found",
    )


def _no_fork(files: Files, missing: str) -> Refusal:
    tasks = [*files.glob("nn/tasks.py"), *files.glob("ultralytics/nn/tasks.py")]
    if tasks:
        return Refusal(
            "ultralytics-package",
            "this is the ultralytics package (nn/tasks.py), not a YOLOv5-style fork",
            place=Place(files.shown(tasks[0])),
            hint="its parse_model is not supported yet; forks with models/yolo.py are",
        )
    if files.read("yolo.py") is not None and files.read("common.py") is not None:
        return Refusal(
            "not-a-fork",
            "this is the models folder itself",
            place=Place(files.shown("yolo.py")),
            hint="give the folder above it",
        )
    half = [path for path in ("models/yolo.py", "models/common.py") if files.read(path) is not None]
    seen = f"; only {half[0]} is there" if half else ""
    others = [
        path for path in files.glob("models/*.py") if "def parse_model" in (files.read(path) or "")
    ]
    if others:
        seen += f"; {one_of(others)} has a parse_model, but only models/yolo.py is looked at"
    return Refusal(
        "not-a-fork",
        f"this is no YOLOv5-style repository: {missing}{seen}",
        place=Place(files.shown(".")),
        hint="give the folder that holds models/common.py and models/yolo.py",
    )


def _only_function(files: Files, models: str, yolo: Source) -> Function:
    functions = read_functions(yolo)
    if len(functions) > 1:
        where = [f"{one.node.name} (line {one.node.lineno})" for one in functions]
        raise Refusal(
            "several-parse-models",
            "several functions build a network from a dictionary: " + one_of(where),
            place=yolo.place(functions[1].loop),
            hint="yamlmod will not guess which of them your YAML goes through",
        )
    if functions:
        _refuse_shadowed(yolo, functions[0])
        return functions[0]
    refuse_loopless(yolo)
    others = [
        path
        for path in files.glob(f"{models}/*.py")
        if path != yolo.path and "def parse_model" in (files.read(path) or "")
    ]
    seen = f"; {one_of(others)} has a parse_model" if others else ""
    raise Refusal(
        "no-parse-model",
        f"no function here loops over d['backbone'] + d['head'] and branches on the module{seen}",
        place=Place(yolo.shown),
        hint="yamlmod patches the function that turns a model YAML into a network, as YOLOv5 has "
        "it; the YAML half alone works without: `yamlmod insert`",
    )


def _refuse_shadowed(yolo: Source, function: Function) -> None:
    """Refuse a parse function that a later one of the same name takes the place of."""
    for node in yolo.tree.body:
        later = getattr(node, "lineno", 0) > function.node.lineno
        if later and isinstance(node, ast.FunctionDef) and node.name == function.node.name:
            raise Refusal(
                "several-parse-models",
                f"{node.name} is defined again here, and the later definition wins at run time",
                place=yolo.place(node),
                hint="take the one that is not used out first",
            )


def _prefix(yolo: Source) -> str:
    """Return what stands before the names of sibling modules in imports, say ``models.``."""
    for node in ast.walk(yolo.tree):
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for known in ("common", "experimental"):
                if module.endswith((f".{known}", f"models.{known}")):
                    return module.removesuffix(known)
    return ""


def _keeps_image(function: Function) -> bool:
    """Return whether ``ch`` is never begun anew inside the loop."""
    ch = function.names.ch
    for node in ast.walk(function.loop):
        if isinstance(node, ast.Assign) and any(is_name(one, ch) for one in node.targets):
            return any(is_name(part, ch) for part in ast.walk(node.value))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"clear", "pop"}
            and is_name(node.func.value, ch)
        ):
            return False
        if isinstance(node, ast.Delete):
            return not any(is_name(part, ch) for part in ast.walk(node))
    return True


def _right(index: ast.expr, name: str, offset: bool, values: tuple[int, ...]) -> bool:
    expected = [value + (1 if offset and value >= 0 else 0) for value in values]
    return [value_of(index, name, value) for value in values] == expected


def _singles_read_right(function: Function) -> bool:
    offset, from_ = _keeps_image(function), function.names.from_
    return all(
        _right(read.slice, from_, offset, (5, 0, -1, -2)) for read in function.single_reads()
    )


def _lists_read_right(function: Function, module: str) -> bool:
    offset = _keeps_image(function)
    branch = next(
        (
            one
            for one in function.chain
            if any(
                is_name(part, module)
                for against in tested(one.test, function.names.module)
                for part in ast.walk(against)
            )
        ),
        None,
    )
    if branch is None:
        return not offset
    for node in (part for statement in branch.body for part in ast.walk(statement)):
        if (
            isinstance(node, (ast.ListComp, ast.GeneratorExp))
            and isinstance(node.elt, ast.Subscript)
            and is_name(node.elt.value, function.names.ch)
            and isinstance(node.generators[0].target, ast.Name)
        ):
            return _right(node.elt.slice, node.generators[0].target.id, offset, (5, 0, -1, -2))
    return not offset


def _offsets_index(function: Function) -> bool:
    """Return whether a module's ``.i`` becomes anything but the row's number."""
    for node in ast.walk(function.loop):
        if not isinstance(node, ast.Assign):
            continue
        pairs = [(node.targets[0], node.value)]
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
        for target, value in pairs:
            if isinstance(target, ast.Attribute) and target.attr == "i":
                return not is_name(value, function.names.index)
    return False


def _plain_else(function: Function) -> bool:
    names = function.names
    if len(function.last_else) != 1 or not isinstance(function.last_else[0], ast.Assign):
        return False
    node = function.last_else[0]
    return (
        len(node.targets) == 1
        and is_name(node.targets[0], names.c2)
        and [node.value] == function.single_reads(True)[:1]
    )
