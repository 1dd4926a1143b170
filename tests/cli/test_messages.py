"""Wrong uses of the first minutes: each answer says what was meant, or what to do."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod

_MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_YOLOV7 = """nc: 80
depth_multiple: 1.0
width_multiple: 1.0
anchors:
  - [12,16, 19,36, 40,28]
backbone:
  [[-1, 1, Conv, [32, 3, 1]],
   [-1, 1, Conv, [64, 3, 2]],
   [-1, 1, MP, []],
   [-1, 1, SPPCSPC, [64]]]
head:
  [[-1, 1, RepConv, [256, 3, 1]],
   [[4], 1, IDetect, [nc, anchors]]]
"""
_DATASET = "path: ../datasets/coco128\ntrain: images/train\nval: images/val\nnames:\n  0: person\n"
_STUDY = "study: a\nrepo: yolov5\nbase: mini.yaml\ncomponents:\n  a: {insert: SimAM, after: 9}\n"
_TRAINING = "lr0: 0.01\nlrf: 0.01\nmomentum: 0.937\nweight_decay: 0.0005\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return _made(tmp_path)


@pytest.fixture(scope="module")
def same_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all uses that change nothing, which is looked at after each."""
    return _made(tmp_path_factory.mktemp("wrong"))


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {str(path): path.stat() for path in folder.rglob("*")}
    return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in stats.items()}


