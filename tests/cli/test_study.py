"""`study` from a file to a report, in processes of its own; every command is given twice."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import yamlmod as yamlmod_package
from tests.cli.installed import make_environment
from tests.cli.run import snapshot, yamlmod
from tests.study.folders import STUB, epochs_trained, trainings

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
_STUDY = """\
study: attention in minifork
repo: fork
base: mini.yaml
train: {epochs: 3, seconds: 0.02}
seeds: 3
components:
  simam: {insert: SimAM, after: SPPF}
  same: {insert: SimAM, before: 10}
  longer: {train: {epochs: 4}}
  patched: {patch: lr.patch}
controls: [placebo]
"""
_PATCH = """\
--- a/models/common.py
+++ b/models/common.py
@@ -1 +1,2 @@
+# patched
 {first}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(_FORK, tmp_path / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(STUB, tmp_path / "fork" / "train.py")
    first = (_FORK / "models" / "common.py").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "lr.patch").write_text(_PATCH.format(first=first), encoding="utf-8")
    (tmp_path / "study.yaml").write_text(_STUDY, encoding="utf-8")
    return tmp_path


def _study(home: Path, *words: str) -> tuple[int, str, str]:
    done = yamlmod("study", *words, cwd=home)
    return done.code, done.out.decode(), done.err


def test_from_a_file_to_a_report(home: Path) -> None:
    code, out, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run", "--json")
    assert code == 0, err
    data = json.loads(out)
    variants = {item["name"]: item for item in data["variants"]}
    assert list(variants) == [
        *("base", "simam", "simam-placebo", "same", "same-placebo", "longer", "patched"),
    ]
    assert variants["same"]["same_as"] == "simam"
    assert variants["same-placebo"]["same_as"] == "simam-placebo"
    assert data["runs"][:5] == [
        "base-s0",
        "simam-s0",
        "simam-placebo-s0",
        "longer-s0",
        "patched-s0",
    ]
    assert len(data["runs"]) == 15 and data["detectable_deviations"] > 4
    folder = home / "out"
    for name in ("simam", "simam-placebo"):
        text = (folder / "variants" / name / "mini.yaml").read_text(encoding="utf-8")
        assert ("SimAM" in text) == (name == "simam") and ("nn.Identity" in text) != (
            "SimAM" in text
        )
    common = folder / "variants" / "patched" / "code" / "models" / "common.py"
    assert common.read_text(encoding="utf-8").startswith("# patched\n")
    simam = folder / "variants" / "simam" / "code" / "models" / "common.py"
    assert "class SimAM" in simam.read_text(encoding="utf-8")
    before = snapshot(home)
    code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
    assert code == 2 and "error[exists]" in err and snapshot(home) == before

    code, out, _ = _study(home, "status", "out")
    assert code == 0 and "15 waiting" in out and snapshot(home) == before
    code, _, err = _study(home, "run", "out", "--jobs", "2", "base-s0", "nothing-s0")
    assert code == 2 and "no run 'nothing-s0'" in err
    code, out, _ = _study(home, "run", "out", "base-s0")
    assert code == 0 and "1 done" in out
    code, out, err = _study(home, "run", "out", "--jobs", "2", "--json")
    assert code == 0, err
    assert {run["state"] for run in json.loads(out)["runs"]} == {"done"}
    for run in (folder / "runs").iterdir():
        assert len(trainings(run)) == 1
        assert epochs_trained(run) == list(range(4 if run.name.startswith("longer") else 3))
    before = snapshot(home)
    assert _study(home, "run", "out")[0] == 0 and snapshot(home) == before

    code, out, _ = _study(home, "report", "out")
    assert code == 0 and out.startswith("| variant | simam | same | longer | patched |")
    assert "corrected for 5 comparisons (Holm)" in out
    for suffix in (".md", ".tex", ".csv", ".json"):
        assert _study(home, "report", "out", "-o", f"table{suffix}")[0] == 0
        code, _, err = _study(home, "report", "out", "-o", f"table{suffix}")
        assert code == 2 and "--force" in err
    assert json.loads((home / "table.json").read_text(encoding="utf-8"))["missing"] == []
    code, _, err = _study(home, "report", "out", "-o", "table.doc")
    assert code == 2 and "--format is one of" in err

    lines = _study(home, "export", "out", "--commands")[1].splitlines()
    assert len(lines) == 15
    assert subprocess.run(lines[0], shell=True, capture_output=True).returncode == 0
    assert snapshot(home / "out") == {
        name[4:]: data for name, data in before.items() if name.startswith("out/")
    }


