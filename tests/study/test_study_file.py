"""Study files: what they mean, and one message for everything that is wrong in them."""

from __future__ import annotations

import pytest

from yamlmod.errors import Refusal
from yamlmod.study.study_file import StudyFile, read_study

GOOD = """\
study: attention
repo: yolov5
base: models/yolov5s.yaml
train: {data: data/voc.yaml, epochs: 100, batch-size: 16}
seeds: 3
components:
  simam: {insert: SimAM, after: [P3, P4]}
  wiou:
    - {patch: wiou.patch}
    - {modules: own.py, train: {hyp: wiou.yaml}}
combine: cumulative
controls: [placebo]
"""


def study(**changes: str) -> str:
    """Return the good study with some keys written otherwise; an empty text drops the key."""
    lines = []
    for line in GOOD.splitlines():
        key = line.partition(":")[0]
        if key in changes:
            lines += [f"{key}: {changes[key]}"] if changes[key] else []
        elif not (line.startswith(" ") and "components" in changes):
            lines.append(line)
    return "\n".join(lines) + "\n"


def read(text: str) -> StudyFile:
    return read_study(text, "study.yaml")


def test_a_study() -> None:
    got = read(GOOD)
    assert (got.name, got.repo, got.base, got.weights) == (
        *("attention", "yolov5", "models/yolov5s.yaml", "scratch"),
    )
    assert got.seeds == (0, 1, 2) and got.combine == "cumulative" and got.controls == ("placebo",)
    simam, wiou = got.components
    assert simam.edits == ({"insert": "SimAM", "after": ["P3", "P4"]},) and not simam.patch
    assert (wiou.patch, wiou.modules, wiou.train) == (
        "wiou.patch",
        ("own.py",),
        {"hyp": "wiou.yaml"},
    )
    assert not wiou.edits


def test_what_may_be_left_out() -> None:
    got = read(study(study="", seeds="", combine="", controls=""))
    assert (got.name, got.seeds, got.combine, got.controls) == (
        "study",
        tuple(range(5)),
        "each",
        (),
    )
    assert read(study(seeds="[4, 0]")).seeds == (4, 0)
    assert read(study(combine="[[simam], [simam, wiou]]")).combine == (
        ("simam",),
        ("simam", "wiou"),
    )


