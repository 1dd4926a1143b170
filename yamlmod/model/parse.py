"""From text to YAML nodes and plain values, within bounds."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import Reader
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tag import Tag

from yamlmod.errors import Place, Refusal
from yamlmod.model.flow_rows import FlowRows
from yamlmod.model.scalars import scalar_value
from yamlmod.yaml_words import YAML_WORDS

# The largest of 762 real model files has 9,637 bytes; composing costs about 5 s a megabyte.
MAX_CHARACTERS = 400_000
_MAX_DIGITS = 20
_ODD_NEWLINE = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_MAX_DEPTH = 60
# Numbers of more digits than a float can hold; Python turns them into text in quadratic time.
_HUGE_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:0[xXoObB][0-9a-fA-F_]{250,}|[0-9][0-9_]{250,})")


@lru_cache(maxsize=2)
def compose(text: str, shown: str) -> Node | None:
    """Return the root node of a YAML text; a Refusal says where it does not parse.

    The trees of the last two texts are kept, because this is what an edit's time goes into: the
    proof builds its own plain data from the tree that the rows were read from.
    """
    if len(text) > MAX_CHARACTERS:
        raise Refusal(
            "too-large",
            f"{len(text):,} characters are no model YAML (at most {MAX_CHARACTERS:,} are read)",
            place=Place(shown),
        )
    _refuse_odd_newlines(text, shown)
    _refuse_depth(text, shown)
    _refuse_huge_numbers(text, shown)
    try:
        return _composed(text)
    except Exception as error:  # KeyError for `%YAML 1.13`, and whatever else a fuzzer finds
        raise _refusal(error, text, shown, "parse") from error


def _composed(text: str) -> Node | None:
    yaml = _yaml()
    rows = FlowRows(text, yaml.resolver.resolve)
    if rows:
        with contextlib.suppress(Exception):  # what is wrong is said of the whole text
            root: Node | None = yaml.compose(rows.skeleton)
            if rows.fill(root):
                return root
        yaml = _yaml()
    return yaml.compose(text)  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def load_plain(text: str, shown: str) -> Mapping[str, Any]:
    """Return a model YAML as the loader's own plain data, apart from nodes and marks.

    The data is shared between callers and must not be changed.
    """
    try:
        root = compose(text, shown)
    except Refusal as error:
        message = error.message.replace("parse", "load", 1)
        raise Refusal(error.code, message, place=error.place) from error
    try:
        data = _simple(root, set())
    except _NotSimpleError:
        data = _loaded(text, shown)
    if not isinstance(data, dict):
        why = f"{'the file is empty: ' if data is None else ''}its top level is not a mapping"
        raise Refusal("not-a-model", why, place=Place(shown))
    return data


@lru_cache(maxsize=8)
def load_as_fork(text: str, shown: str) -> Mapping[str, Any]:
    """Return a model YAML as the plain data that a fork gets of it: scalars as PyYAML reads them.

    The data is shared between callers and must not be changed.
    """
    root = compose(text, shown)
    if not isinstance(root, MappingNode):
        raise Refusal("not-a-model", "its top level is not a mapping", place=Place(shown))
    return {str(key.value): value_of(value, text, shown) for key, value in root.value}


def _loaded(text: str, shown: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # From the text, not the nodes: `%YAML 1.1` changes what the constructor makes of them.
            return _yaml().load(text)
    except Exception as error:
        raise _refusal(error, text, shown, "load") from error


class _NotSimpleError(Exception):
    """Something that the library shall construct: a tag, an anchor, a key that stands twice."""


def _simple(node: Any, seen: set[int]) -> Any:
    """Return lists, mappings and plain scalars as the library would construct them, but sooner."""
    if node is None or id(node) in seen or node.anchor is not None:
        raise _NotSimpleError
    seen.add(id(node))
    tag = node.ctag
    if tag is _STR or tag is VersionedResolver.DEFAULT_SCALAR_TAG:
        return node.value
    if tag is _INT:
        return int(node.value)
    if tag is _FLOAT:
        return float(node.value)
    if tag is VersionedResolver.DEFAULT_SEQUENCE_TAG:
        return [_simple(child, seen) for child in node.value]
    if tag is VersionedResolver.DEFAULT_MAPPING_TAG:
        keys = [_simple(key, seen) for key, _ in node.value]
        if all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys):
            return dict(zip(keys, (_simple(value, seen) for _, value in node.value), strict=True))
    if isinstance(node, ScalarNode) and node.value in _BOOLEANS and str(tag).endswith(":bool"):
        return _BOOLEANS[node.value]
    raise _NotSimpleError


_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


class _Reader(Reader):
    """The library's reader, without its pattern of 60,000 characters where none of them is odd.

    To compile that pattern takes as long as to compose a file, and one emoji asks for it.
    """

    def check_printable(self, data: Any) -> None:
        # Whatever Python calls printable may stand in YAML as well.
        if not data.translate(_BLANKS).isprintable():
            super().check_printable(data)


_BLANKS = dict.fromkeys(map(ord, "\t\n\r"))


class _Resolver(VersionedResolver):
    """The library's answers, without its regular expressions for what model YAMLs are made of."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        tag = _plain_tag(value) if kind is ScalarNode and implicit[0] else None
        return super().resolve(kind, value, implicit) if tag is None else tag


