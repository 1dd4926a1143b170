"""Args of a new row: branches that read them in every way, at every scale, and what is refused."""

from __future__ import annotations

import pytest

from tests.fork.memory import Memory
from tests.fork.read.mini import PYTHON
from yamlmod.errors import Refusal
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.opening import reader_of
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.positions import resolve_positions
from yamlmod.usecases.fit_args import insert_fitting, replace_fitting

_TASKS, _CONV = "ultralytics/nn/tasks.py", "ultralytics/nn/modules/conv.py"
_YAML = """\
nc: 4
scales:
@SCALES@
backbone:
  - [-1, 1, Conv, [64, 3, 2]] # 0-P1/2
  - [-1, 1, Conv, [128, 3, 2]] # 1-P2/4
  - [-1, 3, C2f, [256, True]] # 2
  - [-1, 1, Conv, [1024, 3, 2]] # 3
  - [-1, 6, C2f, [1024, True]] # 4
head:
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, 2], 1, Concat, [1]] # 6
  - [-1, 3, C2f, [256]] # 7
  - [[7, 4], 1, Detect, [nc]]
"""
_ALL = {
    "n": [0.33, 0.25, 1024],
    "s": [0.33, 0.5, 1024],
    "m": [0.67, 0.75, 768],
    "l": [1.0, 1.0, 512],
    "x": [1.0, 1.25, 512],
    "u": [0.33, 0.25, 4096],
}
_SCALED = "c2 = make_divisible(min({0}, max_channels) * width, 8)"
_WRONG_BRANCH = "c1, c2 = ch[f], args[0]\n            args = [c2, *args[1:]]"


def _reader(branch: str = "", signature: str = "c1, kernel_size=7") -> ForkReader:
    """Return a reader of the small fork whose branch for CBAM has another body."""
    texts = dict(PYTHON)
    start = texts[_TASKS].index("        elif m in {CBAM}:")
    end = texts[_TASKS].index("        else:\n            c2 = ch[f]\n", start)
    body = "".join(f"            {line}\n" for line in branch.split("\n"))
    new = f"        elif m is CBAM:\n{body}" if branch else ""
    texts[_TASKS] = texts[_TASKS][:start] + new + texts[_TASKS][end:]
    texts[_CONV] = texts[_CONV].replace("self, c1, kernel_size=7", f"self, {signature}", 1)
    return reader_of(Memory(texts).fork())


def _model(scales: str = "nsmlx") -> Network:
    lines = "\n".join(f"  {name}: {_ALL[name]}" for name in scales)
    return read_network(_YAML.replace("@SCALES@", lines), "x.yaml")


def _row(
    reader: ForkReader, model: Network, after: str = "4", args: list[object] | None = None
) -> list[object]:
    positions = tuple(resolve_positions(model, after=[after]))
    request = Request(module="CBAM", positions=positions, args=args, verbatim=True)
    return list(insert_fitting(reader, model, request).inserted[0].args)


@pytest.mark.parametrize(
    ("branch", "scales", "args"),
    [
        # args[0], scaled by the width, as tutorials write it
        (f"c1, c2 = ch[f], args[0]\n{_SCALED.format('c2')}\nargs = [c1, *args[1:]]", "nx", [1024]),
        (f"c1, c2 = ch[f], args[0]\n{_SCALED.format('c2')}\nargs = [c1, *args[1:]]", "n", [1024]),
        # no args at all
        ("c2 = ch[f]\nargs = [c2, *args]", "nx", []),
        ("c2 = ch[f]\nargs = [c2]", "nsmlx", []),
        # args[0], never scaled: the real channels, where there is one number for all scales
        ("c1, c2 = ch[f], args[0]\nargs = [c1, *args[1:]]", "n", [256]),
        ("c2 = args[0]\nargs = [c2]", "l", [512]),
        # args[1] as well
        (
            f"c1, c2 = ch[f], args[1]\n{_SCALED.format('c2')}\nargs = [c1, *args[2:]]",
            "nx",
            [1024, 1024],
        ),
        # more than the channels, as the branch of C3k2: the constructor's own default
        (
            f"c1, c2 = ch[f], args[0]\n{_SCALED.format('c2')}\nargs = [c1, args[1]]",
            "nx",
            [1024, 7],
        ),
        # no branch: the last else hands the args over as they are
        ("", "n", [256]),
    ],
)
def test_the_args_that_a_branch_reads(branch: str, scales: str, args: list[object]) -> None:
    assert _row(_reader(branch), _model(scales)) == args


