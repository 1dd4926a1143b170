"""Weights follow the layers that moved: yolov5 7.0.14, judged by its own loading code."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import yamlmod as package
from tests.cli.run import yamlmod
from tests.runtime.bench import FORCE, Bench, wanted_state

pytestmark = pytest.mark.fork


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("remap"))


def test_every_tensor_lands_in_its_layer_by_the_forks_own_loading(bench: Bench) -> None:
    cases = {"three": ("ECA", (2, 8, 23)), "early": ("SimAM", (0,))}
    pairs, told = [], {}
    for name, (module, after) in cases.items():
        cfg, out = bench.edited(f"{name}.yaml", module, after), bench.folder / f"{name}.pt"
        done = bench.remap(cfg, "-o", out, "--json")
        assert done.code == 0, done.err
        told[name] = json.loads(done.out)
        assert told[name]["right"] == [349, told[name]["parameters"]], name
        assert told[name]["dropped"] == []
        assert told[name]["environment"] == FORCE
        pairs.append([str(out), str(cfg)])
    loaded = bench.ask({"pairs": pairs})["loaded"]
    for (name, (module, after)), one in zip(cases.items(), loaded, strict=True):
        wanted = wanted_state(bench.state, after)
        assert {key: one["state"][key] for key in wanted} == wanted, name
        new = set(one["state"]) - set(wanted)
        assert len(new) == (len(after) if module == "ECA" else 0), name
        done, total = told[name]["expected"]
        assert [line for line in one["log"] if f"Transferred {done}/{total}" in line], one["log"]
    assert told["three"]["stock"]["wrong"][0] > 0
    assert {name.split(".")[1] for name, _ in told["three"]["new"]} == {"3", "10", "26"}


def test_the_report_and_a_second_run(bench: Bench) -> None:
    cfg = bench.edited("report.yaml", "ECA", (8,))
    first = bench.remap(cfg)  # without -o nothing is written
    assert first.code == 0 and not (bench.folder / "report.pt").exists()
    text = first.out.decode()
    assert "right    349 tensors" in text and "(100.0 %)" in text
    assert "new      1 tensors, " in text and " values: layer 9 ECA" in text
    assert "float16" in text and "optimizer" in text
    assert "running the fork's code" in first.err
    out = bench.folder / "report.pt"
    assert bench.remap(cfg, "-o", out).code == 0
    again = bench.remap(cfg, "-o", out)
    assert again.code == 2 and "error[exists]" in again.err
    written = out.read_bytes()
    done = bench.remap(cfg, "-o", out, "--force")
    assert done.code == 0 and out.read_bytes() == written
    assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1" in done.out.decode()
    assert "stand-ins for missing packages" in done.out.decode() or find_spec("cv2")


def test_an_identity_start_equals_the_base(bench: Bench) -> None:
    cfg, out = bench.edited("identity.yaml", "LSKA", (4, 17)), bench.folder / "identity.pt"
    done = bench.remap(cfg, "-o", out, "--init", "identity", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)["identity"]
    assert (told["compared"], told["filled"], told["cannot"]) == (True, [5, 19], [])
    assert told["error"] <= 1e-5
    cfg = bench.edited("gate.yaml", "ECA", (4,))
    told = json.loads(bench.remap(cfg, "--init", "identity", "--json").out)["identity"]
    assert not told["compared"]
    assert told["cannot"] == ["5 ECA: a sigmoid gate is below 1"]


def test_what_is_refused(bench: Bench, tmp_path: Path) -> None:
    cfg, out = bench.edited("refused.yaml", "ECA", (8,)), tmp_path / "out.pt"
    words = ["--repo", bench.fork, "--to", cfg, "-o", out]
    other = bench.fork / "models" / "yolov5s.yaml"
    hostile = tmp_path / "hostile.pt"
    hostile.write_bytes(b"not a checkpoint at all")
    cases = {
        "other-base": yamlmod("remap", bench.base, "--from", other, *words, cwd=tmp_path),
        "bad-checkpoint": yamlmod(
            "remap", hostile, "--from", bench.base_yaml, *words, cwd=tmp_path
        ),
        "no-such-file": yamlmod("remap", "none.pt", "--from", other, *words, cwd=tmp_path),
        "timed-out": bench.remap(cfg, "-o", out, "--timeout", "1"),
    }
    for code, done in cases.items():
        assert done.code == 2, code
        assert f"error[{code}]" in done.err, done.err
        assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.pt"]


def _lie(path: Path, kind: str, layer: int) -> None:
    import torch
    from torch import nn

    net, rows = nn.Sequential(), torch.zeros(40_000 if kind == "stored" else 1)
    head = nn.Module()
    head.register_buffer("rows", rows if kind == "stored" else rows.expand(40_000))
    net.model = nn.Sequential()
    net.model._modules[str(layer)] = head
    net.yaml = {"nc": 40_000}
    torch.save({"model": net}, path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "layer", "code", "reason"),
    [
        ("spread", 24, "bad-checkpoint", "reaches beyond its storage"),
        ("stored", 3, "other-base", "a head of that size is not in the file"),
        ("stored", 24, "other-base", "a head of that size is not in the file"),
        ("stored", 25, "other-base", "25 layers are there"),
    ],
)
def test_classes_that_are_only_said_are_not_built(
    bench: Bench, tmp_path: Path, kind: str, layer: int, code: str, reason: str
) -> None:
    path = tmp_path / "lie.pt"
    _lie(path, kind, layer)
    cfg = bench.edited("lie.yaml", "ECA", (8,))
    words = ["remap", path, "--repo", bench.fork, "--from", bench.base_yaml, "--to", cfg]
    done = yamlmod(*words, "-o", tmp_path / "out.pt", cwd=tmp_path)
    assert done.code == 2 and f"error[{code}]" in done.err and reason in done.err, done.err
    assert [path.name for path in tmp_path.iterdir()] == ["lie.pt"]


def _with_one_class(bench: Bench, path: Path, name: str) -> Path:
    text = path.read_text(encoding="utf-8")
    one = re.sub(r"(?m)^nc: 80\b", "nc: 1", text)
    assert one != text
    target = bench.folder / name
    target.write_text(one, encoding="utf-8")
    return target


def _check_more_classes(bench: Bench, to: Path) -> None:
    base = _with_one_class(bench, bench.base_yaml, "one-base.yaml")
    new = _with_one_class(bench, to, "one-new.yaml")
    words = ["remap", bench.base, "--repo", bench.fork, "--from", base, "--to", new, "--json"]
    done = yamlmod(*words, cwd=bench.folder)
    told = json.loads(done.out)
    assert done.code == 0, told
    assert (told["classes"], told["right"][0]) == (80, told["tensors"])


def test_more_classes_than_the_yaml_says_where_their_head_is_in_the_file(bench: Bench) -> None:
    _check_more_classes(bench, bench.edited("more.yaml", "ECA", (8,)))


def test_a_download_at_import_is_stopped_and_named(bench: Bench) -> None:
    cfg, common = bench.edited("planted.yaml", "SimAM", (8,)), bench.fork / "models" / "common.py"
    text = common.read_text(encoding="utf-8")
    planted = (
        "\nimport subprocess, urllib.request\n"
        "try:\n    subprocess.run(['pip', 'install', 'thing'])\nexcept OSError:\n    pass\n"
        "try:\n    urllib.request.urlopen('http://192.0.2.1/x')\nexcept OSError:\n    pass\n"
    )
    common.write_text(text + planted, encoding="utf-8")
    try:
        done = bench.remap(cfg, "--json")
    finally:
        common.write_text(text, encoding="utf-8")
    assert done.code == 0, done.err
    blocked = json.loads(done.out)["blocked"]
    assert [one.split(" (")[0] for one in blocked] == [
        "run `pip install thing`",
        "open http://192.0.2.1/x",
    ]
    assert all("models/common.py:" in one for one in blocked)


def test_no_stand_ins(bench: Bench) -> None:
    missing = [name for name in ("cv2", "seaborn") if find_spec(name) is None]
    done = bench.remap(bench.edited("strict.yaml", "SimAM", (8,)), "--no-stand-ins")
    if not missing:
        assert done.code == 0
        return
    assert done.code == 2 and "error[not-built]" in done.err
    assert "without --no-stand-ins" in done.err


# YOLOv7's package brings no model YAML: a small one of its modules.
_YOLOV7 = """\
nc: 80
depth_multiple: 1.0
width_multiple: 1.0
anchors: [[12,16, 19,36, 40,28], [36,75, 76,55, 72,146]]
backbone:
  [[-1, 1, Conv, [16, 3, 2]],  # 0
   [-1, 1, Conv, [16, 3, 2]],
   [-1, 1, MP, []],  # 2
   [-1, 1, Conv, [32, 1, 1]],
   [-2, 1, Conv, [32, 3, 1]],
   [[-1, -2], 1, Concat, [1]],  # 5
   [-1, 1, MP, []],
   [-1, 1, SPPCSPC, [32]],  # 7
  ]
