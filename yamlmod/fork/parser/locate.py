"""Locate a fork's parse function and modules, and read their conventions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yamlmod.errors import Place, Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.candidates import choose, no_home
from yamlmod.fork.parser.dialect import PACKAGE, Dialect, base_of, below, get_dialect, sniff
from yamlmod.fork.parser.idiom import (
    keeps_image,
    lists_read_right,
    offsets_index,
    plain_else,
    singles_read_right,
)
from yamlmod.fork.parser.parse_model import Function, Names, read_functions
from yamlmod.fork.parser.spelling import package_prefix
from yamlmod.fork.python.modules import Modules
from yamlmod.fork.python.source import Source, read_source

if TYPE_CHECKING:
    from yamlmod.fork.python.import_graph import ImportGraph


@dataclass(frozen=True)
class ParseFunction:
    """Which function builds the network, and where it is."""

    name: str
    line: int


@dataclass(frozen=True)
class ForkFacts:
    """A repository and what its parse function does its own way.

    ``models`` is the folder of the parse file ``yolo``; new classes go into ``common``.
    ``channel_offset``: ``ch`` keeps the image's channels in front, layer x is ``ch[x + 1]``.
    ``single_positive_ok``: a positive ``from`` that is not a list reads the right layer.
    ``negative_in_list_ok``: a number below -1 in a list does, ``negative_in_head_ok``: one in the
    head's list. ``index_offset``: layers may get another number than their row's.
    ``free_falls_to_else``: the last else does exactly ``c2 = channels of from``.
    ``others`` are parse files that were found too and not chosen. ``modules`` are its files as
    imports mean them, ``graph`` what names denote in them; both are of when it was located.
    """

    modules: Modules = field(compare=False, repr=False)

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
    dialect: Dialect
    base: str = ""
    others: tuple[str, ...] = ()

    @cached_property
    def graph(self) -> ImportGraph:
        """Return what names denote in the files of the fork."""
        return graph_of(self.modules)

    @property
    def package(self) -> str:
        """Return the folder that `--placement package` puts files into."""
        return self.sibling(PACKAGE)

    def sibling(self, name: str) -> str:
        """Return the path of another file in the folder of the parse file."""
        return str(PurePosixPath(self.models, name))

    def spelled(self, path: str) -> str:
        """Return how an import in the parse file names a file below its folder."""
        inner = PurePosixPath(path).relative_to(self.models).with_suffix("")
        return self.package_prefix + ".".join(inner.parts)


def locate(files: Files, target: str = "", dialect: str = "") -> ForkFacts:
    """Return the fork in the files; a Refusal says what was looked for and where.

    ``target`` is ``FILE[:FUNCTION]``, for a repository with several parse functions; ``dialect``
    names a family instead of the sniffed one.
    """
    chosen = choose(files, target)
    function, path = chosen.function, chosen.function.source.path
    if dialect:
        family = get_dialect(dialect)
        base = base_of(family, path) or ""
    else:
        family, base = sniff(files, path)
    modules = Modules(files, path)
    home = family.home(files, base)
    if not home:
        from yamlmod.fork.python.answers import class_in

        conv = class_in(graph_of(modules).denotes(path, "Conv"))
        if conv is None:
            raise no_home(files, function, family)
        home = conv.path
    return ForkFacts(
        modules=modules,
        models=str(PurePosixPath(path).parent),
        common=home,
        yolo=path,
        function=ParseFunction(function.node.name, function.node.lineno),
        names=function.names,
        package_prefix=package_prefix(modules, function.source),
        channel_offset=keeps_image(function),
        single_positive_ok=singles_read_right(function),
        negative_in_list_ok=lists_read_right(function, "Concat"),
        negative_in_head_ok=lists_read_right(function, "Detect"),
        index_offset=offsets_index(function),
        free_falls_to_else=plain_else(function),
        dialect=family,
        base=base,
        others=chosen.others,
    )


def graph_of(modules: Modules) -> ImportGraph:
    """Return the import graph of a fork's modules; most patches do not need it."""
    from yamlmod.fork.python.import_graph import ImportGraph

    return ImportGraph(modules.files, modules.parser)


def cfg_folders(files: Files, fork: ForkFacts) -> list[str]:
    """Return the folders in which the fork keeps its model YAMLs, the first choice first."""
    found = []
    for pattern in fork.dialect.cfgs:
        paths = files.glob(below(fork.base, f"{pattern}/*.yaml"))
        found += [str(PurePosixPath(path).parent) for path in paths]
    return list(dict.fromkeys([fork.models, *found]))


def read_function(files: Files, fork: ForkFacts) -> Function:
    yolo = read_source(files, fork.yolo)
    functions = () if yolo is None else read_functions(yolo)
    found = [function for function in functions if function.node.name == fork.function.name]
    if len(found) != 1:
        raise Refusal(
            "changed",
            f"{fork.yolo} has changed since it was read",
            place=Place(files.shown(fork.yolo)),
            hint="run the command again",
        )
    return found[0]


def shown_dialect(files: Files, fork: ForkFacts) -> str:
    """Return the sentence that says which family was taken, and where things are."""
    version = _version(files, fork)
    where = f"{fork.function.name} in {files.shown(fork.yolo)}"
    return f"dialect {fork.dialect.name} ({fork.dialect.title}{version}): {where}"


def _version(files: Files, fork: ForkFacts) -> str:
    """Return the version that a package's ``__init__`` states, with a blank before it."""
    text = files.read(str(PurePosixPath(fork.base, "__init__.py"))) or ""
    match = re.search(r"^__version__ *= *['\"]([\w.+-]+)['\"]", text, re.MULTILINE)
    return f" {match[1]}" if match else ""


def source_of(files: Files, path: str) -> Source:
    """Return a parsed file that was there a moment ago."""
    found = read_source(files, path)
    if found is None:
        raise Refusal(
            "changed",
            f"{path} is gone",
            place=Place(files.shown(path)),
            hint="run the command again",
        )
    return found
