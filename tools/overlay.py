"""Try overlays with real installed packages: built, trained, resumed, exported, loaded.

    python -m tools.overlay FOLDER PYTHON...       each PYTHON has a version of ultralytics
    python -m tools.overlay FOLDER PYTHON --rules free --no-train
    python -m tools.overlay FOLDER --make VERSION --rules free

With --make, an environment with that version of ultralytics is made in FOLDER. It takes torch from
the Python that runs this, and a stand-in for torchvision, whose packages bring CUDA with them.

FOLDER is a scratch folder. In each environment every module of the registry is patched into an
overlay, and one module of each rule goes into a YAML, which is built at n, s and m. For each of
them: an epoch on the digits of `examples/digits.py`, val, predict, a training that is killed and
resumed, an export to ONNX, and best.pt loaded by a fresh process, also with ULTRALYTICS_SAFE_LOAD.
The trainer's own DDP runs with two processes and gloo. The environment is hashed before and after.
It prints one line for each step and exits 1 when one failed.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from yamlmod.registry.catalogue import catalogue

_ROOT = Path(__file__).parents[1]
# One small module of each rule.
MODULES = {"free": "SimAM", "same": "ECA", "conv": "ACmix", "csp": "C3_CBAM"}
_MOST_TAKEN = 8
# What ultralytics and its export need; OpenCV without windows, whose libraries a server lacks.
_NEEDED = (
    "opencv-python-headless", "matplotlib", "pillow", "pyyaml", "requests", "scipy",
    "psutil", "polars", "cloudpickle", "onnx", "scikit-learn", "ultralytics-thop",
    "ultralytics-platform",
)  # fmt: skip
# All that detection uses of it.
_TORCHVISION = """
import torch

__version__ = "0.0"


class ops:
    @staticmethod
    def nms(boxes, scores, threshold):
        order = scores.argsort(descending=True)
        kept = []
        while len(order):
            first, order = order[0], order[1:]
            kept.append(first)
            low = torch.maximum(boxes[first, :2], boxes[order, :2])
            high = torch.minimum(boxes[first, 2:], boxes[order, 2:])
            shared = (high - low).clamp(min=0).prod(1)
            areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in (boxes[first], boxes[order])]
            order = order[shared <= threshold * (sum(areas) - shared)]
        return torch.stack(kept) if kept else scores.new_zeros(0, dtype=torch.long)
"""
_SITE = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
_BUILD = """
import sys, torch
import ultralytics_overlay
from ultralytics.nn.tasks import DetectionModel
for cfg in sys.argv[2:]:
    model = DetectionModel(cfg, verbose=False).eval()
    names = {type(layer).__name__ for layer in model.modules()}
    assert sys.argv[1] in names, sorted(names)
    with torch.no_grad():
        model(torch.zeros(1, 3, 64, 64))
