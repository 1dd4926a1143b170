"""Read and write the marked blocks with module code in common.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit
from yamlmod.errors import Place, Refusal
from yamlmod.fork.python.source import Source
from yamlmod.registry.code.digest import digest_of
from yamlmod.registry.template import Template

_BEGIN = re.compile(
    r"^# yamlmod: begin (?P<name>\S+) (?P<version>\S+) sha256=(?P<digest>[0-9a-f]+)"
    r"(?P<fields>(?: [a-z]+=\S+)*)[ \t]*\r?$",
    re.MULTILINE,
)
_SPDX = "# SPDX-License-Identifier: "
_REQUIRES = "# requires: "


@dataclass(frozen=True)
class Block:
    """A block as it is in a file; its span runs from the begin to the end marker."""

    name: str
    class_name: str
    version: str
    digest: str
    start: int
    end: int
    code: str
    requirements: tuple[str, ...]
    # `file`: from a user's own file; `fork`: the fork's own class, which we only registered.
    origin: str = ""
    # The template that this is a renamed copy of.
    of: str = ""
    # What was done for a class of the fork's own: `import:FILE` for each file, `branch`.
    adds: tuple[str, ...] = ()

    @property
    def edited(self) -> bool:
        """Check whether the code is no longer what its digest says; its layout may differ."""
        return digest_of(self.code) != self.digest

    def tree(self) -> ast.Module:
        """Return the parsed code; call it on unedited blocks only."""
        return ast.parse(self.code)


def code_block(template: Template) -> str:
    """Return the text that goes into common.py, from marker to marker, with LF newlines."""
    fields = {
        "class": template.class_name if template.class_name != template.name else "",
        "of": template.of,
        "origin": kind_of(template),
    }
    head = f"# yamlmod: begin {template.name} {template.version} sha256={template.digest}"
    lines = [head + "".join(f" {key}={value}" for key, value in fields.items() if value)]
    lines += [_SPDX + template.license] if template.license else []
    lines += [_REQUIRES + requirement for requirement in template.requirements]
    return "\n".join(lines) + f"\n{template.code}# yamlmod: end {template.name}\n"


def imported_in(path: str) -> str:
    """Return what a marker says of a file that got an import of a class of the fork's own."""
    return "import:" + path.replace(" ", "%20").replace(",", "%2C")


def kind_of(template: Template) -> str:
    """Return what a marker says of a template's origin: nothing for those of the registry."""
    return template.origin if template.origin in ("file", "fork") else ""


def is_current(block: Block, template: Template) -> bool:
    """Check whether a block is what the template would write, however it is laid out."""
    return (
        (block.name, block.class_name, block.version)
        == (template.name, template.class_name, template.version)
        and (block.digest, block.of, block.origin)
        == (template.digest, template.of, kind_of(template))
        and block.requirements == template.requirements
    )


def find_blocks(source: Source) -> dict[str, Block]:
    """Return the file's blocks by module name; a marker without its partner is refused."""
    blocks: dict[str, Block] = {}
    for match in _BEGIN.finditer(source.text):
        name = match["name"]
        end = re.compile(rf"^# yamlmod: end {re.escape(name)}[ \t]*(?=\r?$)", re.MULTILINE).search(
            source.text, match.end()
        )
        following = _BEGIN.search(source.text, match.end())
        if end is None or (following and following.start() < end.start()) or name in blocks:
            what = "occurs twice" if name in blocks else "has no end marker"
            raise Refusal(
                "broken-marker",
                f"the block of {name} {what}",
                place=Place.at(source.shown, source.text, match.start(), match.end()),
                hint="restore the file, or remove the block by hand",
            )
        inside = source.text[match.end() : end.start()].replace("\r\n", "\n").lstrip("\n")
        blocks[name] = _block(match, inside, match.start(), end.end())
    return blocks


def append_blocks(source: Source, templates: Sequence[Template]) -> Edit | None:
    """Return the edit that puts blocks at the end, two blank lines before each.

    They go in front of the last newline, so that a file without one keeps having none.
    """
    if not templates:
        return None
    newline = source.newline
    at = len(source.text)
    for ending in ("\r\n", "\n"):
        if source.text.endswith(ending):
            at -= len(ending)
            break
    texts = [code_block(template).rstrip("\n").replace("\n", newline) for template in templates]
    return Edit(at, at, "".join(newline * 3 + text for text in texts))


def replace_block(source: Source, block: Block, template: Template) -> Edit:
    """Return the edit that puts a newer block in an older one's place."""
    text = code_block(template).rstrip("\n").replace("\n", source.newline)
    return Edit(block.start, block.end, text)


def remove_block(source: Source, block: Block) -> Edit:
    """Return the edit that takes a block and the blank lines put before it out."""
    start = block.start
    for _ in range(3):
        if source.text.endswith("\r\n", 0, start):
            start -= 2
        elif source.text.endswith("\n", 0, start):
            start -= 1
    if block.start == 0:  # moved to the top by hand: its own newline goes instead
        return Edit(0, source.line_end(block.end), "")
    return Edit(start, block.end, "")


def refuse_edited(source: Source, block: Block) -> None:
    """Refuse to touch a block whose code a user has changed by hand."""
    if block.edited:
        raise Refusal(
            "edited-by-hand",
            f"the block of {block.name} has been edited since yamlmod wrote it",
            place=Place.at(source.shown, source.text, block.start),
            hint="rename your version, move it out of the markers or restore the file; --force "
            "overwrites or deletes your changes, as its preview shows",
        )


def refuse_other(source: Source, block: Block, template: Template) -> None:
    """Refuse to put one thing in the place of another that happens to bear its name."""
    if (block.origin, block.of) == (kind_of(template), template.of):
        return
    told = {"file": "a user's own file", "fork": "the fork itself"}.get(
        block.origin, "the registry"
    )
    what = f"a copy of {block.of}" if block.of else f"a class from {told}"
    raise Refusal(
        "other-origin",
        f"yamlmod installed {block.name} as {what}, which this module is not",
        place=Place.at(source.shown, source.text, block.start),
        hint=f"choose another name with --as, or run `yamlmod unpatch REPO {block.name} -w` first",
    )


def _block(match: re.Match[str], inside: str, start: int, end: int) -> Block:
    lines = inside.split("\n")
    requirements: list[str] = []
    if lines[0].startswith(_SPDX):
        lines.pop(0)
    while lines and lines[0].startswith(_REQUIRES):
        requirements.append(lines.pop(0).removeprefix(_REQUIRES))
    fields = dict(one.split("=", 1) for one in match["fields"].split())
    return Block(
        match["name"],
        fields.get("class", match["name"]),
        match["version"],
        match["digest"],
        start,
        end,
        "\n".join(lines),
        tuple(requirements),
        fields.get("origin", ""),
        fields.get("of", ""),
        tuple(fields.get("adds", "").split(",")) if fields.get("adds") else (),
    )