head:
  [[-1, 1, nn.Upsample, [None, 2, nearest]],
   [[-1, 5], 1, Concat, [1]],  # 9
   [-1, 1, RepConv, [32, 3, 1]],
   [7, 1, RepConv, [64, 3, 1]],
   [[10, 11], 1, IDetect, [nc, anchors]],  # 12
  ]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "cfg", "after"),
    [("yolov7detect==1.0.1", None, (2, 5, 10)), ("ultralytics==8.4.190", "yolov8.yaml", (4, 21))],
)
def test_other_forks_by_their_own_loading(
    tmp_path: Path, spec: str, cfg: str | None, after: tuple[int, ...]
) -> None:
    if cfg is None:
        (tmp_path / "small.yaml").write_text(_YOLOV7, encoding="utf-8")
    bench = Bench(tmp_path, cfg or tmp_path / "small.yaml", spec)
    to, out = bench.edited("new.yaml", "LSKA", after), tmp_path / "out.pt"
    done = bench.remap(to, "-o", out, "--init", "identity", "--json")
    told = json.loads(done.out)
    assert done.code == 0, told
    assert (
        told["right"]
        == [told["tensors"], told["parameters"]]
        == [len(bench.state), told["right"][1]]
    )
    assert told["identity"]["compared"] and told["identity"]["error"] <= 1e-5
    loaded = bench.ask({"pairs": [[str(out), str(to)]]})["loaded"][0]
    wanted = wanted_state(bench.state, after)
    assert {name: loaded["state"].get(name) for name in wanted} == wanted
    line = "Transferred {}/{} items".format(*told["expected"])
    assert any(line in one for one in loaded["log"]), loaded["log"]
    if cfg is not None:  # most of the head does not grow with the classes
        _check_more_classes(bench, to)


