"""`study seeds` on a training of our own: its verdict against its batches, --fix, undo, status."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
# YOLOv5's way, up to v7.0: the loader's generator is seeded with a constant.
TRAIN = """\
import argparse
import random

import torch

CONSTANT = 6148914691236517205


class Scenes(torch.utils.data.Dataset):
    augment = True

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.full((2,), float(index)) + random.random() + torch.rand(2), f"{index}.png"


def create_dataloader(batch, workers, seed=0):
    generator = torch.Generator()
    generator.manual_seed(CONSTANT)
    return torch.utils.data.DataLoader(
        Scenes(), batch, shuffle=True, num_workers=workers, generator=generator
    )


def train(opt):
    print(opt.weights, opt.epochs)
    random.seed(opt.seed)
    torch.manual_seed(opt.seed)
    for batch in create_dataloader(opt.batch_size, opt.workers):
        raise SystemExit("it trains")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cfg", default="")
    parser.add_argument("--weights", default="")
    parser.add_argument("--data", default="")
    parser.add_argument("--project", default="")
    parser.add_argument("--name", default="")
    parser.add_argument("--resume", default="")
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=0)
    parser.add_argument("--img", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--exist-ok", action="store_true")
    train(parser.parse_args())
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(_FORK, tmp_path / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "fork" / "train.py").write_text(TRAIN, encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_verdict_is_that_of_the_batches_and_a_fix_counts(home: Path) -> None:
    before = snapshot(home)
    done = yamlmod("study", "seeds", "fork", "--json", cwd=home)
    data = json.loads(done.out)
    assert (done.code, data["counts"], data["proven"]) == (1, False, True), data
    one, two = data["batches"]
    assert one["differs"] and one["repeats"] and not two["differs"] and two["repeats"]
    assert [fact["counts"] for fact in data["read"]] == [True, True, True, False]
    assert snapshot(home) == before

    done = yamlmod("study", "seeds", "fork", "--fix", "-w", cwd=home)
    assert done.code == 0 and "the seed counts (proven by its batches)" in done.err, done.err
    assert "2 workers: batches of seeds 0 and 1 differ; seed 0 repeats" in done.err
    written = snapshot(home)
    assert yamlmod("study", "seeds", "fork", "--fix", "-w", cwd=home).code == 0
    assert snapshot(home) == written
    status = yamlmod("status", "fork", cwd=home).out.decode()
    assert "seed: train.py:22" in status
    done = yamlmod("study", "seeds", "fork", "--no-run", cwd=home)
    assert done.code == 0 and b"the seed counts (read, not proven)" in done.out
    assert yamlmod("unpatch", "fork", "seed", "-w", cwd=home).code == 0
    assert {k: v for k, v in snapshot(home).items() if ".yamlmod" not in k} == before


def test_what_is_only_read_says_so(home: Path) -> None:
    before = snapshot(home)
    for _ in range(2):
        done = yamlmod("study", "seeds", "fork", "--no-run", cwd=home)
        assert done.code == 1 and b"the seed does not count (read, not proven" in done.out
        assert b"train.py:21" in done.out
        preview = yamlmod("study", "seeds", "fork", "--fix", "--no-run", cwd=home)
        assert preview.code == 0 and b"+    generator.manual_seed((generator" in preview.out
        assert "with these lines: the seed counts (read, not proven): --no-run" in preview.err
        assert snapshot(home) == before
    words = ("study", "seeds", "fork", "--fix", "--no-run", "--json")
    seeds = json.loads(yamlmod(*words, cwd=home).out)["seeds"]
    assert (seeds["counts"], seeds["proven"], seeds["why"]) == (True, False, "--no-run")
    assert all(fact["counts"] for fact in seeds["read"])
    check = yamlmod("study", "seeds", "fork", "--fix", "--no-run", "--check", cwd=home)
    assert check.code == 1 and snapshot(home) == before
    assert yamlmod("study", "seeds", "fork", "--fix", "--no-run", "-w", cwd=home).code == 0
    assert yamlmod("undo", "fork", "-w", cwd=home).code == 0
    assert {k: v for k, v in snapshot(home).items() if ".yamlmod" not in k} == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fork", "-w"), "go with --fix"),
        (("fork", "--script", "no.py"), "has no no.py, which trains"),
        (("nothing",), "there is no folder nothing"),
        (("fork", "--python", "/no/python"), "no such program"),
    ],
)
def test_what_is_refused(home: Path, words: tuple[str, ...], message: str) -> None:
    done = yamlmod("study", "seeds", *words, cwd=home)
    assert done.code == 2 and message in done.err and "Traceback" not in done.err


def test_a_training_that_cannot_run_is_read(home: Path) -> None:
    path = home / "fork" / "train.py"
    path.write_text("import no_such_module\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    done = yamlmod("study", "seeds", "fork", "--json", cwd=home)
    data = json.loads(done.out)
    assert (done.code, data["counts"], data["proven"]) == (1, False, False)
    assert data["why"] == "ModuleNotFoundError: No module named 'no_such_module'"


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is not of Windows")
@pytest.mark.parametrize("fix", [(), ("--fix",)])
def test_a_disk_that_takes_no_copy_is_a_refusal(home: Path, fix: tuple[str, ...]) -> None:
    before = snapshot(home)
    small = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    small += "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    small += "from yamlmod.__main__ import main\nmain()\n"
    words = [sys.executable, "-c", small, "study", "seeds", "fork", *fix]
    (home / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(home / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    for _ in range(2):
        done = subprocess.run(
            words, cwd=home, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2 and "error[unwritable]" in done.stderr, done.stderr
        assert "fork cannot be copied" in done.stderr and "TMPDIR" in done.stderr
        assert not list((home / "tmp").iterdir())
    assert snapshot(home) == before
