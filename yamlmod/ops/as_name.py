"""Name a module of the registry anew in one edit, as `--as` does: a fork may have its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.ops.operation import RecipeOptions
from yamlmod.registry.catalogue import get
from yamlmod.registry.class_names import check_class_name
from yamlmod.registry.template import Template

KEY = "as"
_MODULES = ("insert", "with")


def template_under_its_name(options: RecipeOptions, module: str) -> Template | None:
    """Return the template of an edit that has `as`; None where it has none."""
    if KEY not in options.values:
        return None
    name = options.module(KEY, f"{KEY} is the name that the class gets")
    try:
        check_class_name(name, KEY)
        template = get(module)
    except Refusal as error:
        hint = error.hint or f"{KEY} renames a module of the registry"
        raise Refusal(error.code, f"edit {options.number}: {error.message}", hint=hint) from error
    return template._replace(name=name, class_name=name, aliases=(), of=template.name)


def renamed_modules(edits: tuple[Mapping[str, Any], ...]) -> dict[str, str]:
    """Return the module of each new name in edits that were planned."""
    return {
        edit[KEY]: next(str(edit[key]) for key in _MODULES if key in edit)
        for edit in edits
        if KEY in edit
    }
