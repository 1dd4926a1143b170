"""Parse a model YAML into rows with their text positions; the only user of ruamel.yaml."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from yamlmod.errors import Place, Refusal
from yamlmod.model.comments import IndexComment, index_comment
from yamlmod.model.other_files import described
from yamlmod.model.parse import compose, value_of
from yamlmod.model.scalars import scalar_value

SECTIONS = ("backbone", "head")
# `l1: 4`, `l2: [6, 9]`: seen in forks that name the layers of a second branch this way.
_LAYER_KEY = re.compile(r"l\d{1,2}")
_WORD_HINT = "delete it, or write it as a comment, with # in front; a row is a list of four"


class Ref(NamedTuple):
    """One number of a `from` column, as spelled, and its span."""

    value: int
    start: int
    end: int


class Row(NamedTuple):
    """One layer: `[from, number, module, args]`, its values and where they stand."""

    index: int  # type: ignore[assignment]  # a tuple's own `index` has no use here
    section: str
    start: int
    end: int
    refs: tuple[Ref, ...]
    listed: bool
    repeats: Any
    module: str
    args: tuple[Any, ...]
    # Spans of from, number, module, args; args also decide how a neighbour is rendered.
    spans: tuple[tuple[int, int], ...]
    flow: bool
    comment: IndexComment | None
    # The spans of each of the args.
    arg_spans: tuple[tuple[int, int], ...] = ()

    @property
    def from_value(self) -> int | list[int]:
        """Return the `from` column as plain data."""
        values = [ref.value for ref in self.refs]
        return values if self.listed else values[0]


class Section(NamedTuple):
    """A table of rows: `backbone` or `head`."""

    name: str
    start: int
    flow: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Document:
    """A parsed model YAML: its text, its tables and its other top-level values."""

    shown: str
    text: str
    sections: tuple[Section, ...]
    settings: Mapping[str, Any]
    # The rows of `anchors`, where it is a list: their spans, and whether the list is a flow one.
    anchors: tuple[tuple[int, int], ...] = ()
    anchors_flow: bool = False

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Return every layer in order: the backbone's, then the head's."""
        return tuple(row for section in self.sections for row in section.rows)

    @property
    def head(self) -> Row:
        """Return the last row: in every real file that is the head."""
        return self.rows[-1]

    def section_of(self, row: Row) -> Section:
        """Return the table that holds ``row``."""
        return next(section for section in self.sections if section.name == row.section)

    def place(self, start: int, end: int | None = None) -> Place:
        """Return the place of a span, for a message."""
        return Place.at(self.shown, self.text, start, end)

    def describe(self, index: int) -> str:
        """Return a layer as messages name it: `17 C3`, or `the image`."""
        return "the image" if index < 0 else f"{index} {self.rows[index].module}"


@lru_cache(maxsize=8)
def parse_document(text: str, shown: str) -> Document:
    """Parse a model YAML. Raises Refusal where it is not one that can be edited safely.

    Kept for a few texts, because an operation looks again at what it has just made.
    """
    root = compose(text, shown)
    if not isinstance(root, MappingNode):
        why = "the file is empty" if root is None else "its top level is not a mapping"
        raise Refusal(
            "not-a-model",
            f"this is not a model YAML: {why}",
            place=Place.at(shown, text, 0) if text else Place(shown),
        )
    reader = _RowReader(text, shown)
    tables: dict[str, Section] = {}
    settings: dict[str, Any] = {}
    anchors: SequenceNode | None = None
    seen: dict[str, Node] = {}
    values: dict[str, Node] = {}
    for key_node, value_node in root.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
        if key in seen:
            # Another `nc` is an override; another table of rows hides layers.
            hides = key in SECTIONS and _is_list(values[key])
            raise reader.refusal(
                "duplicate-key" if hides else "repeated-key",
                f"the key {key!r} occurs twice at the top level; "
                "YAML readers silently use the last",
                key_node,
            )
        seen[key], values[key] = key_node, value_node
        if key not in SECTIONS:
            reader.refuse_hidden_table(key, key_node, value_node)
            settings[key] = value_of(value_node, text, shown)
            if key == "anchors" and isinstance(value_node, SequenceNode):
                anchors = value_node
    first = 0
    for name in SECTIONS:
        node = {str(k.value): v for k, v in root.value}.get(name)
        if node is None:
            raise _no_table(name, seen, shown)
        tables[name] = reader.section(name, node, first)
        first += len(tables[name].rows)
    if not tables["head"].rows:
        raise reader.refusal("not-a-model", "the `head` table has no rows", seen["head"])
    if seen["head"].start_mark.index < seen["backbone"].start_mark.index:
        raise reader.refusal(
            "unusual-order",
            "`head` is above `backbone`; layers are counted "
            "from the backbone, so the order of the lines would be misleading",
            seen["head"],
        )
    return Document(
        shown,
        text,
        tuple(tables[name] for name in SECTIONS),
        settings,
        tuple((item.start_mark.index, node_end(item)) for item in anchors.value) if anchors else (),
        bool(anchors.flow_style) if anchors else False,
    )


def _is_list(node: Node) -> bool:
    return isinstance(node, SequenceNode) and bool(node.value)


