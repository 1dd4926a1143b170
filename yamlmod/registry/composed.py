"""Compose a block template: a wrapper such as C3 with an attention module inside.

The attention's code gets private names of the new class, so the block is self-contained: it works
beside the attention itself, beside a class of that name in the fork, and after either is removed.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yamlmod.registry.code.rename import bound_names, rewritten
from yamlmod.registry.fields import code, line, lines, texts
from yamlmod.registry.template import Argument, Channels, Reference, Template

_WRAPPER = "C3Attention"
_INNER = f"_{_WRAPPER}Inner"
# What the wrapper hands the attention, by the attention's rule.
_SUPPLIED = {"same": "hidden", "free": "", "conv": "hidden, hidden"}
_ARGUMENTS = (
    Argument("shortcut", "bool", "True", "Add the input of each bottleneck to its output."),
    Argument("g", "int", "1", "Groups of the 3x3 convolutions.", bounds=(("min", 1.0),)),
    Argument(
        "e",
        "float",
        "0.5",
        "Hidden channels relative to the output channels.",
        bounds=(("exclusive_min", 0.0), ("max", 4.0)),
    ),
)
_REFERENCE = Reference(
    "https://github.com/ultralytics/yolov5",
    "port",
    "AGPL-3.0",
    "keys and arguments of C3, so that its weights load; published C3 variants place the "
    "attention differently, this one at the end of each bottleneck",
)


def wrapped_folder(folder: Path, data: Mapping[str, Any]) -> Path:
    """The folder of the attention module in a block's manifest."""
    return folder.parent / _name(data, "wraps")


def composed(
    folder: Path, data: Mapping[str, Any], inner: Template, below: Path | None
) -> Template:
    """Build the template of a block around ``inner``."""
    if inner.rule not in _SUPPLIED:
        raise ValueError(
            f"wraps names {inner.name}, whose rule {inner.rule} cannot be wrapped in a block"
        )
    wrapper = code(folder.parent / "_blocks", f"{_name(data, 'block')}.py", below)
    return Template(
        name=line(data, "name"),
        class_name=line(data, "class"),
        file=f"{folder.name}/manifest.toml",
        version=line(data, "version"),
        aliases=lines(data, "aliases"),
        summary=line(data, "summary"),
        names_zh=lines(data, "names_zh", []),
        summary_zh=line(data, "summary_zh", ""),
        kind=("block", *inner.kind),
        rule="csp",
        python=inner.python,
        torch=inner.torch,
        requirements=inner.requirements,
        paper=inner.paper,
        arguments=_ARGUMENTS,
        wild=(),
        reference=_REFERENCE,
        channels=Channels(inner.channels.rule and f"inside: {inner.channels.rule}"),
        limits=texts(data, "limits"),
        source=_source(wrapper, line(data, "class"), inner),
    )


def _name(data: Mapping[str, Any], key: str) -> str:
    """Return the name of a folder or a block beside the manifest's own folder."""
    name = line(data, key)
    if not name.isidentifier():
        raise ValueError(f"{key} must be a name, got {name[:60]!r}")
    return name


def _source(wrapper: str, name: str, inner: Template) -> str:
    """Join the wrapper and the attention into one self-contained file."""
    paper = inner.paper
    said = f"{paper['title']},\n    {paper['venue']} {paper['year']}, {paper['url']}"
    supplied = _SUPPLIED[inner.rule]
    text = wrapper.replace(f"{_INNER}(hidden)", f"_{name}Inner({supplied})").replace("PAPER", said)
    text = text.replace(f"_{_WRAPPER}", f"_{name}").replace(_WRAPPER, name)
    tree = ast.parse(inner.source)
    names = {
        old: _inner_name(old, inner.class_name, name)
        for node in tree.body
        for old in bound_names(node)
    }
    parts = [text, rewritten(inner.source, tree, names, "")]
    imports = sorted({line for part in parts for line in _imports(part)}, key=_import_order)
    bodies = [_after_imports(part) for part in parts]
    return "\n".join(["# SPDX-License-Identifier: 0BSD", *imports, "", "", "\n\n\n".join(bodies)])


def _inner_name(name: str, old: str, new: str) -> str:
    if name == old:
        return f"_{new}Inner"
    return f"_{new}Inner_{name.removeprefix(f'_{old}').lstrip('_')}"


def _imports(source: str) -> list[str]:
    nodes = ast.parse(source).body
    return [ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]


def _import_order(line: str) -> tuple[bool, bool, str]:
    root = line.split()[1].partition(".")[0]
    return root == "torch", line.startswith("from"), line


def _after_imports(source: str) -> str:
    nodes = ast.parse(source).body
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    last = max(node.end_lineno or 0 for node in imports)
    return "\n".join(source.split("\n")[last:]).strip("\n") + "\n"
