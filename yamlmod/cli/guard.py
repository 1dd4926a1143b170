"""Report errors: one message, never a traceback."""

from __future__ import annotations

import functools
import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec

from yamlmod.cli.console import say, say_json, silence_stdout
from yamlmod.cli.recover_notice import settle_or_tell
from yamlmod.errors import Refusal, YamlmodError
from yamlmod.workspace.files import display

Params = ParamSpec("Params")


def guarded(run: Callable[Params, None], settles: bool = False) -> Callable[Params, None]:
    """Wrap a command: report errors as a message or as JSON and exit with the right code.

    Unless it ``settles`` that itself, what an interrupted write left is looked after first.
    """

    @functools.wraps(run)
    def wrapper(*args: Params.args, **kwargs: Params.kwargs) -> None:
        try:
            if not settles:
                settle_or_tell(kwargs)
            run(*args, **kwargs)
        except YamlmodError as error:
            report(error, _wants_json(kwargs))
            raise SystemExit(error.exit_code) from None
        except KeyboardInterrupt:
            if _wants_json(kwargs):
                report(Refusal("interrupted", "interrupted"), as_json=True)
            else:
                say(["interrupted"], always=True)
            raise SystemExit(130) from None
        except BrokenPipeError:
            silence_stdout()
            raise SystemExit(0) from None
        except OSError as error:
            report(_from_system(error), _wants_json(kwargs))
            raise SystemExit(2) from None
        except (MemoryError, RecursionError) as error:
            told = "the input is too large or too deeply nested to be read"
            report(Refusal("too-deep", f"{told} ({type(error).__name__})"), _wants_json(kwargs))
            raise SystemExit(2) from None
        except Exception as error:
            _report_bug(error)
            raise SystemExit(3) from None

    return wrapper


def report(error: YamlmodError, as_json: bool) -> None:
    """Write an error to stderr, or to stdout as JSON."""
    if as_json:
        say_json({"error": error.as_data()})
    else:
        say(error.lines(), always=True)


def _wants_json(options: dict[str, Any]) -> bool:
    chosen = options.get("format")
    return bool(options.get("json")) or getattr(chosen, "value", chosen) == "json"


def _from_system(error: OSError) -> Refusal:
    """Return what the operating system said as a refusal."""
    reason = error.strerror or str(error)
    if error.filename is None:
        return Refusal("system", f"the system says: {reason}")
    return Refusal("system", f"{display(Path(os.fsdecode(error.filename)))}: {reason}")


def _report_bug(error: Exception) -> None:
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    say(
        [
            f"error[bug]: {type(error).__name__}: {error}{where}",
            "  help: this is a bug in yamlmod; please report it with the command and the file",
            "        YAMLMOD_DEBUG=1 shows the whole traceback",
        ]
    )
    if os.environ.get("YAMLMOD_DEBUG"):
        say(line for part in traceback.format_exception(error) for line in part[:-1].split("\n"))
