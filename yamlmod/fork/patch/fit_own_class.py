"""Rewrite a user's class for a fork's imports."""

from __future__ import annotations

import ast
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yamlmod.errors import Place, Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.locate import ForkFacts, graph_of
from yamlmod.fork.patch.install import install, read_common
from yamlmod.fork.patch.placement import COMMON, OWN_FILE, find_placed, own_path
from yamlmod.fork.python.bindings import bindings, from_imports, is_star
from yamlmod.fork.python.modules import Elsewhere, Modules
from yamlmod.fork.python.overlay import Overlay
from yamlmod.fork.python.source import Source
from yamlmod.registry.template import Template

if TYPE_CHECKING:
    from yamlmod.fork.python.import_order import ImportProblem

_IMPORTS = (ast.Import, ast.ImportFrom)
# Packages whose name on the index is not the name that is imported.
_DISTRIBUTIONS = {
    "cv2": "opencv-python",
    "PIL": "Pillow",
    "yaml": "PyYAML",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "mmcv": "mmcv",
    "pywt": "PyWavelets",
    "torch_dct": "torch-dct",
}


def fitted(files: Files, fork: ForkFacts, template: Template, placement: str = "") -> Template:
    """Return the template with its imports resolved in the fork; a Refusal names what is not.

    Where its code would end in a circular import beside the fork's modules, it gets a file of its
    own; a Refusal shows the circle where that does not help.
    """
    common = read_common(files, fork)
    there = find_placed(files, fork, common).get(template.name)
    wanted = there.placement if there else placement
    candidate = _fitted(fork, common, template, wanted or COMMON)
    problem = _new_problem(files, fork, candidate, wanted or COMMON)
    if problem is None:
        return candidate
    if not wanted and problem.cycle:
        try:
            other = _fitted(fork, common, template, OWN_FILE)
            second = _new_problem(files, fork, other, OWN_FILE)
            if second is None:
                return _apart(files, common, other, problem)
            problem = second
        except Refusal:
            pass  # the circle is what there is to say
    raise _refusal(files, template, problem)


def _apart(files: Files, common: Source, template: Template, problem: ImportProblem) -> Template:
    cycle = " -> ".join(dict.fromkeys(files.shown(hop.path) for hop in problem.cycle))
    note = (
        f"{template.name} is added in its own file: in {common.shown} it would create an "
        f"import cycle ({cycle})"
    )
    return template._replace(placement=OWN_FILE, notes=(*template.notes, note))


def _new_problem(
    files: Files, fork: ForkFacts, template: Template, placement: str
) -> ImportProblem | None:
    """Return what keeps Python from importing the fork once the template is in it."""
    path = _path_of(fork, template, placement)
    nodes = [node for node in ast.parse(template.source).body if isinstance(node, _IMPORTS)]
    if not any(_is_inside(fork, path, node) for node in nodes):
        return None
    try:
        texts = install(files, fork, [template], placement).texts
    except Refusal:
        return None  # said again where it is really planned
    graph = graph_of(Modules(Overlay(files, texts), fork.yolo))
    for start in (fork.yolo, fork.common):
        problems = graph.import_problems(start)
        if problems and not fork.graph.import_problems(start):
            return problems[0]
    return None


def _refusal(files: Files, template: Template, problem: ImportProblem) -> Refusal:
    way = "\n".join(
        f"  {files.shown(hop.path)}:{hop.line}: {hop.text}" for hop in problem.cycle or problem.hops
    )
    if problem.cycle:
        message = f"with {template.name} the fork's modules would import each other in a cycle"
        hint = f"the cycle:\n{way}\nimport that inside of a function, or copy it into your file"
    else:
        message = f"with {template.name} the fork could not be imported: {problem.why}"
        hint = f"import chain:\n{way}"
    code = "circular-import" if problem.cycle else "import-fails"
    return Refusal(code, message, place=Place(template.file), hint=hint)


