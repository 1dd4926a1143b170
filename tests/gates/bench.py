"""A fork with modules patched in, its networks explained and exported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yamlmod as package
from tests.cli.run import yamlmod
from tools.real_forks import fork_copy, lacking

_SCRIPT = Path(__file__).with_name("export_fork.py")


class GatesBench:
    """yolov5 7.0.14 with modules of the registry."""

    def __init__(self, folder: Path, cfg: str, modules: Sequence[str] = ()) -> None:
        self.folder = folder
        self.fork = fork_copy("yolov5==7.0.14", folder)
        self.base = self.fork / "models" / cfg
        names = modules or [template.class_name for template in lacking(self.fork)]
        done = yamlmod("patch", "yolov5", *names, "-w", cwd=folder)
        assert done.code == 0, done.err

    def edited(self, name: str, module: str, after: Sequence[int]) -> Path:
        """Write a YAML with a module at some places."""
        path = self.folder / name
        text = self.base.read_text(encoding="utf-8")
        path.write_text(package.load(text).insert(module, after=after).to_text(), encoding="utf-8")
        return path

    def told(self, *words: str | Path) -> dict[str, Any]:
        """Return what `explain` answers."""
        done = yamlmod("explain", *words, "--json", cwd=self.folder)
        assert done.code == 0, (done.out, done.err)
        answer: dict[str, Any] = json.loads(done.out)
        return answer

    def export(self, wanted: Mapping[str, tuple[Path, int, bool, int]]) -> dict[str, str]:
        """Write NAME.onnx for each, and return the errors."""
        exports = [[str(cfg), str(self.folder / f"{name}.onnx"), *rest]
                   for name, (cfg, *rest) in wanted.items()]  # fmt: skip
        question = {
            "folder": str(self.folder),
            "fork": str(self.fork),
            "module": "yolov5.models.yolo",
            "exports": exports,
        }
        done = subprocess.run(
            [sys.executable, str(_SCRIPT), json.dumps(question)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=1800,
            env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])},
        )
        lines = [one for one in done.stdout.splitlines() if one.startswith("EXPORTED ")]
        assert len(lines) == len(exports), done.stderr[-2000:]
        told = (json.loads(line.removeprefix("EXPORTED ")) for line in lines)
        return {Path(out).stem: error for out, error in told}
