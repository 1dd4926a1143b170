"""Check that the new layers of a variant can start as the identity."""

from __future__ import annotations

from yamlmod.errors import Refusal
from yamlmod.registry.catalogue import find
from yamlmod.study.variants import Variant
from yamlmod.usecases.study_prepare import Prepared


def check_identity(study: Prepared, variant: Variant) -> None:
    """Refuse `init: identity` for a module that cannot, or for some layers of a variant alone."""
    if not variant.is_identity:
        return
    by_name = {component.name: component for component in study.file.components}
    for name in variant.components:
        component = by_name[name]
        if not component.is_identity and any("insert" in edit for edit in component.edits):
            raise Refusal(
                "bad-study",
                f"{study.file.shown}: variant {variant.name}: {name} inserts layers without "
                "`init: identity`, and the others start as the identity",
                hint="give all components that are combined the same `init`",
            )
    for edit in variant.edits:
        template = find(str(edit["insert"])) if "insert" in edit else None
        if "insert" not in edit or (template is not None and template.identity):
            continue
        why = template.limits.get("identity", "") if template else "the registry has no such module"
        raise Refusal(
            "no-identity",
            f"{study.file.shown}: variant {variant.name}: {edit['insert']} cannot start as the "
            f"identity: {why or 'its template names no such start'}",
            hint="leave `init` out, or take a module that docs/modules.md marks with `identity`",
        )