def _moved_state(state: dict[str, str], layers: dict[int, int]) -> dict[str, str]:
    parts = ((name.split(".", 2), digest) for name, digest in state.items())
    return {
        f"model.{layers[int(layer)]}.{rest}": digest
        for (_, layer, rest), digest in parts
        if int(layer) in layers
    }


def test_moved_replaced_removed_and_inserted_at_once(bench: Bench) -> None:
    """From a network with LSKA behind 3 and ECA behind 17: one is moved, one removed, and more."""
    base, save = bench.folder / "two.yaml", bench.folder / "two.pt"
    text = bench.base_yaml.read_text(encoding="utf-8")
    first = package.load(text).insert("LSKA", after=[3]).insert("ECA", after=[18])
    base.write_text(first.to_text(), encoding="utf-8")
    state = bench.ask({"base": str(base), "save": str(save)})["base"]["state"]
    edited = first.move(4, after=5).remove(19).replace("SPPF", "SPP", args=[1024, [5, 9, 13]])
    new, out = bench.folder / "edited.yaml", bench.folder / "edited.pt"
    new.write_text(edited.insert("SimAM", after=1).to_text(), encoding="utf-8")
    words = ("remap", save, "--repo", bench.fork, "--from", base, "--to", new, "-o", out, "--json")
    done = yamlmod(*words, cwd=bench.folder)
    told = json.loads(done.out)
    assert done.code == 0, told
    # By hand: SimAM becomes 2, LSKA goes behind the C3, ECA 19 is gone; SPP takes what was SPPF's.
    layers = {0: 0, 1: 1, 2: 3, 3: 4, 4: 6, 5: 5, **{i: i + 1 for i in range(6, 19)}}
    layers.update({i: i for i in range(20, 27)})
    wanted = _moved_state(state, layers)
    loaded = bench.ask({"pairs": [[str(out), str(new)]]})["loaded"][0]["state"]
    assert {name: loaded.get(name) for name in wanted} == wanted
    assert {name.split(".")[1] for name, *_ in told["dropped"]} == {"19"}
    assert told["new"] == []
