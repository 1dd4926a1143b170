"""Describe the findings: a summary, table rows, and sentences for a paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from yamlmod.errors import one_of, plural
from yamlmod.gates.findings import Findings
from yamlmod.gates.pairs import PairKind
from yamlmod.gates.places import GraphPlace

# How a table names a kind.
SHORT = {
    PairKind.silu: "SiLU (activation)",
    PairKind.swish: "Swish (activation)",
    PairKind.hardswish: "HardSwish (activation)",
    PairKind.gate: "gate",
    PairKind.constant: "by a constant",
    PairKind.product: "sigmoid by sigmoid",
    PairKind.softmax: "softmax attention",
}


def summary(findings: Findings) -> str:
    """Count the pairs by kind, in one line."""
    pairs = [item for item in findings.found if item.pair.kind is not PairKind.softmax]
    counts = [
        f"{findings.count(kind)} {SHORT[kind]}"
        for kind in (
            PairKind.silu,
            PairKind.swish,
            PairKind.hardswish,
            PairKind.constant,
            PairKind.product,
        )
        if findings.count(kind)
    ]
    counts.append(plural(findings.count(PairKind.gate), "gate"))
    softmaxes = findings.count(PairKind.softmax)
    also = f"; {softmaxes} of softmax attention" if softmaxes else ""
    return f"{plural(len(pairs), 'pair')}: {', '.join(counts)}{also}"


def rows(findings: Findings) -> list[list[str]]:
    """One row per layer and kind: index, module, kind, count, places within the layer."""
    inner: dict[tuple[bool, int, str, PairKind], Counter[str]] = {}
    for pair, place in findings.found:
        key = (place.layer is None, place.layer or 0, _module(place), pair.kind)
        inner.setdefault(key, Counter())[_inside(place)] += 1
    lines = []
    for (lost, layer, module, kind), where in sorted(inner.items(), key=lambda item: item[0][:3]):
        places = one_of([text for text in where if text], 3)
        shown = "-" if lost else str(layer)
        lines.append([shown, module, SHORT[kind], str(where.total()), places])
    return lines


def sentences(findings: Findings) -> list[str]:
    """Return three sentences: on activations, on gates, and on all the rest."""
    return [_on_activations(findings), _on_gates(findings), _on_the_rest(findings)]


def _on_activations(findings: Findings) -> str:
    kinds = (PairKind.silu, PairKind.swish, PairKind.hardswish)
    counts = [f"{_times(findings.count(k))} {k.value}" for k in kinds if findings.count(k)]
    if not counts:
        return (
            "No sigmoid multiplies the value that it is computed from: this network has no SiLU, "
            "Swish or HardSwish."
        )
    where = ""
    if findings.activated:
        where = f", after {findings.activated} of the {findings.convolutions} convolutions"
    return (
        "A Sigmoid and a Mul with the same input x are an activation, x * sigmoid(x), and not "
        "attention, because no other position, channel or layer is involved: here "
        f"{' and '.join(counts)}{where}."
    )


def _on_gates(findings: Findings) -> str:
    places = [item.place for item in findings.found if item.pair.kind is PairKind.gate]
    if not places:
        return (
            "A sigmoid of another path than the value it multiplies would be a gate, the "
            "usual form of attention: there is none."
        )
    return (
        f"{_times(len(places)).capitalize()} the sigmoid comes from another path than the value it "
        f"multiplies: this is a gate, the usual form of attention, in {_layers(places)}."
    )


def _on_the_rest(findings: Findings) -> str:
    by_kind = {
        kind: [item.place for item in findings.found if item.pair.kind is kind]
        for kind in (PairKind.softmax, PairKind.constant, PairKind.product)
    }
    told = []
    if by_kind[PairKind.softmax]:
        told.append(f"there is attention by softmax in {_layers(by_kind[PairKind.softmax])}")
    if findings.products:
        where = _layers(findings.products)
        told.append(f"two values are multiplied without a sigmoid in {where}")
    if by_kind[PairKind.constant]:
        where = _layers(by_kind[PairKind.constant])
        told.append(f"the sigmoids of {where} are scaled by constants, as boxes are decoded")
    if by_kind[PairKind.product]:
        where = _layers(by_kind[PairKind.product])
        told.append(f"sigmoids multiply one another, as scores do, in {where}")
    if findings.alone:
        one = len(findings.alone) == 1
        more = (
            "one more sigmoid multiplies"
            if one
            else f"{len(findings.alone)} more sigmoids multiply"
        )
        told.append(f"{more} nothing, as for scores, in {_layers(findings.alone)}")
    quiet = not (by_kind[PairKind.softmax] or findings.products or findings.count(PairKind.gate))
    if findings.unknown:
        told.append(f"what {one_of(findings.unknown, 3)} does is not known")
    elif quiet:
        told.append(
            "nothing else multiplies two values of this network, so there is no attention in it"
        )
    text = "; ".join(told) or "there is no softmax attention, and no other product of two values"
    return f"{text[0].upper()}{text[1:]}."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _layers(places: Sequence[GraphPlace]) -> str:
    named: dict[str, None] = {}
    for place in sorted(places, key=lambda item: (item.layer is None, item.layer or 0)):
        shown = f" ({place.layer_class})" if place.layer_class else ""
        if place.layer is not None:
            named[f"{place.layer}{shown}"] = None
        else:
            named[place.module or "an unknown place"] = None
    numbered = any(name[0].isdigit() for name in named)
    if not numbered:
        return one_of(list(named))
    word = "layer" if len(named) == 1 else "layers"
    return f"{word} {one_of(list(named))}"


def _module(place: GraphPlace) -> str:
    """Return the class of a layer, or as much as is known of where it is."""
    if place.layer is None:
        return place.module_class or ("unknown" if place.how == "unknown" else "no layer")
    return place.layer_class or f"model.{place.layer}"


def _inside(place: GraphPlace) -> str:
    """Return the module within its layer."""
    if place.layer is None:
        return place.module
    return place.module.partition(f"model.{place.layer}")[2].lstrip(".")
