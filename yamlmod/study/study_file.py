"""Read a study file: a base, components, seeds, and how the components are combined."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.model.parse import load_plain
from yamlmod.ops.operation import all_operations
from yamlmod.study.variant_names import BASE, PLACEBO

SCRATCH = "scratch"
COMBINATIONS = ("each", "cumulative", "leave-one-out", "full")
CONTROLS = (PLACEBO,)
EACH = "each"
MOST_VARIANTS = 2_000
MOST_RUNS = 20_000
_KEYS = (
    *("study", "repo", "target", "base", "weights", "python", "train", "script"),
    *("seeds", "components", "combine", "controls"),
)
_NEEDED = ("repo", "base", "train", "components")
MOST_SEEDS = 1_000
MOST_EPOCHS = 100_000
_NAME = re.compile(r"(?![.-])[A-Za-z0-9_.-]{1,60}(?<![.-])")
# Windows opens a device by these names, whatever the folder.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")
_LARGEST_SEED = 2**32 - 1  # numpy takes no larger one
_EXAMPLE = "docs/studies.md describes the format"


class Component(NamedTuple):
    """What can be on or off: edits of the YAML, modules, a patch of the code, options.

    ``is_identity``: the layers that it inserts start as the identity.
    """

    name: str
    edits: tuple[Mapping[str, Any], ...] = ()
    modules: tuple[str, ...] = ()
    patch: str = ""
    train: Mapping[str, Any] | None = None
    is_identity: bool = False


@dataclass(frozen=True)
class StudyFile:
    """A study as written. Paths are relative to the file's folder."""

    shown: str
    name: str
    repo: str
    base: str
    weights: str
    python: str
    script: str
    # The parse function, FILE[:FUNCTION], where the fork has several.
    target: str
    train: Mapping[str, Any]
    seeds: tuple[int, ...]
    components: tuple[Component, ...]
    combine: str | tuple[tuple[str, ...], ...]
    controls: tuple[str, ...]


def read_study(text: str, shown: str) -> StudyFile:
    """Read a study file. Raises Refusal, with the key and its line, for one that is not right."""
    return _Reading(text, shown).study()


