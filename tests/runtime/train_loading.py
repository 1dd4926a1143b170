"""Loads a checkpoint as a fork's own train.py does, and tells what came of it; run on its own.

    python train_loading.py    reads questions, a line of JSON each, and answers in a line each

torch and the fork are imported once; each question is answered in a process forked from there.

The statements that load are train.py's own, taken from its text and run here: between the
`torch.load` of the weights and the line that says `Transferred`. ultralytics has functions for it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import os
import sys
import traceback
import types
from pathlib import Path
from typing import Any
from unittest import mock

from yamlmod.runtime.yamlmod_worker.building.builder import Builder


class Log:
    """Keeps what would be logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, text: str, *args: Any) -> None:
        self.lines.append(text % args if args else text)

    warning = debug = error = info


def statements(train: Path) -> list[ast.stmt]:
    """The loading statements of a train.py."""
    for node in ast.walk(ast.parse(train.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "pretrained":
            texts = [ast.unparse(one) for one in node.body]
            first = next(i for i, text in enumerate(texts) if "torch.load" in text)
            last = next(i for i, text in enumerate(texts) if "Transferred" in text)
            return node.body[first : last + 1]
    raise SystemExit(f"{train} has no block that loads pretrained weights")


def load(question: dict[str, Any], out: str, cfg: str) -> dict[str, Any]:
    """Run the fork's own code that loads, and digest what the network holds then."""
    log = Log()
    load_it = _by_train if question["train"] else _by_tasks
    return {"state": digests(load_it(question, log, out, cfg)), "log": log.lines}


def _by_train(question: dict[str, Any], log: Log, out: str, cfg: str) -> Any:
    """As train.py of YOLOv5 and YOLOv7: its statements, with the names they need."""
    import torch

    package = question["module"].rpartition(".models")[0]
    names: dict[str, Any] = {"torch": torch, "Path": Path, "sys": sys}
    for module in ("utils.general", "utils.torch_utils"):
        full = f"{package}.{module}" if package else module
        names.update(vars(importlib.import_module(full)))
    names.update(
        Model=vars(importlib.import_module(question["module"]))["Model"],
        LOGGER=log,
        logger=log,
        weights=out,
        cfg=cfg,
        hyp={},
        nc=question["nc"],
        device="cpu",
        resume=False,
        opt=types.SimpleNamespace(cfg=cfg, resume=False),
        yolov5_folder_dir=question["fork"],  # 4.0 puts it on the path for the load
    )
    sys.path.append(question["fork"])  # 6.0 and 4.0 take one of it off again
    exec(compile(ast.Module(statements(Path(question["train"])), []), "train.py", "exec"), names)
    return names["model"]


def _by_tasks(question: dict[str, Any], log: Log, out: str, cfg: str) -> Any:
    """As the trainer of ultralytics: its reader of checkpoints, and its Model.load."""
    tasks = importlib.import_module(question["module"])
    read = getattr(tasks, "load_checkpoint", None) or tasks.attempt_load_one_weight
    weights, _ = read(out)
    tasks.LOGGER = log  # type: ignore[attr-defined]
    model = tasks.DetectionModel(cfg, nc=question["nc"], verbose=False)
    model.load(weights)
    return model


def digests(model: Any) -> dict[str, str]:
    """A digest of every tensor, in half precision as checkpoints hold them."""
    return {
        name: hashlib.sha256(value.half().numpy().tobytes()).hexdigest()
        for name, value in model.state_dict().items()
    }


def make_base(question: dict[str, Any], builder: Builder) -> dict[str, Any]:
    """Build the base with a fixed seed, no two of its tensors alike, and save it."""
    import torch

    model = builder.build(question["base"], None, "Detect")
    torch.manual_seed(7)
    for name, value in model.state_dict().items():
        if value.is_floating_point() and "anchor" not in name:
            # The convolutions differ already; more would let the outputs grow without bound.
            value.add_((torch.rand_like(value) - 0.5) * (0.05 if value.ndim == 1 else 0))
    model.half()
    content = {"epoch": 3, "model": model, "ema": None, "optimizer": {"state": {}}}
    torch.save(content, question["save"])
    return {"state": digests(model)}


def step(question: dict[str, Any], builder: Builder, cfg: str) -> list[str]:
    """What training leaves undone: values that are not finite, parameters without a gradient.

    Behind a gate that starts at zero parameters get one from the second step on. A clamp may keep
    it from a branch for one start, so there are more.
    """
    left: set[str] | None = None
    for seed in range(8):
        bad, still = _steps(question, builder, cfg, seed)
        left = still if left is None else left & still
        if bad or not left:
            break
    names = sorted(left or ())
    lines = [f"step: {', '.join(bad[:3])} not finite"] if bad else []
    return lines + ([f"step: {', '.join(names[:3])} got no gradient"] if names else [])


def _steps(
    question: dict[str, Any], builder: Builder, cfg: str, seed: int
) -> tuple[list[str], set[str]]:
    """Return the parameters that are not finite after two steps, and those without a gradient."""
    import torch

    draw = torch.manual_seed
    with mock.patch.object(torch, "manual_seed", lambda _: draw(seed)):  # the builder has its own
        model = builder.build(cfg, None, "Detect").float().train()
    for value in model.parameters():
        value.requires_grad_(True)
    left = {
        f"{number}.{name}": value
        for number in question["watched"]
        for name, value in model.model[number].named_parameters()
        if not name.endswith(tuple(question.get("cancelled", ())))
    }
    for rate in (1.0, 0.01):
        outputs = _tensors(model(torch.rand(2, 3, 128, 128)))
        torch.stack([out.float().square().mean() for out in outputs]).sum().backward()
        torch.optim.SGD(model.parameters(), lr=rate).step()
        bad = [n for n, v in model.named_parameters() if not bool(torch.isfinite(v).all())]
        left = {n: v for n, v in left.items() if v.grad is None or not bool(v.grad.any())}
        if bad or not left:
            break
    return bad, set(left)


def _tensors(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _tensors(item)]
    return [value] if getattr(value, "is_floating_point", bool)() else []


def main() -> None:
    builder: Builder | None = None
    for line in sys.stdin:
        question = json.loads(line)
        if builder is None:
            builder = Builder({**question, "stand_ins": True})
            builder.open()
        child = os.fork() if hasattr(os, "fork") else 0
        if child:
            if os.waitpid(child, 0)[1]:
                sys.stdout.write("FAILED\n")
                sys.stdout.flush()
            continue
        code = 1
        try:
            _answer(builder, question)
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            if hasattr(os, "fork"):
                os._exit(code)


def _answer(builder: Builder, question: dict[str, Any]) -> None:
    answer: dict[str, Any] = {}
    if "base" in question:
        answer["base"] = make_base(question, builder)
    answer["loaded"] = [load(question, *pair) for pair in question.get("pairs", ())]
    answer["steps"] = [
        line for cfg in question.get("steps", ()) for line in step(question, builder, cfg)
    ]
    sys.stdout.write("\nANSWER " + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
