"""Builds networks of a fork and tells their classes and tensors; run on its own.

    python built_blocks.py QUESTION    answers in one line of JSON

A form of C3k2 is told as C3k2 itself is, without its attention. With `form`, its class is also
compared with C3k2: with nn.Identity for the attention both must compute the same bits.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from yamlmod.runtime.yamlmod_worker.building.builder import Builder


def told(model: Any, form: str) -> dict[str, Any]:
    """Tell the classes by name, the shapes by key, and what the head says of itself."""
    plain = {form: "C3k2", **{f"_{form}{kind}": kind for kind in ("Conv", "C3k", "Bottleneck")}}
    # Most activations of ultralytics are one and the same object, which has a single name.
    kept = [(n, m) for n, m in model.named_modules() if not n.endswith(".act")]
    kept = [(name, module) for name, module in kept if ".attention" not in name]
    state = {k: v for k, v in model.state_dict().items() if ".attention." not in k}
    return {
        "classes": [[name, plain.get(type(m).__name__, type(m).__name__)] for name, m in kept],
        "shapes": {key: list(value.shape) for key, value in state.items()},
        "legacy": getattr(model.model[-1], "legacy", None),
        "forms": sum(type(m).__name__ == form for m in model.modules()),
    }


def differing(names: Any, form: str) -> list[str]:
    """Return the arguments with which a form without its attention computes other bits."""
    import torch

    wrong = []
    for args in ([64, 48, 2, False, 0.5], [64, 64, 1, True, 0.25], [32, 64, 3, True], [16, 24]):
        for images, height, width in ((2, 9, 12), (1, 1, 2)):
            torch.manual_seed(1)
            ours, theirs = getattr(names, form)(*args), names.C3k2(*args)
            for name, _ in list(ours.named_modules()):
                if name.endswith(".attention"):
                    owner = ours.get_submodule(name.rpartition(".")[0])
                    owner.attention = torch.nn.Identity()
            for value in theirs.state_dict().values():
                if value.is_floating_point():
                    value.uniform_(0.2, 0.9)
            ours.load_state_dict(theirs.state_dict(), strict=True)
            x = torch.randn(images, int(args[0]), height, width)
            for training in (False, True):
                same = torch.equal(ours.train(training)(x), theirs.train(training)(x))
                if not same:
                    wrong.append(f"{args} {height}x{width} training={training}")
            if any(
                not torch.equal(v, theirs.state_dict()[k]) for k, v in ours.state_dict().items()
            ):
                wrong.append(f"{args} {height}x{width} statistics")
    return wrong


def main() -> None:
    question = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    builder = Builder({**question, "stand_ins": True})
    builder.open()
    form = question["form"]
    answer: dict[str, Any] = {"differing": differing(builder.names, form)}
    for cfg in question["networks"]:
        answer[cfg] = told(builder.build(cfg, None, "Detect"), form)
    sys.stdout.write("\nANSWER " + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
