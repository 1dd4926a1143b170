"""List the variants of a study: the base, combinations of components, and controls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations, product
from math import prod
from typing import Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.as_name import KEY as AS
from yamlmod.study.component import Component
from yamlmod.study.study_file import MOST_RUNS, MOST_VARIANTS, StudyFile
from yamlmod.study.sweeps import swept
from yamlmod.study.variant_names import BASE, PLACEBO, STOCK

# Reads its input, changes nothing, and takes up a place: the class that every fork can build.
_IDENTITY = "nn.Identity"
# It is a folder's name, with the seed after it; file systems take 255 bytes.
_LONGEST = 200


class Variant(NamedTuple):
    """One network of a study: which components are on, and what they change."""

    name: str
    components: tuple[str, ...]
    edits: tuple[Mapping[str, Any], ...] = ()
    modules: tuple[str, ...] = ()
    patches: tuple[str, ...] = ()
    train: Mapping[str, Any] = {}
    # The variant of which this one is the placebo.
    control_of: str = ""
    # How its weights start, as Component.init says.
    init: str = ""
    # The model YAML that it edits, instead of the base's.
    cfg: str = ""
    is_unverified: bool = False


def variants_of(study: StudyFile, model: Network) -> list[Variant]:
    """Return the variants as reported: the base first, a placebo after its variant.

    A component with `at: each` gives a variant for each place in ``model``, the base's network.
    """
    by_name = {part.name: swept(part, model, study.shown) for part in study.components}
    sets = _sets(study, tuple(by_name))
    count = sum(prod(len(by_name[name]) for name in names) for names in sets)
    if count > MOST_VARIANTS:
        raise _too_many(study, count)
    variants = [Variant(BASE, ())]
    for names in sets:
        for parts in product(*(by_name[name] for name in names)):
            variants.append(_variant(names, parts))
    if PLACEBO in study.controls:
        variants = [twin for variant in variants for twin in (variant, _placebo(variant)) if twin]
    _refuse_same_names(study, variants)
    if len(variants) * len(study.seeds) > MOST_RUNS:
        count = len(variants) * len(study.seeds)
        raise Refusal(
            "too-many",
            f"{study.shown}: {count:,} runs; at most {MOST_RUNS:,} are planned",
            hint="fewer seeds, or the lists of components that matter",
        )
    long = next((v.name for v in variants if len(v.name) > _LONGEST), None)
    if long is not None:
        raise Refusal(
            "too-long",
            f"{study.shown}: the variant {long[:60]}... has a name of {len(long)} letters; "
            f"at most {_LONGEST}",
            hint="its name is made of the names of its components: make those shorter",
        )
    return variants


def _sets(study: StudyFile, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    count = len(names)
    if not isinstance(study.combine, str):
        sets = [tuple(dict.fromkeys(words)) for words in study.combine]
    elif study.combine == "each":
        sets = [(name,) for name in names]
    elif study.combine == "cumulative":
        sets = [names[: size + 1] for size in range(count)]
    elif study.combine == "leave-one-out":
        sets = [names, *(names[:i] + names[i + 1 :] for i in range(count) if count > 1)]
    elif 2**count > MOST_VARIANTS:  # no time is spent on listing them
        raise _too_many(study, 2**count)
    else:
        sets = [part for size in range(1, count + 1) for part in combinations(names, size)]
    return list(dict.fromkeys(sets))


def _too_many(study: StudyFile, count: int) -> Refusal:
    shown = f"{count:,}" if count < 10**9 else "more than 1,000,000,000"
    return Refusal(
        "too-many",
        f"{study.shown}: {shown} variants; at most {MOST_VARIANTS:,} are planned",
        hint="combine them otherwise, or write the lists that matter",
    )


def _refuse_same_names(study: StudyFile, variants: list[Variant]) -> None:
    counts = Counter(variant.name.casefold() for variant in variants)
    name, count = counts.most_common(1)[0]
    if count > 1:
        raise Refusal("bad-study", f"{study.shown}: two variants would have the name {name}")


def _variant(names: tuple[str, ...], components: tuple[Component, ...]) -> Variant:
    train: dict[str, Any] = {}
    for component in components:
        train |= component.train or {}
    return Variant(
        "+".join(component.name for component in components),
        names,
        tuple(edit for component in components for edit in component.edits),
        tuple(module for component in components for module in component.modules),
        tuple(component.patch for component in components if component.patch),
        train,
        init=next((component.init for component in components if component.init), ""),
        cfg=next((component.cfg for component in components if component.cfg), ""),
        is_unverified=any(component.is_unverified for component in components),
    )


def _without_name(edit: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in edit.items() if key != AS}


def _placebo(variant: Variant) -> Variant | None:
    """Return the variant with `nn.Identity` instead of all that it inserts; None without any."""
    if not any("insert" in edit for edit in variant.edits):
        return None
    edits = [
        {**_without_name(edit), "insert": _IDENTITY, "args": []} if "insert" in edit else edit
        for edit in variant.edits
    ]
    return Variant(
        f"{variant.name}-{PLACEBO}",
        (),
        tuple(edits),
        variant.modules,
        variant.patches,
        variant.train,
        variant.name,
        STOCK if variant.init == STOCK else "",
        variant.cfg,
        variant.is_unverified,
    )
