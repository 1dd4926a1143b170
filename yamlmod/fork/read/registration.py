"""Test a class that a plan registers: read one row with the patched fork."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yamlmod.fork.read.answers import has_unknown, row_of, spelled
from yamlmod.fork.read.network import ForkReader
from yamlmod.registry.template import Template

_CHANNELS = 64
_REPEATS = 3


@dataclass(frozen=True)
class RegistrationFault:
    """What is wrong with a class's registration: the exception, or what the class would get."""

    message: str
    branch: str = ""


def registration_fault(reader: ForkReader, template: Template) -> RegistrationFault | None:
    """Return what the parse function does wrong with a plain row; None where nothing is known.

    The row is after a Conv of 64 channels at width 1, or reads several, the last one first.
    """
    repeats = _REPEATS if template.rule == "csp" else 1
    if any(argument.required for argument in template.arguments):
        return None
    args = template.row_args(_CHANNELS)
    inputs = list(range(template.least_inputs))
    from_ = inputs[::-1] if template.joins else -1
    network = _network([from_, repeats, template.class_name, args], len(inputs))
    if template.alike:  # what some versions of ultralytics do with such a block needs a scale
        network |= {"scales": {"n": [1.0, 1.0, 1024]}, "scale": "n"}
    reading = reader.read(network)
    layer = len(inputs)
    row = row_of(reading, layer)
    failure = reading.failure
    branch = "" if row is None or row.branch is None else f"{reader.parser}:{row.branch}"
    # A constructor may refuse 64 channels, and forward a map of this size: that is the class's.
    if failure is not None and failure.layer == layer and failure.stage == "parse":
        return RegistrationFault(f"{failure.kind}: {failure.message} ({failure.place})", branch)
    if row is None or row.unknown or has_unknown(row.args):
        return None
    own = args[1:] if template.takes_nominal else args
    wanted = template.constructor(_CHANNELS, _CHANNELS, own)
    if template.rule == "csp":
        wanted[2] = repeats
    if row.class_name != template.class_name:
        return RegistrationFault(f"the name refers to the class {row.class_name}", branch)
    if list(row.args) != wanted or row.calls != 1:
        times = "" if row.calls == 1 else f"{row.calls} times "
        return RegistrationFault(
            f"the class gets {times}{spelled(row.args)} instead of {spelled(wanted)}", branch
        )
    return None


def _network(row: Sequence[Any], above: int) -> dict[str, Any]:
    return {
        "nc": 80,
        "depth_multiple": 1.0,
        "width_multiple": 1.0,
        "anchors": [[10, 13, 16, 30, 33, 23]],
        "backbone": [[-1, 1, "Conv", [_CHANNELS, 3, 2]] for _ in range(above)] + [list(row)],
        # No Detect: its args differ between families.
        "head": [[-1, 1, "Conv", [_CHANNELS, 1, 1]]],
    }
