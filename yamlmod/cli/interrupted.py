"""What an interrupted write left: settled before a command that writes, told by the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yamlmod.cli.console import say
from yamlmod.workspace.home import begun


def settle_or_tell(options: Mapping[str, Any]) -> None:
    """Look at the places that a command's options name; costs next to nothing where all is well."""
    homes = begun(value for value in options.values() if isinstance(value, Path))
    if not homes:
        return
    from yamlmod.cli.finish import command_line
    from yamlmod.workspace.files import display
    from yamlmod.workspace.recover import interrupted, settle

    homes = interrupted(homes)
    writes = options.get("write") or options.get("output") is not None
    if writes and not options.get("dry_run") and not options.get("check"):
        for home in homes:
            settled = settle(home, command_line())
            say(f"warning: {line}" for line in (settled.lines() if settled else ()))
        return
    for home in homes:
        say(
            [
                f"warning: a write was interrupted in {display(home)}: what is read there may be "
                f"half of it; `yamlmod undo {display(home)} -w` puts it right"
            ]
        )
