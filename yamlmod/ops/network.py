"""Read a text as an editable network, with what the registry knows of its modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from yamlmod.model.document import parse_document
from yamlmod.model.known_modules import Kind, template_kind
from yamlmod.model.network import Network
from yamlmod.registry.catalogue import local, naming


def read_network(text: str, shown: str, known: Mapping[str, Kind] | None = None) -> Network:
    """Parse, wire and infer; raises Refusal for a file that cannot be edited safely.

    ``known`` has modules that the registry has under other names.
    """
    document = parse_document(text, shown)
    kinds = registry_kinds(row.module for row in document.rows)
    return Network.strict(document, {**(known or {}), **kinds})


def registry_kinds(modules: Iterable[str]) -> Mapping[str, Kind]:
    """Return what the templates' manifests say of channels and stride, for these modules."""
    wanted = set(modules)
    kinds: dict[str, Kind] = {}
    for template in (*local().templates, *naming(wanted)):
        kind = template_kind(*template.shape_facts)
        kinds |= dict.fromkeys(wanted.intersection(template.names), kind)
    return kinds
