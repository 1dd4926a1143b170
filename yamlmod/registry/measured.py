"""Read the measured badges and cost of a template, written by `python -m tools.badges`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yamlmod.errors import Place, Refusal
from yamlmod.registry.catalogue import templates_folder
from yamlmod.registry.template import Template
from yamlmod.registry.toml import load_toml

# Every badge with its meaning, in display order.
BADGES: Mapping[str, str] = {
    "fp16": "float16 on the CPU, within 1 % even for a map with standard deviation 8",
    "bf16": "bfloat16 on the CPU",
    "onnx": "ONNX opsets 12 and 17 (TorchScript exporter), 18 and newer (dynamo), to 1e-4",
    "dynamic": "one ONNX file of either exporter serves several sizes",
    "deterministic": "trains under torch.use_deterministic_algorithms",
    "trace": "torch.jit.trace, and the trace serves other sizes",
    "script": "torch.jit.script",
    "compile": "torch.compile",
    "identity": "can start as the identity",
}


@dataclass(frozen=True)
class Measured:
    """Badges held or not, parameters by channels, and millions of multiply-adds by shape."""

    digest: str
    torch: str
    badges: Mapping[str, bool]
    parameters: Mapping[str, int]
    mmacs: Mapping[str, float]

    @property
    def held(self) -> tuple[str, ...]:
        """Names of the badges that are held."""
        return tuple(name for name in BADGES if self.badges.get(name))

    @property
    def shown(self) -> str:
        """The badges in short, by those that are missing if these are fewer."""
        missing = [name for name in BADGES if name not in self.held]
        if len(missing) > len(self.held):
            return ", ".join(self.held) or "none"
        return f"all but {', '.join(missing)}" if missing else "all"

    def as_data(self) -> dict[str, Any]:
        """Return badges and cost for JSON."""
        return {
            "badges": dict(self.badges),
            "parameters": dict(self.parameters),
            "mmacs": dict(self.mmacs),
        }


def measured(template: Template) -> Measured | None:
    """Read the measurements of ``template``, None if there are none."""
    if template.origin != "built-in":
        return None
    folder = template.file.partition("/")[0]
    path = templates_folder() / folder / "measured.toml"
    if not path.is_file():
        return None
    try:
        data = load_toml(path)
        return Measured(
            digest=data["digest"],
            torch=data["torch"],
            badges=dict(data["badges"]),
            parameters=dict(data["parameters"]),
            mmacs=dict(data["mmacs"]),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        shown = Place(f"{folder}/measured.toml")
        raise Refusal("bad-measured", str(error), place=shown) from error
