"""Random model YAMLs, as pieces that say which row each character belongs to.

Nothing here comes from yamlmod. A document is drawn as a wiring (what each row reads) and then
written in some legal style; the oracle writes the same pieces again with other numbers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

Rng = random.Random
# Where a number of the text comes from: a reference, an index comment, or nowhere.
REF, INDEX, TEXT, COMMENT, MODULE, NUMBER, ARGS, ANCHOR, DASH = range(9)


@dataclass(frozen=True)
class Piece:
    """A stretch of the text: what it is, and the row it leaves with (None: it stays)."""

    text: str
    kind: int = TEXT
    row: int | None = None
    slot: int = 0
    # A comment that may stay where its row goes: others share its line.
    shared: bool = False


@dataclass(frozen=True)
class Row:
    """One layer: what it reads (-1: the image), which of it as distances, and its words."""

    targets: tuple[int, ...]
    negative: tuple[bool, ...]
    listed: bool
    number: str
    module: str
    args: tuple[str, ...]
    # None, or the number that the comment behind the row begins with.
    comment: int | None = None

    def value(self, slot: int, index: int, target: int) -> int:
        """Return the number by which layer ``index`` names ``target`` in this slot."""
        return target - index if self.negative[slot] or target < 0 else target


@dataclass(frozen=True)
class Case:
    """A drawn document."""

    rows: tuple[Row, ...]
    backbone: int
    text: str
    pieces: tuple[Piece, ...]
    flow: tuple[bool, bool]
    anchors: int

    def is_flow(self, row: int) -> bool:
        """Return whether the row's table stands in brackets."""
        return self.flow[row >= self.backbone]


_SINGLE = ("SimAM", "SimAM", "C3", "C3", "Foo", "Bar_2", "nn.Identity", "SE")
_FUSION = ("BiFPN_Concat2", "Fuse", "Concat", "Add", "ASFF_2", "Weighted")
_NUMBERS = ("1", "1", "1", "1", "3", "9", "0x3", "03", "0o3", "+3", "1_0", "3.0", "'3'", "yes")
_ARGS = (
    "64",
    "0x40",
    "'a  b'",
    '"c  #d"',
    "None",
    "False",
    "1e-5",
    "1.5",
    "nearest",
    "[3, 5]",
    "yes",
    "0o7",
    "-1",
    "'it''s'",
    "nc",
    "{a: 1}",
    "!!str 5",
    "3",
)


def draw(rng: Rng) -> Case:
    """Draw a document of 6 to 25 rows."""
    rows = _rows(rng)
    backbone = rng.randint(1, len(rows) - 2)
    return write(rng, rows, backbone)


def _rows(rng: Rng) -> tuple[Row, ...]:
    count = rng.choices((6, 7, 8, 10, 13, 25), (60, 20, 10, 5, 4, 1))[0]
    rows = [_row(rng, index) for index in range(count - 1)]
    if rng.random() < 0.1:
        inputs = tuple(rng.sample(range(count - 2), 2))
        rows[-1] = Row(inputs, (False, False), True, "1", "Segment", ("nc",))
    size = rng.randint(1, min(4, count - 1))
    inputs = tuple(sorted(rng.sample(range(1, count - 1), min(size, count - 2))))
    listed = len(inputs) > 1 or rng.random() < 0.7
    style = tuple(rng.random() < 0.2 for _ in inputs)
    rows.append(Row(inputs, style, listed, "1", "Detect", ("nc", "anchors")))
    style_of_comments = rng.choice((0, 0, 1, 2))
    return tuple(_commented(rng, index, row, style_of_comments) for index, row in enumerate(rows))


def _row(rng: Rng, index: int) -> Row:
    if index < 2:
        return Row((index - 1,), (True,), False, "1", "Conv", ("64", "3", "1"))
    if rng.random() < 0.25:
        size = rng.choice((1, 2, 2, 2, 3, 4, 5))
        inputs = tuple(rng.choice((index - 1, rng.randrange(index))) for _ in range(size))
        style = tuple(rng.random() < 0.5 for _ in inputs)
        return Row(inputs, style, True, rng.choice(_NUMBERS), rng.choice(_FUSION), ("1",))
    target = index - 1 if rng.random() < 0.85 else rng.randrange(index)
    negative = rng.random() < 0.9
    module = rng.choice(_SINGLE)
    args: tuple[str, ...] = ()
    if module == "C3":
        args = ("64",) if rng.random() < 0.8 else ("0x40", "False")
    elif module in ("Foo", "Bar_2"):
        args = tuple(rng.choice(_ARGS) for _ in range(rng.randrange(4)))
    listed = module in ("Foo", "Bar_2") and rng.random() < 0.15
    number = rng.choice(_NUMBERS)
    return Row((target,), (negative,), listed, number, module, args)


