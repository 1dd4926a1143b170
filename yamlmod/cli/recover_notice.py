"""Recover from an interrupted write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yamlmod.cli.console import say
from yamlmod.workspace.home import begun

if TYPE_CHECKING:
    from yamlmod.workspace.recover import Settled


def settle_or_tell(options: Mapping[str, Any]) -> None:
    """Look at the places that a command's options name; costs next to nothing where all is well."""
    homes = begun(value for value in options.values() if isinstance(value, Path))
    if not homes:
        return
    from yamlmod.cli.finish import command_line
    from yamlmod.workspace.recover import interrupted, settle

    homes = interrupted(homes)
    writes = options.get("write") or options.get("output") is not None
    if writes and not options.get("dry_run") and not options.get("check"):
        for home in homes:
            settled = settle(home, command_line())
            say_settled(settled)
        return
    for home in homes:
        say([f"warning: {_waiting(home)}"])


def say_settled(settled: Settled | None) -> None:
    """Say what became of an interrupted write, and of each of its files."""
    if settled is not None:
        first, *files = settled.lines()
        say([f"warning: {first}", *files])


def _waiting(home: Path) -> str:
    import shlex

    from yamlmod.errors import Refusal
    from yamlmod.workspace.files import display
    from yamlmod.workspace.recover import refuse_doubtful

    undo = f"`yamlmod undo {shlex.quote(display(home))}"
    try:
        refuse_doubtful(home)
    except Refusal as refusal:
        return f"{refusal.message}; {undo}` says more"
    return (
        f"a write was interrupted in {display(home)}: what is read there may be "
        f"half of it; {undo} -w` puts it right"
    )
