"""Read where public YAMLs put a module, as `python -m tools.places` counted it."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from yamlmod.registry.catalogue import templates_folder
from yamlmod.registry.template import Template
from yamlmod.registry.toml import load_toml


class UsualPlaces(NamedTuple):
    """In how many public networks a module is, and how many put it where."""

    networks: int
    places: tuple[tuple[str, int], ...]


def usual_places(template: Template) -> UsualPlaces | None:
    """Return where a built-in module usually goes, None where no public network has it."""
    table = _counts().get(template.name) if template.origin == "built-in" else None
    if table is None:
        return None
    places = tuple((str(place), int(n)) for place, n in table.items() if place != "networks")
    return UsualPlaces(int(table["networks"]), places)


@cache
def _counts() -> dict[str, dict[str, Any]]:
    path = templates_folder() / "places.toml"
    return load_toml(path) if path.is_file() else {}
