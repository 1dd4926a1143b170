"""Looking a module up by name finds what reading the whole catalogue finds."""

from __future__ import annotations

import pytest

from yamlmod.registry.catalogue import catalogue, naming


@pytest.mark.parametrize("template", catalogue(), ids=lambda template: template.name)
def test_each_name_of_a_module_leads_to_it(template: object) -> None:
    for name in template.names:  # type: ignore[attr-defined]
        for spelling in (name, name.upper(), name.lower()):
            assert template in naming([spelling])


def test_names_of_plain_layers_lead_to_nothing() -> None:
    assert (
        naming(["C3", "Conv", "SPPF", "Concat", "Detect", "nn.Upsample", "conv", "channel"]) == []
    )
