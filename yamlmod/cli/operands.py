"""Tell REPO from the other arguments of a command, in any order, and say which order is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal


class Operands(NamedTuple):
    """The fork where it is among the arguments, the other words, and a note on their order."""

    repo: Path | None
    words: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def paths(self) -> list[Path]:
        return [Path(word) for word in self.words]


def modules_of(words: Sequence[str], order: str) -> Operands:
    """Take `REPO MODULE...` apart: REPO may be left out, or be the last."""
    from yamlmod.registry.catalogue import find
    from yamlmod.usecases.chosen_module import file_word

    def is_module(word: str) -> bool:
        return file_word(word) is not None or ("/" not in word and find(word) is not None)

    first, last = words[0], words[-1]
    if is_repo(first) and not (len(words) > 1 and is_module(first) and is_repo(last)):
        operands = Operands(Path(first), tuple(words[1:]))
    elif is_repo(last) and not is_module(last):
        note = f"the order is {order}: `{last}` was taken for REPO"
        operands = Operands(Path(last), tuple(words[:-1]), (note,))
    elif len(words) > 1 and not is_module(first) and is_module(words[1]):
        operands = Operands(Path(first), tuple(words[1:]))  # a fork that is not there
    else:
        operands = Operands(None, tuple(words))
    if not operands.words:
        raise Refusal("usage", "no module is named", hint=f"the order is {order}")
    return operands


def cfgs_of(words: Sequence[Path], order: str) -> Operands:
    """Take `REPO CFG...` apart: REPO may be left out, or be the last."""
    names = [str(word) for word in words]
    first, last = names[0], names[-1]
    if is_repo(first) or (len(names) > 1 and not _is_yaml(first)):
        operands = Operands(Path(first), tuple(names[1:]))
    elif is_repo(last):
        note = f"the order is {order}: `{last}` was taken for REPO"
        operands = Operands(Path(last), tuple(names[:-1]), (note,))
    else:
        operands = Operands(None, tuple(names))
    if not operands.words:
        hint = _yamls_in(first) or f"the order is {order}"
        raise Refusal("usage", "no model YAML is named", hint=hint)
    return operands


class ReplacementOperands(NamedTuple):
    """The operands of `replace`, and a note on their order."""

    module: str
    cfg: Path
    selectors: tuple[str, ...]
    notes: tuple[str, ...] = ()


def replacement_of(words: Sequence[str]) -> ReplacementOperands:
    """Take `MODULE CFG SEL...` apart; `CFG SEL... MODULE` is the older order."""
    order = "MODULE CFG SEL..."
    if len(words) < 3:
        raise Refusal(
            "usage",
            "replace takes a module, a model YAML and at least one layer",
            hint=f"the order is {order}: yamlmod replace C3TR models/yolov5s.yaml C3#4",
        )
    first, *middle, last = words
    is_older = (_is_yaml(first) or Path(first).is_file()) and not _is_yaml(words[1])
    if is_older and not first.endswith(".py"):
        line = " ".join((last, first, *middle))
        note = f"the order is {order}: `yamlmod replace {line}` says the same"
        return ReplacementOperands(last, Path(first), tuple(middle), (note,))
    return ReplacementOperands(first, Path(words[1]), tuple(words[2:]))


def is_repo(word: str) -> bool:
    return Path(word).is_dir() and not _is_yaml(word)


def _is_yaml(word: str) -> bool:
    return word.lower().endswith((".yaml", ".yml"))


def _yamls_in(folder: str) -> str:
    from yamlmod.usecases.wrong_file import model_yamls_in

    return model_yamls_in(Path(folder))
