"""Apply a recipe: a list of edits, proven together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yamlmod.cli.bundles import ModelWriteOptions

EPILOG = """\b
Examples:
  yamlmod apply recipe.yaml models/yolov5s.yaml -o models/yolov5s-mine.yaml
  yamlmod apply recipe.yaml --check"""


def run(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe.")],
    cfg: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CFG]", show_default=False, help="The model YAML; else the recipe's own."
        ),
    ] = None,
    *,
    to: ModelWriteOptions,
) -> None:
    """Apply the edits of RECIPE to a model YAML, in order and as one proof.

    Previews unless -w or -o is given. Each edit refers to the file as the edit before it left
    it; docs/recipes.md describes the format.
    """
    from yamlmod.cli.finish_model import finish_yaml
    from yamlmod.ops.chain import chain
    from yamlmod.ops.recipe import read_recipe
    from yamlmod.usecases.model_file import files_beside, open_target, recipe_cfg
    from yamlmod.workspace.files import display, read_text

    script = read_recipe(read_text(recipe).text, display(recipe), files_beside(recipe))
    target = open_target(recipe_cfg(recipe, script.cfg, cfg))
    outcome = chain(target.model, script.plans)
    finish_yaml("apply", target, outcome, to)
