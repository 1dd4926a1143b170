"""The marked blocks that hold a module's code in common.py."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit
from yamlmod.errors import Place, Refusal
from yamlmod.fork.source import Source
from yamlmod.registry.manifest import Template

_BEGIN = re.compile(
    r"^# yamlmod: begin (?P<name>\S+) (?P<version>\S+) sha256=(?P<digest>[0-9a-f]+)"
    r"(?: class=(?P<cls>\S+))?[ \t]*\r?$",
    re.MULTILINE,
)
_SPDX = "# SPDX-License-Identifier: 0BSD"
_REQUIRES = "# requires: "


@dataclass(frozen=True)
class Block:
    """A block as it stands in a file; its span runs from the begin to the end marker."""

    name: str
    class_name: str
    version: str
    digest: str
    start: int
    end: int
    code: str
    requirements: tuple[str, ...]

    @property
    def edited(self) -> bool:
        """Return whether the code is no longer what its digest says."""
        return hashlib.sha256(self.code.encode()).hexdigest()[:16] != self.digest

    def tree(self) -> ast.Module:
        """Return the parsed code; call it on unedited blocks only."""
        return ast.parse(self.code)


def code_block(template: Template) -> str:
    """Return the text that goes into common.py, from marker to marker, with LF newlines."""
    other_class = template.class_name != template.name
    head = f"# yamlmod: begin {template.name} {template.version} sha256={template.digest}"
    lines = [head + (f" class={template.class_name}" if other_class else ""), _SPDX]
    lines += [_REQUIRES + requirement for requirement in template.requirements]
    return "\n".join(lines) + f"\n{template.code}# yamlmod: end {template.name}\n"


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
            what = "stands here twice" if name in blocks else "has no end marker"
            raise Refusal(
                "broken-marker",
                f"the block of {name} {what}",
                place=Place.at(source.shown, source.text, match.start(), match.end()),
                hint="restore the file, or take the block out by hand",
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
    """Refuse to touch a block whose code somebody has changed by hand."""
    if block.edited:
        raise Refusal(
            "edited-by-hand",
            f"the block of {block.name} has been edited since yamlmod wrote it",
            place=Place.at(source.shown, source.text, block.start),
            hint="rename your version, take it out of the markers or restore the file: "
            "yamlmod will not overwrite or delete your changes",
        )


def _block(match: re.Match[str], inside: str, start: int, end: int) -> Block:
    lines = inside.split("\n")
    requirements: list[str] = []
    if lines[:1] == [_SPDX]:
        lines.pop(0)
    while lines and lines[0].startswith(_REQUIRES):
        requirements.append(lines.pop(0).removeprefix(_REQUIRES))
    return Block(
        match["name"],
        match["cls"] or match["name"],
        match["version"],
        match["digest"],
        start,
        end,
        "\n".join(lines),
        tuple(requirements),
    )
