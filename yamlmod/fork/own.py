"""A module of somebody's own, fitted to a fork: where its imports come from there."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import PurePosixPath

from yamlmod.errors import Place, Refusal
from yamlmod.fork.classes import is_inside
from yamlmod.fork.files import Files
from yamlmod.fork.install import read_common
from yamlmod.fork.locate import Fork, read_function
from yamlmod.fork.placed import OWN_FILE, find_placed
from yamlmod.fork.python.bindings import bindings
from yamlmod.registry.manifest import Template

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


def fitted(files: Files, fork: Fork, template: Template, placement: str = "") -> Template:
    """Return the template with its imports resolved in the fork; a Refusal names what is not."""
    common = read_common(files, fork)
    there = find_placed(files, fork, common).get(template.name)
    apart = (there.placement if there else placement) == OWN_FILE
    bound = {one.name for one in bindings(common.tree)}
    stars = any(
        isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in common.tree.body
    )
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
        _refuse_hidden(files, fork, template)
    notes = [f"{name} is taken from {common.shown}" for name in template.uses if name in bound]
    imports, packages = [], list[str]()
    if apart:  # a file of its own does not see what common.py binds
        imports = [f"from {_module_of(fork, template)} import {name}" for name in template.uses]
    for node in ast.parse(template.source).body:
        if not isinstance(node, _IMPORTS):
            continue
        root = _root(node)
        name = node.names[0].asname or node.names[0].name.split(".")[0]
        inside = is_inside(files, root) or root == fork.package_prefix.split(".")[0]
        if inside and not apart and isinstance(node, ast.ImportFrom) and name in bound:
            notes.append(f"{name} is taken from {common.shown}: `{ast.unparse(node)}` is left out")
            continue
        imports.append(ast.unparse(node))
        if inside:
            notes.append(f"`{ast.unparse(node)}` finds its module in the fork")
        elif root not in sys.stdlib_module_names and root != "torch":
            packages.append(_DISTRIBUTIONS.get(root, root.replace("_", "-")))
    wanted = tuple(dict.fromkeys([*template.requirements, *packages]))
    if packages:
        notes.append(f"{template.name} needs {', '.join(dict.fromkeys(packages))}")
    source = "".join(f"{line}\n" for line in imports) + "\n\n" + template.code
    return replace(
        template,
        source=source,
        requirements=wanted,
        notes=(*template.notes, *_unique(notes)),
    )


def _module_of(fork: Fork, template: Template) -> str:
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


def _refuse_hidden(files: Files, fork: Fork, template: Template) -> None:
    """Refuse a helper that yolo.py, which may import all of common.py, means otherwise."""
    yolo = read_function(files, fork).source
    defined = {one.name for one in bindings(ast.parse(template.code))} - {template.class_name}
    for one in bindings(yolo.tree):
        if one.name in defined:
            raise Refusal(
                "helper-name-taken",
                f"{template.name} needs {one.name} of {template.file}, and {yolo.shown} binds that "
                "name to something else",
                place=yolo.place(one.node),
                hint=f"--as {template.name} gives the helpers names of their own",
            )


def _unique(notes: list[str]) -> list[str]:
    return list(dict.fromkeys(notes))


def _root(node: ast.Import | ast.ImportFrom) -> str:
    module = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
    return module.split(".")[0]
