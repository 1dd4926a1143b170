"""Check that the components of a variant can start as they are told to, together."""

from __future__ import annotations

from yamlmod.errors import Refusal
from yamlmod.registry.catalogue import find
from yamlmod.study.variant_names import IDENTITY
from yamlmod.study.variants import Variant
from yamlmod.usecases.study_prepare import Prepared


def check_start(study: Prepared, variant: Variant) -> None:
    """Refuse components that start in different ways, and `identity` for a module that cannot."""
    by_name = {component.name: component for component in study.file.components}
    parts = [by_name[name] for name in variant.components]
    where = f"{study.file.shown}: variant {variant.name}"
    own = [part.name for part in parts if part.cfg]
    if len(own) > 1:
        raise Refusal("bad-study", f"{where}: {own[0]} and {own[1]} each give a `cfg`")
    other = next((p.name for p in parts if p.changes_network and p.init != variant.init), "")
    if other:
        raise Refusal(
            "bad-study",
            f"{where}: {other} changes layers without `init: {variant.init}`, and others have it",
            hint="give all components that are combined the same `init`",
        )
    if variant.init != IDENTITY:
        return
    for edit in variant.edits:
        template = find(str(edit["insert"])) if "insert" in edit else None
        if "insert" not in edit or (template is not None and template.identity):
            continue
        why = template.limits.get("identity", "") if template else "the registry has no such module"
        raise Refusal(
            "no-identity",
            f"{where}: {edit['insert']} cannot start as the "
            f"identity: {why or 'its template names no such start'}",
            hint="leave `init` out, or take a module that docs/modules.md marks with `identity`",
        )
