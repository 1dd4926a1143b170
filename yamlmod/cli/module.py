"""A module of the registry as text and as data, for `info`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yamlmod.fork.patch.branches import preview
from yamlmod.fork.patch.marked_blocks import code_block
from yamlmod.registry.citation import bibtex
from yamlmod.registry.measured import Measured, measured
from yamlmod.registry.rules import EVERY_RULE
from yamlmod.registry.template import Argument, Template
from yamlmod.registry.usual_places import usual_places


def module_data(template: Template, channels: int) -> dict[str, Any]:
    """Return all that is known of a module; constructor is for ``channels`` in and out."""
    known = measured(template)
    return {
        "name": template.name,
        "aliases": list(template.aliases),
        "rule": template.rule,
        "kind": list(template.kind),
        "summary": template.summary,
        "class": template.class_name,
        "file": template.file,
        "version": template.version,
        "origin": template.origin,
        "constructor": template.constructor(channels, channels, []),
        "paper": dict(template.paper),
        "reference": template.reference._asdict(),
        "other_code": dict(template.other_code),
        "other_code_zh": dict(template.other_code_zh),
        "channels": {
            "rule": template.channels.rule,
            "rule_zh": template.channels.rule_zh,
            "refused": list(template.channels.refused),
        },
        "badges": dict(known.badges) if known else None,
        "limits": dict(template.limits),
        "limits_zh": dict(template.limits_zh),
        "identity": dict(template.identity) or None,
        "parameters": dict(known.parameters) if known else None,
        "mmacs": dict(known.mmacs) if known else None,
        "fp16_error": dict(known.fp16) if known else None,
        "arguments": [
            {
                "name": a.name,
                "type": a.type,
                "optional": a.optional,
                "default": a.default,
                "doc": a.doc,
                "doc_zh": a.doc_zh,
                **dict(a.bounds),
                **({"choices": list(a.choices)} if a.choices else {}),
                **({"elsewhere": a.elsewhere} if a.elsewhere else {}),
                **({"elsewhere_zh": a.elsewhere_zh} if a.elsewhere_zh else {}),
            }
            for a in template.arguments
        ],
        "row": _row(template, channels),
        "usual_places": _usual_data(template),
        "bibtex": bibtex(template) or None,
        "wild": [row._asdict() for row in template.wild],
        "python": template.python,
        "torch": template.torch,
        "requirements": list(template.requirements),
        "branch": preview(template),
        "code": code_block(template),
    }


def _usual_data(template: Template) -> dict[str, Any] | None:
    usual = usual_places(template)
    return None if usual is None else {"networks": usual.networks, "places": dict(usual.places)}


def module_lines(template: Template, channels: int, code: bool = False) -> list[str]:
    """Return the page that `info` prints: facts first, the ``code`` where it is asked for."""
    paper = template.paper
    constructor = ", ".join(map(str, template.constructor(channels, channels, [])))
    lines = [
        f"{template.name} {template.version}"
        + (f" ({template.origin})" if template.origin != "built-in" else ""),
        f"  {template.summary}",
        "",
        f"paper        {paper.get('title') or '-'}",
        *([f"             {_published(paper)}"] if paper.get("url") else []),
        *_reference(template),
        f"also called  {', '.join(template.aliases) or '-'}",
        f"kind         {', '.join(template.kind) or '-'}",
        f"rule         {template.rule}: {EVERY_RULE[template.rule].meaning}",
        f"row          {_row(template, channels)}",
        f"constructor  {template.class_name}({constructor}) for {channels} channels",
        f"needs        Python {template.python}, torch {template.torch}"
        + "".join(f", {item}" for item in template.requirements),
        *_measured(template),
        *_usual(template),
        "",
        "arguments after the channels:" if template.rule != "free" else "arguments:",
        *(_argument(argument) for argument in template.arguments),
    ]
    if template.wild:
        lines += ["", "rows met in published YAMLs:"]
        for row in template.wild:
            write = "" if row.verdict == "ok" else f"; write {row.write}"
            lines.append(f"  {row.args}: {row.meaning}{write}")
    if not code:
        count = code_block(template).count("\n")
        return [
            *lines,
            "",
            f"--code shows the class ({count} lines) and its branch; --bibtex cites",
        ]
    lines += ["", "registers in parse_model:", *_indented(preview(template))]
    return [*lines, "", "adds to models/common.py:", *_indented(code_block(template))]


def _usual(template: Template) -> list[str]:
    """Return where public YAMLs put it."""
    usual = usual_places(template)
    if usual is None:
        return []
    networks = f"{usual.networks} public network{'' if usual.networks == 1 else 's'}"
    text = "; ".join(f"{place} ({count})" for place, count in usual.places)
    return [f"places       in {networks}: {text}"]


def _reference(template: Template) -> list[str]:
    """The published code whose constructor and keys the class keeps; its licence is a fact."""
    told = template.reference
    kind = {"official": "official", "port": "a port by others", "none": "never published"}
    licence = "no licence stated" if told.licence == "none" else f"licence {told.licence}"
    lines = [f"interface    {told.url} ({kind[told.kind]}, {licence}); code written anew, 0BSD"]
    lines += [f"variant      {told.variant}"] if told.variant else []
    lines += [f"weights      {told.weights}"] if told.weights else []
    return lines + [f"{alias} elsewhere: {note}" for alias, note in template.other_code.items()]


def _measured(template: Template) -> list[str]:
    """What was counted and tested."""
    lines = []
    if template.channels.rule:
        lines.append(f"channels     {template.channels.rule}")
    if template.channels.refused:
        lines.append(f"             refused: {', '.join(map(str, template.channels.refused))}")
    known = measured(template)
    lines += _cost(known) if known else ["badges       not measured"]
    if template.identity:
        fills = ", ".join(f"{key} = {value:g}" for key, value in template.identity.items())
        lines.append(f"identity     fill {fills}")
    return lines + [f"  no {name}: {reason}" for name, reason in template.limits.items()]


def _cost(known: Measured) -> list[str]:
    counts = ", ".join(f"{count:,} at {channels}" for channels, count in known.parameters.items())
    macs = ", ".join(f"{count:,} million at {shape}" for shape, count in known.mmacs.items())
    return [
        f"parameters   {counts} channels",
        f"cost         {macs} (multiply-adds of convolutions and matrix products)",
        f"badges       {', '.join(known.held)}",
        *([f"float16      off by {known.fp16_error}"] if known.fp16 else []),
    ]


def _published(paper: Mapping[str, Any]) -> str:
    return f"{paper.get('venue', '')} {paper.get('year', '')}, {paper['url']}".strip()


def _row(template: Template, channels: int) -> str:
    args = ", ".join(map(str, template.row_args(channels)))
    return f"[{_FROM.get(template.rule, '-1')}, 1, {template.name}, [{args}]]"


_FROM = {"concat": "[-1, 6]", "add": "[-1, 6]", "level": "[23, 20, 17]"}
"""How the row of a module that joins inputs may begin."""


def _argument(argument: Argument) -> str:
    kind = argument.type + (" or None" if argument.optional else "")
    elsewhere = f" In published code: {argument.elsewhere}." if argument.elsewhere else ""
    return f"  {argument.name} ({kind}, default {argument.default}): {argument.doc}{elsewhere}"


def _indented(text: str) -> list[str]:
    return [("  " + line).rstrip() for line in text.rstrip("\n").split("\n")]