def test_a_study_that_was_changed_is_not_run(home: Path) -> None:
    assert _study(home, "plan", "study.yaml", "-o", "out", "--no-run")[0] == 0
    path = home / "out" / "variants" / "base" / "code" / "train.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    code, _, err = _study(home, "run", "out")
    assert code == 2 and "study-changed" in err and not list(home.glob("out/runs/*/lock"))


def test_failed_runs_give_exit_code_1(home: Path) -> None:
    text = _STUDY.replace("seconds: 0.02", "fail: Dataset not found").replace(
        "seeds: 3", "seeds: 1"
    )
    (home / "study.yaml").write_text(text, encoding="utf-8")
    assert _study(home, "plan", "study.yaml", "-o", "out", "--no-run")[0] == 0
    for words in (["run", "out"], ["run", "out", "--retry"]):
        code, out, _ = _study(home, *words)
        assert code == 1 and "its data is missing" in out and "5 failed" in out
    code, out, _ = _study(home, "report", "out")
    assert code == 0 and "5 runs of 5 not finished: base-s0 (failed: its data is missing)" in out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("repo: fork", "repo: nothing", "nothing"),
        ("base: mini.yaml", "base: maxi.yaml", "maxi.yaml"),
        ("base: mini.yaml", "base: fork/models/yolo.py", "does not parse as YAML"),
        ("epochs: 3", "epochs: 3, data: no.yaml", "data: there is no file no.yaml"),
        ("epochs: 3", "epochs: 3, device: 0", "sets device, which a study sets itself"),
        ("epochs: 3", "epochs: 3, proj: /tmp", "sets proj, which a study sets itself"),
        ("epochs: 3", "epochs: 3, exist_ok: true", "sets exist_ok, which a study sets itself"),
        ("epochs: 3", "epochs: 3, noval: true", "a study reads the metrics of every epoch"),
        ("train: {epochs: 4}", "train: {data: x}", "sets data, which all variants"),
        ("seeds: 3", "seeds: 3\nscript: ../train.py", "script leads out of the fork"),
        ("seeds: 3", "seeds: 3\nscript: other.py", "has no other.py"),
        ("seeds: 3", "seeds: 3\nweights: no.pt", "weights: there is no file no.pt"),
        ("seeds: 3", "seeds: 3\nweights: study.yaml", "leave --no-run out"),
        ("seeds: 3", "seeds: 3\npython: no-such-python", "no such program"),
        ("after: SPPF", "after: SPPFF", "variant simam: "),
        ("insert: SimAM, after", "insert: Nothing, after", "variant simam: "),
        ("lr.patch", "no.patch", "patch: there is no file no.patch"),
        ("{patch: lr.patch}", "{cfg: no.yaml}", "no model YAML no.yaml"),
        ("{patch: lr.patch}", "{patch: lr.patch, unverified: 1}", "unverified of patched is true"),
        ("lr.patch", "study.yaml", "cannot be applied"),
        ("lr.patch", "out.patch", "cannot be applied"),
    ],
)
def test_what_is_refused(old: str, new: str, message: str, home: Path) -> None:
    (home / "out.patch").write_text(
        "--- /dev/null\n+++ b/../../../../out-of-it.txt\n@@ -0,0 +1 @@\n+x\n", encoding="utf-8"
    )
    assert old in _STUDY
    (home / "study.yaml").write_text(_STUDY.replace(old, new, 1), encoding="utf-8")
    before = snapshot(home)
    code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
    assert code == 2 and message in err and "Traceback" not in err
    assert snapshot(home) == before
    assert sorted(path.name for path in home.iterdir()) == [
        *("fork", "lr.patch", "out.patch", "study.yaml"),
    ]


