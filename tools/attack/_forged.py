"""Answers that a fork could forge: those of each command, bent in every way."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

_TOLD = {"python": "3.11.0", "torch": "2.13.0", "stand_ins": [], "blocked": []}
_LAYER = {"index": 0, "from": -1, "module": "Conv", "parameters": 1, "flops": 1,
          "thop_unseen_flops": 0, "shapes": [[1, 3, 8, 8]], "bytes": 1, "time_share": 0.5,
          "milliseconds": 1.0}  # fmt: skip
_MODEL = {"cfg": "m", "parameters": 1, "trainable": 1, "weights_bytes": 1, "flops": 1.0,
          "thop_flops": 1.0, "thop_flops_at_size": 1.0, "thop_unseen_flops": 0.0, "thop_stride": 32,
          "counted_by": "torch.utils.flop_counter", "missed": [], "forward_bytes": 1,
          "training_bytes": 1, "latency": {"median": 1.0, "q1": 1.0, "q3": 1.0},
          "step": None, "step_images": 0, "layers": [_LAYER], "notes": ["n"]}  # fmt: skip
ANSWERS: dict[str, dict[str, Any]] = {
    "verify": {**_TOLD, "free": None, "sizes": ["256x256", "96x96"], "rounded": [[32, 32]]},
    "profile": {**_TOLD, "models": [_MODEL], "device": "cpu", "device_name": "c", "threads": 1},
    "explain": {
        **_TOLD,
        "nodes": [["aten::sigmoid", ["x"], ["y"], ["model.0"]],
                  ["aten::mul", ["x", "y"], ["z"], []],
                  ["aten::rsub", ["c", "y"], ["r"], []], ["prim::ListConstruct", ["r"], ["l"], []],
                  ["aten::cat", ["l", "c"], ["k"], ["model.1"]]],
        "constants": {"c": [1, 1.0], "n": [None, None]},
        "classes": {"model.0": "Conv"},
    },
    "remap": {
        **_TOLD, "form": "zip", "source": "ema", "notes": [], "classes": 80, "tensors": 1,
        "parameters": 1, "right": [1, 1], "dropped": [["a", "b", 1]],
        "new": [["model.0.conv.weight", 1]],
        "stock": {"right": [1, 1], "wrong": [0, 0], "wrong_layers": [1]}, "expected": [1, 1],
        "transfers": [[80, 1, 1]],
        "identity": None,
    },
}  # fmt: skip
_CHECK = {"check": {"name": "build", "status": "pass", "reason": "", "seconds": 0.1}}
_ODD: list[Any] = [
    None, True, False, 0, -1, 10**19, -(10**18), 1e308, 0.0, "", "x", "\x1b[31m",
    "\ud800", "x" * 5000, [], {},
    [[]], [None], {"": None}, ["a", "b", "c"], [1, 2, 3], {"answer": {}}, float("nan"),
    float("inf"), "model.99999999.x", [["model.999.x", 1]], [["model." + "9" * 3000 + ".x", 1]],
]  # fmt: skip
RAW = [
    b"[1]", b"1", b"null", b'"x"', b"{}", b"[]", b"nonsense", b"", b'{"answer": {}, "number": 1}',
    b'{"answer": [], "number": 1}', b'{"answer": null, "number": 1}', b'{"part": {}}',
    b'{"part": []}', b'{"part": {"check": {}}}', b'{"part": {"begun": 1}}', b'{"number": 1}',
    b'{"answer": {"refused": []}, "number": 1}', b'{"answer": {"failed": ""}, "number": 1}',
    b'{"answer": {"refused": ["a", "b", 1]}, "number": 1}', b"9" * 100_000, b"[" * 100_000,
    b'{"answer": ' + b"1" * 1_000_000 + b', "number": 1}', b'{"answer": NaN, "number": 1}',
    b'{"answer": {"refused": ["\\ud800", "b", "c"]}, "number": 1}', b"\xff\xfe", b"\x00",
    b'{"answer": {"refused": ["\\u001b[2J", "b", "c"]}, "number": 1}',
    b'{"answer": {"failed": "\\n\\n"}, "number": 1}', b'{"answer": 1, "answer": 2, "number": 1}',
    b'{"answer": {}, "number": 2}', b'{"answer": {}, "number": "1"}', b"[" + b"[]," * 10**6 + b"1]",
]  # fmt: skip


def forged(command: str, random_source: random.Random) -> bytes:
    """Return what is written for one case: marked lines."""
    if random_source.random() < 0.25:
        lines = [random_source.choice(RAW)]
    else:
        answer = copy.deepcopy(ANSWERS[command])
        for _ in range(random_source.choice([0, 1, 1, 1, 2, 5])):
            _bend(answer, random_source)
        lines = [json.dumps({"answer": answer, "number": 1}).encode()]
        if command == "verify" and random_source.random() < 0.8:
            part = copy.deepcopy(_CHECK)
            if random_source.random() < 0.5:
                _bend(part, random_source)
            lines.insert(0, json.dumps({"part": part}).encode())
    return b"".join(b"\nYAMLMOD " + line + b"\n" for line in lines)


def _bend(value: Any, random_source: random.Random) -> None:
    """Change one place in a value."""
    places: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else list(range(len(one)))
        places += [(one, key) for key in keys]
        waiting += [one[key] for key in keys if isinstance(one[key], (dict, list))]
    if not places:
        return
    inside, key = random_source.choice(places)
    how = random_source.random()
    if how < 0.2:
        del inside[key]
    elif how < 0.3 and isinstance(inside, dict):
        inside["more"] = random_source.choice(_ODD)
    elif how < 0.4 and isinstance(inside, list):
        inside += inside * random_source.choice([1, 50])
    else:
        inside[key] = random_source.choice(_ODD)
