"""A sample of `python -m tools.branches`: forks' own heads and modules, judged by values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import Done, yamlmod
from tests.runtime.bench import Bench
from tools.branches.__main__ import Outcome, sweep
from tools.branches.cases import _UL, _V5, Case, official_cases, small_cases
from tools.branches.modules import module_cases

pytestmark = [pytest.mark.fork, pytest.mark.slow]
_HEADS = {
    "yolov5 Segment, without P3",
    "yolov7 IDetect, without P4",
    "yolov7 IAuxDetect, P2 for P6",
    "yolov9 DualDDetect, with P2",
    "ultralytics v10Detect, with P6",
    "ultralytics Pose, P2 for P3",
}


_NAMES = ["ACmix", "CrissCrossAttention", "ShuffleAttention"]


def _wrong() -> Case:
    (case,) = [case for case in small_cases() if case.name == "yolov5 Detect, with P2"]
    layers = {**case.layers, 0: 1, 1: 0}
    return Case("wrong table", case.fork, case.base, case.edited, layers)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What became of all cases of this file: each fork is imported once for all of its cases."""
    modules = [case for case in module_cases(_NAMES) if case.name.startswith("yolov5s")]
    cases = [*(case for case in small_cases() if case.name in _HEADS), *modules, _wrong()]
    found = {one.name: one for one in sweep(tmp_path_factory.mktemp("sweep"), cases)}
    assert len(found) == len(cases)
    return found


def test_heads(outcomes: dict[str, Outcome]) -> None:
    heads = [outcomes[name] for name in _HEADS]
    assert [(one.name, one.wrong) for one in heads if one.wrong] == []
    assert all(one.places > 50 for one in heads)


def test_modules_whose_state_dicts_have_other_names(outcomes: dict[str, Outcome]) -> None:
    modules = [one for name, one in outcomes.items() if name.startswith("yolov5s")]
    assert len(modules) == 6
    assert [(one.name, one.wrong) for one in modules if one.wrong] == []


def test_the_judge_can_say_no(outcomes: dict[str, Outcome]) -> None:
    """Where a table says that other layers are the same, every tensor of them is reported."""
    assert outcomes["wrong table"].wrong


def test_official_pairs_by_name_alone_would_be_wrong() -> None:
    """The tables are of different networks: a layer in each has another number."""
    pairs = [case for case in official_cases() if case.layers and " to " in case.name]
    assert len(pairs) == 12
    for case in pairs:
        assert any(old != new for old, new in case.layers.items()), case.name


def test_tables_by_eye_are_what_add_head_says() -> None:
    """For official networks with a P2 or a P6; the others are judged by add-head's own table."""
    cases = {case.name: case.layers for case in official_cases()}
    ultralytics = [(base, level) for base in ("yolov8", "yolo26") for level in ("P2", "P6")]
    pairs = [
        *((f"yolov5s to hub/yolov5-{n}", f"{_V5} yolov5s with {n.upper()}") for n in ("p2", "p6")),
        *((f"{b} to {b}-{n.lower()}", f"{_UL} {b} with {n}") for b, n in ultralytics),
    ]
    for by_eye, by_add_head in pairs:
        assert cases[by_eye] == cases[by_add_head]


@pytest.fixture(scope="module")
def v8(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("v8"), "yolov8.yaml", "ultralytics==8.4.190")


def _remap(bench: Bench, before: str, after: str, *words: str | Path) -> Done:
    known = ("remap", bench.base, "--repo", bench.fork, "--from", before, "--to", after)
    return yamlmod(*known, *words, cwd=bench.folder)


def test_names_with_a_scale(v8: Bench) -> None:
    done = _remap(v8, "yolov8n.yaml", "yolov8n-p2.yaml", "--json")
    told = json.loads(done.out)
    assert done.code == 0 and told["sizes"] == "", told
    assert {reason.split(" is ")[0] for _, reason, _ in told["dropped"]} <= {"its shape"}
    done = _remap(v8, "yolov8s.yaml", "yolov8s-p2.yaml")
    assert done.code == 2 and "error[other-base]" in done.err
    done = _remap(v8, "yolov8n.yaml", "yolov8s-p2.yaml")
    text = done.out.decode()
    assert done.code == 0
    assert "the files differ in scale (n in yolov8n.yaml, s in yolov8s-p2.yaml)" in text
    assert "other shapes now" in text and "its shape is" not in text


@pytest.fixture(scope="module")
def v5(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("v5"))


@pytest.mark.parametrize("fork", ["v5", "v8"])
def test_what_train_py_will_say_for_a_data_set(fork: str, request: pytest.FixtureRequest) -> None:
    bench: Bench = request.getfixturevalue(fork)
    cfg, out = bench.edited("nc.yaml", "ECA", (4,)), bench.folder / "nc.pt"
    told = {}
    for classes in (80, 3):
        done = bench.remap(cfg, "-o", out, "--force", "--nc", str(classes), "--json")
        told[classes] = json.loads(done.out)["expected"]
        asked = {"pairs": [[str(out), str(cfg)]], "nc": classes}
        loaded = bench.ask(asked)["loaded"][0]
        line = "Transferred {}/{} ".format(*told[classes])
        assert any(line in text + " " for text in loaded["log"]), (line, loaded["log"])
    assert told[3][0] < told[80][0]


def test_both_numbers_of_classes_where_they_differ(v8: Bench) -> None:
    path = v8.folder / "three.yaml"
    path.write_text(v8.base_yaml.read_text("utf-8").replace("nc: 80", "nc: 3"), encoding="utf-8")
    done = _remap(v8, "yolov8.yaml", path.name, "-o", v8.folder / "three.pt")
    text = done.out.decode()
    assert "(nc of the data set: 80)" in text and "(nc of the data set: 3)" in text
    assert "--nc N" in text
