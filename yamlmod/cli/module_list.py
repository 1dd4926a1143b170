"""Choose, order and show the modules that `list` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.registry.measured import measured
from yamlmod.registry.template import MODULE_KINDS, Template
from yamlmod.report.tables import Column, sized_table

_CHANNELS = "256"


def chosen_modules(
    templates: Iterable[Template], word: str | None, kind: str | None, sort: str
) -> list[Template]:
    """Return the modules that match, in the order asked for."""
    if kind is not None and kind not in MODULE_KINDS:
        known = ", ".join(MODULE_KINDS)
        raise Refusal("usage", f"--kind {kind!r} is none of {known}", hint="choose one of them")
    found = [
        template
        for template in templates
        if (not word or _matches(template, word)) and (kind is None or kind in template.kind)
    ]
    orders = {
        "name": lambda t: t.name.lower(),
        "year": lambda t: (-int(t.paper.get("year") or 0), t.name.lower()),
        "kind": lambda t: (t.kind, t.name.lower()),
        "parameters": lambda t: (_parameters(t) is None, _parameters(t) or 0, t.name.lower()),
    }
    return found if sort == "name" else sorted(found, key=orders[sort])


def _matches(template: Template, word: str) -> bool:
    if any(sign in word for sign in "*?["):
        names = (*template.names, *template.names_zh)
        return any(fnmatchcase(name.lower(), word.lower()) for name in names)
    return template.matches(word)


def _parameters(template: Template) -> int | None:
    known = measured(template)
    return None if known is None else known.parameters.get(_CHANNELS)


def list_data(templates: Sequence[Template]) -> list[dict[str, Any]]:
    """Return the modules as plain data."""
    return [
        {
            "name": template.name,
            "aliases": list(template.aliases),
            "names_zh": list(template.names_zh),
            "rule": template.rule,
            "kind": list(template.kind),
            "year": template.paper.get("year"),
            "parameters": dict(known.parameters) if known else None,
            "summary": template.summary,
            "summary_zh": template.summary_zh,
            "badges": dict(known.badges) if known else None,
            "origin": template.origin,
        }
        for template, known in ((template, measured(template)) for template in templates)
    ]


def list_table(templates: Sequence[Template], chinese: bool) -> list[str]:
    """Return the lines that `list` prints."""
    columns = [
        Column("module"),
        Column("year", right=True, weight=4),
        Column("kind", weight=3),
        Column(f"params@{_CHANNELS}", right=True, weight=2),
        Column("summary", wraps=True),
        Column("origin", weight=1),
    ]
    rows = [
        [
            template.name,
            str(template.paper.get("year") or "-"),
            "+".join(template.kind) or "-",
            _counted(_parameters(template)),
            _summary(template, chinese),
            template.origin,
        ]
        for template in templates
    ]
    if all(template.origin == "built-in" for template in templates):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return sized_table(columns, rows)


def _summary(template: Template, chinese: bool) -> str:
    if chinese and template.summary_zh:
        return f"{'、'.join(template.names_zh)}：{template.summary_zh}"
    return template.summary


def _counted(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"
