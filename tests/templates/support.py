"""Finds the templates, loads and fills them, and measures how far two outputs are apart."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from yamlmod.registry.manifest import read_template

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2] / "templates"
CHANNELS = (16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 256, 320, 512, 640, 1024, 1280)
# How many arguments the rule supplies: channels, and for csp the number of repeats.
CHANNEL_ARGUMENTS = {"free": 0, "same": 1, "conv": 2, "csp": 3, "concat": 1, "add": 1, "level": 1}
# How a row begins that reads one layer, or several.
ROW_STARTS = {
    "csp": "[-1, 3",
    "concat": "[[-1, 6], 1",
    "add": "[[-1, 6], 1",
    "level": "[[23, 20, 17], 1",
}
# Of the block forms, which share one wrapper, these stand for all in the contract; the others
# are held by test_blocks.py.
BLOCKS_IN_CONTRACT = ("c3_se", "c3_simam", "c2f_faster", "c2f_repconv")
# What each module was built with, for its transcription.
_BUILT: WeakKeyDictionary[nn.Module, tuple[Any, ...]] = WeakKeyDictionary()

_MADE = tempfile.TemporaryDirectory()

torch.set_num_threads(min(2, torch.get_num_threads()))


def all_folders() -> list[str]:
    """Every folder under templates/ that carries a manifest."""
    return sorted(path.parent.name for path in ROOT.glob("*/manifest.toml"))


def blocks() -> list[str]:
    """The folders of the block forms: C3 or C2f with another module inside."""
    return [folder for folder in all_folders() if "wraps" in manifest(folder)]


def folders() -> list[str]:
    """The folders that the contract runs over."""
    left_out = set(blocks()) - set(BLOCKS_IN_CONTRACT)
    return [folder for folder in all_folders() if folder not in left_out]


@cache
def manifest(folder: str) -> dict[str, Any]:
    """The manifest; that of a block form with what its wrapper and its attention add."""
    own = tomllib.loads((ROOT / folder / "manifest.toml").read_text(encoding="utf-8"))
    if "wraps" not in own:
        return own
    block = read_template(ROOT / folder)
    arguments = [
        {
            "name": argument.name,
            "type": argument.type,
            "optional": argument.optional,
            "default": argument.default,
            "doc": argument.doc,
            "doc_zh": argument.doc_zh,
            **dict(argument.bounds),
        }
        for argument in block.arguments
    ]
    told = {"rule": block.rule, "python": block.python, "torch": block.torch}
    return {**own, **told, "paper": block.paper, "arguments": arguments}


@cache
def source(folder: str) -> Path:
    """The template's file; a block form's code, which no folder holds, in a file of its own."""
    if "wraps" not in manifest(folder):
        return ROOT / folder / str(manifest(folder)["file"])
    path = Path(_MADE.name) / f"{folder}.py"
    path.write_text(read_template(ROOT / folder).source, encoding="ascii", newline="\n")
    return path


def reference(folder: str) -> Any:
    """The plain computation, the cases and the official numbers of one template."""
    if "wraps" in manifest(folder):
        return importlib.import_module(f"{__package__}.references.c3_block").Reference(folder)
    return importlib.import_module(f"{__package__}.references.{folder}")


@cache
def load_class(folder: str) -> type[nn.Module]:
    """The template's class, from a module that stays registered so that pickle finds it."""
    name = f"yamlmod_template_{folder}"
    spec = importlib.util.spec_from_file_location(name, source(folder))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # Byte code would lie among the templates, which are shipped as they stand.
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = kept
    found = getattr(module, str(manifest(folder)["class"]))
    assert isinstance(found, type) and issubclass(found, nn.Module)
    return found


def build(folder: str, channels: int, *args: Any, **kwargs: Any) -> nn.Module:
    """One module as the manifest's channel rule makes a YAML row construct it."""
    rule = manifest(folder)["rule"]
    supplied: list[Any] = [channels] * CHANNEL_ARGUMENTS[rule]
    if rule == "csp":
        supplied[2] = 1
    if joins(folder):
        supplied = [reference(folder).channels(channels, *args)]
    module = load_class(folder)(*supplied, *args, **kwargs)
    if joins(folder):  # the tests have one map, of which the inputs are made
        module = reference(folder).OneMap(module, *args)
    _BUILT[module] = (*supplied, *args)
    return module


