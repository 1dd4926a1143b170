"""The command as a user calls it: an ONNX file, a model YAML of a fork, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import Done, snapshot, yamlmod
from tests.gates.bench import GatesBench
from tests.gates.handmade import found_in, model_of
from yamlmod.gates.sentences import sentences

TEXT = """
a = Conv(x, w) @/model.0/conv/Conv
s = Sigmoid(a) @/model.0/act/Sigmoid
b = Mul(a, s) @/model.0/act/Mul
p = GlobalAveragePool(b) @/model.1/GlobalAveragePool
c = Conv(p, w) @/model.1/fc/Conv
g = Sigmoid(c) @/model.1/Sigmoid
y = Mul(b, g) @/model.1/Mul
"""


def _twice(*words: str | Path, cwd: Path) -> Done:
    """Run it twice: the same answer, and nothing written."""
    before = snapshot(cwd)
    first, second = (yamlmod("explain", *words, cwd=cwd) for _ in range(2))
    assert first == second and snapshot(cwd) == before
    assert "Traceback" not in first.err
    return first


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(model_of(TEXT).SerializeToString())
    done = _twice("net.onnx", cwd=tmp_path)
    assert done.code == 0 and done.err == ""
    lines = done.out.decode().splitlines()
    assert lines[0] == "net.onnx: 2 pairs: 1 SiLU (activation), 1 gate"
    assert [line.split() for line in lines[2:5]] == [
        ["layer", "module", "kind", "pairs", "where"],
        ["0", "model.0", "SiLU", "(activation)", "1", "act"],
        ["1", "model.1", "gate", "1"],
    ]
    sentences = lines[6:]
    assert len(sentences) == 3 and all(one.endswith(".") for one in sentences)
    assert "here once SiLU, after 1 of the 2 convolutions." in sentences[0]
    assert "this is a gate" in sentences[1] and "layer 1" in sentences[1]


def test_a_file_as_json(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(model_of(TEXT).SerializeToString())
    told = json.loads(_twice("net.onnx", "--json", cwd=tmp_path).out)
    assert told["counts"] == {"silu": 1, "swish": 0, "hardswish": 0, "gate": 1, "constant": 0,
                              "product": 0, "softmax": 0}  # fmt: skip
    assert (told["route"], told["sigmoids"], told["convolutions"]) == ("onnx", 2, 2)
    assert told["pairs"][1] == {
        "kind": "gate",
        "layer": 1,
        "layer_class": None,
        "module": "model.1",
        "module_class": None,
        "place_from": "scope",
        "sigmoid": "/model.1/Sigmoid",
        "product": "/model.1/Mul",
        "operators": ["Sigmoid", "Mul"],
        "through": [],
        "spelled": None,
    }


def test_a_network_without_any(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(model_of("a = Conv(x, w)\ny = Relu(a)").SerializeToString())
    lines = _twice("net.onnx", cwd=tmp_path).out.decode().splitlines()
    assert lines[0] == "net.onnx: 0 pairs: 0 gates"
    assert len(lines) == 5
    assert "has no SiLU" in lines[2] and "there is none" in lines[3]
    assert "so there is no attention in it" in lines[4]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["none.onnx"], "no-such-file"),
        (["empty.onnx"], "not-onnx"),
        (["words.onnx"], "not-onnx"),
        (["."], "is-folder"),
        (["net.yaml"], "no-repo"),
        (["net.onnx", "--repo", "."], "usage"),
        (["net.yaml", "--repo", "none"], "no-such-package"),
        (["net.yaml", "--repo", "no/none"], "no-such-folder"),
        (["net.yaml", "--repo", "."], "not-a-fork"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_refused(tmp_path: Path, words: list[str], code: str) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "words.onnx").write_bytes(b"just words")
    (tmp_path / "net.yaml").write_text("nc: 80\n", encoding="utf-8")
    done = yamlmod("explain", *words, cwd=tmp_path)
    assert done.code == 2 and done.out == b""
    assert f"error[{code}]" in done.err and "Traceback" not in done.err, done.err
    told = yamlmod("explain", *words, "--json", cwd=tmp_path)
    assert told.code == 2 and json.loads(told.out)["error"]["code"] == code


def test_what_the_third_sentence_may_claim() -> None:
    plain = "a = Conv(x, w)\nb = Conv(x, w)\n"
    said = {
        "so there is no attention in it": plain + "y = Add(a, b)",
        "two values are multiplied without a sigmoid in layer 3": plain
        + "y = Mul(a, b) @/model.3/Mul",
        "attention by softmax in layer 2": plain
        + "s = Softmax(a) @/model.2/Softmax\ny = MatMul(s, b) @/model.2/MatMul",
        "scaled by constants": plain + "s = Sigmoid(a)\ny = Mul(s, two)\nz = Add(y, b)",
        "sigmoids multiply one another": plain + "s = Sigmoid(a)\nt = Sigmoid(b)\ny = Mul(s, t)",
        "one more sigmoid multiplies nothing": plain + "s = Sigmoid(a)\ny = Add(s, b)",
    }
    nothing = "so there is no attention in it"
    for words, text in said.items():
        last = sentences(found_in(model_of(text)))[2]
        assert words.lower() in last.lower()
        joins = "Mul(a, b)" in text or "MatMul" in text
        assert (nothing in last) is not joins, last
    foreign = sentences(found_in(model_of(plain + "y = custom::DeformAttention(a, b)")))
    assert foreign[2] == "What custom::DeformAttention does is not known."
    assert nothing not in foreign[2]
    gated = sentences(found_in(model_of(plain + "s = Sigmoid(a)\ny = Mul(s, b)")))
    assert "this is a gate" in gated[1] and nothing not in gated[2]


@pytest.mark.slow
@pytest.mark.fork
def test_a_model_yaml_and_its_export_say_the_same(tmp_path: Path) -> None:
    bench = GatesBench(tmp_path, "yolov5n.yaml", ("SE",))
    se = bench.edited("se.yaml", "SE", (8,))
    late = yamlmod("explain", se, "--repo", "yolov5", "--timeout", "1", cwd=bench.folder)
    assert late.code == 2 and "error[timed-out]" in late.err
    assert "running the fork's code" in late.err
    errors = bench.export({"base": (bench.base, 12, False, 64), "se": (se, 17, False, 64)})
    assert errors == {"base": "", "se": ""}
    base, told = bench.told("base.onnx"), bench.told(se, "--repo", bench.fork, "--imgsz", "64")
    assert base["counts"]["silu"] == base["convolutions_activated"] == 57
    assert (base["convolutions"], base["sigmoids"], base["counts"]["gate"]) == (60, 60, 0)
    assert "there is no attention in it" in base["sentences"][2]
    exported = bench.told("se.onnx")
    places = [sorted((one["kind"], one["layer"]) for one in both["pairs"])
              for both in (told, exported)]  # fmt: skip
    assert places[0] == places[1]
    assert [one for one in places[0] if one[0] == "gate"] == [("gate", 9)]
    assert told["counts"] == {**base["counts"], "gate": 1}
    assert told["ran"]["torch"] and told["route"] == "traced"
    kinds = {(one["layer"], one["layer_class"], one["module_class"]) for one in told["pairs"]}
    assert {(9, "SE", "SE"), (0, "Conv", "nn.SiLU")} <= kinds
