"""Edit the fork's requirements.txt for the packages that a module needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from yamlmod.edits import Edit, apply_edits, newline_of
from yamlmod.fork.files import Files
from yamlmod.fork.patch.marked_blocks import Block
from yamlmod.fork.patch.plan import Plan, Step
from yamlmod.registry.template import Template

PATH = "requirements.txt"
_NAME = re.compile(r"[ \t]*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_OURS = re.compile(r"[^\r\n]+?[ \t]+# yamlmod[ \t]*(?=\r?$)", re.MULTILINE)


def add_requirements(files: Files, templates: Sequence[Template]) -> Plan:
    """Return the plan that names every package the templates need."""
    wanted = dict.fromkeys(
        requirement for template in templates for requirement in template.requirements
    )
    if not wanted:
        return Plan({})
    text = files.read(PATH)
    if text is None:
        return Plan(
            {},
            (),
            tuple(f'no {PATH} found; install it yourself: pip install "{one}"' for one in wanted),
        )
    named = {_package(line) for line in text.splitlines()}
    missing = [one for one in wanted if _package(one) not in named]
    if not missing:
        return Plan({})
    newline = newline_of(text)
    at = len(text) - (2 if text.endswith("\r\n") else int(text.endswith("\n")))
    lines = "".join(f"{newline}{one}  # yamlmod" for one in missing)
    number = text.count("\n", 0, at) + 1
    steps = tuple(
        Step("requirement", PATH, number, f"{one} added to {files.shown(PATH)}") for one in missing
    )
    return Plan({PATH: apply_edits(text, [Edit(at, at, lines)])}, steps)


def drop_requirements(files: Files, gone: Iterable[Block], staying: Iterable[Block]) -> Plan:
    """Return the plan that takes out our lines for packages that no block needs any more."""
    needed = {_package(requirement) for block in staying for requirement in block.requirements}
    unneeded = {
        _package(requirement) for block in gone for requirement in block.requirements
    } - needed
    text = files.read(PATH) if unneeded else None
    if text is None:
        return Plan({})
    edits, steps = [], []
    for match in _OURS.finditer(text):
        if _package(match.group()) not in unneeded:
            continue
        start, end = match.span()
        if start == 0:
            end += len(newline_of(text)) if end < len(text) else 0
        else:
            start -= 2 if text.endswith("\r\n", 0, start) else 1
        edits.append(Edit(start, end, ""))
        what = match.group().split("#")[0].strip()
        steps.append(
            Step(
                "requirement",
                PATH,
                text.count("\n", 0, match.start()) + 1,
                f"{what} removed from {files.shown(PATH)}",
            )
        )
    return Plan({PATH: apply_edits(text, edits)} if edits else {}, tuple(steps))


def _package(line: str) -> str:
    """Return a requirement line's package name, normalised; empty for comments and options."""
    match = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", match.group(1)).lower() if match else ""
