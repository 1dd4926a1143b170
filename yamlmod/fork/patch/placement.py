"""Place module code: a block in common.py, or a file of its own in a package."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import PurePosixPath

from yamlmod.errors import Place, Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.dialect import is_file
from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.fork.patch.import_route import add_import, leave_import
from yamlmod.fork.patch.marked_blocks import Block, code_block, find_blocks
from yamlmod.fork.patch.plan import PatchChange, Plan, Step
from yamlmod.fork.patch.proof import proven_file
from yamlmod.fork.python.bindings import from_imports, written
from yamlmod.fork.python.source import Source, read_source
from yamlmod.registry.class_names import stem_of
from yamlmod.registry.template import Template

COMMON, OWN_FILE = "common", "package"
PLACEMENTS = (COMMON, OWN_FILE)
_INIT = "# The modules that yamlmod put into files of their own.\n"


@dataclass(frozen=True, eq=False)
class Placed:
    """A module's block, the file that holds it, and the placement that this is."""

    source: Source
    block: Block
    placement: str


def find_placed(files: Files, fork: ForkFacts, common: Source) -> dict[str, Placed]:
    """Return what yamlmod put into the fork, by module name; one that is there twice is refused."""
    found = {name: Placed(common, block, COMMON) for name, block in find_blocks(common).items()}
    for path in files.glob(f"{escape(fork.package)}/*.py"):
        source = read_source(files, path)
        for name, block in find_blocks(source).items() if source is not None else ():
            if source is None or name in found:
                raise Refusal(
                    "broken-marker",
                    f"{name} is in {files.shown(path)} and in {common.shown}",
                    place=Place(files.shown(path)),
                    hint="remove one of them by hand",
                )
            found[name] = Placed(source, block, OWN_FILE)
    return found


def choose_placement(
    placed: Mapping[str, Placed], templates: Sequence[Template], wanted: str
) -> dict[str, str]:
    """Return the placement of each template; one that is there stays where it is."""
    chosen = {}
    for template in templates:
        there = placed.get(template.name)
        if there is not None and wanted and there.placement != wanted:
            raise Refusal(
                "placed-otherwise",
                f"{template.name} is in {there.source.shown}, "
                f"and --placement {wanted} would move it",
                place=Place.at(there.source.shown, there.source.text, there.block.start),
                hint=f"run `yamlmod unpatch REPO {template.name} -w` first",
            )
        chosen[template.name] = (
            there.placement if there is not None else wanted or template.placement or COMMON
        )
    return chosen


def own_path(fork: ForkFacts, template: Template) -> str:
    """Return the file that a module gets in the package."""
    # A copy, a block form or one class of several must not share its file with the others.
    shared = template.of or template.origin == "file" or template.rule == "csp"
    stem = stem_of(template.name) if shared else PurePosixPath(template.file).stem
    return f"{fork.package}/{stem}.py"


def own_text(template: Template) -> str:
    """Return the text of a module's own file: its head with the imports, then the block."""
    head = template.source[: template.source.index(template.code.rstrip("\n"))].strip("\n")
    return f"{head}\n\n\n{code_block(template)}" if head else code_block(template)


def add_files(files: Files, fork: ForkFacts, common: Source, templates: Sequence[Template]) -> Plan:
    """Return the plan that writes the templates' files, new or instead of older ones."""
    texts: dict[str, str | None] = {}
    steps = []
    if templates and not is_file(files, f"{fork.package}/__init__.py"):
        texts[f"{fork.package}/__init__.py"] = _INIT.replace("\n", common.newline)
    for template in templates:
        path, shown = own_path(fork, template), files.shown(own_path(fork, template))
        old = files.read(path) if is_file(files, path) else None
        if old is not None and template.name not in find_blocks_in(files, path):
            raise Refusal(
                "name-taken",
                f"{shown} already exists, but not for {template.name}",
                place=Place(shown),
                hint="rename it, or use --placement common",
            )
        text = own_text(template).replace("\n", common.newline)
        texts[path] = proven_file(shown, text, template.source)
        what = "written to" if old is None else f"replaced by {template.version} in"
        steps.append(
            Step("class", path, 1, f"class {template.class_name} {template.version} {what} {shown}")
        )
    return Plan(texts, tuple(steps))


def find_blocks_in(files: Files, path: str) -> dict[str, Block]:
    source = read_source(files, path)
    return {} if source is None else find_blocks(source)


def drop_files(files: Files, fork: ForkFacts, gone: Sequence[Placed]) -> Plan:
    """Return the plan that takes module files away, and the package with the last of them."""
    own = [one for one in gone if one.placement == OWN_FILE]
    if not own:
        return Plan({})
    texts: dict[str, str | None] = {}
    steps = []
    for one in own:
        _refuse_more(one)
        texts[one.source.path] = None
        what = f"class {one.block.class_name} {one.block.version} removed with {one.source.shown}"
        steps.append(Step("class", one.source.path, 1, what))
    init = f"{fork.package}/__init__.py"
    left = [path for path in files.glob(f"{escape(fork.package)}/*.py") if path not in texts]
    if left == [init] and (files.read(init) or "").replace("\r\n", "\n") == _INIT:
        texts[init] = None
    return Plan(texts, tuple(steps))


def add_file_imports(fork: ForkFacts, parse: Source, templates: Sequence[Template]) -> PatchChange:
    there = {
        (fork.modules.file_of(parse.path, node), alias.name)
        for node in from_imports(parse)
        for alias in node.names
        if alias.asname is None
    }
    parts = []
    for template in templates:
        path = own_path(fork, template)
        if (path, template.class_name) in there or _imports(parse, fork, template):
            continue
        if not fork.package_prefix:
            raise Refusal(
                "no-import",
                f"{parse.shown} imports nothing from its own folder, so the "
                "spelling of such an import is unknown",
                hint="use --placement common",
            )
        parts.append((fork.spelled(path), template.class_name))
    return add_import(fork, parse, parts)


def drop_file_imports(fork: ForkFacts, parse: Source, gone: Sequence[Placed]) -> PatchChange:
    """Return the change that takes the imports of module files out again."""
    own = {one.source.path: one.block.class_name for one in gone if one.placement == OWN_FILE}
    return PatchChange.joined(
        leave_import(parse, node, {own[path]})
        for node in from_imports(parse)
        if (path := fork.modules.file_of(parse.path, node)) in own
    )


def _imports(parse: Source, fork: ForkFacts, template: Template) -> bool:
    """Check whether our import is there though the file it means has gone."""
    module = fork.spelled(own_path(fork, template)) if fork.package_prefix else ""
    return any(
        written(node) == module and any(name.name == template.class_name for name in node.names)
        for node in from_imports(parse)
    )


def _refuse_more(one: Placed) -> None:
    """Refuse to take a file away that holds more than a module and its imports."""
    text = one.source.text
    around = [text[: one.block.start], text[one.block.end :]]
    nodes = [node for part in around for node in ast.parse(part).body]
    ours = (ast.Import, ast.ImportFrom, ast.Expr)
    if not all(isinstance(node, ours) for node in nodes) or "#" in around[1]:
        raise Refusal(
            "edited-by-hand",
            f"{one.source.shown} contains more than the block of {one.block.name}",
            place=Place(one.source.shown),
            hint="move your own code to another file first",
        )
