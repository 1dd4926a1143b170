"""Find an engine by its name: one of yamlmod's own, or of another package's entry point."""

from __future__ import annotations

import importlib
import pkgutil

from yamlmod.errors import Refusal, one_of
from yamlmod.study import engines
from yamlmod.study.engine import EngineKind

GROUP = "yamlmod.engines"


def find_engine(name: str) -> EngineKind:
    """Return an engine. Raises Refusal for an unknown one, or one that cannot be loaded."""
    own = own_names()
    if name in own:  # no other package can take its place
        kind: object = importlib.import_module(f"{engines.__name__}.{name}").ENGINE
    else:
        kind = _of_another_package(name, own)
    if not isinstance(kind, EngineKind):
        raise Refusal(
            "no-such-engine",
            f"the engine {name[:80]} is no EngineKind, but {type(kind).__name__}",
            hint="its package must name a yamlmod.study.engine.EngineKind in the group " + GROUP,
        )
    return kind


def own_names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(engines.__path__)]


def _of_another_package(name: str, own: list[str]) -> object:
    from importlib.metadata import entry_points

    points = entry_points(group=GROUP)
    if name not in points.names:
        known = list(dict.fromkeys([*own, *sorted(points.names)]))
        raise Refusal(
            "no-such-engine",
            f"there is no engine {name[:80]!r}",
            hint=f"--engine is one of {one_of(known)}",
        )
    try:
        return points[name].load()
    except Exception as error:  # another package's code
        raise Refusal(
            "no-such-engine",
            f"the engine {name} cannot be loaded: {type(error).__name__}: {error}"[:300],
        ) from error