def test_a_yaml_of_one_s_own_is_a_component(home: Path) -> None:
    """It may lie beside the study file or in the fork, and edits of it are proven as any other."""
    model = yamlmod_package.load((_FORK / "models" / "mini.yaml").read_text(encoding="utf-8"))
    (home / "own.yaml").write_text(model.insert("SimAM", after="SPPF").to_text(), encoding="utf-8")
    text = _STUDY.partition("components:")[0] + (
        "components:\n  simam: {insert: SimAM, after: SPPF}\n  own: {cfg: own.yaml}\n"
        "  more: [{cfg: own.yaml}, {insert: SE, after: 24}]\n  same: {cfg: mini.yaml}\n"
        "  anchors: {cfg: anchors.yaml}\n  wider: {cfg: wider.yaml}\n"
    )
    base = (_FORK / "models" / "mini.yaml").read_text(encoding="utf-8")
    for name, old, new in (("anchors", "[8,12,", "[9,12,"), ("wider", "0.125", "0.25")):
        assert base.count(old) == 1, old
        (home / f"{name}.yaml").write_text(base.replace(old, new), encoding="utf-8")
    (home / "study.yaml").write_text(text, encoding="utf-8")
    code, out, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run", "--json")
    assert code == 0, err
    same = {item["name"]: item["same_as"] for item in json.loads(out)["variants"]}
    assert same == {
        "base": "",
        "simam": "",
        "own": "simam",
        "more": "",
        "same": "base",
        "anchors": "",
        "wider": "",
    }
    written = (home / "out/variants/own/mini.yaml").read_bytes()
    assert written == (home / "own.yaml").read_bytes()
    edited = yamlmod_package.load((home / "out/variants/more/mini.yaml").read_text("utf-8"))
    assert [layer.module for layer in edited.layers].count("SimAM") == 1
    assert edited.layers[25].module == "SE"
    (home / "study.yaml").write_text(text + "combine: [[own, more]]\n", encoding="utf-8")
    code, _, err = _study(home, "plan", "study.yaml", "-o", "two", "--no-run")
    assert code == 2 and "own and more each give a `cfg`" in err and not (home / "two").exists()


def test_a_file_that_an_option_names_is_copied_and_hashed(home: Path) -> None:
    """A word that is a file beside the study file is that file; any other is the script's own."""
    (home / "settings").mkdir()
    (home / "settings" / "own.yaml").write_text("lr0: 0.01\n", encoding="utf-8")
    other = f"other: hyp.high.yaml, text: {'long' * 100}.yaml"
    text = _STUDY.replace("seconds: 0.02}", f"hyp: settings/own.yaml, {other}}}")
    (home / "study.yaml").write_text(text.replace("seeds: 3", "seeds: 1"), encoding="utf-8")
    assert _study(home, "plan", "study.yaml", "-o", "out", "--no-run")[0] == 0
    run = json.loads((home / "out" / "runs" / "base-s0" / "run.json").read_text(encoding="utf-8"))
    words = run["argv"]
    copy = Path(words[words.index("--hyp") + 1])
    assert copy == (home / "out" / "files" / "0-own.yaml").resolve()
    assert copy.read_text(encoding="utf-8") == "lr0: 0.01\n"
    assert words[words.index("--other") + 1] == "hyp.high.yaml"
    copy.write_text("lr0: 0.02\n", encoding="utf-8")
    code, _, err = _study(home, "run", "out")
    assert code == 2 and "files/0-own.yaml" in err


def test_one_replacement_of_several_layers(home: Path) -> None:
    """As docs/studies.md shows it; a placebo is of insertions alone."""
    text = _STUDY.partition("components:")[0]
    text += 'components:\n  plain: {replace: "backbone.C3#*", with: Bottleneck}\n'
    text += "controls: [placebo]\n"
    (home / "study.yaml").write_text(text, encoding="utf-8")
    code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
    assert code == 0, err
    written = (home / "out/variants/plain/mini.yaml").read_text(encoding="utf-8")
    assert written.count("Bottleneck, [") == 4 and written.count(" C3, [") == 4
    assert not (home / "out/variants/plain-placebo").exists()


