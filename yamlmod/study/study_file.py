"""Read a study file: a base, components, seeds, and how the components are combined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yamlmod.errors import one_of
from yamlmod.study.component import SCRATCH, Component, ComponentsText
from yamlmod.study.study_text import is_count, similar
from yamlmod.study.variant_names import PLACEBO

COMBINATIONS = ("each", "cumulative", "leave-one-out", "full")
CONTROLS = (PLACEBO,)
MOST_VARIANTS = 2_000
MOST_RUNS = 20_000
_KEYS = (
    *("study", "repo", "target", "base", "weights", "python", "train", "script"),
    *("seeds", "components", "combine", "controls"),
)
_NEEDED = ("repo", "base", "train", "components")
MOST_SEEDS = 1_000
_LARGEST_SEED = 2**32 - 1  # numpy takes no larger one


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


class _Reading(ComponentsText):
    """Reads one file."""

    def study(self) -> StudyFile:
        if "backbone" in self.data:
            raise self.refusal("it is a model YAML, not a study", "backbone")
        self.check_keys(self.data, _KEYS, "a study")
        for key in _NEEDED:
            if key not in self.data:
                raise self.refusal(f"a study needs the key `{key}`", "")
        train = self.options(self.mapping("train"), "train", "train")
        if "epochs" not in train:
            raise self.refusal("train needs `epochs`", "train")
        components = self.components()
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

    def _seeds(self) -> tuple[int, ...]:
        seeds = self.data.get("seeds", 5)
        count = len(seeds) if isinstance(seeds, list) else seeds
        if type(count) is int and count > MOST_SEEDS:
            raise self.refusal(f"more than {MOST_SEEDS:,} seeds", "seeds")
        if is_count(seeds):
            return tuple(range(seeds))
        whole = isinstance(seeds, list) and all(
            type(seed) is int and 0 <= seed <= _LARGEST_SEED for seed in seeds
        )
        if not whole or not seeds or len(set(seeds)) != len(seeds):
            raise self.refusal(
                "seeds is how many (5), or a list of different whole numbers below 2**32",
                "seeds",
            )
        return tuple(seeds)

    def _combine(self, names: Sequence[str]) -> str | tuple[tuple[str, ...], ...]:
        value = self.data.get("combine", "each")
        if isinstance(value, str):
            if value not in COMBINATIONS:
                near = similar(value, COMBINATIONS)
                raise self.refusal(
                    f"there is no combination `{value}`{near}; {_COMBINE}", "combine"
                )
            return value
        if not isinstance(value, list) or not value:
            raise self.refusal(_COMBINE, "combine")
        lists = []
        for item in value:
            words = self.list_of_words(item, "each list of combine", "combine")
            if not words:
                raise self.refusal(
                    "combine: an empty list is the base, which is there anyway", "combine"
                )
            for word in words:
                if word not in names:
                    near = similar(word, names)
                    raise self.refusal(f"combine: there is no component `{word}`{near}", "combine")
            lists.append(tuple(words))
        return tuple(lists)

    def _choices(self, key: str, known: Sequence[str]) -> tuple[str, ...]:
        words = self.list_of_words(self.data.get(key, []), key, key)
        for word in words:
            if word not in known:
                near = similar(word, known)
                raise self.refusal(f"{key}: there is no `{word}`{near}; {one_of(known)}", key)
        return tuple(dict.fromkeys(words))

    def _word(self, key: str, default: str | None = None) -> str:
        return self.word_of(self.data.get(key, default), key, key)


_COMBINE = f"combine is {one_of(COMBINATIONS)}, or lists of components"
