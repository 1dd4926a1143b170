"""Name a module of the registry anew in one edit, as `--as` does: a fork may have its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.model.known_modules import Kind, template_kind
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
    # Here and not at the top: few edits have it, and every command reads this file.
    from yamlmod.registry.code.rename import renamed

    try:
        check_class_name(name, KEY)
        return renamed(get(module), name)
    except Refusal as error:
        hint = error.hint or f"{KEY} renames a module of the registry"
        raise Refusal(error.code, f"edit {options.number}: {error.message}", hint=hint) from error


def renamed_kind(template: Template | None) -> dict[str, Kind]:
    """Return what is known of a module under its new name: what the registry knows of it."""
    if template is None or not template.of:
        return {}
    return {template.name: template_kind(*template.shape_facts)}


def renamed_modules(edits: tuple[Mapping[str, Any], ...]) -> tuple[tuple[str, str], ...]:
    """Return each new name with its module, once, in edits that were planned."""
    pairs = [
        (edit[KEY], next(str(edit[key]) for key in _MODULES if key in edit))
        for edit in edits
        if KEY in edit
    ]
    return tuple(dict.fromkeys(pairs))
