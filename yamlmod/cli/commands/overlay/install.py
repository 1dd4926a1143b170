"""Activate an overlay in every Python of an environment, by a .pth file."""

from __future__ import annotations

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import Python, Write
from yamlmod.cli.overlay_options import OverlayFolder

EPILOG = """\b
Examples:
  yamlmod overlay install
  yamlmod overlay install ultralytics_overlay --python .venv/bin/python -w"""


def run(
    folder: OverlayFolder = None,
    python: Python = None,
    write: Write = False,
    *,
    answer: AnswerOptions,
) -> None:
    """Write a .pth file that activates the overlay DIR whenever that environment's Python starts.

    Shows what would be written unless -w is given. The code that a start runs is the loader in
    DIR; it is compared with yamlmod's own first, and not run here.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.usecases.overlay_exec import only_overlay
    from yamlmod.usecases.overlay_install import plan_hook

    overlay, hook = plan_hook(only_overlay(folder), python)
    written = write and not hook.is_there
    if written:
        hook.write()
    if answer.as_json:
        say_json({"overlay": str(overlay.folder), **hook.data(not hook.is_there, written)})
        return
    show([f"{hook.path}: {overlay.line()}"])
    done = (
        "wrote it" if written else "nothing to change" if hook.is_there else "nothing was written"
    )
    say([f"{done}; `yamlmod overlay uninstall -w` removes it" if written else done])
