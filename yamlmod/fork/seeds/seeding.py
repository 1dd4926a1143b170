"""Find the calls that seed Python's, numpy's and torch's random numbers, and from what."""

from __future__ import annotations

import ast
from typing import NamedTuple

from yamlmod.fork.python.answers import Definition, OutsideTree
from yamlmod.fork.seeds.depends import SeedScope, depends

SOURCES = ("python", "numpy", "torch")
_BY_CALL = {
    "random.seed": ("python",),
    "numpy.random.seed": ("numpy",),
    "np.random.seed": ("numpy",),
    "torch.manual_seed": ("torch",),
    "torch.random.manual_seed": ("torch",),
    # As a fix writes them, where the modules may have other names.
    "__import__('random').seed": ("python",),
    "__import__('numpy').random.seed": ("numpy",),
    "__import__('torch').manual_seed": ("torch",),
}
_EVERYTHING = "seed_everything"


class Seeded(NamedTuple):
    """One source of random numbers, what it is seeded from, and by which statement of the start."""

    source: str
    counts: bool | None
    scope: SeedScope
    call: ast.Call


def seeded_in(scope: SeedScope, until: int = 10**9) -> list[Seeded]:
    """Return what a function seeds above a line, in order; calls into the tree are followed."""
    found: list[Seeded] = []
    for node in scope.nodes:
        if isinstance(node, ast.Call) and node.lineno < until:
            found += _of_call(scope, node)
    return found


def _of_call(scope: SeedScope, call: ast.Call) -> list[Seeded]:
    text = ast.unparse(call.func)
    answer = scope.graph.denotes_node(scope.path, call.func)
    if isinstance(answer, Definition):
        inner = scope.call(answer, call) if scope.leads_to(answer, _seeds) else None
        if inner is None:
            return []
        return [Seeded(s.source, s.counts, scope, call) for s in seeded_in(inner)]
    names = _sources(answer, text)
    if not names or not (call.args or call.keywords):
        return []
    value = call.args[0] if call.args else call.keywords[0].value
    return [Seeded(name, depends(scope, value), scope, call) for name in names]


def _sources(answer: object, text: str) -> tuple[str, ...]:
    """Return what a call seeds, by what its name means and how it is written."""
    if isinstance(answer, OutsideTree):
        text = answer.dotted
    return SOURCES if text.endswith(_EVERYTHING) else _BY_CALL.get(text, ())


def _seeds(scope: SeedScope, call: ast.Call) -> bool:
    answer = scope.graph.denotes_node(scope.path, call.func)
    return not isinstance(answer, Definition) and bool(_sources(answer, ast.unparse(call.func)))


def by_source(found: list[Seeded]) -> dict[str, Seeded]:
    """Return the last seeding of each source: it is the one that holds."""
    return {seeded.source: seeded for seeded in found}
