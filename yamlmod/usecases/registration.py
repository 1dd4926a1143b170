"""Tries a plain row of each class that a patch registers, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.errors import Refusal
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.registration import registration_fault
from yamlmod.registry.template import Template


def refuse_faulty_registration(after: ForkReader, templates: Sequence[Template]) -> None:
    """Refuse a patch after which a plain row of a class would not build what its rule says."""
    for template in templates:
        # What a row means for a class that the fork has is for its own branch to say.
        fault = None if template.origin == "fork" else registration_fault(after, template)
        if fault is not None:
            branch = f"the branch is {fault.branch}\n" if fault.branch else ""
            raise Refusal(
                "wrong-branch",
                f"the fork would not build a plain row of {template.class_name}: {fault.message}",
                hint=f"{branch}the rule of {template.name} is {template.rule}; the parse function "
                "of this fork treats such a class in another way",
            )