def _made(tmp_path: Path) -> Path:
    """A folder with a clone of a fork, and files that are no model YAMLs."""
    shutil.copytree(_MINIFORK, tmp_path / "yolov5", ignore=shutil.ignore_patterns("__pycache__"))
    models = tmp_path / "yolov5" / "models"
    shutil.copy(models / "mini.yaml", models / "yolov5s.yaml")
    (tmp_path / "yolov7.yaml").write_text(_YOLOV7, encoding="utf-8")
    (tmp_path / "yolov5s.pt").write_bytes(b"PK\x03\x04" + bytes(14_000_000))
    (tmp_path / "small.pt").write_bytes(b"PK\x03\x04\x80" + bytes(3_000_000))
    (tmp_path / "weights.bin").write_bytes(pickle.dumps({"model": b"\xff" * 100}, protocol=2))
    (tmp_path / "empty.yaml").write_text("", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(_STUDY, encoding="utf-8")
    (tmp_path / "data.yaml").write_text(_DATASET, encoding="utf-8")
    (tmp_path / "default.yaml").write_text(_TRAINING, encoding="utf-8")
    return tmp_path


_S = "yolov5/models/yolov5s.yaml"
_REFUSED = [
    (("insert", "CBMA", _S, "--at", "3"), ["did you mean CBAM"]),
    (("replace", "CBMA", _S, "3", "--args", "[]x"), ["is not JSON"]),
    (("show", "yolov5s.pt"), ["is a PyTorch checkpoint", "give the model YAML"]),
    (("show", "small.pt"), ["is a PyTorch checkpoint"]),
    (("insert", "CBAM", "small.pt", "--at", "3"), ["is a PyTorch checkpoint"]),
    (("show", "weights.bin"), ["is a PyTorch checkpoint"]),
    (("show", "yolov5/models/yolo5s.yaml"), [f"did you mean {_S}"]),
    (("add", "SimAM", "--repo", ".", "--cfg", "models/yolov5s.yaml", "--at", "24"), [
        f"did you mean {_S}"]),
    (("show", "models\\yolov5s.yaml"), ["this is a Windows path", "models/yolov5s.yaml"]),
    (("show", "C:\\yolov5\\models\\yolov5s.yaml"), ["this is a Windows path"]),
    (("show", "yolov5/models"), ["is a folder", "yolov5/models/mini.yaml", _S]),
    (("show", "empty.yaml"), ["the file is empty"]),
    (("show", "data.yaml"), ["it is a dataset YAML"]),
    (("show", "default.yaml"), ["it is a training configuration"]),
    (("inser", "CBAM"), ["Did you mean `insert`"]),
    (("ad", "CBAM"), ["Did you mean `add`"]),
    (("version",), ["yamlmod --version"]),
    (("help", "inser"), ["Did you mean `insert`"]),
    (("show", _S, "--jsn"), ["Did you mean --json"]),
    (("insert", "SimAM", _S, "--after", "C33#2"), ["no layer called"]),
    (("insert", "SimAM", _S, "--after", "SPPFF"), ["did you mean SPPF"]),
    (("insert", "CBAM", _S, "--at", "3", "--args", "[7]"), [
        "the kernel size of another published CBAM", "--args '[]'"]),
    (("insert", "CBAM", _S, "--at", "3", "--args", "[3]"), ["reduction_ratio must not be 3"]),
    (("insert", "TripletAttention", _S, "--at", "3", "--args", "[1024]"), ["a channel count"]),
    (("explain", "wiring"), ["yamlmod check --explain wiring"]),
    (("draw", "small.pt"), ["is a PyTorch checkpoint", "give the model YAML"]),
    (("draw", "yolov5"), ["is a folder", "yolov5/models/mini.yaml"]),
    (("draw", "models\\yolov5s.yaml"), ["this is a Windows path"]),
    (("draw", "SimAM", _S), ["one CFG is drawn"]),
    (("draw", _S, "out.svg"), ["-o FILE.svg"]),
    (("draw", _S, "--format", "pdf"), ["-o FILE.pdf"]),
    (("draw", "study.yaml"), ["it is a study", "yamlmod study plan"]),
    (("draw", _S, "--seeds"), ["No such option: --seeds", "yamlmod draw --help"]),
    (("study", "study.yaml"), ["yamlmod study plan study.yaml"]),
    (("study", "plann", "study.yaml"), ["Did you mean `plan`"]),
    (("study", "plan", "small.pt"), ["is a PyTorch checkpoint, not a study file"]),
    (("study", "plan", _S), ["it is a model YAML, not a study"]),
    (("study", "plan", "empty.yaml"), ["empty.yaml is empty", "components:"]),
    (("study", "plan", "yolov5"), ["is a folder, not a study file"]),
    (("study", "plan", "studi.yaml"), ["did you mean study.yaml?"]),
    (("study", "plan", "a\\study.yaml"), ["this is a Windows path; here it is a/study.yaml"]),
    (("study", "plan", "study.yaml", "out"), ["-o DIR"]),
    (("study", "run", "study.yaml"), ["is a file", "yamlmod study plan study.yaml -o DIR"]),
    (("study", "run", "none"), ["there is no folder none", "study plan FILE -o DIR"]),
    (("study", "run", "yolov5"), ["no study.json"]),
    (("study", "status", "small.pt"), ["is a file; DIR is a planned study"]),
    (("apply", _S, "study.yaml"), ["this is a model YAML; the order is RECIPE CFG"]),
    (("check", "--explain", "wirin"), ["did you mean wiring?"]),
    (("patch", "yolov5", _S), ["that is a YAML", f"`yamlmod show {_S}`"]),
    (("insert", "SimAM", _S, "3"), ["--at N or --after SEL"]),
    (("insert", "SimAM", _S, "--at", "3", "--replace", "C3"), [
        "--replace is an option of other commands, such as add"]),
    (("insert", "SimAM", _S, "--at", "3", "--cfg", "x.yaml"), [
        "--cfg is an option of other commands, such as add"]),
    (("insert", "SimAM", _S, "--at", "3", "-o", "small.pt", "--force"), [
        "is a PyTorch checkpoint", "-o names where the new YAML goes"]),
    (("add", "SimAM", _S, "--at", "3"), ["--cfg CFG --at N"]),
    (("verify", "yolov5s.yaml", "--repo", "yolov5"), ["here REPO is an argument"]),
    (("move", "--repo", "x"), ["--repo is an option of other commands, such as check, draw"]),
    (("move", _S, "4", "6"), ["--after SEL or --before SEL"]),
    (("remap", "small.pt", _S, _S), ["--from CFG --to CFG"]),
    (("remove", "SimAM", _S), ["SimAM is a module", "CFG SEL"]),
    (("replace", "SimAM", "C3#2", _S), ["C3#2 is a layer"]),
    (("verify", "yolov5"), ["no model YAML is named", "yolov5/models/mini.yaml"]),
    (("patch", "CBMA", "yolov5"), ["did you mean CBAM"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "parts"), _REFUSED, ids=[" ".join(words) for words, _ in _REFUSED]
)
@pytest.mark.skipif(os.name == "nt", reason="a Windows path is right there")
def test_a_wrong_use_is_answered(
    words: tuple[str, ...], parts: list[str], same_folder: Path
) -> None:
    before = _state(same_folder)
    done = yamlmod(*words, cwd=same_folder)
    assert done.code == 2 and "Traceback" not in done.err, done.err
    for part in parts:
        assert part in done.err
    assert _state(same_folder) == before
    # The same inside of the JSON envelope, and nothing on stderr but warnings.
    told = yamlmod(*words, "--json", cwd=same_folder)
    data = json.loads(told.out)
    assert told.code == 2 and data["schema_version"] == 1
    error = data["error"]
    assert error["code"] and all(part in f"{error['message']} {error['help']}" for part in parts)


_TAKEN = [
    (("patch", "CBAM", "."), "the order is REPO MODULE", "class CBAM"),
    (("patch", ".", "CBAM"), "", "class CBAM"),
    (("patch", "CBAM"), "REPO is .", "class CBAM"),
    (("unpatch", "SimAM"), "REPO is .", "SimAM"),
    (("add", "SimAM", "--cfg", "models/mini.yaml", "--at", "24"), "REPO is .", "class SimAM"),
    (("status",), "REPO is .", ""),
    (("insert", "CBAM", "models/mini.yaml", "--at", "24"), "`yamlmod patch . CBAM -w`", ""),
    (("replace", "CBAM", "models/mini.yaml", "C3#2"), "`yamlmod patch . CBAM -w`", ""),
    (("replace", "models/mini.yaml", "C3#2", "CBAM"), "the order is MODULE CFG SEL...", ""),
    (("help", "insert"), "", ""),
    (("-V",), "", ""),
]


@pytest.mark.parametrize(
    ("words", "note", "part"), _TAKEN, ids=[" ".join(words) for words, _, _ in _TAKEN]
)
def test_another_order_and_no_repo_are_taken(
    words: tuple[str, ...], note: str, part: str, folder: Path
) -> None:
    fork = folder / "yolov5"
    if words[0] == "unpatch":
        assert yamlmod("patch", ".", "SimAM", "-w", cwd=fork).code == 0
    before = snapshot(folder)
    done = yamlmod(*words, cwd=fork)
    assert done.code == 0, done.err
    assert note in done.err and part in done.err
    assert snapshot(folder) == before


def test_a_module_that_is_near_to_another_is_named_even_with_args(folder: Path) -> None:
    done = yamlmod("insert", "CBMA", _S, "--at", "3", "--args", "[]", cwd=folder)
    assert done.code == 0 and "did you mean CBAM" in done.err
    other = yamlmod("insert", "MyOwnBlock", _S, "--at", "3", "--args", "[]", cwd=folder)
    assert other.code == 0 and "did you mean" not in other.err


def test_scales_are_those_of_the_file_or_of_its_family(folder: Path) -> None:
    done = yamlmod("insert", "SimAM", "yolov7.yaml", "--at", "4", cwd=folder)
    assert "channels: 64 here\n" in done.err
    assert "ch@" not in yamlmod("show", "yolov7.yaml", cwd=folder).out.decode()
    done = yamlmod("insert", "SimAM", _S, "--at", "24", cwd=folder)
    assert "128 here; n 256, s 512" in done.err


def test_output_is_looked_up_as_the_model_is(folder: Path) -> None:
    words = ("add", "SimAM", "--repo", "yolov5", "--cfg", "models/mini.yaml", "--at", "24")
    done = yamlmod(*words, "-o", "models/mini-simam.yaml", cwd=folder)
    assert done.code == 0, done.err
    assert (folder / "yolov5/models/mini-simam.yaml").is_file()
    assert "class SimAM" in (folder / "yolov5/models/common.py").read_text(encoding="utf-8")
    lost = yamlmod(*words, "-o", "none/x.yaml", cwd=folder)
    assert lost.code == 2 and "there is no folder none" in lost.err


def test_write_beside_output_is_the_older_form(folder: Path) -> None:
    for number, words in enumerate((("insert", "SimAM", _S), ("add", "SimAM", "--cfg", _S))):
        name = f"{number}.yaml"
        done = yamlmod(*words, "--at", "24", "-o", name, "-w", cwd=folder)
        assert done.code == 0 and "-w beside it changes nothing" in done.err
        assert (folder / name).is_file()
    preview = yamlmod("add", "SimAM", "--cfg", _S, "--at", "24", "-o", "2.yaml", "--dry-run",
                      cwd=folder)  # fmt: skip
    assert preview.code == 0 and not (folder / "2.yaml").exists()


def test_the_next_commands_are_told_and_run(folder: Path) -> None:
    done = yamlmod("insert", "SimAM", _S, "--at", "24", "-o", "new.yaml", "--json", cwd=folder)
    following = json.loads(done.out)["next"]
    assert following[0] == "yamlmod patch yolov5 SimAM -w"
    assert following[1] == f"yamlmod verify yolov5 new.yaml --base {_S}"
    assert following[2].startswith("yamlmod remap yolov5s.pt --repo yolov5 --from ")
    patched = yamlmod(*following[0].split()[1:], cwd=folder)
    assert patched.code == 0 and "next:\n  yamlmod add SimAM" in patched.err
    text = yamlmod("insert", "SimAM", _S, "--at", "24", "-o", "b.yaml", cwd=folder).err
    assert "next:\n  yamlmod verify yolov5 b.yaml" in text
    preview = yamlmod("insert", "SimAM", _S, "--at", "24", cwd=folder).err
    assert "next:" not in preview


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("[64, 3, 2]],", "[64, 3, 2],", 8, "a bracket of this row is not closed"),
        ("[64, 3, 2]],", "[64, 3, 2]]", 8, "comma"),
    ],
)
def test_a_broken_row_is_named_by_every_command(
    old: str, new: str, line: int, says: str, tmp_path: Path
) -> None:
    """The parser itself stops at the next key; the row is what `check` names, too."""
    path = tmp_path / "broken.yaml"
    path.write_text(_YOLOV7.replace(old, new), encoding="utf-8")
    first = yamlmod("check", "broken.yaml", cwd=tmp_path).out.decode().splitlines()[0]
    told = first.replace("[syntax]", "[bad-yaml]")
    assert f"broken.yaml:{line}:" in told and says in told, told
    commands = (
        ("show", "broken.yaml"),
        ("insert", "SimAM", "broken.yaml", "--after", "2", "-w"),
        ("draw", "broken.yaml", "-o", "a.svg"),
    )
    for words in commands:
        done = yamlmod(*words, cwd=tmp_path)
        assert (done.code, done.err.splitlines()[0]) == (2, told), words
    assert path.read_text(encoding="utf-8") == _YOLOV7.replace(old, new)
