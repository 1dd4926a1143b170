"""Print the answer of `status`, as text and as data."""

from __future__ import annotations

from typing import Any

from yamlmod.errors import one_of
from yamlmod.fork.audit.installed_modules import Patched
from yamlmod.report.tables import table
from yamlmod.usecases.module_uses import Use
from yamlmod.usecases.status import Status


def status_lines(status: Status) -> list[str]:
    """Return the table of modules, then what is missing or stale."""
    if status.modules:
        lines = list(table(status.headers(), status.rows()))
    else:
        lines = [f"{status.repo} has no module from yamlmod"]
    if status.seed_lines:
        lines.append(f"seed: {one_of(status.seed_lines)} (`yamlmod unpatch {status.repo} seed`)")
    lines += [
        f"missing: {use.path}:{use.line} uses {use.module}, which the fork does not have "
        f"(`yamlmod patch {status.repo} {use.module}`)"
        for use in status.missing
    ]
    return [*lines, *(f"stale: {text}" for text in status.stale)]


def status_data(status: Status) -> dict[str, Any]:
    """Return the whole answer as data."""
    return {
        "command": "status",
        "repo": status.repo,
        "modules": [_module(status, module) for module in status.modules],
        "missing": [_use(use) for use in status.missing],
        "stale": list(status.stale),
        "undecided": list(status.undecided),
        "seed_lines": list(status.seed_lines),
        "unreadable": [error.as_data() for error in status.unreadable],
    }


def _module(status: Status, module: Patched) -> dict[str, Any]:
    return {
        "name": module.name,
        "class": module.class_name,
        "version": module.version,
        "newest": module.newest or None,
        "state": module.state,
        "file": module.path,
        "line": module.line,
        "registered": module.registered or None,
        "registered_line": module.registered_line,
        "yamls": [_use(use) for use in status.uses_of(module)],
    }


def _use(use: Use) -> dict[str, Any]:
    return {"file": use.path, "module": use.module, "layers": use.count, "line": use.line}
