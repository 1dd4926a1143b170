"""Forks by their imports on the command line: what resolves, circles, packages from above."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.fork import small_ultralytics
from tests.fork.memory import COMMON, yolo
from tests.fork.read.mini import PYTHON, with_row

OWN = """\
import torch.nn as nn
from ultralytics.nn.modules.block import Bottleneck
from ultralytics.nn.modules.conv import Conv


class C2fGate(nn.Module):
    def __init__(self, c1, c2, k=1):
        super().__init__()
        self.cv = Conv(c1, c2, k)
        self.m = Bottleneck(c2, c2)

    def forward(self, x):
        return self.m(self.cv(x))
"""


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(OWN, encoding="ascii")
    return small_ultralytics.write(tmp_path / "fork")


def imports(fork: Path, module: str = "ultralytics.nn.tasks") -> str:
    """Import a module of a fork as Python does; return the last line of its error."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", f"import {module}"], cwd=fork, capture_output=True, text=True
    )
    return done.stderr.strip().rpartition("\n")[2]


def test_names_that_getattr_looks_up_in_torch(fork: Path) -> None:
    """`import torch` is enough where the parser takes `nn.Upsample` from torch.nn itself."""
    # The classes of this fork are names only: nothing can be built of them.
    done = yamlmod("check", "plain.yaml", "--repo", ".", "--select", "unresolved-name", cwd=fork)
    assert done.code == 0 and b"nothing found" in done.out + done.err.encode()
    text = (fork / "plain.yaml").read_text(encoding="utf-8").replace("nn.Upsample", "nm.Upsample")
    (fork / "plain.yaml").write_text(text, encoding="utf-8")
    done = yamlmod("check", "plain.yaml", "--repo", ".", "--json", cwd=fork)
    assert b"unresolved-name" in done.out


def test_check_doctor_and_status_agree_on_a_hidden_class(fork: Path) -> None:
    """A class that `__all__` does not hand on is there for none of them."""
    modules = fork / "ultralytics/nn/modules/__init__.py"
    modules.write_text(
        small_ultralytics.MODULES.replace("from .conv import Concat, Conv", "from .conv import *"),
        encoding="ascii",
    )
    tasks = fork / "ultralytics/nn/tasks.py"
    line = "from ultralytics.nn.modules import C2f, Concat, Conv, Detect"
    tasks.write_text(
        small_ultralytics.TASKS.replace(line, "from ultralytics.nn.modules import *"),
        encoding="ascii",
    )
    text = small_ultralytics.YAML.replace("nn.Upsample, [None, 2, nearest]", "Hidden, []")
    (fork / "hidden.yaml").write_text(text, encoding="utf-8")
    check = yamlmod("check", "hidden.yaml", "--repo", ".", "--json", cwd=fork)
    assert "unresolved-name" in check.out.decode() and "Hidden" in check.out.decode()
    doctor = json.loads(yamlmod("doctor", ".", "--json", cwd=fork).out)
    problems = [one["text"] for one in doctor["findings"] if one["topic"] == "yamls"]
    assert problems == ["hidden.yaml:7: the parse function has no name Hidden"]
    assert json.loads(yamlmod("status", ".", "--json", cwd=fork).out)["undecided"] == []


def test_an_own_class_whose_imports_run_in_a_circle(fork: Path) -> None:
    """conv.py cannot import block.py, which imports conv.py: the class gets its own file."""
    before = snapshot(fork)
    done = yamlmod("patch", "fork", "own.py:C2fGate", "-w", cwd=fork.parent)
    assert done.code == 0, done.err
    assert "C2fGate is added in its own file" in done.err
    assert "fork/ultralytics/nn/modules/block.py -> fork/ultralytics/nn/modules/conv.py" in done.err
    assert imports(fork) == ""
    assert "C2fGate" in (fork / "ultralytics/nn/yamlmod_modules/c2f_gate.py").read_text("ascii")
    done = yamlmod("patch", "fork", "own.py:C2fGate", "-w", cwd=fork.parent)
    assert done.code == 0 and "is already installed and up to date" in done.err
    done = yamlmod("unpatch", "fork", "C2fGate", "-w", cwd=fork.parent)
    assert done.code == 0 and snapshot(fork) == before


def test_doctor_names_a_circle_that_is_there(fork: Path) -> None:
    conv = fork / "ultralytics/nn/modules/conv.py"
    conv.write_text("from .block import C2f\n" + small_ultralytics.CONV, encoding="ascii")
    assert "circular import" in imports(fork)
    done = yamlmod("doctor", ".", "--json", cwd=fork)
    problems = [
        one["text"] for one in json.loads(done.out)["findings"] if one["level"] == "problem"
    ]
    told = [one for one in problems if "circular import" in one]
    assert len(told) == 1 and told[0].startswith("ultralytics/nn/modules/conv.py:1: ")
    assert "C2f" in told[0] and done.code == 1


def test_a_circle_that_was_asked_for_is_refused(fork: Path) -> None:
    before = snapshot(fork)
    words = ("patch", "fork", "own.py:C2fGate", "-w", "--placement", "common")
    done = yamlmod(*words, cwd=fork.parent)
    assert done.code == 2 and "error[circular-import]" in done.err
    assert "fork/ultralytics/nn/modules/block.py:3: from .conv import" in done.err
    assert snapshot(fork) == before


