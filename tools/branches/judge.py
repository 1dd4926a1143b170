"""Judge by values where a checkpoint's tensors are; run on its own, in the fork's Python.

    python judge.py    reads paths of JSON files, a line each: make bases, judge outputs

No code of `remap` is used. A base is filled with random numbers, no two tensors alike. Layers are
paired by the tables of the question, or as a sequence of equal modules from which some were taken.
What is in a list of a head belongs to the map that comes to it, followed from module to module as
one and the same memory while the network runs.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch

from yamlmod.runtime.yamlmod_worker.building.builder import Builder

_SIDE = 256
Layers = dict[int, int]


class Branch(NamedTuple):
    """A map that comes to a head: its stride, and how many of that stride came before it."""

    stride: float
    turn: int


class Head(NamedTuple):
    """Which branch each module of a head serves, by its name; and the branches in order."""

    parts: dict[str, Branch | None]
    branches: list[Branch]

    def of(self, tensor: str) -> Branch | None:
        """Return the branch of a tensor: of its module, or of the next one around that was run."""
        name = tensor
        while "." in name:
            name = name.rpartition(".")[0]
            if name in self.parts:
                return self.parts[name]
        return None


def held(module: torch.nn.Module, prefix: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors that modules hold, by the attributes that hold them."""
    absent = module._non_persistent_buffers_set
    for name, value in [*module._parameters.items(), *module._buffers.items()]:
        if value is not None and name not in absent:
            yield prefix + name, value
    for name, child in module._modules.items():
        if child is not None:
            yield from held(child, f"{prefix}{name}.")


def digest(value: torch.Tensor) -> str:
    return hashlib.sha256(value.detach().float().contiguous().numpy().tobytes()).hexdigest()


def fill(network: torch.nn.Module) -> None:
    """Give every tensor numbers of its own."""
    for name, value in held(network):
        seed = int(hashlib.sha256(name.encode()).hexdigest()[:12], 16)
        numbers = torch.rand(value.shape, generator=torch.Generator().manual_seed(seed)) + 0.5
        with torch.no_grad():
            value.copy_(numbers if value.is_floating_point() else (numbers * 1e6).to(value.dtype))


def head_of(network: Any) -> Head:
    """Run a network, and follow the maps that come to its head."""
    layer = network.model[-1]
    owner: dict[int, int] = {}  # memory to the number of the input
    served: dict[str, set[int]] = {}
    kept: list[Any] = []  # memory must not be used twice
    branches: list[Branch] = []

    def enter_head(_: Any, inputs: Any) -> None:
        maps = inputs[0] if isinstance(inputs[0], (list, tuple)) else inputs
        for number, part in enumerate(maps):
            kept.append(part)
            owner[part.data_ptr()] = number
            stride = _SIDE / part.shape[-1]
            turn = sum(branch.stride == stride for branch in branches)
            branches.append(Branch(stride, turn))

    def enter(name: str) -> Any:
        def hook(_: Any, inputs: Any) -> None:
            for part in inputs:
                if isinstance(part, torch.Tensor) and part.data_ptr() in owner:
                    served.setdefault(name, set()).add(owner[part.data_ptr()])

        return hook

    def leave(name: str) -> Any:
        def hook(_: Any, inputs: Any, output: Any) -> None:
            numbers = {
                owner[part.data_ptr()]
                for part in inputs
                if isinstance(part, torch.Tensor) and part.data_ptr() in owner
            }
            if isinstance(output, torch.Tensor) and len(numbers) == 1:
                kept.append(output)
                owner[output.data_ptr()] = numbers.pop()

        return hook

    handles = [layer.register_forward_pre_hook(enter_head)]
    for name, module in layer.named_modules():
        if name:
            handles.append(module.register_forward_pre_hook(enter(name)))
            handles.append(module.register_forward_hook(leave(name)))
    with torch.no_grad():
        network.eval()(torch.rand(1, 3, _SIDE, _SIDE))
    for handle in handles:
        handle.remove()
    parts = {
        name: branches[next(iter(numbers))] if len(numbers) == 1 else None
        for name, numbers in served.items()
    }
    return Head(parts, branches)


def kinds(network: Any) -> list[str]:
    """Return what each layer is: its class, and the shapes of what it holds."""
    layers = list(network.model)[:-1]
    shapes = ([tuple(value.shape) for _, value in held(layer)] for layer in layers)
    return [f"{type(layer).__name__} {shape}" for layer, shape in zip(layers, shapes, strict=True)]


def without_some(old: Any, new: Any) -> Layers:
    """Pair layers where the new network has some of the old ones, all in order."""
    matcher = difflib.SequenceMatcher(None, kinds(old), kinds(new), autojunk=False)
    pairs = {
        block.a + i: block.b + i
        for block in matcher.get_matching_blocks()
        for i in range(block.size)
    }
    assert len(pairs) == len(new.model) - 1, "the new network is not a part of the old one"
    return {**pairs, len(old.model) - 1: len(new.model) - 1}


