"""A fork with modules patched in, a base checkpoint, and where its tensors must land."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cached_property
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

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        told = {
            "folder": str(self.folder),
            "module": f"{self.fork.name}.{'nn.tasks' if self.is_ultralytics else 'models.yolo'}",
            "fork": str(self.fork),
            "train": "" if self.is_ultralytics else str(self.fork / "train.py"),
            "nc": 80,
            **question,
        }
        asked, answers = self._loader.stdin, self._loader.stdout
        assert asked is not None and answers is not None
        asked.write(json.dumps(told) + "\n")
        asked.flush()
        for line in answers:
            if line.startswith("ANSWER "):
                answer: dict[str, Any] = json.loads(line.removeprefix("ANSWER "))
                return answer
            if line == "FAILED\n":
                break
        self._said.seek(0)
        raise AssertionError(self._said.read()[-2000:])

    @cached_property
    def _loader(self) -> subprocess.Popen[str]:
        """One for all questions: torch and the fork are imported once."""
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - for as long as the process
        loader = subprocess.Popen(
            [sys.executable, str(_SCRIPT)],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1]), **FORCE},
        )
        atexit.register(loader.communicate)
        return loader

    def forget(self) -> None:
        """Import the fork anew for the next question: it was patched."""
        loader = self.__dict__.pop("_loader", None)
        if loader is not None:
            loader.communicate()

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