def _fitted(fork: ForkFacts, common: Source, template: Template, placement: str) -> Template:
    """Return the template with the imports that its code needs in one place."""
    apart = placement == OWN_FILE
    bound = {binding.name for binding in bindings(common.tree)}
    stars = any(is_star(node) for node in from_imports(common))
    missing = [name for name in template.uses if name not in bound]
    if missing and not stars:
        raise Refusal(
            "undefined-name",
            f"{template.name} uses {', '.join(missing)}, which neither {template.file} nor "
            f"{common.shown} defines",
            place=Place(template.file),
            hint="define it in the file, or import it there",
        )
    if not apart:
        _refuse_hidden(fork, template)
    notes = [f"{name} is taken from {common.shown}" for name in template.uses if name in bound]
    imports, packages = [], list[str]()
    if apart:  # a file of its own does not see what common.py binds
        imports = [f"from {_module_of(fork, template)} import {name}" for name in template.uses]
    path = _path_of(fork, template, placement)
    for node in ast.parse(template.source).body:
        if not isinstance(node, _IMPORTS):
            continue
        if not _is_inside(fork, path, node):
            imports.append(ast.unparse(node))
            root = _root(node)
            if root not in sys.stdlib_module_names and root != "torch":
                packages.append(_DISTRIBUTIONS.get(root, root.replace("_", "-")))
            continue
        here = set() if apart or isinstance(node, ast.Import) else _names(node) & bound
        if here:
            text = ast.unparse(node)
            notes.append(
                f"{', '.join(sorted(here))} is taken from {common.shown}: `{text}` is left out"
            )
            node.names = [one for one in node.names if (one.asname or one.name) not in here]
        if node.names:
            imports.append(ast.unparse(node))
            notes.append(f"`{ast.unparse(node)}` finds its module in the fork")
    wanted = tuple(dict.fromkeys([*template.requirements, *packages]))
    if packages:
        notes.append(f"{template.name} needs {', '.join(dict.fromkeys(packages))}")
    source = "".join(f"{line}\n" for line in imports) + "\n\n" + template.code
    return template._replace(
        text=source,
        requirements=wanted,
        notes=(*template.notes, *_unique(notes)),
    )


def _path_of(fork: ForkFacts, template: Template, placement: str) -> str:
    return own_path(fork, template) if placement == OWN_FILE else fork.common


def _is_inside(fork: ForkFacts, path: str, node: ast.Import | ast.ImportFrom) -> bool:
    """Check whether an import in a file means a module of the fork, one that is missing too."""
    if isinstance(node, ast.ImportFrom):
        places = [fork.modules.find(path, node.module or "", node.level)]
    else:
        places = [fork.modules.find(path, name.name) for name in node.names]
    return not any(isinstance(place, Elsewhere) for place in places)


def _names(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {name.asname or name.name for name in node.names}


def _module_of(fork: ForkFacts, template: Template) -> str:
    """Return how the fork's imports name the file that the code expects its names from."""
    below = PurePosixPath(fork.common).is_relative_to(fork.models)
    if below and fork.package_prefix:
        return fork.spelled(fork.common)
    raise Refusal(
        "no-import",
        f"{template.name} uses {', '.join(template.uses)} of {fork.common}, and how a file beside "
        f"{fork.yolo} would import them is unknown",
        hint="use --placement common",
    )


def _refuse_hidden(fork: ForkFacts, template: Template) -> None:
    """Refuse a helper that yolo.py, which may import all of common.py, means otherwise."""
    yolo = fork.graph.source(fork.yolo)
    defined = {binding.name for binding in bindings(ast.parse(template.code))} - {
        template.class_name
    }
    for one in bindings(yolo.tree) if yolo is not None else ():
        if yolo is not None and one.name in defined:
            raise Refusal(
                "helper-name-taken",
                f"{template.name} needs {one.name} of {template.file}, and {yolo.shown} binds that "
                "name to something else",
                place=yolo.place(one.node),
                hint=f"--as {template.name} gives the helpers their own names",
            )


def _unique(notes: list[str]) -> list[str]:
    return list(dict.fromkeys(notes))


def _root(node: ast.Import | ast.ImportFrom) -> str:
    module = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
    return module.split(".")[0]
