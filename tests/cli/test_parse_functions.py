"""A fork with two parse functions: every command can be told which one, and unpatch leaves none."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

import yamlmod as api
from tests.cli.run import snapshot, yamlmod

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
_CFG = "fork/models/mini-cbam.yaml"
_FACE = "models/yolo_face.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fork whose second parse file has CBAM, and a YAML that only that one can build."""
    shutil.copytree(_FORK, tmp_path / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    models = tmp_path / "fork" / "models"
    shutil.copy(models / "yolo.py", models / "yolo_face.py")
    done = yamlmod(
        *("add", "CBAM", "--repo", "fork", "--cfg", "models/mini.yaml", "--at", "24"),
        *("--target", _FACE, "-o", "models/mini-cbam.yaml"),
        cwd=tmp_path,
    )
    assert done.code == 0, done.err
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("check", _CFG, "--repo", "fork"),
        ("show", _CFG, "--repo", "fork", "--json"),
        ("draw", _CFG, "--repo", "fork", "--check", "--json"),
    ],
)
def test_the_parse_function_that_is_meant(folder: Path, words: tuple[str, ...]) -> None:
    before = snapshot(folder)
    one, other = yamlmod(*words, cwd=folder), yamlmod(*words, "--target", _FACE, cwd=folder)
    unknown = re.compile(rb"does not define CBAM|CBAM' is not defined")
    assert unknown.search(one.out) and not unknown.search(other.out)
    assert other.code == 0, other.err
    assert yamlmod(*words, "--target", _FACE, cwd=folder) == other
    assert snapshot(folder) == before


def test_target_without_a_fork(folder: Path) -> None:
    for words in (("check", _CFG), ("show", _CFG), ("draw", _CFG)):
        done = yamlmod(*words, "--target", _FACE, cwd=folder)
        assert done.code == 2 and "error[usage]: --target" in done.err


def test_doctor(folder: Path) -> None:
    lost = "the parse function has no name CBAM"
    assert lost in yamlmod("doctor", "fork", cwd=folder).out.decode()
    assert lost not in yamlmod("doctor", "fork", "--target", _FACE, cwd=folder).out.decode()


def test_status_names_the_other_function(folder: Path) -> None:
    done = yamlmod("status", "fork", "--check", "--json", cwd=folder)
    assert done.code == 0
    data = json.loads(done.out)
    assert data["stale"] == [] and data["modules"][0]["registered"] == f"{_FACE}:parse_model"
    table = yamlmod("status", "fork", COLUMNS="80", cwd=folder).out.decode()
    assert re.search(rf"{_FACE}:\d+", table)
    chosen = json.loads(yamlmod("status", "fork", "--target", _FACE, "--json", cwd=folder).out)
    assert chosen["modules"][0]["registered"] == "parse_model"


@pytest.mark.parametrize("target", [(), ("--target", _FACE)])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("placement", ["common", "package"])
def test_unpatch_leaves_no_function_with_a_class_that_is_gone(
    folder: Path, target: tuple[str, ...], both: bool, placement: str
) -> None:
    words = ("--placement", placement, "-w")
    for file in ("models/yolo.py", _FACE) if both else (_FACE,):
        done = yamlmod("patch", "fork", "SE", *words, "--target", file, cwd=folder)
        assert done.code == 0, done.err
    done = yamlmod("unpatch", "fork", "SE", "CBAM", *target, "-w", cwd=folder)
    assert done.code == 0, done.err
    assert "still used" not in done.err
    models = folder / "fork" / "models"
    for name, own in (
        ("common.py", "common.py"),
        ("yolo.py", "yolo.py"),
        ("yolo_face.py", "yolo.py"),
    ):
        assert (models / name).read_bytes() == (_FORK / "models" / own).read_bytes()
    assert not (models / "yamlmod_modules").exists()


def test_a_class_of_that_name_from_elsewhere_stays(folder: Path) -> None:
    """The other parse file has an SE of its own, which is none of ours."""
    models = folder / "fork" / "models"
    (models / "attn.py").write_text("class SE:\n    pass\n", encoding="utf-8")
    face = models / "yolo_face.py"
    text = face.read_text(encoding="utf-8")
    line = "        elif m is SE:\n            c2 = ch[f]\n"
    place = text.index("        else:\n", text.index("elif m is Detect"))
    text = "from models.attn import SE\n" + text[:place] + line + text[place:]
    face.write_text(text, encoding="utf-8")
    assert yamlmod("patch", "fork", "SE", "-w", cwd=folder).code == 0
    assert yamlmod("unpatch", "fork", "SE", "-w", cwd=folder).code == 0
    assert face.read_text(encoding="utf-8") == text