class Verdict(NamedTuple):
    """How many tensors and parameters have a place, and are in it; and what is wrong."""

    expected: int
    right: int
    parameters: int
    total: int
    wrong: list[str]


def judge(old: Any, new: Any, out: Any, layers: Layers) -> Verdict:
    """Compare every tensor of OUT with the one that must be there, and look for any other."""
    base, wanted, there = dict(held(old)), dict(held(new)), dict(held(out))
    heads = head_of(old), head_of(new)
    last = len(old.model) - 1, len(new.model) - 1
    expected: dict[str, str] = {}
    wrong: list[str] = []
    count = 0
    parameters = {name for name, _ in old.named_parameters()}
    sizes = [0, 0]
    for name, value in base.items():
        number, rest = re.fullmatch(r"model\.(\d+)\.(.*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
        sizes[1] += value.numel() if name in parameters else 0
        if int(number) not in layers:
            continue
        if int(number) == last[0]:
            if _is_by_branch(rest, value, heads[0]) and _scales(heads[0]) != _scales(heads[1]):
                _judge_rows(name, f"model.{last[1]}.{rest}", base, there, heads, wrong)
                continue
            target = _in_head(rest, last[1], heads, wanted)
        else:
            target = f"model.{layers[int(number)]}.{rest}"
        if target is None or target not in wanted or wanted[target].shape != value.shape:
            continue
        count += 1
        sizes[0] += value.numel() if name in parameters else 0
        expected[target] = digest(value)
    digests = {name: digest(value) for name, value in there.items()}
    right = sum(digests.get(name) == value for name, value in expected.items())
    wrong += [name for name, value in expected.items() if digests.get(name) != value]
    known = {digest(value): name for name, value in base.items() if value.numel() > 1}
    wrong += [
        f"{name} has {known[value]}"
        for name, value in digests.items()
        if value in known and expected.get(name) != value
    ]
    return Verdict(count, right, *sizes, wrong)


def _is_by_branch(rest: str, value: torch.Tensor, head: Head) -> bool:
    """Anchors, which have a row for each scale."""
    return rest in ("anchors", "anchor_grid") and len(value) == len(_scales(head))


def _scales(head: Head) -> list[float]:
    return [branch.stride for branch in head.branches if branch.turn == 0]


def _judge_rows(
    name: str, target: str, base: Any, there: Any, heads: tuple[Head, Head], wrong: list[str]
) -> None:
    old, new = map(_scales, heads)
    for row, stride in enumerate(old):
        if stride in new and target in there:
            other = there[target][new.index(stride)]
            if digest(other) != digest(base[name][row]):
                wrong.append(f"{target} row {new.index(stride)}")


def _in_head(rest: str, layer: int, heads: tuple[Head, Head], wanted: Any) -> str | None:
    """Return the tensor of the new head that has the same name but for numbers, and the branch."""
    old, new = heads
    branch = old.of(rest)
    if branch is None or not any(part.isdigit() for part in rest.split(".")):
        return f"model.{layer}.{rest}"
    prefix = f"model.{layer}."
    letters = re.sub(r"\d+", "#", rest)
    # Only the first number of a list may differ: parts within a branch keep theirs.
    found = [
        name
        for name in wanted
        if name.startswith(prefix)
        and re.sub(r"\d+", "#", name[len(prefix) :]) == letters
        and _differ_in_one(name[len(prefix) :], rest)
        and new.of(name[len(prefix) :]) == branch
    ]
    assert len(found) <= 1, (rest, found)
    return found[0] if found else None


def _differ_in_one(first: str, second: str) -> bool:
    """Whether two names differ in no more than the first place that is a number: of the branch."""
    parts, others = first.split("."), second.split(".")
    place = next((i for i, part in enumerate(parts) if part.isdigit()), None)
    return all(a == b or i == place for i, (a, b) in enumerate(zip(parts, others, strict=True)))


def main() -> None:
    builder: Builder | None = None
    for line in sys.stdin:
        question = json.loads(Path(line.rstrip("\n")).read_text(encoding="utf-8"))
        if builder is None:
            builder = Builder({**question, "stand_ins": True})
            builder.open()
        _answer(builder, question["tasks"])
        print("END", flush=True)


def _answer(builder: Builder, tasks: list[dict[str, Any]]) -> None:
    for task in tasks:
        old = builder.build(task["base"], None, task["head"])
        fill(old)
        if "save" in task:
            content = {"epoch": -1, "model": old, "ema": None, "optimizer": None}
            builder.save(content, task["save"])
            continue
        new = builder.build(task["cfg"], None, task["head"])
        out = builder.load(task["out"], map_location="cpu", weights_only=False)["model"].float()
        layers = {int(a): b for a, b in task["layers"].items()} or without_some(old, new)
        try:
            verdict = judge(old, new, out, layers)
        except Exception:
            traceback.print_exc()
            continue
        print("VERDICT " + json.dumps([task["name"], *verdict]))


if __name__ == "__main__":
    main()