class _Reading:
    """Reads one file; every refusal names a key and its line."""

    def __init__(self, text: str, shown: str) -> None:
        self.text, self.shown = text, shown
        self.data = load_plain(text, shown)

    def study(self) -> StudyFile:
        if "backbone" in self.data:
            raise self._refusal("it is a model YAML, not a study", "backbone")
        self._check_keys(self.data, _KEYS, "a study")
        for key in _NEEDED:
            if key not in self.data:
                raise self._refusal(f"a study needs the key `{key}`", "")
        train = self._options(self._mapping("train"), "train", "train")
        if "epochs" not in train:
            raise self._refusal("train needs `epochs`", "train")
        components = self._components()
        return StudyFile(
            shown=self.shown,
            name=self._word("study", "study"),
            repo=self._word("repo"),
            base=self._word("base"),
            weights=self._word("weights", SCRATCH),
            python=self._word("python", ""),
            script=self._word("script", ""),
            target=self._word("target", ""),
            train=train,
            seeds=self._seeds(),
            components=components,
            combine=self._combine([component.name for component in components]),
            controls=self._choices("controls", CONTROLS),
        )

    def _components(self) -> tuple[Component, ...]:
        components = self._mapping("components")
        if not components:
            raise self._refusal("components is empty", "components")
        homes: dict[str, str] = {}
        for name in map(str, components):  # some file systems do not tell `A` from `a`
            if homes.setdefault(name.casefold(), name) != name:
                raise self._refusal(
                    f"components {homes[name.casefold()]} and {name} differ in case only", name
                )
        return tuple(self._component(str(name), value) for name, value in components.items())

    def _component(self, name: str, value: Any) -> Component:
        if not _NAME.fullmatch(name) or _DEVICES.fullmatch(name):
            raise self._refusal(
                f"{name[:80]!r} cannot be a component's name: it names a folder; write up to 60 "
                "letters, digits, `_`, `-` and `.`, the last two only between others",
                name,
            )
        if name.casefold() == BASE or name.casefold().endswith(f"-{PLACEBO}"):
            raise self._refusal(
                f"{name!r} cannot be a component's name: variants of a study have it", name
            )
        parts = value if isinstance(value, list) else [value]
        edits: list[Mapping[str, Any]] = []
        modules: list[str] = []
        patch, train, init = "", None, None
        for part in parts:
            if not isinstance(part, dict):
                raise self._refusal(f"component {name} is {_kind(part)}; {_COMPONENT}", name)
            part = dict(part)
            modules += self._list_of_words(part.pop("modules", []), f"modules of {name}", name)
            patch = self._word_of(part.pop("patch", patch), f"patch of {name}", name)
            init = part.pop("init", init)
            options = part.pop("train", train)
            if options is not None:
                train = self._options(options, f"train of {name}", name)
            if part:
                edits.append(self._edit(part, name))
        if not (edits or modules or patch or train):
            raise self._refusal(f"component {name} changes nothing; {_COMPONENT}", name)
        if sum(map(is_swept, edits)) > 1:
            raise self._refusal(f"component {name} sweeps two places; one is swept at a time", name)
        is_identity = self._init(init, edits, name)
        return Component(name, tuple(edits), tuple(modules), patch, train, is_identity)

    def _init(self, init: Any, edits: Sequence[Mapping[str, Any]], name: str) -> bool:
        if init is None:
            return False
        if init != "identity":
            raise self._refusal(f"init of {name} is `identity`, or is left out", "init")
        if not edits or any("insert" not in edit for edit in edits):
            raise self._refusal(
                f"init of {name}: only layers that are inserted can start as the identity", "init"
            )
        if self.data.get("weights", SCRATCH) == SCRATCH:
            raise self._refusal(
                f"init of {name}: from scratch no layer has weights that a new one could keep "
                "as they are; give `weights`",
                "init",
            )
        return True

    def _edit(self, edit: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        operations = all_operations()
        named = [str(key) for key in edit if key in operations]
        if len(named) == 1:
            operation = operations[named[0]]
            self._check_keys(edit, (operation.name, *operation.options), operation.name)
            if is_swept(edit) and operation.name != "insert":
                raise self._refusal(f"{name}: only the place of an insert is swept", name)
            return edit
        if named:
            raise self._refusal(
                f"component {name} names {one_of(named)} at once; write a list of edits", name
            )
        known = (*operations, "modules", "patch", "train", "init")
        wrong = next(str(key) for key in edit)
        raise self._refusal(
            f"component {name} has no operation `{wrong}`{_similar(wrong, known)}; {_COMPONENT}",
            wrong,
        )

    def _seeds(self) -> tuple[int, ...]:
        seeds = self.data.get("seeds", 5)
        count = len(seeds) if isinstance(seeds, list) else seeds
        if type(count) is int and count > MOST_SEEDS:
            raise self._refusal(f"more than {MOST_SEEDS:,} seeds", "seeds")
        if _is_count(seeds):
            return tuple(range(seeds))
        whole = isinstance(seeds, list) and all(
            type(seed) is int and 0 <= seed <= _LARGEST_SEED for seed in seeds
        )
        if not whole or not seeds or len(set(seeds)) != len(seeds):
            raise self._refusal(
                "seeds is how many (5), or a list of different whole numbers below 2**32",
                "seeds",
            )
        return tuple(seeds)

    def _combine(self, names: Sequence[str]) -> str | tuple[tuple[str, ...], ...]:
        value = self.data.get("combine", "each")
        if isinstance(value, str):
            if value not in COMBINATIONS:
                near = _similar(value, COMBINATIONS)
                raise self._refusal(
                    f"there is no combination `{value}`{near}; {_COMBINE}", "combine"
                )
            return value
        if not isinstance(value, list) or not value:
            raise self._refusal(_COMBINE, "combine")
        lists = []
        for item in value:
            words = self._list_of_words(item, "each list of combine", "combine")
            if not words:
                raise self._refusal(
                    "combine: an empty list is the base, which is there anyway", "combine"
                )
            for word in words:
                if word not in names:
                    near = _similar(word, names)
                    raise self._refusal(f"combine: there is no component `{word}`{near}", "combine")
            lists.append(tuple(words))
        return tuple(lists)

    def _choices(self, key: str, known: Sequence[str]) -> tuple[str, ...]:
        words = self._list_of_words(self.data.get(key, []), key, key)
        for word in words:
            if word not in known:
                near = _similar(word, known)
                raise self._refusal(f"{key}: there is no `{word}`{near}; {one_of(known)}", key)
        return tuple(dict.fromkeys(words))

    def _options(self, options: Any, what: str, key: str) -> Mapping[str, Any]:
        """Check options of the training script: words, with plain values."""
        if not isinstance(options, dict):
            raise self._refusal(f"{what} is {_kind(options)}, not options", key)
        for name, value in options.items():
            if not isinstance(name, str) or not _OPTION.fullmatch(name):
                raise self._refusal(
                    f"{what}: {str(name)[:80]!r} is not the name of an option", str(name)
                )
            for item in value if isinstance(value, list) else [value]:
                if not isinstance(item, (str, int, float, bool, type(None))) or "\0" in str(item):
                    raise self._refusal(
                        f"{what}: {name} is {_kind(item)}, and a plain value is needed", name
                    )
        epochs = options.get("epochs", 1)
        if not _is_count(epochs) or epochs > MOST_EPOCHS:
            raise self._refusal(
                f"{what}: epochs is a whole number from 1 to {MOST_EPOCHS:,}", "epochs"
            )
        return options

    def _mapping(self, key: str) -> Mapping[str, Any]:
        value = self.data[key]
        if not isinstance(value, dict):
            raise self._refusal(f"{key} is {_kind(value)}, and a mapping is needed", key)
        return value

    def _word(self, key: str, default: str | None = None) -> str:
        return self._word_of(self.data.get(key, default), key, key)

    def _word_of(self, value: Any, what: str, key: str) -> str:
        if not isinstance(value, str):
            raise self._refusal(f"{what} is {_kind(value)}, and a name or path is needed", key)
        if "\0" in value or "\n" in value or len(value) > 1000:
            raise self._refusal(f"{what} is no name or path", key)
        return value

    def _list_of_words(self, value: Any, what: str, key: str) -> list[str]:
        words = value if isinstance(value, list) else [value]
        return [self._word_of(word, what, key) for word in words]

    def _check_keys(self, data: Mapping[Any, Any], known: Sequence[str], what: str) -> None:
        for key in data:
            if key not in known:
                near = _similar(str(key), known)
                raise self._refusal(
                    f"{what} has no key `{key}`{near}; it has {one_of(known, 20)}", str(key)
                )

    def _refusal(self, message: str, key: str) -> Refusal:
        match = key and re.search(
            rf"^[\s{{,-]*['\"]?{re.escape(key)}['\"]?\s*:", self.text, re.MULTILINE
        )
        if not match and key:
            match = re.search(rf"[\s{{,'\"]{re.escape(key)}['\"]?\s*:", self.text)
        if not match:
            return Refusal("bad-study", message, place=Place(self.shown), hint=_EXAMPLE)
        start = self.text.index(key, match.start())
        place = Place.at(self.shown, self.text, start, start + len(key))
        return Refusal("bad-study", message, place=place, hint=_EXAMPLE)


_COMPONENT = (
    "a component is an edit (insert, replace, ...), `modules`, `patch`, `train`, or a list of them"
)
_COMBINE = f"combine is {one_of(COMBINATIONS)}, or lists of components"


def is_swept(edit: Mapping[str, Any]) -> bool:
    """Check whether an edit means one edit per place."""
    return edit.get("at") == EACH


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _kind(value: Any) -> str:
    kinds = {dict: "a mapping", list: "a list", str: "a word", bool: "true or false"}
    return "empty" if value is None else kinds.get(type(value), "a number")


def _similar(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f" (did you mean `{near[0]}`?)" if near else ""
