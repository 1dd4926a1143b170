"""Run the fork's code for a planned study: verify and measure variants, carry weights over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yamlmod.errors import Refusal
from yamlmod.study.plan_files import VariantFacts
from yamlmod.study.variant_names import IDENTITY, STOCK
from yamlmod.usecases.fork_run import Run, open_run
from yamlmod.usecases.profile import Settings, profile
from yamlmod.usecases.remap import remap
from yamlmod.usecases.verify import verify
from yamlmod.workspace.disk import copy_file

if TYPE_CHECKING:
    from yamlmod.study.variants import Variant
    from yamlmod.usecases.study_plan import PlannedVariant
    from yamlmod.usecases.study_prepare import Prepared

_STARTS = {
    IDENTITY: ", starts as the base: same outputs",
    STOCK: ", weights as they are, not remapped",
}
_MEASURE = Settings(
    imgsz=640, batch=1, device="cpu", half=False, fused=False, rounds=0, threads=0, layers=False
)


def prove_variants(
    study: Prepared, planned: Sequence[PlannedVariant], draft: Path, say: Callable[[str], None]
) -> list[VariantFacts]:
    """Verify each variant with its own code. Raises Refusal for one that fails."""
    cfg, weights = study.cfg_name, study.weights
    facts: dict[str, VariantFacts] = {}
    base = draft / "variants" / planned[0].variant.name / cfg
    for item in planned:
        variant = item.variant
        if item.same_as:
            same = facts[item.same_as]
            facts[variant.name] = same._replace(
                name=variant.name,
                components=variant.components,
                control_of=variant.control_of,
                same_as=item.same_as,
            )
            continue
        folder = draft / "variants" / variant.name
        run = open_run(folder / study.code, study.python, True, study.file.target)
        fact = _measured(run, folder / cfg, variant)
        carried: Sequence[int] = ()
        if weights is not None:
            carried = carried_weights(run, weights, base, folder, cfg, variant.init)
        say(_line(fact, carried, variant.init))
        facts[variant.name] = fact._replace(
            components=variant.components,
            control_of=variant.control_of,
            carried=carried,
            init=variant.init,
        )
    return [facts[item.variant.name] for item in planned]


def _measured(run: Run, cfg: Path, variant: Variant) -> VariantFacts:
    network = verify(run, [cfg]).networks[0]
    if network.failed and not variant.is_unverified:
        failed = network.failed[0]
        raise Refusal(
            "variant-fails",
            f"variant {variant.name}: {failed.name}: {failed.reason}",
            hint="`yamlmod verify` shows all of it; nothing was written\n"
            "`unverified: true` in a component trains it as it is",
        )
    numbers = profile(run, [cfg], None, _MEASURE).models[0]
    flops = numbers["flops"]
    return VariantFacts(
        name=variant.name,
        components=(),
        control_of="",
        same_as="",
        cfg=cfg.name,
        epochs=0,
        parameters=numbers["parameters"],
        gflops=None if flops is None else flops / 1e9,
        verified=network.word,
    )


def carried_weights(
    run: Run, weights: Path, base: Path, folder: Path, cfg: str, init: str
) -> Sequence[int]:
    """Write a variant's weights; return how many tensors were carried over, and of how many.

    With `init: stock` they are as they were, and the fork loads what fits by name and shape.
    """
    target = folder / "weights.pt"
    if folder / cfg == base or init == STOCK:
        copy_file(weights, target)
        return ()
    is_identity = init == IDENTITY
    answer = remap(run, weights, base, folder / cfg, target, identity=is_identity).answer
    identity = answer["identity"]
    if is_identity and (identity is None or not identity["compared"]):
        reasons = [*identity["cannot"], identity["reason"]] if identity else []
        reason = "; ".join(filter(None, reasons)) or "it was not compared"
        raise Refusal(
            "no-identity",
            f"variant {folder.name}: its outputs are not those of the base: {reason}",
            hint="leave `init: identity` out; nothing was written",
        )
    return answer["right"][0], answer["tensors"]


def _line(fact: VariantFacts, carried: Sequence[int], init: str) -> str:
    flops = "" if fact.gflops is None else f", {fact.gflops:.1f} GFLOPs"
    moved = f", {carried[0]} of {carried[1]} tensors carried over" if carried else ""
    moved += _STARTS.get(init, "")
    return f"{fact.name}: verify {fact.verified}, {fact.parameters or 0:,} parameters{flops}{moved}"