"""
_LOAD = """
import sys
import ultralytics_overlay
from ultralytics import YOLO
model = YOLO(sys.argv[2]).model
assert sys.argv[1] in {type(layer).__name__ for layer in model.modules()}
"""


@dataclass
class Trial:
    """One environment: its Python, a project's folder, and what became of each step."""

    python: Path
    project: Path
    data: Path
    optimizer: str = "auto"
    failed: list[str] = field(default_factory=list)

    def step(self, name: str, words: Sequence[str | Path], expected: int = 0, **more: str) -> bool:
        """Run a command in the project; say in a line whether it ended as expected."""
        began = time.perf_counter()
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.project,
            env=self._variables(more),
            capture_output=True,
            text=True,
            check=False,
        )
        is_right = done.returncode == expected
        lines = (done.stderr + done.stdout).strip().splitlines() or ["nothing was said"]
        told = "" if is_right else f": {_reason(lines)[:200]}"
        took = time.perf_counter() - began
        print(f"{'ok' if is_right else 'FAILED'} {name} ({took:.0f} s){told}", flush=True)
        if not is_right:
            self.failed.append(name)
        return is_right

    def output(self, words: Sequence[str | Path], expects_failure: bool = False) -> str:
        """Return what a command says on stderr."""
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.project,
            env=self._variables({}),
            capture_output=True,
            text=True,
            check=not expects_failure,
        )
        return done.stderr

    def yamlmod(self, *words: str | Path) -> list[str | Path]:
        return [sys.executable, "-m", "yamlmod", *words]

    def yolo(self, *words: str) -> list[str | Path]:
        """Return a `yolo` command under `yamlmod exec`."""
        code = (
            "import sys; sys.argv[0] = 'yolo'\n"
            "try:\n    from ultralytics.cfg import entrypoint\n"
            "except ImportError:\n    from ultralytics.yolo.cli import cli as entrypoint\n"
            "entrypoint()"
        )
        return self.yamlmod("exec", self.python, "-c", code, *words)

    def train(self, cfg: str, name: str, epochs: int) -> list[str | Path]:
        options = (
            f"model={cfg}", f"data={self.data}", f"epochs={epochs}", "imgsz=64", "batch=16",
            "workers=1", "device=cpu", f"project={self.project / 'runs'}", f"name={name}",
            *([] if self.optimizer == "auto" else [f"optimizer={self.optimizer}"]),
        )  # fmt: skip
        return self.yolo("task=detect", "mode=train", *options)

    def hashes(self) -> dict[str, str]:
        """Return a hash of every file of the package but compiled ones."""
        words = [str(self.python), "-c", _SITE]
        folder = Path(subprocess.run(words, capture_output=True, text=True).stdout.strip())
        return {
            str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }

    def same(self, name: str, before: dict[str, str]) -> None:
        """Say whether the environment's files are what they were."""
        self.fact(f"{name}: {len(before)} files hashed", self.hashes() == before)

    def fact(self, name: str, is_right: bool) -> None:
        """Say whether something is so."""
        print(f"{'ok' if is_right else 'FAILED'} {name}", flush=True)
        if not is_right:
            self.failed.append(name)

    def crash(self, cfg: str, name: str) -> bool:
        """Start a training and kill it with all it started once there is a checkpoint.

        best.pt is written right after last.pt, which is whole then.
        """
        best = self.project / "runs" / name / "weights" / "best.pt"
        with subprocess.Popen(
            [str(word) for word in self.train(cfg, name, 4)],
            cwd=self.project,
            env=self._variables({}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            while process.poll() is None and not best.is_file():
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGKILL)
        return best.is_file()

    def _variables(self, more: dict[str, str]) -> dict[str, str]:
        own = {"VIRTUAL_ENV": str(self.python.parent.parent), "YOLO_AUTOINSTALL": "false"}
        own |= {"PYTHONPATH": str(_ROOT), "YOLO_OFFLINE": "true", "OMP_NUM_THREADS": "1"}
        return {**os.environ, **own, **more}


def _reason(lines: Sequence[str]) -> str:
    """Return the line that most likely says why a command failed."""
    errors = [line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception)\b|error\[", line)]
    return [*lines, *errors][-1]


def make_environment(folder: Path, version: str) -> Path:
    """Make an environment with a version of ultralytics; return its Python."""
    environment = folder / f"ultralytics-{version}"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    words = [str(python), "-c", _SITE]
    site = Path(subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip())
    (site / "torch_of.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*install, "--no-deps", f"ultralytics=={version}"], check=True)
    subprocess.run([*install, *_NEEDED], check=True)
    if find_spec("torchvision") is None:
        (site / "torchvision.py").write_text(_TORCHVISION, encoding="utf-8")
        info = site / "torchvision-0.0.dist-info"
        info.mkdir()
        metadata = "Metadata-Version: 2.1\nName: torchvision\nVersion: 0.0\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
    return python


def trials(folder: Path, pythons: Sequence[Path]) -> Iterator[Trial]:
    """Yield a trial for each Python; all train on the same digits."""
    data = folder / "digits"
    for number, python in enumerate(pythons):
        project = folder / f"project-{number}"
        project.mkdir(parents=True, exist_ok=True)
        trial = Trial(python.absolute(), project, data / "data.yaml")
        if not trial.data.is_file():
            data.mkdir(parents=True, exist_ok=True)
            trial.step("digits", [python, _ROOT / "examples" / "digits.py", data])
        yield trial


def check(trial: Trial, rules: Sequence[str], trains: bool) -> None:
    """Try an environment; what fails is in the trial."""
    before = trial.hashes()
    version = next((n for n in before if n.startswith("ultralytics-")), "?").split("/")[0]
    print(f"== {version}", flush=True)
    _patch_all(trial)
    for rule in rules:
        _check_module(trial, MODULES[rule], before, trains)
    trial.same("environment at the end", before)


def _patch_all(trial: Trial) -> None:
    """Patch every module of the registry; one whose class the package has goes in as another."""
    names = [template.name for template in catalogue()]
    taken: list[str] = []
    while len(taken) < _MOST_TAKEN:
        words = trial.yamlmod("patch", "ultralytics", *names, "--overlay", "-w")
        found = trial.output(words, expects_failure=True)
        match = re.search(r"already (?:defines|binds) (\w+)", found)
        if match is None or match[1] not in names:
            break
        names.remove(match[1])
        taken.append(match[1])
    count = f"{len(names)} modules of the registry are patched"
    trial.step(count, trial.yamlmod("status", "ultralytics_overlay", "--check"))
    for name in taken:
        words = ("patch", "ultralytics", name, "--as", f"Own{name}", "--overlay", "-w")
        trial.step(f"{name} as Own{name}", trial.yamlmod(*words))


def _check_module(trial: Trial, module: str, before: dict[str, str], trains: bool) -> None:
    where = ("--replace", "backbone.C2f#2") if module.startswith("C3") else ("--after", "SPPF")
    # What every version has: by these names, or all three as yolov8.yaml.
    for base in ("yolov8n.yaml", "yolov8s.yaml", "yolov8m.yaml"):
        words = ("add", module, "--repo", "ultralytics", "--cfg", base, *where, "--overlay", "-w")
        if not trial.step(f"{module}: add to {base}", trial.yamlmod(*words)):
            return
    scales = [f"yolov8{scale}-{module.lower()}.yaml" for scale in "nsm"]
    trial.step(f"{module}: built at {len(scales)} scales",
               [trial.python, "-c", _BUILD, module, *scales])  # fmt: skip
    if not trains:
        return
    best = trial.project / "runs" / module / "weights" / "best.pt"
    if not trial.step(f"{module}: an epoch", trial.train(scales[0], module, 1)):
        return
    options = (f"model={best}", "imgsz=64", "device=cpu")
    data = (f"data={trial.data}", "batch=16", "workers=1")
    trial.step(f"{module}: val", trial.yolo("task=detect", "mode=val", *options, *data))
    source = f"source={trial.data.parent / 'images' / 'val'}"
    trial.step(f"{module}: predict", trial.yolo("task=detect", "mode=predict", *options, source))
    trial.step(f"{module}: export", trial.yolo("mode=export", *options, "format=onnx"))
    load = [trial.python, "-c", _LOAD, module, best]
    trial.step(f"{module}: best.pt in a fresh process", load)
    trial.step(f"{module}: safe load", load, ULTRALYTICS_SAFE_LOAD="1")
    bare = [trial.python, "-c", _LOAD.replace("import ultralytics_overlay\n", ""), module, best]
    trial.step(f"{module}: refused without the overlay", bare, expected=1)
    _check_ddp(trial, module, scales[0])
    if trial.crash(scales[0], f"{module}-killed"):
        trial.same(f"{module}: environment after a kill", before)
        last = trial.project / "runs" / f"{module}-killed" / "weights" / "last.pt"
        resume = ("task=detect", "mode=train", "resume=True", f"model={last}")
        trial.step(f"{module}: resume", trial.yolo(*resume))


def _check_ddp(trial: Trial, module: str, cfg: str) -> None:
    """Let ultralytics start two processes as for two GPUs; see `tools/gloo_trainer.py`."""
    ranks = trial.project / "ranks" / module
    ranks.mkdir(parents=True, exist_ok=True)
    trainer = trial.project / "gloo_trainer.py"
    trainer.write_bytes(Path(__file__).with_name("gloo_trainer.py").read_bytes())
    runs, name = trial.project / "runs", f"{module}-ddp"
    options = [f"model={cfg}", f"data={trial.data}", f"project={runs}", f"name={name}"]
    options += [] if trial.optimizer == "auto" else [f"optimizer={trial.optimizer}"]
    words = trial.yamlmod("exec", trial.python, trainer, *options)
    path = os.pathsep.join([str(_ROOT), str(trial.project)])
    trial.step(f"{module}: an epoch of DDP", words, RANKS=str(ranks), PYTHONPATH=path)
    seen = [
        rank for rank in "01"
        if (ranks / rank).is_file() and module in (ranks / rank).read_text().split("\n")
    ]  # fmt: skip
    trial.fact(f"{module}: both processes have it", seen == ["0", "1"])
    trial.fact(f"{module}: a checkpoint of DDP", any(runs.glob(f"{name}*/weights/last.pt")))


def main(words: Sequence[str] | None = None) -> int:
    """Try every environment."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("pythons", type=Path, nargs="*")
    parser.add_argument("--make", action="append", default=[], metavar="VERSION")
    parser.add_argument("--rules", default=",".join(MODULES))
    parser.add_argument("--no-train", action="store_true")
    parser.add_argument("--optimizer", default="auto", help="ultralytics 8.4.0 to 8.4.101: SGD")
    options = parser.parse_args(words)
    failed: list[str] = []
    folder = options.folder.absolute()
    pythons = [*options.pythons, *(make_environment(folder, version) for version in options.make)]
    for trial in trials(folder, pythons):
        trial.optimizer = options.optimizer
        check(trial, options.rules.split(","), not options.no_train)
        failed += trial.failed
    print(f"{len(failed)} failed: {', '.join(failed)}" if failed else "0 failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