def joins(folder: str) -> bool:
    """Whether the module takes a list of maps."""
    return manifest(folder)["rule"] in ("concat", "add", "level")


def row_start(folder: str) -> str:
    """How the row begins that a refusal names."""
    rule = manifest(folder)["rule"]
    return f"{ROW_STARTS.get(rule, '[-1, 1')}, {manifest(folder)['name']}, ["


def usual(folder: str) -> tuple[Any, ...]:
    """Arguments that are enough: none where all have defaults, else those of the first case."""
    if all("default" in argument for argument in manifest(folder).get("arguments", [])):
        return ()
    arguments: tuple[Any, ...] = reference(folder).CASES[0][0]
    return arguments


def refused(folder: str) -> tuple[int, ...]:
    """Channel counts that the usual arguments refuse at construction."""
    return tuple(manifest(folder).get("channels", {}).get("refused", ()))


def sides_after(folder: str, *sides: int, args: tuple[Any, ...] = ()) -> tuple[int, ...]:
    """The sides of the output; those of the input, unless the reference knows better."""
    after = getattr(reference(folder), "sides", lambda side, *args: side)
    return tuple(after(side, *(args or usual(folder))) for side in sides)


def takes_sides(folder: str, *sides: int) -> bool:
    """Whether a map is large enough for the module."""
    return min(sides) >= getattr(reference(folder), "SMALLEST_SIDE", 1)


def narrow(folder: str) -> int:
    """The smallest usual channel count that the module takes."""
    return next(count for count in CHANNELS if count not in refused(folder))


def built_with(module: nn.Module) -> tuple[Any, ...]:
    """The positional arguments that `build` gave this very module."""
    return _BUILT[module]


def transcribed(kind: type[nn.Module], module: nn.Module) -> nn.Module:
    """The straight transcription with the weights of a module that `build` made, in float64."""
    plain = kind(*_BUILT[module])
    plain.load_state_dict(module.state_dict(), strict=True)
    return plain.double().eval()


def filled(folder: str, channels: int, *args: Any, seed: int = 0) -> nn.Module:
    """A module in eval mode with random weights and running statistics."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = build(folder, channels, *args).eval()
    randomise(module, seed)
    return module


def randomise(module: nn.Module, seed: int) -> None:
    """Gives every parameter and running statistic a value such as training might leave.

    Other buffers are constants of the module and stay.
    """
    noise = torch.Generator().manual_seed(seed)

    def normal(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=noise, dtype=torch.float64).to(like)

    with torch.no_grad():
        for value in module.parameters():
            if value.dim() > 1:
                value.copy_(normal(value) / max(value[0].numel(), 1) ** 0.5)
            else:  # gains stay around 1, offsets around where they start
                value.add_(0.3 * normal(value))
        for name, value in module.named_buffers():
            if name.endswith("running_mean"):
                value.copy_(0.3 * normal(value))
            elif name.endswith("running_var"):
                value.copy_(0.5 + normal(value).abs())


def image(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float32) -> Tensor:
    """A feature map whose channels differ in mean and spread, as behind a SiLU."""
    noise = torch.Generator().manual_seed(seed)
    channels = shape[1]
    gain = 0.5 + torch.rand(channels, 1, 1, generator=noise, dtype=torch.float64)
    shift = 0.5 * torch.randn(channels, 1, 1, generator=noise, dtype=torch.float64)
    values = torch.randn(shape, generator=noise, dtype=torch.float64)
    return (values * gain + shift).to(dtype)


def gap(actual: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest expected value; infinite if not finite."""
    assert actual.shape == expected.shape
    if not torch.isfinite(actual).all():
        return float("inf")
    actual, wide = actual.detach().double(), expected.detach().double()
    return float((actual - wide).abs().max() / wide.abs().max().clamp_min(1e-12))
