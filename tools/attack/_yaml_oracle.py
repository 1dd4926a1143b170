"""What an edit must make of a document: wiring by contraction, text by its pieces.

Shares nothing with yamlmod. The network is a list of labels; every edit is done on the labels, and
the numbers follow from their order. PyYAML reads the text, as a fork would.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from tools.attack import _yaml_documents as documents
from tools.attack._yaml_documents import Case, Piece

Label = tuple[str, int]
IMAGE: Label = ("image", -1)
HEADS = frozenset({"Detect", "Segment"})
JOINS = frozenset({"Concat", "Add", "BiFPN_Concat2"})
_BLANK = str.maketrans("", "", " \t\r\n,]")


@dataclass
class Edit:
    """One edit as its options; the numbers are those of the document."""

    kind: str
    layers: tuple[int, ...] = ()
    # insert: (what it stands behind, whether it opens the next table, the one reader or None)
    places: tuple[tuple[int, bool, int | None], ...] = ()
    module: str = ""
    args: tuple[Any, ...] | None = None
    mode: str = "through"
    readers: tuple[int, ...] = ()
    sources: tuple[int, ...] | None = None
    flag: bool = False


@dataclass
class Layer:
    """A layer of the expected network."""

    origin: int | None
    inputs: list[Label]
    negative: list[bool]
    listed: bool
    # number, module and args as PyYAML reads them
    values: list[Any]
    moved: bool = False


@dataclass
class Net:
    """The network that an edit must give, and what that means for the text."""

    order: list[Label]
    layers: dict[Label, Layer]
    # what was put where: behind a row, or in front of it
    behind: dict[int, list[Label]] = field(default_factory=dict)
    before: dict[int, list[Label]] = field(default_factory=dict)
    dropped: int | None = None  # the head's slot
    replaced: int | None = None

    @classmethod
    def of(cls, case: Case, rows: list[list[Any]]) -> Net:
        """Return the network of a document; ``rows`` are those that PyYAML reads."""
        order: list[Label] = [("old", index) for index in range(len(rows))]
        layers = {}
        for index, (row, values) in enumerate(zip(case.rows, rows, strict=True)):
            inputs = [order[t] if t >= 0 else IMAGE for t in row.targets]
            layers[order[index]] = Layer(
                index, inputs, list(row.negative), row.listed, list(values[1:])
            )
        return cls(order, layers)

    def reach(self, roots: Iterable[Label]) -> set[Label]:
        """Return the labels that lead to ``roots``, with them."""
        found: set[Label] = set()
        waiting = list(roots)
        while waiting:
            label = waiting.pop()
            if label not in found and label != IMAGE:
                found.add(label)
                waiting += self.layers[label].inputs
        return found

    def insert(self, edit: Edit) -> None:
        """Put new layers in: each reads what it stands behind and takes over its readers."""
        old = list(self.order)
        head = old[-1]
        for number, (place, opens, edge) in enumerate(sorted(edit.places, key=lambda p: p[0])):
            label = ("new", number)
            source = old[place] if place >= 0 else IMAGE
            for reader in old:
                layer = self.layers[reader]
                for slot, target in enumerate(layer.inputs):
                    if target == source and self._moves(edit, edge, layer, slot, reader == head):
                        layer.inputs[slot] = label
            inputs = [source] if edit.sources is None else [old[s] for s in edit.sources]
            many = edit.sources is not None
            values = [1, edit.module, list(edit.args or ())]
            self.layers[label] = Layer(None, inputs, [not many] * len(inputs), many, values)
            self._put(label, place, opens or place < 0)

    @staticmethod
    def _moves(edit: Edit, edge: int | None, layer: Layer, slot: int, is_head: bool) -> bool:
        if layer.origin is None:
            return False
        if edge is not None:
            return layer.origin == edge
        if edit.mode == "readers":
            return layer.origin in edit.readers
        if edit.mode == "bypass":
            source = layer.inputs[slot]
            spelled = layer.negative[slot] or source == IMAGE
            return is_head or (spelled and source[1] == layer.origin - 1)
        return True

    def _put(self, label: Label, place: int, on_top: bool) -> None:
        anchor: Label = ("old", place + 1) if on_top else ("old", place)
        sides = self.before if on_top else self.behind
        group = sides.setdefault(anchor[1], [])
        at = self.order.index(anchor) + (len(group) if not on_top else 0)
        group.append(label)
        self.order.insert(at + (not on_top), label)

    def remove(self, layers: Collection[int], sources: Collection[int], cascade: bool) -> None:
        """Take layers out: their readers read their one input, or the chosen one."""
        gone = {("old", layer) for layer in layers}
        through = {label: self._instead(label, sources) for label in gone}
        if cascade:
            alive = self.reach(self.roots())
            seen = {
                label: [self._seen(i, through, gone) for i in layer.inputs]
                for label, layer in self.layers.items()
            }
            stays = _reach(seen, [label for label in self.roots() if label not in gone])
            gone |= {label for label in alive if label not in stays and label not in gone}
        self.take(gone, sources, {("old", layer) for layer in layers})

    def take(
        self, gone: set[Label], sources: Collection[int], named: Collection[Label] = ()
    ) -> None:
        """Take labels out and let what is left read past them; sources are those of ``named``."""
        through = {label: self._instead(label, sources if label in named else ()) for label in gone}
        self.order = [label for label in self.order if label not in gone]
        for label in self.order:
            layer = self.layers[label]
            layer.inputs = [self._seen(source, through, gone) for source in layer.inputs]

    def roots(self) -> list[Label]:
        """Return the layers that no edit may cut off: the last, and other heads."""
        heads = [label for label in self.order if self.layers[label].values[1] in HEADS]
        return [self.order[-1], *heads]

    def _instead(self, label: Label, sources: Collection[int]) -> Label:
        inputs = self.layers[label].inputs
        named = [source for source in inputs if source[1] in sources]
        above = ("old", label[1] - 1) if label[1] else IMAGE
        if len(inputs) == 1:
            return inputs[0]
        return named[0] if named else above if above in inputs else inputs[0]

    @staticmethod
    def _seen(source: Label, through: dict[Label, Label], gone: set[Label]) -> Label:
        while source in gone:
            source = through[source]
        return source

    def move(self, layer: int, target: int, before: bool, opens: bool) -> None:
        """Take a layer out and put it behind (or in front of) another."""
        label: Label = ("old", layer)
        self.take({label}, ())
        place = target if not before else self.order[self.order.index(("old", target)) - 1][1]
        if before and self.order[0] == ("old", target):
            place = -1
        source: Label = ("old", place) if place >= 0 else IMAGE
        for other in self.order:
            inputs = self.layers[other].inputs
            self.layers[other].inputs = [label if i == source else i for i in inputs]
        moved = self.layers[label]
        moved.inputs, moved.negative, moved.moved = [source], [True], True
        if place < 0 or opens:
            first = target if before else self.order[0][1]
            self.before[first] = [label]
            self.order.insert(self.order.index(("old", first)), label)
        else:
            self.behind[place] = [label]
            self.order.insert(self.order.index(source) + 1, label)

    def drop_head(self, layer: int) -> None:
        """Drop an input of the head, and what only served it."""
        alive = self.reach(self.roots())
        head = self.layers[self.order[-1]]
        self.dropped = head.inputs.index(("old", layer))
        del head.inputs[self.dropped], head.negative[self.dropped]
        self.take(alive - self.reach(self.roots()), ())

    def written(self) -> list[list[Any]]:
        """Return the rows as PyYAML must read them."""
        index = {label: number for number, label in enumerate(self.order)}
        found = []
        for label in self.order:
            layer = self.layers[label]
            values = [
                (index.get(source, -1) - index[label])
                if (negative or source == IMAGE)
                else index[source]
                for source, negative in zip(layer.inputs, layer.negative, strict=True)
            ]
            found.append([values if layer.listed else values[0], *layer.values])
        return found


def _reach(inputs: dict[Label, list[Label]], roots: Iterable[Label]) -> set[Label]:
    found: set[Label] = set()
    waiting = list(roots)
    while waiting:
        label = waiting.pop()
        if label not in found and label != IMAGE:
            found.add(label)
            waiting += inputs[label]
    return found


def load(text: str) -> dict[str, Any]:
    """Return what PyYAML makes of a text."""
    return yaml.load(text, Loader=yaml.CSafeLoader)  # type: ignore[no-any-return]


def rows_of(data: dict[str, Any]) -> list[list[Any]]:
    """Return the rows of loaded data."""
    return [*data["backbone"], *data["head"]]


def complaint(case: Case, net: Net, before: dict[str, Any], text: str) -> str:
    """Return what is wrong with the edited text, empty where nothing is."""
    try:
        after = load(text)
    except yaml.YAMLError as error:
        return f"PyYAML cannot read the result: {' '.join(str(error).split())[:200]}"
    wanted, found = net.written(), rows_of(after)
    for number, (one, other) in enumerate(zip(wanted, found, strict=False)):
        if repr(one) != repr(other):
            return f"layer {number} is {other!r} and should be {one!r}"
    if len(wanted) != len(found):
        return f"{len(found)} rows, and there should be {len(wanted)}"
    rest = _settings(before, net.dropped if case.anchors else None)
    if repr(rest) != repr(_settings(after, None)):
        return "a value outside the tables changed"
    if not re.fullmatch(_pattern(case, net), _squashed(text), re.DOTALL):
        return "the text is not the old one with the new numbers"
    return _strange_lines(case, net, text)


def _settings(data: dict[str, Any], dropped: int | None) -> dict[str, Any]:
    rest = {key: value for key, value in data.items() if key not in ("backbone", "head")}
    if dropped is not None:
        rest["anchors"] = [row for i, row in enumerate(rest["anchors"]) if i != dropped]
    return rest


def _squashed(text: str) -> str:
    return text.translate(_BLANK)


def _literal(text: str) -> str:
    return re.escape(_squashed(text))


def _pattern(case: Case, net: Net) -> str:
    """Return what the text must be, blanks, commas and closing brackets left out."""
    writer = _Writer(case, net)
    groups: list[tuple[int | None, list[Piece]]] = []
    for piece in case.pieces:
        if not groups or groups[-1][0] != piece.row:
            groups.append((piece.row, []))
        groups[-1][1].append(piece)
    seen: set[int] = set()
    parts = []
    for row, pieces in groups:
        if row is None:
            parts += [writer.free(piece) for piece in pieces]
        else:
            parts.append(writer.row(row, pieces, row not in seen))
            seen.add(row)
    return "".join(parts)


class _Writer:
    """Writes pieces with the numbers that the expected network gives them."""

    def __init__(self, case: Case, net: Net):
        self.case, self.net = case, net
        self.index = {label: number for number, label in enumerate(net.order)}
        self.values = dict(zip(net.order, net.written(), strict=True))

    def free(self, piece: Piece) -> str:
        """Return the pattern of a piece that belongs to no row."""
        if piece.kind == documents.ANCHOR and self.case.anchors and piece.slot == self.net.dropped:
            return ""
        return _literal(piece.text)

    def row(self, row: int, pieces: list[Piece], first: bool) -> str:
        """Return the pattern of one run of a row's pieces, with what was put beside the row."""
        comments = [p for p in pieces if p.kind in (documents.COMMENT, documents.INDEX)]
        body = [p for p in pieces if p not in comments]
        if not self.stays(row):
            text = "".join(_literal(p.text) for p in comments if p.shared)
            above = max((r for r in range(row) if self.stays(r)), default=-1)
            behind = "".join(self.added(label, row) for label in self.net.behind.get(above, ()))
            return f"(?:{text})?(?:{behind})?" if text else ""
        before = "".join(self.added(label, row) for label in self.net.before.get(row, ()))
        behind = "".join(self.added(label, row) for label in self.net.behind.get(row, ()))
        # In front of the comment where rows share a line, else behind it; PyYAML has counted them.
        option = f"(?:{behind})?" if behind else ""
        parts = [before if first else ""]
        for part in (body, comments):
            if part:
                parts += [*(self.piece(p, row) for p in part), option]
        return "".join(parts)

    def stays(self, row: int) -> bool:
        layer = self.net.layers[("old", row)]
        return ("old", row) in self.index and not layer.moved

    def piece(self, piece: Piece, row: int) -> str:
        label: Label = ("old", row)
        number = self.index[label]
        if piece.kind == documents.REF:
            return self._reference(piece, row)
        if piece.kind == documents.INDEX:
            right = self.case.rows[row].comment == row
            return str(number) if right else piece.text
        if self.net.replaced == row and piece.kind in (
            documents.MODULE,
            documents.NUMBER,
            documents.ARGS,
        ):
            return ".*?"
        return _literal(piece.text)

    def _reference(self, piece: Piece, row: int) -> str:
        if row == len(self.case.rows) - 1 and self.net.dropped is not None:
            if piece.slot == self.net.dropped:
                return ""
            slot = piece.slot - (piece.slot > self.net.dropped)
        else:
            slot = piece.slot
        value = self.values[("old", row)][0]
        return re.escape(str(value[slot] if isinstance(value, list) else value))

    def added(self, label: Label, beside: int) -> str:
        """Return the pattern of a new or moved row, beside the row ``beside``."""
        dash = "" if self.case.is_flow(beside) else "-"
        layer = self.net.layers[label]
        if layer.origin is None:
            first = str(self.values[label][0]).translate(_BLANK)
            args = "[" + "".join(str(arg) for arg in layer.values[2])
            return re.escape(f"{dash}[{first}1{layer.values[1]}{args}")
        return self._moved(label, layer.origin, dash)

    def _moved(self, label: Label, row: int, dash: str) -> str:
        pieces = [p for p in self.case.pieces if p.row == row]
        block = any(p.kind == documents.TEXT and p.text == "- " for p in pieces)
        body = (
            ".*?"
            if block
            else "".join(
                "-1"
                if p.kind == documents.REF
                else _literal(p.text.split("-", 1)[1] if p.kind == documents.DASH else p.text)
                for p in pieces
                if p.kind not in (documents.COMMENT, documents.INDEX)
            )
        )
        right = self.case.rows[row].comment == row
        tail = "".join(
            str(self.index[label]) if p.kind == documents.INDEX and right else _literal(p.text)
            for p in pieces
            if p.kind in (documents.COMMENT, documents.INDEX)
        )
        shared = any(p.shared for p in pieces)
        return dash + body + (f"(?:{tail})?" if shared else tail)


def _strange_lines(case: Case, net: Net, text: str) -> str:
    """Return a complaint where more lines changed than the edit has reason to touch."""
    writer = _Writer(case, net)
    kept = "".join(_plain(writer, p) for p in case.pieces if p.row is None or writer.stays(p.row))
    moved = [layer.origin for layer in net.layers.values() if layer.moved]
    rows = [row for row in range(len(case.rows)) if not writer.stays(row)]
    rows += [row for side in (net.behind, net.before) for row in side]
    inside = sum(p.text.count("\n") for p in case.pieces if p.row in moved)
    allowed = 3 + 3 * len(rows) + inside + sum(map(len, net.behind.values()))
    lines = sum((Counter(text.split("\n")) - Counter(kept.split("\n"))).values())
    return "" if lines <= allowed else f"{lines} lines are new, at most {allowed} were expected"


def _plain(writer: _Writer, piece: Piece) -> str:
    if piece.row is None or piece.kind not in (documents.REF, documents.INDEX):
        return piece.text
    return re.sub(r"\\(.)", r"\1", writer.piece(piece, piece.row))
