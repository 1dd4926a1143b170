"""Plan an overlay anew on the version of the package that is installed now."""

from __future__ import annotations

from yamlmod.cli.bundles import WriteOptions
from yamlmod.cli.options import Python
from yamlmod.cli.overlay_options import OverlayFolder

EPILOG = """\b
Examples:
  yamlmod overlay refresh
  yamlmod overlay refresh ultralytics_overlay -w"""


def run(folder: OverlayFolder = None, python: Python = None, *, to: WriteOptions) -> None:
    """Plan the modules of the overlay DIR on the installed version, and prove the result.

    Previews unless -w is given. Nothing of the overlay or the package is imported or run.
    """
    from yamlmod.cli.finish import Report, finish
    from yamlmod.cli.plan_report import plan_data, plan_lines
    from yamlmod.usecases.fork_classes import quoted
    from yamlmod.usecases.overlay_exec import only_overlay
    from yamlmod.usecases.overlay_refresh import plan_refresh

    chosen = only_overlay(folder)
    refresh = plan_refresh(chosen, python)
    before, after = refresh.manifest.version, refresh.package.version
    lines = [
        f"overlay refresh {quoted(chosen)}: {refresh.package.distribution} {before} -> {after}",
        *plan_lines(refresh.planned),
    ]
    data = {**plan_data(refresh.planned), "from": before, "to": after}
    report = Report("overlay refresh", lines, refresh.warnings, data)
    report = report.before(lambda: [f"yamlmod status {quoted(chosen)} --check"])
    root = refresh.planned.located.tree.root
    finish(refresh.changes, report, to, root, shown=refresh.shown)
