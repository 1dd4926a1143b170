"""Match the layers of two models, so that weights can follow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from yamlmod.model.align import Alignment, align
from yamlmod.model.document import Row
from yamlmod.model.network import Network
from yamlmod.model.parse import value_key
from yamlmod.model.refs import IMAGE
from yamlmod.ops.compare import Comparison, compare

Pair = tuple[int, int]


@dataclass(frozen=True)
class Following:
    """Layers of the old model with what they became; ``moved`` are those that changed places."""

    pairs: tuple[tuple[int, int], ...]
    moved: tuple[tuple[int, int], ...]
    added: tuple[int, ...]
    removed: tuple[int, ...]
    comparison: Comparison

    @property
    def difference(self) -> str:
        """Name the differences other than new layers; empty if there are none."""
        comparison = self.comparison
        kinds = {
            "layers were removed": self.removed,
            "layers were moved": self.moved,
            "layers have another module or args": comparison.changes,
            "layers have other inputs": (*comparison.rewired, *comparison.gained, *comparison.lost),
            "settings differ": comparison.settings,
        }
        return ", ".join(text for text, there in kinds.items() if there)


def follow(before: Network, after: Network) -> Following:
    """Pair the layers of two models; a removed row that was added elsewhere is the same layer.

    The alignment keeps the order, so a layer that was moved shows as removed and added. Rows that
    say the same are paired in order, and only where as many were removed as added.
    """
    comparison = compare(before, after)
    old, new = before.document.rows, after.document.rows
    alignment = _best_alignment(before, after, comparison.alignment)
    gone = _by_what([old[layer] for layer in alignment.removed])
    come = _by_what([new[layer] for layer in alignment.added])
    moved = tuple(
        pair
        for key, layers in gone.items()
        if len(layers) == len(come.get(key, ()))
        for pair in zip(layers, come[key], strict=True)
    )
    aligned = _at_their_strides(before, after, alignment.pairs, moved)
    partners = _with_their_blocks(before, after, dict(sorted((*aligned, *moved))))
    # The same from the other side, for a scale that is dropped.
    back = {new: old for old, new in sorted(partners.items(), key=itemgetter(1))}
    back = _with_their_blocks(after, before, back)
    pairs = tuple(sorted((old, new) for new, old in back.items()))
    olds, news = {a for a, _ in pairs}, {b for _, b in pairs}
    return Following(
        pairs=pairs,
        moved=moved,
        added=tuple(layer for layer in range(len(new)) if layer not in news),
        removed=tuple(layer for layer in range(len(old)) if layer not in olds),
        comparison=comparison,
    )


def _best_alignment(before: Network, after: Network, plain: Alignment) -> Alignment:
    """Return the alignment in which more layers are the same, of two: by rows, and by strides too.

    Networks of P3 to P6 and of P2 to P5 have the same rows one after another, but for their args.
    """

    def apart(old: int, new: int) -> bool:
        return _strides_equal(before, after, (old, new)) is False

    if not any(apart(*pair) for pair in plain.pairs):
        return plain
    other = align(before.wiring, after.wiring, apart=apart)
    counts = [
        sum(_what(before.rows[a]) == _what(after.rows[b]) for a, b in alignment.pairs)
        for alignment in (plain, other)
    ]
    return other if counts[1] >= counts[0] else plain


def _at_their_strides(
    before: Network, after: Network, pairs: Sequence[Pair], moved: Sequence[Pair]
) -> list[Pair]:
    """Pair layers of one module at one stride where their partners are at another.

    A stage that is added between stages of other widths has the args of the one that it displaces.
    """
    equal = [_strides_equal(before, after, pair) for pair in pairs]
    if equal.count(False) > len(pairs) // 2:
        return list(pairs)  # a stride was added or removed at the beginning: all go with it
    found = [*pairs, (len(before.rows), len(after.rows))]
    taken = {a for a, _ in moved}, {b for _, b in moved}
    for i, (old, new) in enumerate(pairs):
        if equal[i] is not False:
            continue
        low, high = found[i - 1] if i else (-1, -1), found[i + 1]
        free = [
            *((old, layer) for layer in range(low[1] + 1, high[1]) if layer not in taken[1]),
            *((layer, new) for layer in range(low[0] + 1, high[0]) if layer not in taken[0]),
        ]
        fitting = (
            (a, b)
            for a, b in free
            if before.rows[a].module == after.rows[b].module
            and _strides_equal(before, after, (a, b))
        )
        found[i] = next(fitting, (old, new))
    return found[:-1]


def _with_their_blocks(
    before: Network, after: Network, partner: Mapping[int, int]
) -> dict[int, int]:
    """Pair the end of a block with the equal layer that reads the block's other layers.

    The last layer of a block at P3 is read by the head. With a P2 below, the head reads the end of
    an equal block that is new: by the readers the last layer would go there, and leave its own
    block behind. What it alone reads is of its block. A layer in front of an Upsample is of no
    block: it stays at its stride.
    """
    partner = dict(partner)
    free = [layer for layer in range(len(after.rows)) if layer not in partner.values()]
    for old, new in partner.items():
        found = next(
            (
                layer
                for layer in free
                if _what(before.rows[old]) == _what(after.rows[layer])
                and _fits_better(before, after, partner, old, layer)
            ),
            None,
        )
        if found is not None and not _fits_better(before, after, partner, old, new):
            partner[old] = found
            free[free.index(found)] = new
    return partner


def _fits_better(
    before: Network, after: Network, partner: Mapping[int, int], old: int, new: int
) -> bool:
    """Whether a layer reads its own block's layers, or goes up from the same stride."""
    inputs = before.wiring.inputs[old]
    if _goes_up(before, old):
        return _goes_up(after, new) and _strides_equal(before, after, (old, new)) is True
    if any(layer == IMAGE or len(before.wiring.readers[layer]) > 1 for layer in inputs):
        return False
    return [partner.get(layer) for layer in inputs] == list(after.wiring.inputs[new])


def _goes_up(network: Network, layer: int) -> bool:
    return any("Upsample" in network.rows[r].module for r in network.wiring.readers[layer])


def _strides_equal(before: Network, after: Network, pair: Pair) -> bool | None:
    """Whether two layers have the same stride; None where that is not known."""
    strides = before.shapes[pair[0]].stride, after.shapes[pair[1]].stride
    return None if None in strides else strides[0] == strides[1]


def _by_what(rows: list[Row]) -> dict[tuple[str, str, str], list[int]]:
    layers: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        layers.setdefault(_what(row), []).append(row.index)
    return layers


def _what(row: Row) -> tuple[str, str, str]:
    return row.module, value_key(row.args), value_key(row.repeats)
