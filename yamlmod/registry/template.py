"""A module of the registry: its rule, its arguments, its code as text."""

import ast
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from yamlmod.registry.code.parts import taken_apart
from yamlmod.registry.rules import JOINING_RULES

ARGUMENT_TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "ints": (list, tuple),
    "strs": (list, tuple),
    "any": (object,),
}


class Argument(NamedTuple):
    """One constructor argument after those that the channel rule supplies."""

    name: str
    type: str
    default: str
    doc: str
    optional: bool = False
    bounds: tuple[tuple[str, float], ...] = ()
    choices: tuple[Any, ...] = ()
    odd: bool = False
    required: bool = False
    # Values within the bounds that the class refuses: they mean something else elsewhere.
    refused: tuple[Any, ...] = ()
    # What published copies do with another value than the default, where it is not what the class
    # does; and the argument that chooses between the two.
    elsewhere: str = ""
    settled_by: str = ""
    doc_zh: str = ""
    elsewhere_zh: str = ""

    def objection(self, value: object) -> str | None:
        """Validate ``value``: an error message, or None."""
        if value is None:
            return None if self.optional else f"{self.name} must not be None"
        wrong_bool = isinstance(value, bool) and self.type not in ("bool", "any")
        if wrong_bool or not isinstance(value, ARGUMENT_TYPES[self.type]):
            return f"{self.name} must be {self.described()}, got {value!r}"
        if self.type in ("ints", "strs") and isinstance(value, (list, tuple)):
            each = self._replace(name=f"each of {self.name}", type=self.type[:-1])
            objections = [each.objection(item) for item in value] or [
                f"{self.name} must not be empty"
            ]
            return next(filter(None, objections), None)
        if self.choices and value not in self.choices:
            known = ", ".join(map(str, self.choices))
            return f"{self.name} must be one of {known}, got {value!r}"
        if value in self.refused:
            return f"{self.name} must not be {value!r}: {self.doc[0].lower()}{self.doc[1:]}"
        if isinstance(value, (int, float)):
            for kind, limit in self.bounds:
                if not _BOUND_HOLDS[kind](value, limit):
                    message = f"{self.name} must be {BOUND_SIGNS[kind]} {limit:g}, got {value!r}"
                    return message + (_CHANNELS if _is_like_channels(value) else "")
            if self.odd and value % 2 == 0:
                return f"{self.name} must be odd, got {value!r}"
        return None

    def described(self) -> str:
        """The argument's type in words."""
        kind = {
            "int": "an integer",
            "float": "a number",
            "bool": "True or False",
            "str": "a string",
            "ints": "a list of integers",
            "strs": "a list of strings",
            "any": "any value",
        }[self.type]
        return f"{kind} or None" if self.optional else kind


_CHANNELS = ", which looks like a channel count"


def _is_like_channels(value: float) -> bool:
    return value >= 32 and value % 8 == 0


BOUND_SIGNS = {"min": ">=", "max": "<=", "exclusive_min": ">", "exclusive_max": "<"}
_BOUND_HOLDS = {
    "min": lambda value, limit: value >= limit,
    "max": lambda value, limit: value <= limit,
    "exclusive_min": lambda value, limit: value > limit,
    "exclusive_max": lambda value, limit: value < limit,
}


class WildRow(NamedTuple):
    """Arguments found in published YAMLs: their meaning here, or the row to write instead."""

    args: str
    verdict: str
    meaning: str
    write: str
    meaning_zh: str = ""


class Reference(NamedTuple):
    """The published code whose constructor and keys a template keeps: facts about it."""

    url: str = ""
    kind: str = "none"
    licence: str = ""
    variant: str = ""
    # Which published weights load, and what they need.
    weights: str = ""
    variant_zh: str = ""
    weights_zh: str = ""


class Channels(NamedTuple):
    """The rule for groups and heads, and the common channel counts that are refused."""

    rule: str = ""
    refused: tuple[int, ...] = ()
    rule_zh: str = ""
    # All inputs of a module that joins have the same number.
    equal: bool = False
    # How many inputs a module that joins takes at most; 0: any number.
    inputs: int = 0


_NO_REFERENCE = Reference()
_ANY_CHANNELS = Channels()


class Resize(NamedTuple):
    """How a module changes the size of a map: the argument that enlarges it, or a fixed stride."""

    up: str = ""
    down: int = 1


_KEEPS_SIZE = Resize()


MODULE_KINDS = {
    "channel": "通道注意力",
    "spatial": "空间注意力",
    "self": "自注意力",
    "convolution": "卷积",
    "block": "模块",
    "upsample": "上采样",
    "downsample": "下采样",
    "fusion": "特征融合",
}
"""The kinds of modules, with their Chinese terms."""
_NO_ATTENTION = ("upsample", "downsample", "fusion")


