"""Replace this process by a command, in an environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from yamlmod.errors import Refusal


def replace_by(words: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Run a command instead of this process. Raises Refusal where it cannot be started."""
    program = shutil.which(words[0], path=environment.get("PATH"))
    if program is None:
        raise Refusal(
            "no-such-program",
            f"there is no program {words[0]!r} on the path",
            hint="activate the environment that has it, or name it by its path",
        )
    try:
        if os.name == "nt":  # there, exec would give the console back before the command ends
            sys.exit(subprocess.call([program, *words[1:]], env=dict(environment)))
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(program, list(words), dict(environment))
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refusal("no-such-program", f"{program} cannot be started: {reason}") from error
