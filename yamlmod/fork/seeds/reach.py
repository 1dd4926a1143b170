"""Find the functions that come to a call of some kind, themselves or in what they call.

A training calls most of its fork. Each function is looked at once, however often it is called.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.fork.python.answers import Definition

if TYPE_CHECKING:
    from yamlmod.fork.seeds.depends import SeedScope

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
IsWanted = Callable[["SeedScope", ast.Call], bool]


class _OwnCalls(NamedTuple):
    """What a function calls by itself."""

    is_wanted: bool
    callees: tuple[SeedScope, ...]


class CallReach:
    """The functions that come to a call for which ``is_wanted`` holds."""

    def __init__(self, is_wanted: IsWanted) -> None:
        self._is_wanted = is_wanted
        self._own: dict[FunctionNode, _OwnCalls] = {}
        self._known: dict[FunctionNode, bool] = {}

    def __call__(self, scope: SeedScope) -> bool:
        """Check a function; no bound of depth, which would depend on who asks first."""
        start = scope.function
        if start is None:
            return True
        if start in self._known:
            return self._known[start]
        seen: dict[FunctionNode, None] = {start: None}
        waiting = [scope]
        while waiting:
            own = self._calls_of(waiting.pop())
            if own.is_wanted or any(self._known.get(_function(one)) for one in own.callees):
                self._known[start] = True
                return True
            for callee in own.callees:
                if _function(callee) not in seen:
                    seen[_function(callee)] = None
                    waiting.append(callee)
        # What none of them comes to, none that was met on the way comes to.
        self._known |= dict.fromkeys(seen, False)
        return False

    def _calls_of(self, scope: SeedScope) -> _OwnCalls:
        function = _function(scope)
        if function not in self._own:
            calls = [node for node in scope.nodes if isinstance(node, ast.Call)]
            self._own[function] = _OwnCalls(
                any(self._is_wanted(scope, call) for call in calls),
                tuple(self._callees(scope, calls)),
            )
        return self._own[function]

    def _callees(self, scope: SeedScope, calls: list[ast.Call]) -> list[SeedScope]:
        callees: dict[FunctionNode, SeedScope] = {}
        for call in calls:
            answer = scope.graph.denotes_node(scope.path, call.func)
            if isinstance(answer, Definition) and isinstance(answer.node, FunctionNode):
                callees[answer.node] = scope._replace(path=answer.path, function=answer.node)
        return list(callees.values())


def _function(scope: SeedScope) -> FunctionNode:
    assert scope.function is not None
    return scope.function