def test_an_edited_branch_of_the_other_function_is_refused(folder: Path) -> None:
    face = folder / "fork" / _FACE
    text = face.read_text(encoding="utf-8")
    begin = text.index("CBAM", text.index("def parse_model"))
    at = text.index("\n", begin) + 1
    face.write_text(text[:at] + "            print(args)\n" + text[at:], encoding="utf-8")
    before = snapshot(folder)
    done = yamlmod("unpatch", "fork", "CBAM", "-w", cwd=folder)
    assert done.code == 2 and "error[edited-by-hand]" in done.err and "yolo_face.py" in done.err
    assert snapshot(folder) == before


def test_several_models_folders(folder: Path) -> None:
    """A fork in which a command would have to guess: its refusal names options that exist."""
    shutil.copytree(folder / "fork", folder / "both" / "a")
    shutil.copytree(folder / "fork", folder / "both" / "b")
    for words in (("check", _CFG, "--repo", "both"), ("status", "both"), ("doctor", "both")):
        done = yamlmod(*words, cwd=folder)
        assert done.code == 2 and "--target a/models/yolo.py" in done.err
        chosen = yamlmod(*words, "--target", "a/models/yolo_face.py", cwd=folder)
        assert "error" not in chosen.err


def test_from_python(folder: Path) -> None:
    cfg = folder / _CFG
    unknown = [finding.rule for finding in api.Fork(folder / "fork").check(cfg)]
    assert "unresolved-name" in unknown
    meant = api.Fork(folder / "fork", target=_FACE)
    assert [finding.rule for finding in meant.check(cfg)] == ["moved-layers"]


def test_unpatch_finds_a_parse_file_in_another_folder(folder: Path) -> None:
    seg = folder / "fork" / "seg"
    seg.mkdir()
    (seg / "__init__.py").touch()
    shutil.copy(_FORK / "models" / "yolo.py", seg / "yolo.py")
    for target in ((), ("--target", "seg/yolo.py")):
        done = yamlmod("patch", "fork", "SE", "-w", *target, cwd=folder)
        assert done.code == 0, done.err
    assert yamlmod("unpatch", "fork", "SE", "-w", cwd=folder).code == 0
    for name in ("models/yolo.py", "seg/yolo.py"):
        assert (folder / "fork" / name).read_bytes() == (_FORK / "models/yolo.py").read_bytes()


def test_unpatch_names_a_file_that_it_cannot_read(folder: Path) -> None:
    face = folder / "fork" / _FACE
    face.write_text(face.read_text(encoding="utf-8") + "\ndef x(:\n", encoding="utf-8")
    done = yamlmod("unpatch", "fork", "CBAM", "-w", cwd=folder)
    assert done.code == 0
    assert "fork/models/yolo_face.py names CBAM, and Python cannot read it" in done.err


def _two_in_one_file(folder: Path) -> None:
    yolo = folder / "fork" / "models" / "yolo.py"
    text = yolo.read_text(encoding="utf-8")
    function = text[text.index("def parse_model") :]
    model = text[text.index("class Model") : text.index("def parse_model")]
    text += "\n\n" + function.replace("def parse_model", "def parse_model_v2", 1)
    text += "\n\n" + model.replace("class Model", "class ModelV2", 1)
    at = text.index("class ModelV2")
    second = text[at:].replace("parse_model(", "parse_model_v2(")
    yolo.write_text(text[:at] + second, encoding="utf-8")


def test_the_second_function_of_one_file(folder: Path) -> None:
    """It is another class that calls it: read and built with that one."""
    _two_in_one_file(folder)
    target = ("--target", "models/yolo.py:parse_model_v2")
    words = ("add", "SE", "--repo", "fork", "--cfg", "models/mini.yaml", "--at", "24")
    done = yamlmod(*words, *target, "-o", "models/se.yaml", cwd=folder)
    assert done.code == 0, done.err
    nexts = done.err[done.err.index("next:") :]
    assert f"--base fork/models/mini.yaml {' '.join(target)}" in nexts
    assert yamlmod("check", "fork/models/se.yaml", "--repo", "fork", *target, cwd=folder).code == 0
    words = ("verify", "fork", "fork/models/se.yaml", "--python", sys.executable, *target)
    done = yamlmod(*words, cwd=folder)
    assert done.code == 0 and b"13 checks passed" in done.out, done.out


def test_images_have_the_channels_of_the_model_class(folder: Path) -> None:
    yolo = folder / "fork" / "models" / "yolo.py"
    text = yolo.read_text(encoding="utf-8")
    assert text.count("ch=3") == 1
    yolo.write_text(text.replace("ch=3", "ch=6"), encoding="utf-8")
    words = ("fork", "fork/models/mini.yaml", "--python", sys.executable)
    for command in ("verify", "profile"):
        done = yamlmod(command, *words, cwd=folder)
        assert done.code == 0, done.out.decode() + done.err
