"""What is read of a training's seed, and the lines that make it count, for made-up trainings."""

from __future__ import annotations

import ast
import time

import pytest

from tests.fork.memory import Memory
from yamlmod.errors import Refusal
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.seeds.fix import plan_fix
from yamlmod.fork.seeds.marks import marked_lines
from yamlmod.fork.seeds.reading import SeedReading, read_seeds
from yamlmod.fork.seeds.removal import plan_seed_removal

_TRAIN = """\
import argparse
from utils.loaders import create_dataloader
from utils.general import init_seeds

RANK = -1


def train(opt):
    data, epochs = opt.data, opt.epochs
    init_seeds(START)
    loader = create_dataloader(data, 4ARGS)
    val = create_dataloader(data, 4)


def parse_opt():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int)
OPTION    return parser.parse_args()


if __name__ == "__main__":
    train(parse_opt())
"""
_GENERAL = """\
import random

import numpy as np
import torch


def init_seeds(seed=0):
    random.seed(seed)
    np.random.seed(seed)
    init_torch(seed)


def init_torch(value):
    torch.manual_seed(value)
"""
_LOADERS = """\
import os
import random

import numpy as np
import torch

RANK = int(os.getenv("RANK", -1))


def seed_worker(worker_id):
    worker_seed = WORKER
    np.random.seed(worker_seed)
    random.seed(worker_seed)


def create_dataloader(path, batch, seed=0):
    generator = torch.Generator()
    generator.manual_seed(GENERATOR)
    return torch.utils.data.DataLoader(
        path, batch, num_workers=2, worker_init_fn=seed_worker, generator=generator
    )
"""
_OPTION = '    parser.add_argument("--seed", type=int, default=0)\n'
_WORKER = "torch.initial_seed() % 2 ** 32"


def _files(
    start: str = "opt.seed + 1 + RANK",
    args: str = "",
    option: str = _OPTION,
    generator: str = "6148914691236517205 + RANK",
    worker: str = _WORKER,
) -> dict[str, str]:
    train = _TRAIN.replace("START", start).replace("ARGS", args).replace("OPTION", option)
    loaders = _LOADERS.replace("GENERATOR", generator).replace("WORKER", worker)
    return {"train.py": train, "utils/general.py": _GENERAL, "utils/loaders.py": loaders}


def _read(texts: dict[str, str]) -> tuple[Memory, SeedReading]:
    files = Memory(texts)
    return files, read_seeds(files, ImportGraph(files), "train.py")


_CASES: list[tuple[str, dict[str, str], bool | None]] = [
    ("a constant", _files(), False),
    ("zero", _files(generator="0"), False),
    ("a default that no one passes", _files(generator="seed + RANK"), False),
    ("passed by name", _files(generator="seed + RANK", args=", seed=opt.seed"), True),
    ("passed by place", _files(generator="seed + RANK", args=", opt.seed"), True),
    ("a constant that is passed", _files(generator="seed", args=", seed=3"), False),
    ("torch's own", _files(generator="5 + torch.initial_seed()"), True),
    ("torch's own, of a constant", _files(start="1", generator="torch.initial_seed()"), False),
    ("the time", _files(generator="int(time.time())"), None),
    ("no option", _files(option="", start="1 + RANK"), False),
    ("an option that goes nowhere", _files(start="2", generator="seed", args=", opt.seed"), False),
    (
        "workers of their own",
        _files(generator="seed", args=", opt.seed", worker="worker_id"),
        False,
    ),
    ("all workers alike", _files(generator="seed", args=", opt.seed", worker="7"), False),
]


@pytest.mark.parametrize(("texts", "counts"), [c[1:] for c in _CASES], ids=[c[0] for c in _CASES])
def test_what_is_read(texts: dict[str, str], counts: bool | None) -> None:
    assert _read(texts)[1].counts is counts


def _variants() -> list[tuple[str, dict[str, str]]]:
    """Return trainings that do not follow their seed, in the spellings of several forks."""
    plain = _files()
    no_generator = {
        **_files(option="", start="2"),
        "utils/loaders.py": (
            "import random\nimport torch\n\n\ndef create_dataloader(path, batch, opt=None):\n"
            "    return torch.utils.data.DataLoader(path, batch, num_workers=2)\n"
        ),
    }
    chained = plain["utils/loaders.py"].replace(
        "generator = torch.Generator()\n    generator.manual_seed(6148914691236517205 + RANK)",
        "generator = torch.Generator().manual_seed(0)",
    )
    other_name = plain["utils/loaders.py"].replace("import torch\n", "import torch as t\n")
    other_name = other_name.replace("torch.", "t.").replace("t.initial_seed", "t.initial_seed")
    only_torch = _GENERAL.replace("    random.seed(seed)\n    np.random.seed(seed)\n", "")
    unseeded = plain["train.py"].replace("    init_seeds(opt.seed + 1 + RANK)\n", "")
    return [
        *((name, texts) for name, texts, counts in _CASES if counts is False),
        ("no generator", no_generator),
        ("chained", {**plain, "utils/loaders.py": chained}),
        ("torch by another name", {**plain, "utils/loaders.py": other_name}),
        ("torch alone", {**plain, "utils/general.py": only_torch}),
        ("nothing seeded", {**plain, "train.py": unseeded}),
        ("windows", {path: text.replace("\n", "\r\n") for path, text in plain.items()}),
        ("no end", {path: text.rstrip("\n") for path, text in no_generator.items()}),
    ]