@pytest.mark.parametrize(
    ("branch", "scales"),
    [
        ("c1, c2 = ch[f], args[0]\nargs = [c1, *args[1:]]", "nx"),  # never scaled
        ("", "nsmlx"),
        ("c2 = ch[f]\nargs = [3, *args]", "n"),  # other channels, whatever the row says
        ("c2 = args[7]\nargs = [ch[f]]", "n"),
        ("raise ValueError('no')", "n"),
    ],
)
def test_where_no_args_are_right_the_branch_is_shown(branch: str, scales: str) -> None:
    with pytest.raises(Refusal) as caught:
        _row(_reader(branch), _model(scales))
    assert caught.value.code == "no-fitting-args"
    assert caught.value.place is not None
    line = "elif m is CBAM:" if branch else "c2 = ch[f]"
    assert line in caught.value.place.excerpt
    assert "[1024]" in caught.value.hint and "[]" in caught.value.hint


def test_a_guessed_number_of_channels_reaches_no_other_parameter() -> None:
    branch = "c2 = ch[f]\nargs = [c2, *args]"
    with pytest.raises(Refusal) as caught:
        _row(_reader(branch, "c1, points"), _model("n"))
    assert caught.value.code == "no-fitting-args"


def test_what_is_no_layer_is_not_written() -> None:
    texts = dict(PYTHON)
    start = texts[_CONV].index("class ChanGate(")
    end = texts[_CONV].index("class KernelGate", start)
    body = "class ChanGate:\n    def __init__(self, t=0.0):\n        self.t = t\n\n\n"
    texts[_CONV] = texts[_CONV][:start] + body + texts[_CONV][end:]
    positions = tuple(resolve_positions(_model("n"), after=["7"]))
    request = Request(module="ChanGate", positions=positions, verbatim=True)
    with pytest.raises(Refusal) as caught:
        insert_fitting(reader_of(Memory(texts).fork()), _model("n"), request)
    assert caught.value.code in ("no-fitting-args", "unknown-args")


def test_behind_a_concat_the_channels_add_up() -> None:
    branch = f"c1, c2 = ch[f], args[0]\n{_SCALED.format('c2')}\nargs = [c1, *args[1:]]"
    assert _row(_reader(branch), _model("u"), "6") == [1280]
    # the bound of the others makes the sum another number than any that scales
    with pytest.raises(Refusal):
        _row(_reader(branch), _model("unx"), "6")


def test_given_args_are_taken_or_refused_with_those_that_build() -> None:
    branch = f"c1, c2 = ch[f], args[0]\n{_SCALED.format('c2')}\nargs = [c1, *args[1:]]"
    reader, model = _reader(branch), _model("nx")
    assert _row(reader, model, args=[1024, 3]) == [1024, 3]
    with pytest.raises(Refusal) as caught:
        _row(reader, model, args=[3])
    assert caught.value.code == "cannot-build"
    assert "[1024, 3]" in caught.value.hint


def test_what_failed_before_is_not_the_new_rows_doing() -> None:
    text = _model("n").document.text.replace("Detect, [nc]", "Detect, [nc, 1, 2, 3]")
    assert _row(_reader("c2 = ch[f]\nargs = [c2]"), read_network(text, "x.yaml")) == []


def test_a_replacement_gives_what_the_old_row_gave() -> None:
    branch = f"c1, c2 = ch[f], args[0]\n{_SCALED.format('c2')}\nargs = [c1, *args[1:]]"
    outcome = replace_fitting(_reader(branch), _model("nx"), 4, "CBAM", None, False)
    assert "[-1, 1, CBAM, [1024]]" in outcome.text
    outcome = replace_fitting(_reader(branch), _model("nx"), 4, "Conv", None, False)
    assert "[-1, 6, Conv, [1024]]" in outcome.text
    assert any("in sequence" in warning for warning in outcome.warnings)
    with pytest.raises(Refusal):  # CBAM keeps its channels, and the old row changes them
        replace_fitting(_reader(branch), _model("nx"), 3, "CBAM", None, True)