def test_an_own_class_that_imports_what_is_not_there(fork: Path) -> None:
    own = OWN.replace("import Bottleneck", "import Bottleneck, Gone").replace(
        "Bottleneck(", "Gone("
    )
    (fork.parent / "own.py").write_text(own, encoding="ascii")
    before = snapshot(fork)
    done = yamlmod("patch", "fork", "own.py:C2fGate", "-w", cwd=fork.parent)
    assert done.code == 2 and "error[import-fails]" in done.err and "'Gone'" in done.err
    assert snapshot(fork) == before


def test_a_class_that_the_fork_imports_from_a_file_of_its_own(fork: Path) -> None:
    """Both ways out are offered, and both work."""
    mine = "import torch.nn as nn\n\n\nclass SimAM(nn.Module):\n    def __init__(self, e=1e-4):\n"
    mine += "        super().__init__()\n"
    (fork / "ultralytics/nn/mine.py").write_text(mine, encoding="ascii")
    tasks = fork / "ultralytics/nn/tasks.py"
    text = "from ultralytics.nn.mine import SimAM\n" + tasks.read_text("ascii")
    tasks.write_text(text, encoding="ascii")
    words = ("add", "SimAM", "--repo", ".", "--cfg", "plain.yaml", "--after", "2")
    done = yamlmod(*words, cwd=fork)
    assert done.code == 2 and "error[name-taken]" in done.err
    assert "--use-existing" in done.err and "--as YamlmodSimAM" in done.err
    assert yamlmod(*words, "--use-existing", cwd=fork).code == 0
    assert yamlmod(*words, "--as", "YamlmodSimAM", cwd=fork).code == 0


SPELLED = {
    "listed": "from outer.inner.models.common import (\n    C3,\n    Concat,\n    Conv,\n)",
    "star": "from outer.inner.models.common import *",
    "module": "from outer.inner.models import common\nfrom outer.inner.models.common import *",
    "relative": "from ..models.common import *",
    "half": "from inner.models.common import *",
}


@pytest.mark.slow
@pytest.mark.parametrize("spelled", SPELLED)
@pytest.mark.parametrize("placement", ["common", "package"])
@pytest.mark.parametrize("repo", ["inner", "outer/inner", "."])
def test_a_package_that_imports_itself_from_above(
    spelled: str, placement: str, repo: str, tmp_path: Path
) -> None:
    inner = tmp_path / "outer" / "inner"
    (inner / "models").mkdir(parents=True)
    for folder in (inner.parent, inner, inner / "models"):
        (folder / "__init__.py").touch()
    (inner / "models/yolo.py").write_text(yolo(imports=SPELLED[spelled]), encoding="utf-8")
    (inner / "models/common.py").write_text(COMMON, encoding="utf-8")
    cwd = {"inner": inner.parent, "outer/inner": tmp_path, ".": inner}[repo]
    before = snapshot(inner)
    words = ("patch", repo, "SE", "-w")
    done = yamlmod(*words, "--placement", placement, cwd=cwd)
    assert done.code == 0, done.err
    patched = snapshot(inner)
    again = yamlmod(*words, cwd=cwd)
    assert again.code == 0 and "is already installed and up to date" in again.err, again.err
    assert snapshot(inner) == patched != before
    assert b"stale" not in yamlmod("status", repo, cwd=cwd).out
    done = yamlmod("unpatch", repo, "SE", "-w", cwd=cwd)
    assert done.code == 0, done.err
    assert snapshot(inner) == before


# `from ultralytics import YOLO` begins with models, and comes through; nn.tasks first is a circle.
_CIRCLE = {
    "ultralytics/models/__init__.py": "from ultralytics.engine import Model\n",
    "ultralytics/models/utils.py": "",
    "ultralytics/engine.py": "from ultralytics.nn.tasks import DetectionModel as Model\n",
    "ultralytics/loss.py": "from ultralytics.models import utils\n",
}


@pytest.mark.parametrize("closed", [False, True])
def test_a_circle_that_depends_on_where_it_is_entered(tmp_path: Path, closed: bool) -> None:
    fork = tmp_path / "fork"
    tasks = "ultralytics/nn/tasks.py"
    texts = {**PYTHON, **_CIRCLE, tasks: "from ultralytics import loss\n" + PYTHON[tasks]}
    if closed:  # from both ends
        texts["ultralytics/loss.py"] = "from ultralytics.models import Model\n"
    for name, text in texts.items():
        (fork / name).parent.mkdir(parents=True, exist_ok=True)
        (fork / name).write_text(text, encoding="utf-8")
    (fork / "x.yaml").write_text(with_row(), encoding="utf-8")
    assert "partially initialized" in imports(fork)
    assert bool(imports(fork, "ultralytics.models")) is closed
    doctor = yamlmod("doctor", "fork", "--python", sys.executable, cwd=tmp_path)
    assert ("circular import" in doctor.out.decode()) is closed
    verify = yamlmod("verify", "fork", "x.yaml", "--python", sys.executable, cwd=tmp_path)
    assert ("partially initialized" in verify.out.decode() + verify.err) is closed
    assert ("alive" in verify.out.decode()) is not closed, verify.err
