"""A diff on stdout that ends in the log of a CI service, which takes some lines for commands."""

from __future__ import annotations

import os
import re

from yamlmod.cli.console import is_seen
from yamlmod.errors import Refusal
from yamlmod.safe_text import holds_command

_SERVICES = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "TF_BUILD": "Azure Pipelines",
    "TEAMCITY_VERSION": "TeamCity",
}


def refuse_commands(diff: bytes) -> None:
    """Refuse to print a diff whose lines the CI service that runs this would obey.

    Bytes for `git apply` cannot be made safe, and a pipe to it looks like one to the log.
    """
    service = next((name for key, name in _SERVICES.items() if os.environ.get(key)), None)
    if service is None or is_seen():
        return
    for line in re.split("[\r\n]", diff.decode("utf-8", "replace")):  # a runner ends lines at both
        if holds_command(line):
            raise Refusal(
                "ci-command",
                f"the diff has a line that {service} may take for a command: {line.strip()[:80]}",
                hint="write the diff to a file with --diff FILE, or answer with --json",
            )