def _commented(rng: Rng, index: int, row: Row, style: int) -> Row:
    if style == 0 or rng.random() < 0.3:
        return row
    comment = index if style == 1 or rng.random() < 0.8 else rng.randrange(30)
    return Row(row.targets, row.negative, row.listed, row.number, row.module, row.args, comment)


@dataclass
class _Writer:
    """Collects the pieces of a document."""

    rng: Rng
    newline: str
    pieces: list[Piece] = field(default_factory=list)

    def add(self, text: str, kind: int = TEXT, row: int | None = None, slot: int = 0) -> None:
        text = text.replace("\n", self.newline)
        self.pieces.append(Piece(text, kind, row, slot))

    def comment(self, index: int, row: Row, shared: bool) -> None:
        """Add the comment behind a row."""
        lead = self.rng.choice(("  # ", " #", "   #  "))
        if row.comment is None:
            if self.rng.random() < 0.15:
                text = lead + self.rng.choice(("note", "x1 conv", "a, b] c", "-> [P3]"))
                self.pieces.append(Piece(text, COMMENT, index, shared=shared))
            return
        self.pieces.append(Piece(lead, COMMENT, index, shared=shared))
        self.pieces.append(Piece(str(row.comment), INDEX, index, shared=shared))
        tail = self.rng.choice(("", "", "-P3/8", " (P4)", " x"))
        self.pieces.append(Piece(tail, COMMENT, index, shared=shared))


def write(rng: Rng, rows: tuple[Row, ...], backbone: int) -> Case:
    """Write rows in a style of their own."""
    out = _Writer(rng, rng.choice(("\n", "\n", "\n", "\r\n")))
    out.add(rng.choice(("", "# a model\n", "# 12 rows\n\n")))
    out.add("nc: 4\n")
    if rng.random() < 0.15:
        out.add("scales:\n  n: [0.33, 0.25, 1024]\n  s: [0.33, 0.5, 1024]\n")
    if rng.random() < 0.1:
        out.add("note: &x {a: 'b  c', 3: [0x1, yes]}\n")
    heads = len(rows[-1].targets)
    anchors = heads if rng.random() < 0.3 else 0
    if anchors:
        out.add("anchors:\n")
        for number in range(anchors):
            out.add(f"  - [{number}, 1, 2]\n", ANCHOR, None, number)
    flow = (rng.random() < 0.5, rng.random() < 0.5)
    for name, start, stop, is_flow in (
        ("backbone", 0, backbone, flow[0]),
        ("head", backbone, len(rows), flow[1]),
    ):
        out.add(rng.choice(("", "", "\n", "# 3 the table\n\n")))
        key = rng.choice((f"{name}:", f"{name}:", f"'{name}':", f"{name} :"))
        out.add(key)
        (_flow_table if is_flow else _block_table)(out, rows, start, stop)
    text = "".join(piece.text for piece in out.pieces)
    if rng.random() < 0.2 and text.endswith(out.newline):
        last = out.pieces.pop()
        out.pieces.append(
            Piece(last.text.removesuffix(out.newline), last.kind, last.row, last.slot)
        )
        text = text.removesuffix(out.newline)
    return Case(rows, backbone, text, tuple(out.pieces), flow, anchors)