@pytest.mark.parametrize(
    ("changes", "message", "line"),
    [
        ({"repo": ""}, "a study needs the key `repo`", None),
        ({"components": "{a: {remove: 4, at: each}}"}, "remove has no key `at`", 6),
        ({"components": "{a: {replace: 4, with: SE, at: each}}"}, "has no key `at`", 6),
        ({"components": "{a: {insert: SE, at: 3, init: zero}}"}, "init of a is `identity` or", 6),
        (
            {"components": "{a: {cfg: x.yaml, init: identity}}"},
            "only layers that are inserted",
            6,
        ),
        ({"components": "{a: {patch: x.patch, init: stock}}"}, "it changes no network", 6),
        ({"components": "{a: {insert: SE, at: 3, init: stock}}"}, "from scratch no layer", 6),
        ({"components": "{a: {cfg: [own.yaml]}}"}, "cfg of a is a list", 6),
        ({"components": "{a: {remove: 3, init: identity}}"}, "only layers that are inserted", 6),
        (
            {"components": "{a: [{insert: SE, at: each}, {insert: SE, at: each}]}"},
            "sweeps two places",
            6,
        ),
        (
            {"weights": "scratch", "components": "{a: {insert: SE, at: 3, init: identity}}"},
            "from scratch no layer has weights",
            6,
        ),
        ({"train": ""}, "a study needs the key `train`", None),
        ({"train": "{data: x}"}, "train needs `epochs`", 4),
        ({"train": "{epochs: 0}"}, "epochs is a whole number from 1 to 100,000", 4),
        ({"train": "{epochs: true}"}, "epochs is a whole number", 4),
        ({"train": "{epochs: 3.0}"}, "epochs is a whole number", 4),
        ({"train": "{epochs: 10000000000000000000000}"}, "epochs is a whole number", 4),
        ({"train": "[1]"}, "train is a list, and a mapping is needed", 4),
        ({"train": "{epochs: 1, 2: 3}"}, "'2' is not the name of an option", 4),
        ({"train": "{epochs: 1, 'a b': 3}"}, "'a b' is not the name of an option", 4),
        ({"train": "{epochs: 1, --imgsz: 3}"}, "'--imgsz' is not the name of an option", 4),
        ({"train": "{epochs: 1, hyp: {lr0: 1}}"}, "hyp is a mapping, and a plain value", 4),
        ({"train": "{epochs: 1, freeze: [[1]]}"}, "freeze is a list, and a plain value", 4),
        ({"repo": "[a]"}, "repo is a list, and a name or path is needed", 2),
        ({"repo": '"a\\0b"'}, "repo is no name or path", 2),
        ({"base": "3"}, "base is a number, and a name or path is needed", 3),
        ({"seeds": "0"}, "seeds is how many (5), or a list", 5),
        ({"seeds": "-1"}, "seeds is how many (5), or a list", 5),
        ({"seeds": "[0, 0]"}, "seeds is how many (5), or a list", 5),
        ({"seeds": "[]"}, "seeds is how many (5), or a list", 5),
        ({"seeds": "[4294967296]"}, "seeds is how many (5), or a list", 5),
        ({"seeds": "true"}, "seeds is how many (5), or a list", 5),
        ({"seeds": "100000000000"}, "more than 1,000 seeds", 5),
        ({"combine": "cumulativ"}, "no combination `cumulativ` (did you mean `cumulative`?)", 11),
        ({"combine": "[[]]"}, "an empty list is the base", 11),
        ({"combine": "[]"}, "combine is each, cumulative", 11),
        ({"combine": "[[simm]]"}, "no component `simm` (did you mean `simam`?)", 11),
        ({"controls": "[plazebo]"}, "no `plazebo` (did you mean `placebo`?)", 12),
        ({"components": "{}"}, "components is empty", 6),
        ({"components": "[a]"}, "components is a list, and a mapping is needed", 6),
        ({"components": "{../x: {insert: SE, at: 1}}"}, "cannot be a component's name", 6),
        ({"components": "{a+b: {insert: SE, at: 1}}"}, "cannot be a component's name", 6),
        ({"components": "{a.: {insert: SE, at: 1}}"}, "cannot be a component's name", 6),
        ({"components": "{NUL: {insert: SE, at: 1}}"}, "cannot be a component's name", 6),
        ({"components": "{BASE: {insert: SE, at: 1}}"}, "cannot be a component's name", 6),
        ({"components": "{a-placebo: {insert: SE, at: 1}}"}, "cannot be a component's name", 6),
        ({"components": "{a: {insert: SE}, A: {insert: SE}}"}, "a and A differ in case only", 6),
        ({"components": "{a: SE}"}, "component a is a word; a component is", 6),
        ({"components": "{a: {}}"}, "component a changes nothing", 6),
        ({"components": "{a: {inser: SE}}"}, "no operation `inser` (did you mean `insert`?)", 6),
        ({"components": "{a: {insert: SE, aftr: 9}}"}, "no key `aftr` (did you mean `after`?)", 6),
        ({"components": "{a: {insert: SE, remove: 9}}"}, "a names insert, remove at once", 6),
        ({"components": "{a: {patch: [1]}}"}, "patch of a is a list", 6),
        ({"components": "{a: {modules: [1]}}"}, "modules of a is a number", 6),
        ({"components": "{a: {train: 3}}"}, "train of a is a number, not options", 6),
        ({"components": "{a: {train: {epochs: x}}}"}, "epochs is a whole number", 4),
    ],
)
def test_what_is_wrong(changes: dict[str, str], message: str, line: int | None) -> None:
    with pytest.raises(Refusal) as caught:
        read(study(**changes))
    error = caught.value
    assert message in error.message
    assert error.code == "bad-study" and error.hint
    assert error.place is not None and error.place.line == line


def test_an_unknown_key() -> None:
    with pytest.raises(Refusal, match=r"no key `sedes` \(did you mean `seeds`\?\)"):
        read(GOOD.replace("seeds:", "sedes:"))


@pytest.mark.parametrize("text", ["", "[]", "3", "a: [", "a: 1\na: 2\n", "- study: x\n", "\x00"])
def test_no_study_at_all(text: str) -> None:
    with pytest.raises(Refusal):
        read(text)
