"""Networks read with a fork's code: what parse_model hands on, what fails, and at which layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fork.memory import Memory
from tests.fork.read.mini import PYTHON, with_row
from tools.builds.__main__ import reader_of, truth_of
from tools.builds.compare import Tally, compare
from tools.builds.corpus import Case, Source, cases
from tools.real_forks import fork_folder
from yamlmod.fork.parser.locate import locate
from yamlmod.fork.parser.model_class import BY_HEAD
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.read.answers import NetworkReading, Sizes
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.problems import answer
from yamlmod.runtime.yamlmod_worker.building import builder as building
from yamlmod.workspace.tree import Tree

_TASKS = "ultralytics/nn/tasks.py"


def reader(changes: dict[str, str] | None = None) -> ForkReader:
    return ForkReader(ImportGraph(Memory({**PYTHON, **(changes or {})}, "/r", ""), _TASKS), _TASKS)


def read(text: str, changes: dict[str, str] | None = None) -> NetworkReading:
    return reader(changes).read(yaml.safe_load(text), "n")


def test_rows_and_outputs() -> None:
    found = read(with_row())
    assert found.complete and found.failure is None and found.save == (3, 5, 8)
    rows = {row.index: row for row in found.rows}
    assert rows[5].class_name == "C2f" and rows[5].args == (128, 128, 2, True)
    assert rows[5].channels == 128 and rows[5].output == Sizes((1, 128, 16, 16))
    assert rows[5].parameters[:3] == ("c1", "c2", "n")
    assert rows[7].output == Sizes((1, 192, 32, 32))
    assert rows[9].args == (4, [64, 128])


@pytest.mark.parametrize("stream", ["ch=6", "ch=4"])
def test_the_image_has_the_channels_that_the_model_class_says(stream: str) -> None:
    """A fork for two frames, or with a fourth channel."""
    text = PYTHON[_TASKS].replace("ch=3, nc=None", f"{stream}, nc=None")
    # Its constructor runs no image, as one with fixed strides does not.
    run = "[256 / x.shape[-2] for x in self(torch.zeros(1, ch, 256, 256))]"
    assert text.count(run) == 1 and stream in text
    found = read(with_row(), {_TASKS: text.replace(run, "[8.0, 16.0]")})
    assert found.failure is None and found.rows[0].args[0] == int(stream[3:])


@pytest.mark.parametrize(
    "row",
    [
        "[-1, 1, nn.Identity, []]",
        "[-1, 1, CBAM, [512]]",
        "[-1, 1, ChanGate, [128]]",
        "[-1, 1, nn.Dropout, [0.1]]",
        "[-1, 2, Conv, [512, 3, 1]]",
    ],
)
def test_rows_that_build(row: str) -> None:
    assert read(with_row(row)).failure is None


@pytest.mark.parametrize(
    ("row", "stage", "kind", "words"),
    [
        (
            "[-1, 1, ChanGate, [512]]",
            "forward",
            "RuntimeError",
            "to have 512 channels, but got 128",
        ),
        (
            "[-1, 1, KernelGate, [512]]",
            "constructor",
            "AssertionError",
            "kernel size must be 3 or 7",
        ),
        ("[-1, 1, NoSuch, [512]]", "parse", "KeyError", "NoSuch"),
        ("[-1, 1, nn.NoSuch, []]", "parse", "AttributeError", "has no attribute 'NoSuch'"),
        ("[-1, 1, CBAM, []]", "parse", "IndexError", "list index out of range"),
        ("[-1, 1, Conv, [512, 3, 1, 1, 1]]", "constructor", "TypeError", "positional arguments"),
        ("[-1, 1, nn.Conv2d, [128, 64, 3, 1, 1]]", "", "", ""),
        ("[-1, 1, nn.Conv2d, [128, 64]]", "constructor", "TypeError", "kernel_size"),
        ("[-1, 1, nn.BatchNorm2d, [64]]", "forward", "RuntimeError", "running_mean"),
        ("[-1, 3, Conv, [512, 3, 2]]", "", "", ""),
        ("[[-1, 4], 1, Concat, [1]]", "", "", ""),
        ("[[-1, 3], 1, Concat, [1]]", "forward", "RuntimeError", "Sizes of tensors must match"),
        ("[-9, 1, Conv, [512]]", "parse", "IndexError", "list index out of range"),
        ("[-1, 1, Conv, ['a']]", "parse", "TypeError", ""),
    ],
)
def test_failures_are_those_of_the_fork(row: str, stage: str, kind: str, words: str) -> None:
    failure = read(with_row(row)).failure
    if not stage:
        # Nothing at layer 6 itself; what reads it may not fit.
        assert failure is None or (failure.layer or 0) > 6
        return
    assert failure is not None
    assert (failure.layer, failure.stage, failure.kind) == (6, stage, kind)
    assert words in failure.message


def test_the_trail_and_the_branch_are_said() -> None:
    found = read(with_row("[-1, 1, ChanGate, [512]]"))
    assert found.failure is not None
    assert found.failure.trail == ("Conv2d.forward", "ChanGate.forward")
    assert found.failure.place.startswith("ultralytics/nn/modules/conv.py:")
    tree = PYTHON[_TASKS].split("\n")
    branch = found.rows[6].branch
    assert branch is not None and "c2 = ch[f]" in tree[branch - 1]


def test_the_row_to_write_is_found() -> None:
    found = answer(reader(), yaml.safe_load(with_row("[-1, 1, ChanGate, [512]]")))
    assert [(p.layer, p.proposal) for p in found.problems] == [(6, "[128]")]


def test_no_row_is_proposed_where_none_fits_every_scale() -> None:
    text = with_row("[-1, 1, ChanGate, [512]]").replace(
        "  n: [0.33, 0.25, 1024]\n", "  n: [0.33, 0.25, 1024]\n  s: [0.33, 0.5, 1024]\n"
    )
    found = answer(reader(), yaml.safe_load(text))
    assert [p.proposal for p in found.problems] == [""]
    assert found.problems[0].scales == ("n", "s") and found.problems[0].everywhere


def _conv(change: str) -> dict[str, str]:
    path = "ultralytics/nn/modules/conv.py"
    return {path: PYTHON[path] + change}


def test_attributes_that_the_parser_overwrites() -> None:
    own = (
        "\n\nclass Pair(nn.Module):\n    def __init__(self, kind=1):\n        super().__init__()\n"
        "        self.{} = {}\n    def forward(self, x):\n        return x\n"
    )
    dies = read(with_row("[-1, 1, Pair, []]"), _conv(own.format("f", "nn.Identity()")))
    assert dies.failure is not None and dies.failure.kind == "TypeError"
    assert "cannot assign 'int' as child module 'f'" in dies.failure.message
    changed = read(with_row("[-1, 1, Pair, []]"), _conv(own.format("type", "'avg'")))
    assert changed.failure is None and changed.rows[6].overwritten == ("type",)


def test_a_kernel_that_is_given_channels_is_a_doubt() -> None:
    quiet = PYTHON["ultralytics/nn/modules/conv.py"].replace(
        '        assert kernel_size in {3, 7}, "kernel size must be 3 or 7"\n', ""
    )
    changed = {"ultralytics/nn/modules/conv.py": quiet}
    found = answer(reader(changed), yaml.safe_load(with_row("[-1, 1, KernelGate, [508]]")))
    assert [(d.layer, d.kind) for d in found.doubts] == [(6, "misplaced")]
    assert "kernel_size" in found.doubts[0].message


def test_what_is_not_known_is_no_failure() -> None:
    change = _conv(
        "\n\nfrom timm.layers import Gate\n\n\nclass Pair(nn.Module):\n"
        "    def __init__(self, *a):\n        super().__init__()\n        self.g = Gate(*a)\n"
        "        self.cv = nn.Conv2d(128, 128, 1)\n"
        "    def forward(self, x):\n        return self.cv(self.g(x))\n"
    )
    found = read(with_row("[-1, 1, Pair, [512, 3]]"), change)
    assert found.failure is None
    output = found.rows[6].output
    assert isinstance(output, Sizes) and output.sizes is not None and output.sizes[1] == 128


def test_one_file_leaves_nothing_behind_for_the_next() -> None:
    changed = PYTHON[_TASKS].replace(
        "    ch = [ch]\n",
        "    Conv.extra = getattr(Conv, 'extra', 0) + 1\n    ch = [ch] * Conv.extra\n",
    )
    one = reader({_TASKS: changed})
    data = yaml.safe_load(with_row("[-1, 1, NoSuch, []]"))
    assert one.read(data, "n").as_data() == one.read(data, "n").as_data()


def test_a_crash_of_the_interpreter_is_an_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: Any) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("yamlmod.fork.read.interpreter.calls.forward", crash)
    found = read(with_row())
    assert found.failure is None
    assert found.complete


_SAMPLE = {
    "yolov5==7.0.14": ("yolov5s.yaml", "yolov5n6.yaml"),
    "yolov5==4.0.14": ("yolov5s.yaml",),
    "ultralytics==8.0.0": ("yolov8n.yaml", "yolov8n-seg.yaml"),
    "ultralytics==8.3.0": ("yolo11.yaml", "rtdetr-l.yaml"),
    "ultralytics==8.4.190": ("yolo26.yaml", "yolov10n.yaml", "yoloe-26.yaml"),
}


@pytest.mark.slow
@pytest.mark.fork
@pytest.mark.parametrize("spec", _SAMPLE)
def test_published_networks_are_read_as_they_build(spec: str, tmp_path: Path) -> None:
    root = fork_folder(spec)
    tree = Tree(root)
    source = Source(spec, root, tree, locate(tree))
    chosen: dict[str, Case] = {}
    for case in cases(source):
        name = case.name.rpartition("/")[2]
        if name in _SAMPLE[spec]:
            chosen.setdefault(name, case)
    assert chosen
    truths = truth_of(source, list(chosen.values()), tmp_path)
    tally = Tally()
    for case in chosen.values():
        reading = reader_of(source).read(case.data, case.scale)
        compare(case.name, reading, truths[case.key(source.name)], tally)
    assert tally.lines == []
    assert tally.counts["rows exact"] == tally.counts["rows"] > 15
    assert tally.counts["outputs right"] > 15


def test_the_worker_and_the_reader_choose_the_same_model_class() -> None:
    """A head of ultralytics runs in its own model class alone, which hands it more inputs."""
    assert building._BY_HEAD == BY_HEAD


def test_a_model_class_that_needs_the_count_of_classes_is_given_it() -> None:
    """train.py hands it over; without it that class fails before it calls the parse function."""
    path = "ultralytics/nn/tasks.py"
    line = "        self.yaml = cfg if"
    changed = PYTHON[path].replace(line, f"        self.mask = [0] * nc\n{line}")
    assert changed != PYTHON[path]
    found = read(with_row(), {path: changed})
    assert found.failure is None
    assert len(found.rows) == len(read(with_row()).rows)


def test_a_repeated_layer_that_fails_is_built_once() -> None:
    """The depth of the scale makes two of six: Python ends at the first."""
    found = read(with_row("[-1, 6, KernelGate, [512]]"))
    assert found.failure is not None and found.failure.layer == 6
    assert found.rows[6].calls == 1
    assert read(with_row("[-1, 6, Conv, [512]]")).rows[6].calls == 2