_BROKEN = _variants()


@pytest.mark.parametrize("texts", [v[1] for v in _BROKEN], ids=[v[0] for v in _BROKEN])
def test_a_fix_counts_and_comes_out_again(texts: dict[str, str]) -> None:
    files, reading = _read(texts)
    assert reading.counts is False
    plan = plan_fix(files, reading)
    fixed = {**texts, **{path: text or "" for path, text in plan.texts.items()}}
    assert fixed != texts
    for path, text in fixed.items():
        ast.parse(text)
        old, new = texts[path].splitlines(), text.splitlines()
        assert len(new) - len(old) == len(marked_lines(text))
    after, again = _read(fixed)
    assert again.counts is True, again.facts
    assert plan_fix(after, again).texts == {}
    removal = plan_seed_removal(after, fixed)
    assert {**fixed, **removal.texts} == texts


def test_what_cannot_be_fixed_is_refused() -> None:
    inline = _files()
    inline["utils/loaders.py"] = inline["utils/loaders.py"].replace(
        "generator=generator", "generator=torch.Generator().manual_seed(0)"
    )
    shared = _files()
    shared["utils/loaders.py"] = shared["utils/loaders.py"].replace(
        "    generator.manual_seed", "    a = 1; generator.manual_seed"
    )
    for texts, word in ((inline, "where it is passed"), (shared, "shares its line")):
        files, reading = _read(texts)
        assert reading.counts is False
        with pytest.raises(Refusal, match=word):
            plan_fix(files, reading)


def test_a_formatted_line_is_not_taken_out() -> None:
    texts = _files()
    files, reading = _read(texts)
    fixed = {p: t or "" for p, t in plan_fix(files, reading).texts.items()}
    (path,) = fixed
    wrapped = fixed[path].replace("manual_seed((gen", "manual_seed(\n        (gen")
    assert wrapped != fixed[path]
    with pytest.raises(Refusal, match="has been changed since"):
        plan_seed_removal(Memory({path: wrapped}), {path: wrapped})
    with pytest.raises(Refusal, match="has no line of"):
        plan_seed_removal(files, texts)


@pytest.mark.parametrize("kind", ["calls", "sums"])
def test_a_script_that_multiplies_the_work_is_not_followed_to_its_end(kind: str) -> None:
    """Eight levels with thirty calls each would be followed for years."""
    calls = "".join(
        f"def f{i}(x):\n" + f"    f{i + 1}(x)\n" * 30 + "\n"
        if kind == "calls"
        else f"x = x + x  # {i}\n"
        for i in range(200)
    )
    last = "def f200(x):\n    pass\n\n" if kind == "calls" else ""
    train = "def train(opt):\n    f0(opt)\n    torch.manual_seed(x)\n\ntrain(1)\n"
    text = f"import torch\nx = 1\n{calls}{last}{train}"
    graph = ImportGraph(Memory({"train.py": text}))
    start = time.process_time()
    reading = read_seeds(Memory({"train.py": text}), graph, "train.py")
    assert reading.counts is not True
    assert time.process_time() - start < 20


def _wide(texts: dict[str, str]) -> dict[str, str]:
    """Return a training that calls much code, as real ones do, where nothing is seeded."""
    names = [f"f{number}" for number in range(60)]
    calls = "".join(f"    {name}(opt, data, epochs)\n" * 3 for name in names)
    train = texts["train.py"].replace("    loader =", f"{calls}    loader =")
    train = f"from utils.wide import {', '.join(names)}\n{train}"
    inner = "".join(
        f"def f{number}(a, b, c):\n    x = a + b + c\n"
        + "".join(f"    f{other}(x, x, x)\n" for other in range(number + 1, min(number + 8, 60)))
        + "\n\n"
        for number in range(60)
    )
    return {**texts, "train.py": train, "utils/wide.py": inner}


@pytest.mark.parametrize(("texts", "counts"), [c[1:] for c in _CASES], ids=[c[0] for c in _CASES])
def test_a_training_that_calls_much_code_is_read_all_the_same(
    texts: dict[str, str], counts: bool | None
) -> None:
    files, reading = _read(_wide(texts))
    assert reading.counts is counts and reading.loader is not None
    if counts is False:
        fixed = {**files.texts, **{p: t or "" for p, t in plan_fix(files, reading).texts.items()}}
        assert _read(fixed)[1].counts is True


@pytest.mark.parametrize("most", [0, 10, 100, 300])
def test_what_was_not_met_for_want_of_steps_is_not_known(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be there all the same: `nothing seeds torch` would be a false alarm."""
    monkeypatch.setattr("yamlmod.fork.seeds.depends._MOST_STEPS", most)
    _, reading = _read(_files(generator="seed", args=", opt.seed"))
    assert reading.counts is None
    assert any("more code than is read" in fact.text for fact in reading.facts)


def test_functions_that_call_each_other() -> None:
    """One that seeds after it has called another, which calls it."""
    texts = _files(generator="seed + RANK", args=", seed=opt.seed")
    general = texts["utils/general.py"].replace(
        "def init_torch(value):\n", "def init_torch(value):\n    again(value)\n"
    )
    texts["utils/general.py"] = general + "\n\ndef again(value):\n    init_torch(value)\n"
    assert _read(texts)[1].counts is True
