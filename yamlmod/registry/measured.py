"""Read the measured badges and cost of a template, written by `python -m tools.badges`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yamlmod.errors import Place, Refusal
from yamlmod.registry.catalogue import templates_folder
from yamlmod.registry.template import Template
from yamlmod.registry.toml import load_toml

# Every badge with its meaning, in display order.
BADGES: Mapping[str, str] = {
    "fp16": "float16 on the CPU within 1 % of float64, for maps with standard deviation 1 and 8",
    "bf16": "bfloat16 on the CPU, for a map with standard deviation 1: cosine above 0.999",
    "onnx": "ONNX opsets 12 and 17 (TorchScript exporter), 18 and newer (dynamo), to 1e-4",
    "dynamic": "one ONNX file of either exporter serves several sizes",
    "deterministic": "trains under torch.use_deterministic_algorithms",
    "trace": "torch.jit.trace, and the trace serves other sizes",
    "script": "torch.jit.script",
    "compile": "torch.compile, a graph for each size",
    "compile_dynamic": "torch.compile, one graph for all sizes (backend aot_eager)",
    "export": "torch.export with free sides, also with named dimensions",
    "fx": "torch.fx.symbolic_trace, and the graph serves other sizes",
    "quantize": "dynamic quantization of the linear layers, within 10 %",
    "channels_last": "keeps the layout of a channels_last map",
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
    # The largest error in float16, relative to the largest value, by the map's standard deviation.
    fp16: Mapping[str, float] = field(default_factory=dict)

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
            "fp16": dict(self.fp16),
        }

    @property
    def fp16_error(self) -> str:
        """The errors in float16 in words, empty where none was measured."""
        errors = self.fp16.items()
        return " and ".join(
            f"{error:.2%} at standard deviation {spread}" for spread, error in errors
        )


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
            fp16=dict(data.get("fp16", {})),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        shown = Place(f"{folder}/measured.toml")
        raise Refusal("bad-measured", str(error), place=shown) from error
