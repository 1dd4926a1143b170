"""Compare two model YAMLs: layers added, removed, replaced and rewired."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import AnswerOptions
from yamlmod.cli.options import DrawFile, Force

EPILOG = """\b
Examples:
  yamlmod diff models/yolov5s.yaml models/yolov5s-simam.yaml
  yamlmod diff yolov5s.yaml yolov5s-cbam.yaml --json | jq '.rewired'
  yamlmod diff yolov5s.yaml yolov5s-simam.yaml --recipe > recipe.yaml
Exits 1 where the files differ, as diff does."""


def run(
    before: Annotated[Path, typer.Argument(metavar="A", help="The model YAML to start from.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The one to compare with it.")],
    recipe: Annotated[
        bool,
        typer.Option("--recipe", help="Write the recipe that leads from A to B, for `apply`."),
    ] = False,
    draw: DrawFile = None,
    force: Force = False,
    *,
    answer: AnswerOptions,
) -> None:
    """Compare the model YAMLs A and B by their layers, not by their lines.

    `rerouted` is a read that reaches its old layer through a new one; `rewired` leads to another
    layer, and `expected` says which numbers would lead to the old one.
    """
    from yamlmod.cli.console import say, say_json, show
    from yamlmod.ops.compare import compare
    from yamlmod.ops.compare_lines import comparison_data, comparison_lines
    from yamlmod.ops.recipe_from_diff import recipe_from_diff
    from yamlmod.usecases.model_file import open_target

    old, new = open_target(before).model, open_target(after).model
    if draw is not None:
        from yamlmod.cli.finish import write_asked_file
        from yamlmod.usecases.draw import draw_networks

        write_asked_file(draw_networks(old, new, draw, force))
    files = {"command": "diff", "before": old.document.shown, "after": new.document.shown}
    found = compare(old, new)
    if recipe:
        text = recipe_from_diff(old, new)
        left = [field.name for field in found.settings]
        if answer.as_json:
            say_json({**files, "recipe": text, "settings_left": left})
            return
        show(text.removesuffix("\n").split("\n"))
        if left:
            say([f"warning: a recipe edits layers; these settings still differ: {', '.join(left)}"])
        return
    if answer.as_json:
        say_json({**files, **comparison_data(found)})
    else:
        show(comparison_lines(found))
    if not found.equal:
        raise SystemExit(1)
