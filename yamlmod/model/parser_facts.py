"""Facts about a fork's parser, for the checks."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from yamlmod.model.build_answer import BuildAnswer
from yamlmod.model.known_modules import Kind
from yamlmod.model.refs import ANY_SPELLING, SpellingRule

_BUILTINS = frozenset(dir(builtins))


class ParserNames(NamedTuple):
    """The names that a parse function resolves: what every command says of one comes from here.

    ``prefixes`` begin names that are looked up in an installed package (``nn.``). ``open`` says why
    ``known`` may not be all, ``beyond`` which modules outside of the repository everything is
    imported from. ``evaluated``: the function calls eval, which sees builtins and attributes, too.
    """

    known: frozenset[str]
    open: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    evaluated: bool = True

    def has(self, module: str) -> bool:
        if module.startswith(self.prefixes):
            return True
        first = module.partition(".")[0] if self.evaluated else module
        return first in self.known or (self.evaluated and first in _BUILTINS)

    def lacks(self, module: str) -> bool:
        """Check whether using a module's name surely fails; False also where that is unknown."""
        return not self.open and not self.has(module)


class ParserFacts(NamedTuple):
    """A fork's parse function and the names it sees.

    ``twice`` says where a class is defined again, ``constructed`` which classes have a constructor
    in the fork, ``branched`` which modules a branch names, ``plain_else`` whether the last else
    hands on a row's args as they are, ``tensorflow`` the classes of tf.py. ``ask`` says what the
    parse function, the constructors and one forward pass make of a YAML's data.
    """

    shown: str
    function: str
    names: ParserNames
    twice: Mapping[str, tuple[str, ...]] = {}
    constructed: frozenset[str] = frozenset()
    kinds: Mapping[str, Kind] = {}
    branched: frozenset[str] = frozenset()
    plain_else: bool = True
    spelling: SpellingRule = ANY_SPELLING
    tensorflow: frozenset[str] | None = None
    tensorflow_shown: str = ""
    ask: Callable[[Mapping[str, Any]], BuildAnswer] | None = None