class _Scanner(Scanner):
    """The library's scanner, which asks once whether its next token is ready, and not ten times."""

    _is_ready = False

    def check_token(self, *choices: Any) -> bool:
        if not self._is_ready:
            while self.need_more_tokens():
                self.fetch_more_tokens()
            self._is_ready = bool(self.tokens)
        return self._is_ready and (not choices or isinstance(self.tokens[0], choices))

    def peek_token(self) -> Any:
        return self.tokens[0] if self.check_token() else None

    def get_token(self) -> Any:
        if not self.check_token():
            return None
        self._is_ready = False
        self.tokens_taken += 1
        return self.tokens.pop(0)


_INT, _FLOAT, _STR = (Tag(suffix=f"tag:yaml.org,2002:{kind}") for kind in ("int", "float", "str"))


def _plain_tag(value: str) -> Any:
    """Return the tag of an unquoted scalar where every version of YAML gives it the same."""
    if not value.isascii() or len(value) > _MAX_DIGITS:
        return None
    if value[:1].isalpha():
        return None if value.lower() in YAML_WORDS else _STR
    whole, dot, part = value.removeprefix("-").partition(".")
    if not whole.isdigit() or (whole[0] == "0" and whole != "0"):
        return None
    if dot:
        return _FLOAT if part.isdigit() else None
    return _INT


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Reader, yaml.Scanner, yaml.Resolver = _Reader, _Scanner, _Resolver
    yaml.composer.warn_double_anchors = False  # it would print; what we say about anchors is ours
    return yaml


def _refusal(error: Exception, text: str, shown: str, verb: str) -> Refusal:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = Place.at(shown, text, min(mark.index, len(text))) if mark else Place(shown)
        problem = " ".join(str(part) for part in (error.context, error.problem) if part)
        hint = _cause(place) if verb == "parse" else ""
    else:
        place, hint = _character_place(error, text, shown), ""
        problem = str(getattr(error, "reason", None) or error).split("\n")[0]
        if not isinstance(error, (YAMLError, ValueError)):
            problem = f"{type(error).__name__} {problem}"
    return Refusal("bad-yaml", f"this does not {verb} as YAML: {problem}", place=place, hint=hint)


def _refuse_huge_numbers(text: str, shown: str) -> None:
    match = _HUGE_NUMBER.search(text)
    if match is not None:
        raise Refusal(
            "bad-yaml",
            "this does not parse as YAML: a number of more than 250 digits",
            place=Place.at(shown, text, match.start()),
        )


def _cause(place: Place) -> str:
    if "\xa0" in place.excerpt:
        return (
            "the line holds a no-break space (U+00A0), often pasted from a web page; type a space"
        )
    if "\t" in place.excerpt:
        return "the line holds a tab, which YAML does not take as indentation; type spaces"
    return "often a comma or a bracket is missing in the row above"


def _refuse_odd_newlines(text: str, shown: str) -> None:
    # YAML ends a line there, editors and diffs do not: what looks like one line would be two.
    found = _ODD_NEWLINE.search(text)
    if found is not None:
        name = f"U+{ord(found[0]):04X}"
        raise Refusal(
            "odd-newline",
            f"a lone {name} ends a line here for YAML, but not for editors and diffs",
            place=Place.at(shown, text, found.start()),
            hint="convert the file's line endings to LF or CRLF",
        )


def _character_place(error: Exception, text: str, shown: str) -> Place:
    position = getattr(error, "position", None)
    if isinstance(position, int) and 0 <= position < len(text):
        return Place.at(shown, text, position)
    return Place(shown)


def _refuse_depth(text: str, shown: str) -> None:
    # The composer recurses once a level; a count of open brackets bounds the flow levels, and
    # quoted brackets can only make it stricter.
    depth = 0
    for position, character in enumerate(text):
        if character in "[{":
            depth += 1
            if depth > _MAX_DEPTH:
                raise Refusal(
                    "too-deep",
                    f"brackets are nested more than {_MAX_DEPTH} deep",
                    place=Place.at(shown, text, position),
                )
        elif character in "]}":
            depth = max(0, depth - 1)


def value_of(node: Node, text: str, shown: str) -> Any:
    """Return a node as plain data: lists, dicts, numbers, booleans, None and strings.

    Raises Refusal for an alias, because expanding aliases can take unbounded time.
    """
    return _Values(text, shown).value(node)


class _Values:
    """Converts one node, refusing to walk any of its children twice."""

    def __init__(self, text: str, shown: str):
        self.text = text
        self.shown = shown
        self.visited: set[int] = set()

    def value(self, node: Node) -> Any:
        if isinstance(node, ScalarNode):
            return scalar_value(node, self.text)
        if id(node) in self.visited:
            raise Refusal(
                "alias",
                "this file uses YAML aliases (`*name`), which are not edited",
                place=Place.at(self.shown, self.text, node.start_mark.index),
                hint="write the repeated part out",
            )
        self.visited.add(id(node))
        if isinstance(node, SequenceNode):
            return [self.value(child) for child in node.value]
        if isinstance(node, MappingNode):
            return {str(self.value(key)): self.value(child) for key, child in node.value}
        raise TypeError(f"unknown YAML node {type(node).__name__}")


def value_key(value: Any) -> str:
    """Return a value as text that tells 1 from True, but not `null` from `None`."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(value_key, value)) + "]"
    return "None" if value is None else repr(value) if value != "None" else "None"
