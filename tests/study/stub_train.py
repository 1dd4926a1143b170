"""A training of nothing, with YOLOv5's files: a row and a checkpoint an epoch, quickly."""

import argparse
import json
import os
import pathlib
import time

parser = argparse.ArgumentParser()
parser.add_argument("--cfg", default="")
parser.add_argument("--weights", default="")
parser.add_argument("--data", default="")
parser.add_argument("--project", default="")
parser.add_argument("--name", default="")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--seconds", type=float, default=0.05)
parser.add_argument("--fail", default="")
parser.add_argument("--exist-ok", action="store_true")
parser.add_argument("--resume", default="")
options = parser.parse_args()

if options.resume:
    last = pathlib.Path(options.resume)
    folder = last.parent.parent
    state = json.loads(last.read_text())
    with open(folder.parent / "trace.txt", "a") as trace:
        trace.write(f"{os.getpid()} resumed\n")
    if state["done"] == state["epochs"]:
        raise SystemExit("AssertionError: training is finished, nothing to resume")
else:
    folder = pathlib.Path(options.project, options.name)
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    last = folder / "weights" / "last.pt"
    state = {"done": 0, "epochs": options.epochs, "seed": options.seed, "seconds": options.seconds}
    (folder / "results.csv").write_text(
        "               epoch,   metrics/precision,      metrics/recall,     metrics/mAP_0.5,"
        "metrics/mAP_0.5:0.95\n"
    )
    if options.fail:
        raise RuntimeError(options.fail)
with open(folder.parent / "trace.txt", "a") as trace:
    trace.write(f"{os.getpid()} from {state['done']}\n")
for epoch in range(state["done"], state["epochs"]):
    with open(folder.parent / "trace.txt", "a") as trace:
        trace.write(f"{os.getpid()} epoch {epoch}\n")
    time.sleep(state["seconds"])
    value = min(1.0, 0.1 * epoch + 0.001 * state["seed"])
    with open(folder / "results.csv", "a") as file:
        file.write(f"{epoch:20d},{value:20.5g},{value:20.5g},{value:20.5g},{value / 2:20.5g}\n")
    state["done"] = epoch + 1
    temporary = last.with_suffix(".tmp")
    temporary.write_text(json.dumps(state))
    temporary.replace(last)