def test_a_class_of_the_fork_s_own_with_that_name(home: Path) -> None:
    """The answer names what a study file can say, and that is trained; a placebo needs no name."""
    with (home / "fork/models/common.py").open("a", encoding="utf-8") as common:
        common.write("\n\nclass CBAM(nn.Module):\n    def __init__(self, c1, kernel_size=7):\n")
        common.write("        super().__init__()\n")
    text = _STUDY.partition("components:")[0] + "components:\n  cbam: {insert: CBAM, after: SPPF}\n"
    (home / "study.yaml").write_text(text + "controls: [placebo]\n", encoding="utf-8")
    code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
    assert code == 2 and "name-taken" in err and "--as" not in err and "--use-existing" not in err
    name = re.search(r"`as: (\w+)`", err)
    assert name is not None, err
    text = text.replace("after: SPPF", f"after: SPPF, as: {name[1]}")
    (home / "study.yaml").write_text(text + "controls: [placebo]\n", encoding="utf-8")
    code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
    assert code == 0, err
    variants = home / "out" / "variants"
    assert f" {name[1]}, []" in (variants / "cbam/mini.yaml").read_text(encoding="utf-8")
    common = (variants / "cbam/code/models/common.py").read_text(encoding="utf-8")
    assert f"class {name[1]}(nn.Module)" in common and "class CBAM(nn.Module)" in common
    assert name[1] not in (variants / "cbam-placebo/mini.yaml").read_text(encoding="utf-8")


def test_a_class_that_the_fork_s_parser_knows(home: Path) -> None:
    """A study trains it, and says that it is not the registry's."""
    own = "import torch.nn as nn\n\n\nclass CBAM(nn.Module):\n"
    own += "    def forward(self, x):\n        return x\n"
    (home / "my.py").write_text(own, encoding="utf-8")
    for words in (("./my.py:CBAM",), ("SE", "ECA")):
        assert yamlmod("patch", "fork", *words, "-w", cwd=home).code == 0
    common = home / "fork/models/common.py"
    text = common.read_text(encoding="utf-8")
    common.write_text(
        text.replace("\n# yamlmod: end ECA", "\n    mine = 1\n# yamlmod: end ECA", 1),
        encoding="utf-8",
    )
    text = _STUDY.partition("components:")[0] + "components:\n"
    for name in ("CBAM", "SE", "ECA", "SimAM"):
        text += f"  {name}: {{insert: {name}, after: SPPF}}\n"
    (home / "study.yaml").write_text(text, encoding="utf-8")
    code, out, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
    told = [line for line in (out + err).splitlines() if "registry" in line]
    assert code == 0 and len(told) == 2, told
    own = r"CBAM \(fork/models/common.py:\d+\) is the fork's own class: the study trains it, not .*"
    assert re.fullmatch(own, told[0])
    assert told[1].startswith("ECA (") and "is edited by hand: the study" in told[1]
    written = (home / "out/variants/CBAM/code/models/common.py").read_text(encoding="utf-8")
    assert written.count("class CBAM") == 1


def test_a_training_script_without_a_seed(home: Path) -> None:
    (home / "fork" / "train.py").write_text("print()\n", encoding="utf-8")
    code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
    assert code == 2 and ("no-seed" in err or "unknown-family" in err)


@pytest.mark.parametrize("command", ["run", "status", "report", "export"])
def test_no_study_folder(command: str, tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}", encoding="utf-8")
    for folder in (".", "nothing", "study.json"):
        words = [command, folder, *(["--commands"] if command == "export" else [])]
        code, out, err = _study(tmp_path, *words)
        assert code == 2 and "no-study" in err and not out