class Template(NamedTuple):
    """A module of the registry; its code is text and is never imported here."""

    name: str
    class_name: str
    file: str
    version: str
    aliases: tuple[str, ...]
    summary: str
    rule: str
    python: str
    torch: str
    requirements: tuple[str, ...]
    paper: Mapping[str, Any]
    arguments: tuple[Argument, ...]
    wild: tuple[WildRow, ...]
    text: str | Callable[[], str]  # the file's, or what makes it where it is asked for
    reference: Reference = _NO_REFERENCE
    channels: Channels = _ANY_CHANNELS
    identity: Mapping[str, float] = {}
    limits: Mapping[str, str] = {}
    # Attention weights per image, if they grow faster than the feature map.
    weights: str = ""
    # Where it comes from: `built-in`, `file`, `fork` (a class of the fork's own), or the folder
    # or pack that holds it.
    origin: str = "built-in"
    of: str = ""  # the template that this one is a renamed copy of
    license: str = "0BSD"
    # Names that the code expects common.py to bind: it brings no import for them.
    uses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    open_ended: bool = False  # the constructor takes any number of arguments
    # Where its code has to be in a fork; empty: wherever the command says.
    placement: str = ""
    # Names and summary in Chinese. A name may be looked up, but is not a name for a row.
    names_zh: tuple[str, ...] = ()
    summary_zh: str = ""
    kind: tuple[str, ...] = ()  # what it weights or mixes: keys of MODULE_KINDS
    resize: Resize = _KEEPS_SIZE
    # What the usual code of an alias does, where it is not what the class does by default.
    other_code: Mapping[str, str] = {}
    limits_zh: Mapping[str, str] = {}
    other_code_zh: Mapping[str, str] = {}
    # The class of the fork whose own tests in parse_model it joins, such as C3k2.
    alike: str = ""

    @property
    def source(self) -> str:
        return self.text if isinstance(self.text, str) else self.text()

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name, its class and its aliases."""
        return tuple(dict.fromkeys((self.name, self.class_name, *self.aliases)))

    @property
    def kinds_in_words(self) -> tuple[str, ...]:
        """Its kinds in English and Chinese, as they are searched for."""
        return tuple(
            f"{word}{'' if word in _NO_ATTENTION else ' attention'} {MODULE_KINDS.get(word, '')}"
            for word in self.kind
        )

    def matches(self, word: str) -> bool:
        """Check whether ``word`` occurs in a name, a summary or the paper's title, in any case."""
        texts = (*self.names, *self.names_zh, self.summary, self.summary_zh, *self.kinds_in_words)
        title = str(self.paper.get("title", ""))
        return any(word.casefold() in text.casefold() for text in (*texts, title))

    @property
    def imports(self) -> tuple[str, ...]:
        """Return the file's top-level import statements, one line each."""
        return taken_apart(self.source).imports

    @property
    def code(self) -> str:
        """The code that is added to a fork: everything after the last import."""
        return taken_apart(self.source).code

    @property
    def digest(self) -> str:
        """A short hash of the code's syntax, to detect edited copies."""
        return taken_apart(self.source).digest

    def row_warnings(self, word: str, given: list[Any] | None) -> list[str]:
        """What a row of these args computes otherwise in published code called ``word``."""
        warnings = []
        for alias, note in self.other_code.items():
            if alias.lower() == word.lower() and alias.lower() != self.name.lower():
                warnings.append(f"{alias} is {self.name} here: {note}")
        values = list(given or [])[1 if self.takes_nominal else 0 :]
        by_name = {a.name: (a, value) for a, value in zip(self.arguments, values, strict=False)}
        for argument, value in by_name.values():
            is_settled = argument.settled_by in by_name
            if argument.elsewhere and str(value) != argument.default and not is_settled:
                warnings.append(f"{self.name} with {argument.name}={value}: {argument.elsewhere}")
        return warnings

    def constructor(self, channels_in: int, channels_out: int, args: list[Any]) -> list[Any]:
        """The positional arguments that parse_model passes to the class."""
        if self.joins:
            return [[channels_in] * self.least_inputs, *args]
        both = [channels_in, channels_out]
        leading = {"same": [channels_in], "free": [], "conv": both, "csp": [*both, 1]}
        return [*leading[self.rule], *args]

    def row_args(self, nominal: int | None) -> list[Any]:
        """The args of the row that an insertion writes by default."""
        if self.rule == "level":
            return [0]
        # Some versions of ultralytics set c3k by its place, where it has to be in the row.
        own = [ast.literal_eval(one.default) for one in self.arguments[: bool(self.alike)]]
        return [nominal, *own] if self.takes_nominal else []

    @property
    def shape_facts(self) -> tuple[bool, list[str], int, tuple[str, int], str]:
        """What `model.known_modules.template_kind` takes."""
        names = [argument.name for argument in self.arguments]
        joins = self.rule if self.joins else ""
        return self.takes_nominal, names, self.resize.down, self._growth, joins

    @property
    def joins(self) -> bool:
        """Check whether it reads a list of layers."""
        return self.rule in JOINING_RULES

    @property
    def least_inputs(self) -> int:
        """How many layers it reads at least."""
        return {"concat": 2, "add": 2, "level": 3}.get(self.rule, 1)

    @property
    def most_inputs(self) -> int | None:
        """How many layers a module that joins reads at most; None: any number."""
        return 3 if self.rule == "level" else self.channels.inputs or None

    @property
    def changes_size(self) -> bool:
        """Check whether it is there to make maps larger or smaller."""
        return bool(self.resize.up) or self.resize.down > 1

    @property
    def exchanges(self) -> bool:
        """Check whether it takes the place of another layer, instead of a place of its own."""
        return self.changes_size or self.joins

    def args_for_factor(self, factor: float) -> list[Any]:
        """The args, after the channels, with which it enlarges a map by ``factor``."""
        up, default = self._growth
        position = next((i for i, a in enumerate(self.arguments) if a.name == up), 0)
        if not up or factor in (0, default) or self.arguments[position].objection(int(factor)):
            return []
        front = [ast.literal_eval(argument.default) for argument in self.arguments[:position]]
        return [*front, int(factor)]

    @property
    def _growth(self) -> tuple[str, int]:
        """The argument that enlarges a map, and its default."""
        up = self.resize.up
        defaults = (argument.default for argument in self.arguments if argument.name == up)
        return (up, int(next(defaults))) if up else ("", 1)

    @property
    def takes_nominal(self) -> bool:
        """Check whether a row starts with nominal output channels, as for Conv or C3."""
        return self.rule in ("conv", "csp")
