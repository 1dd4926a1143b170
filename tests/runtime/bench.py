"""A fork with modules patched in, a base checkpoint, and where its tensors must land."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yamlmod as package
from tests.cli.run import Done, yamlmod
from tools.real_forks import fork_copy

_SCRIPT = Path(__file__).with_name("train_loading.py")
FORCE = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}


MODULES = ("ECA", "SimAM", "LSKA")


class Bench:
    """A fork with three modules patched in, and a base checkpoint with its digests."""

    def __init__(
        self, folder: Path, cfg: str | Path = "yolov5n.yaml", spec: str = "yolov5==7.0.14"
    ) -> None:
        self.folder, self.spec = folder, spec
        self.fork = fork_copy(spec, folder)
        self.is_ultralytics = (self.fork / "nn" / "tasks.py").is_file()
        # A YAML of the fork by its name, wherever it keeps them, or any other by its path.
        self.base_yaml = cfg if isinstance(cfg, Path) else next(self.fork.rglob(cfg))
        self.base = folder / "base.pt"
        done = yamlmod("patch", self.fork, *MODULES, "-w", cwd=folder)
        assert done.code == 0, done.err
        told = self.ask({"base": str(self.base_yaml), "save": str(self.base)})
        self.state: dict[str, str] = told["base"]["state"]

    def ask(self, question: dict[str, Any], **environment: str) -> dict[str, Any]:
        told = {
            "folder": str(self.folder),
            "module": f"{self.fork.name}.{'nn.tasks' if self.is_ultralytics else 'models.yolo'}",
            "fork": str(self.fork),
            "train": "" if self.is_ultralytics else str(self.fork / "train.py"),
            "nc": 80,
            **question,
        }
        done = subprocess.run(
            [sys.executable, str(_SCRIPT), json.dumps(told)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=900,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(package.__file__).parents[1]),
                **environment,
            },
        )
        lines = [x for x in done.stdout.splitlines() if x.startswith("ANSWER ")]
        assert lines, done.stderr[-2000:]
        answer: dict[str, Any] = json.loads(lines[-1].removeprefix("ANSWER "))
        return answer

    def edited(self, name: str, module: str, after: Sequence[int]) -> Path:
        path = self.folder / name
        text = self.base_yaml.read_text(encoding="utf-8")
        path.write_text(package.load(text).insert(module, after=after).to_text(), encoding="utf-8")
        return path

    def remap(self, to: Path, *flags: str | Path, cwd: Path | None = None) -> Done:
        words = ("remap", self.base, "--repo", self.fork, "--from", self.base_yaml)
        return yamlmod(*words, "--to", to, *flags, cwd=cwd or self.folder)


def wanted_state(state: dict[str, str], after: Sequence[int]) -> dict[str, str]:
    """Where each tensor must be: its layer's number plus one for every layer put before it."""
    found = {}
    for name, digest in state.items():
        head, layer, rest = name.split(".", 2)
        found[f"{head}.{int(layer) + sum(p < int(layer) for p in after)}.{rest}"] = digest
    return found