def _block_table(out: _Writer, rows: tuple[Row, ...], start: int, stop: int) -> None:
    rng = out.rng
    out.add(rng.choice(("\n", "\n", "  # from, number\n", "\n  # [from, number, module, args]\n")))
    indent = " " * rng.choice((0, 2, 2, 4))
    dash = rng.choice(("- ", "- ", "-   "))
    for index in range(start, stop):
        lead = dash
        if rng.random() < 0.04:
            lead = rng.choice(("-\n" + indent + "  ", "- # why\n" + indent + "    "))
        out.add(indent + lead, DASH, index)
        if rng.random() < 0.06 and lead == dash:
            _block_row(out, index, rows[index], indent + " " * len(dash))
        else:
            _flow_row(out, index, rows[index], indent + "      ")
        out.comment(index, rows[index], False)
        out.add("\n", TEXT, index)
        if index + 1 < stop and rng.random() < 0.08:
            out.add(rng.choice(("\n", "  # between\n", f"#  {indent}- [-1, 1, Old, []]\n")))


def _block_row(out: _Writer, index: int, row: Row, indent: str) -> None:
    out.add("- ", TEXT, index)
    _from(out, index, row, "")
    out.add(out.rng.choice(("\n", "  # from\n")) + indent + "- ", TEXT, index)
    out.add(row.number, NUMBER, index)
    out.add(f"\n{indent}- ", TEXT, index)
    out.add(row.module, MODULE, index)
    out.add(f"\n{indent}- ", TEXT, index)
    if row.args and out.rng.random() < 0.5:
        out.add(f"\n{indent}  ".join(f"- {arg}" for arg in row.args), ARGS, index)
    else:
        out.add("[" + ", ".join(row.args) + "]", ARGS, index)


def _from(out: _Writer, index: int, row: Row, pad: str) -> None:
    if row.listed:
        out.add("[" + pad, TEXT, index)
    for slot, target in enumerate(row.targets):
        if slot:
            out.add(", ", TEXT, index)
        out.add(str(row.value(slot, index, target)), REF, index, slot)
    if row.listed:
        out.add(pad + "]", TEXT, index)


def _flow_row(out: _Writer, index: int, row: Row, indent: str) -> None:
    rng = out.rng
    pad = rng.choice(("", "", "", " "))
    comma = rng.choice((", ", ", ", ",", " , ", ",  "))
    breaks = rng.random() < 0.06

    def gap() -> str:
        if not breaks or rng.random() < 0.5:
            return comma
        return rng.choice((",\n", ", # inner\n", ",\n\n")) + indent

    out.add("[" + pad, TEXT, index)
    _from(out, index, row, pad)
    out.add(gap(), TEXT, index)
    out.add(row.number, NUMBER, index)
    out.add(gap(), TEXT, index)
    out.add(rng.choice((row.module, row.module, f"'{row.module}'")), MODULE, index)
    out.add(gap(), TEXT, index)
    out.add("[" + pad + gap().join(row.args) + pad + "]", ARGS, index)
    out.add(pad + "]", TEXT, index)


def _flow_table(out: _Writer, rows: tuple[Row, ...], start: int, stop: int) -> None:
    rng = out.rng
    out.add(rng.choice((" ", "\n  ", "\n  ", "\n  # [from, n]\n  ", "\n ")))
    out.add(rng.choice(("[", "[", "[ ", "[\n   ")))
    in_front = rng.random() < 0.1
    together = rng.random() < 0.25
    indent = "\n" + " " * rng.choice((0, 3, 3, 4))
    ends_in_comma = rng.random() < 0.5
    line: list[int] = []
    for index in range(start, stop):
        _flow_row(out, index, rows[index], indent[1:] + "   ")
        line.append(index)
        last = index + 1 == stop
        breaks = last or not together or rng.random() < 0.4
        comma = rng.choice((",", ",", ",", " ,", "  ,"))
        if not in_front and (not last or ends_in_comma):
            out.add(comma)
        if not breaks:
            out.add("," + rng.choice((" ", "", "  ")) if in_front else rng.choice((" ", "", "  ")))
            continue
        closes = last and rng.random() < 0.5
        if closes:
            out.add(rng.choice(("]", " ]", "]")))
        out.comment(index, rows[index], len(line) > 1 or closes or (last and not ends_in_comma))
        line = []
        if not last:
            if rng.random() < 0.06:
                out.add(rng.choice(("\n", "\n  # between")))
            out.add(indent + (", " if in_front else ""))
        elif not closes:
            out.add(rng.choice(("\n  ]", "\n]", "\n\n  ]")))
    out.add("\n")
