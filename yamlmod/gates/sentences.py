"""Describe the findings: a summary, table rows, and sentences for a paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from yamlmod.errors import one_of
from yamlmod.gates.findings import Findings
from yamlmod.gates.pairs import Kind
from yamlmod.gates.places import Place

# How a table names a kind.
SHORT = {
    Kind.silu: "SiLU (activation)",
    Kind.swish: "Swish (activation)",
    Kind.hardswish: "HardSwish (activation)",
    Kind.gate: "gate",
    Kind.constant: "by a constant",
    Kind.product: "sigmoid by sigmoid",
    Kind.softmax: "softmax attention",
}


def summary(findings: Findings) -> str:
    """Return one line: how many pairs there are, and of which kinds."""
    pairs = [one for one in findings.found if one.pair.kind is not Kind.softmax]
    told = [
        f"{findings.count(kind)} {SHORT[kind]}{'s' * (kind is Kind.gate)}"
        for kind in (Kind.silu, Kind.swish, Kind.hardswish, Kind.constant, Kind.product)
        if findings.count(kind)
    ]
    gates = findings.count(Kind.gate)
    told.append(f"{gates} gate{'s' * (gates != 1)}")
    softmaxes = findings.count(Kind.softmax)
    also = f"; {softmaxes} of softmax attention" if softmaxes else ""
    return f"{len(pairs)} pair{'s' * (len(pairs) != 1)}: {', '.join(told)}{also}"


def rows(findings: Findings) -> list[list[str]]:
    """Return a row for every layer and kind: index, module, kind, count, where in the layer."""
    inner: dict[tuple[bool, int, str, Kind], Counter[str]] = {}
    for pair, place in findings.found:
        key = (place.layer is None, place.layer or 0, _module(place), pair.kind)
        inner.setdefault(key, Counter())[_inside(place)] += 1
    found = []
    for (lost, layer, module, kind), where in sorted(inner.items(), key=lambda one: one[0][:3]):
        places = one_of([text for text in where if text], 3)
        shown = "-" if lost else str(layer)
        found.append([shown, module, SHORT[kind], str(where.total()), places])
    return found


def sentences(findings: Findings) -> list[str]:
    """Return three sentences: on activations, on gates, and on all the rest."""
    return [_on_activations(findings), _on_gates(findings), _on_the_rest(findings)]


def _on_activations(findings: Findings) -> str:
    kinds = (Kind.silu, Kind.swish, Kind.hardswish)
    told = [f"{_times(findings.count(one))} {one.value}" for one in kinds if findings.count(one)]
    if not told:
        return (
            "No sigmoid multiplies the value that it is computed from: this network has no SiLU, "
            "Swish or HardSwish."
        )
    behind = f", behind {findings.activated} of the {findings.convolutions} convolutions"
    return (
        f"A Sigmoid and a Mul that take the same x are an activation, x * sigmoid(x), and no "
        f"attention, for no other place, channel or layer takes part: here {' and '.join(told)}"
        f"{behind if findings.activated else ''}."
    )


def _on_gates(findings: Findings) -> str:
    places = [one.place for one in findings.found if one.pair.kind is Kind.gate]
    if not places:
        return (
            "A sigmoid that comes from another path than what it multiplies would be a gate, the "
            "form that most attention takes: there is none."
        )
    return (
        f"{_times(len(places)).capitalize()} the sigmoid comes from another path than what it "
        f"multiplies: that is a gate, the form that most attention takes, in {_layers(places)}."
    )


def _on_the_rest(findings: Findings) -> str:
    by_kind = {
        kind: [one.place for one in findings.found if one.pair.kind is kind]
        for kind in (Kind.softmax, Kind.constant, Kind.product)
    }
    told = []
    if by_kind[Kind.softmax]:
        told.append(f"there is attention by softmax in {_layers(by_kind[Kind.softmax])}")
    if findings.products:
        where = _layers(findings.products)
        told.append(f"two values are multiplied without a sigmoid in {where}")
    if by_kind[Kind.constant]:
        where = _layers(by_kind[Kind.constant])
        told.append(f"the sigmoids of {where} are scaled by constants, as boxes are decoded")
    if by_kind[Kind.product]:
        where = _layers(by_kind[Kind.product])
        told.append(f"sigmoids multiply one another, as scores do, in {where}")
    if findings.alone:
        one = len(findings.alone) == 1
        more = (
            "one more sigmoid multiplies"
            if one
            else f"{len(findings.alone)} more sigmoids multiply"
        )
        told.append(f"{more} nothing, as for scores, in {_layers(findings.alone)}")
    quiet = not (by_kind[Kind.softmax] or findings.products or findings.count(Kind.gate))
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


def _layers(places: Sequence[Place]) -> str:
    """Return the layers of some places in words."""
    named: dict[str, None] = {}
    for place in sorted(places, key=lambda one: (one.layer is None, one.layer or 0)):
        shown = f" ({place.layer_class})" if place.layer_class else ""
        if place.layer is not None:
            named[f"{place.layer}{shown}"] = None
        else:
            named[place.module or "a place that the file does not tell"] = None
    numbered = any(name[0].isdigit() for name in named)
    word = f"layer{'s' * (len(named) > 1)} " if numbered else ""
    return word + one_of(list(named))


def _module(place: Place) -> str:
    """Return the class of a layer, or as much as is known of where it is."""
    if place.layer is None:
        return place.module_class or ("unknown" if place.how == "unknown" else "no layer")
    return place.layer_class or f"model.{place.layer}"


def _inside(place: Place) -> str:
    """Return the module within its layer."""
    if place.layer is None:
        return place.module
    return place.module.partition(f"model.{place.layer}")[2].lstrip(".")
