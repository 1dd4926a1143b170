"""An environment with a small installed package, in which tests start a real Python."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.run import yamlmod
from tests.fork.small_ultralytics import TEXTS, YAML

# What the package imports of torch; the loader is what is tried, and not a network.
_TORCH = """\
from torch import nn

def _function(*_, **__):
    return None

cat = mean = sigmoid = _function
"""
_NN = """\
class Module:
    def __init__(self):
        pass

class _Layer(Module):
    def __init__(self, *layers, **options):
        self.layers = layers

Sequential = ModuleList = Conv2d = _Layer
"""
CHECKS = '''\
import os


def check_file(file, hard=True):
    """Return a file's path, by its name in the package."""
    if os.path.exists(file):
        return file
    own = os.path.join(os.path.dirname(os.path.dirname(__file__)), "cfg", "models", str(file))
    if os.path.exists(own):
        return own
    raise FileNotFoundError(file)
'''


@dataclass(frozen=True)
class Environment:
    """A folder like that of `python -m venv`, and a project of a user's beside it."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / "env" / "bin" / "python"

    @property
    def site(self) -> Path:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        return self.root / "env" / "lib" / version / "site-packages"

    @property
    def package(self) -> Path:
        return self.site / "ultralytics"

    @property
    def project(self) -> Path:
        return self.root / "project"

    def run(self, code: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run code with the environment's Python in the project."""
        return subprocess.run(
            [str(self.python), *options, "-c", code],
            cwd=self.project,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "XDG_CACHE_HOME": str(self.root / "cache"), **variables},
        )

    def hashes(self) -> dict[str, str]:
        """Return a hash of every file that is installed."""
        return {
            str(path.relative_to(self.site)): sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.site.rglob("*"))
            if path.is_file()
        }

    def install(self, version: str, **texts: str) -> None:
        """Install the package, in place of another version of it."""
        for old in self.site.glob("ultralytics-*"):
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
        files = {
            **TEXTS,
            "ultralytics/cfg/models/mini.yaml": YAML,
            "ultralytics/cfg/models/tiny.yaml": YAML.replace("nc: 4", "nc: 3"),
            "ultralytics/utils/__init__.py": "",
            "ultralytics/utils/checks.py": CHECKS,
            "torch/__init__.py": _TORCH,
            "torch/nn/__init__.py": _NN,
            "torch/nn/functional.py": "",
            f"ultralytics-{version}.dist-info/METADATA": (
                f"Metadata-Version: 2.1\nName: ultralytics\nVersion: {version}\n"
            ),
            f"ultralytics-{version}.dist-info/top_level.txt": "ultralytics\n",
            **texts,
        }
        for name, text in files.items():
            path = self.site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def make_environment(root: Path) -> Environment:
    """Make an environment by hand: `venv` takes seconds."""
    environment = Environment(root)
    environment.python.parent.mkdir(parents=True)
    environment.site.mkdir(parents=True)
    environment.project.mkdir()
    base = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    environment.python.symlink_to(base)
    (root / "env" / "pyvenv.cfg").write_text(f"home = {base.parent}\n", encoding="utf-8")
    environment.install("8.3.0")
    return environment


def make_overlay(root: Path) -> Path:
    """Make an environment, and an overlay of one module in its project; return ``root``."""
    environment = make_environment(root)
    words = ("patch", "ultralytics", "SimAM", "--overlay", "-w", "-q")
    done = yamlmod(*words, cwd=environment.project, VIRTUAL_ENV=str(root / "env"))
    assert done.code == 0, done.err
    return root


def active_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Make an environment that is the active one, with a state and a cache folder of its own."""
    monkeypatch.setenv("VIRTUAL_ENV", str(root / "env"))
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return make_environment(root)