def test_the_example_of_the_readme_is_planned(tmp_path: Path) -> None:
    shutil.copytree(_FORK, tmp_path / "minifork", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(_FORK.parent / "study.yaml", tmp_path / "study.yaml")
    code, out, err = _study(tmp_path, "plan", "study.yaml", "-o", "out", "--no-run")
    assert code == 0 and "3 variants, 3 seeds, 9 runs" in out, err
    plan = json.loads((tmp_path / "out/runs/simam-s2/run.json").read_text(encoding="utf-8"))
    data = plan["argv"][plan["argv"].index("--data") + 1]
    assert Path(data) == tmp_path / "out" / "data" / "shapes.yaml" and Path(data).is_file()
    assert plan["argv"][plan["argv"].index("--seed") + 1] == "2"


def test_run_removes_no_file_of_a_folder_that_is_no_study(tmp_path: Path) -> None:
    """A study that was stopped holds a file `stop`; so may any other folder."""
    (tmp_path / "stop").write_text("mine")
    code, _, err = _study(tmp_path, "run", ".")
    assert code == 2 and "error[no-study]" in err
    assert (tmp_path / "stop").read_text() == "mine"


def test_a_fork_with_several_parse_functions_needs_a_target(home: Path) -> None:
    path = home / "fork" / "models" / "yolo.py"
    text = path.read_text(encoding="utf-8")
    second = text[text.index("def parse_model(") :].replace("def parse_model(", "def parse_two(")
    second += "\n\nclass Two(Model):\n    def __init__(self, d):\n        parse_two(d, [3])\n"
    path.write_text(text + "\n\n" + second, encoding="utf-8")
    before = snapshot(home)
    for _ in range(2):
        code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
        assert code == 2 and "study.yaml: several functions build a network" in err
        assert "target: models/yolo.py:parse_two" in err and "--target" not in err
        assert snapshot(home) == before
    code, _, err = _study(home, "seeds", "fork", "--no-run")
    assert code == 2 and "--target models/yolo.py:parse_two" in err
    words = ("seeds", "fork", "--no-run", "--target", "models/yolo.py:parse_model")
    assert _study(home, *words)[0] in (0, 1)
    chosen = _STUDY.replace("repo: fork", "repo: fork\ntarget: models/yolo.py:parse_two")
    (home / "study.yaml").write_text(chosen, encoding="utf-8")
    code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
    assert code == 0, err
    code_of = home / "out" / "variants" / "simam" / "code" / "models" / "common.py"
    assert "class SimAM" in code_of.read_text(encoding="utf-8")


def test_a_fork_that_cannot_be_patched_is_named_by_its_own_path(home: Path) -> None:
    path = home / "fork" / "models" / "common.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("import torch.nn as nn", "import other.nn as nn"), "utf-8")
    before = snapshot(home)
    for _ in range(2):
        code, _, err = _study(home, "plan", "study.yaml", "-o", "out", "--no-run")
        assert code == 2 and "error[name-taken]: variant simam: SimAM needs nn" in err, err
        assert err.startswith("fork/models/common.py:") and "draft" not in err
        assert snapshot(home) == before


@pytest.mark.skipif(sys.platform == "win32", reason="the environment is made for other systems")
def test_a_package_is_that_of_the_study_s_own_python(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "there")
    text = _STUDY.replace("repo: fork", f"repo: ultralytics\npython: {environment.python}")
    text = "".join(
        line for line in text.splitlines(True) if " pa" not in line and " same" not in line
    )
    text = text.replace("SPPF", "3")
    (tmp_path / "study.yaml").write_text(text.replace("seconds: 0.02", "batch: 2"), "utf-8")
    for number in range(2):
        words = ("plan", "study.yaml", "-o", f"out{number}", "--no-run")
        code, _, err = _study(tmp_path, *words)
        assert code == 0, err
    run = json.loads((tmp_path / "out0" / "runs" / "base-s0" / "run.json").read_text("utf-8"))
    assert run["argv"][0] == str(environment.python)
    code_of = tmp_path / "out0" / "variants" / "simam" / "code" / "ultralytics"
    assert "class SimAM" in "".join(p.read_text("utf-8") for p in code_of.rglob("*.py"))