def _no_table(name: str, keys: Collection[str], shown: str) -> Refusal:
    """Return the refusal of a file without a table, with what it is where that is known."""
    other = described(keys)
    lack = f"it has no `{name}` table"
    hint = "a model YAML has `backbone:` and `head:`, lists of [from, number, module, args]"
    why, hint = (f"{other[0]}, {lack}", other[1]) if other else (lack, hint)
    code = "no-head" if name == "head" and "backbone" in keys else "not-a-model"
    return Refusal(code, f"this is not a model YAML: {why}", place=Place(shown), hint=hint)


class _RowReader:
    """Convert nodes to rows; invalid rows are refused."""

    def __init__(self, text: str, shown: str):
        self.text = text
        self.shown = shown
        self.visited: set[int] = set()

    def refusal(self, code: str, message: str, node: Node, hint: str = "") -> Refusal:
        start = node.start_mark.index
        end = max(node_end(node), start + 1)
        return Refusal(code, message, place=Place.at(self.shown, self.text, start, end), hint=hint)

    def section(self, name: str, node: Node, first: int) -> Section:
        self._no_alias(node)
        if not isinstance(node, SequenceNode):
            raise self.refusal("bad-table", f"`{name}` is not a list of rows", node)
        rows = tuple(self._row(name, item, first + i) for i, item in enumerate(node.value))
        return Section(name, node.start_mark.index, bool(node.flow_style), rows)

    def _no_alias(self, node: Node) -> None:
        # The composer hands out one node per anchor; meeting it again means an alias.
        if id(node) in self.visited or node.anchor is not None:
            raise self.refusal(
                "alias",
                "anchors and aliases in a table of layers are not edited: "
                "one text would be several layers",
                node,
                hint="write the repeated part in full",
            )
        self.visited.add(id(node))
        for child in node.value if isinstance(node, SequenceNode) else ():
            self._no_alias(child)

    def _row(self, section: str, node: Node, index: int) -> Row:
        if not isinstance(node, SequenceNode) or len(node.value) != 4:
            count = f", has {len(node.value)}" if isinstance(node, SequenceNode) else ""
            raise self.refusal(
                "bad-row",
                f"layer {index} is not a row of four, [from, number, module, args]{count}",
                node,
                hint=_WORD_HINT if isinstance(node, ScalarNode) and node.value else "",
            )
        source, number, module, args = node.value
        if not isinstance(module, ScalarNode) or not module.value.strip():
            raise self.refusal("bad-row", f"the module of layer {index} is not a name", module)
        if not isinstance(scalar_value(module, self.text), str):
            raise self.refusal(
                "bad-row",
                f"the module of layer {index} is {module.value!r}, which YAML readers read as "
                f"{scalar_value(module, self.text)!r}",
                module,
                hint="quote it if it is a class name",
            )
        if not isinstance(args, SequenceNode):
            raise self.refusal("bad-row", f"the args of layer {index} are not a list", args)
        refs = self._refs(source, index)
        end = node_end(node)
        return Row(
            index=index,
            section=section,
            start=node.start_mark.index,
            end=end,
            refs=refs,
            listed=isinstance(source, SequenceNode),
            repeats=value_of(number, self.text, self.shown),
            module=str(module.value),
            args=tuple(value_of(args, self.text, self.shown)),
            spans=tuple((part.start_mark.index, node_end(part)) for part in node.value),
            arg_spans=tuple((part.start_mark.index, node_end(part)) for part in args.value),
            flow=bool(node.flow_style),
            comment=index_comment(self.text, end),
        )

    def _refs(self, node: Node, index: int) -> tuple[Ref, ...]:
        items = node.value if isinstance(node, SequenceNode) else [node]
        return tuple(self._ref(item, index) for item in items)

    def _ref(self, node: Node, index: int) -> Ref:
        start, end = node.start_mark.index, node.end_mark.index
        spelled = self.text[start:end]
        plain = spelled.removeprefix("-")
        # `-0` and `01` would not come back in the same spelling.
        is_number = plain.isascii() and plain.isdigit() and (spelled == "0" or plain[0] != "0")
        if not isinstance(node, ScalarNode) or not is_number or len(plain) > 9:
            raise self.refusal(
                "bad-reference",
                f"the `from` of layer {index} is {spelled[:40]!r}, which is not a layer number",
                node,
                hint="write a plain integer: -1, or the index of a layer",
            )
        return Ref(int(spelled), start, end)

    def refuse_hidden_table(self, key: str, key_node: Node, node: Node) -> None:
        """Refuse a third table of layers, and keys that hold layer numbers outside the tables."""
        if _LAYER_KEY.fullmatch(key) and not isinstance(node, MappingNode):
            raise self.refusal(
                "layer-numbers-elsewhere",
                f"{key!r} seems to contain layer numbers outside the tables; their meaning in the "
                "fork is unknown, so they cannot be renumbered safely",
                key_node,
                hint="edit this file by hand",
            )
        if not isinstance(node, SequenceNode) or not node.value:
            return
        rows = [item for item in node.value if isinstance(item, SequenceNode)]
        if any(len(row.value) == 4 and isinstance(row.value[3], SequenceNode) for row in rows):
            raise self.refusal(
                "third-table",
                f"{key!r} is a third table of layers besides backbone and head; "
                "how the fork numbers its layers is unknown, so no reference can be proven",
                key_node,
                hint="edit this file by hand, or move the rows into `backbone`",
            )


def node_end(node: Node) -> int:
    """Return where a node's own text ends; a block collection's end mark lies further down."""
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return node_end(node.value[-1])
    return int(node.end_mark.index)
