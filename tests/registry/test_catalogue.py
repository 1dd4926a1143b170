"""Looking a module up by name finds what reading the whole catalogue finds."""

from __future__ import annotations

import subprocess
import sys

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


def test_similar_names_are_found_without_reading_the_templates() -> None:
    script = (
        "from yamlmod.registry import catalogue\n"
        "print(catalogue.near_names('CBAN'), catalogue.near_names('坐标注意'))\n"
        "print(catalogue._template.cache_info().currsize)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", script],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    names, count = done.stdout.splitlines()
    assert "'CBAM'" in names and "坐标注意力" in names and count == "0"


def test_a_list_of_modules_composes_no_block() -> None:
    code = (
        "import yamlmod.registry.composed as composed\n"
        "def refuse(*_): raise AssertionError('composed')\n"
        "composed._source = refuse\n"
        "from yamlmod.registry.catalogue import catalogue, get\n"
        "print(len(catalogue()) > 50)\n"
        "try:\n    get('C3_SE').source\n"
        "except AssertionError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "composed"]
