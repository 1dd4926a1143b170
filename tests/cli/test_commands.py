"""The commands' contract: names, flags, exit codes, and one message for every mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.ops.samples import SMALL
from yamlmod import __version__
from yamlmod.registry.measured import BADGES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.yaml").write_bytes(SMALL.encode())
    return tmp_path


def test_version_and_help(tmp_path: Path) -> None:
    assert yamlmod("--version", cwd=tmp_path).out.decode().strip() == f"yamlmod {__version__}"
    page = yamlmod("--help", cwd=tmp_path).out.decode()
    for command in ("add", "info", "insert", "list", "patch", "remove", "show", "unpatch"):
        assert f"\n  {command} " in page
        own = yamlmod(command, "--help", cwd=tmp_path)
        assert own.code == 0
        assert "Examples:" in own.out.decode()
        assert f"yamlmod {command}" in own.out.decode()
    assert yamlmod(cwd=tmp_path).code in (0, 2)


def test_installed_command(tmp_path: Path) -> None:
    command = Path(sys.executable).parent / ("yamlmod.exe" if os.name == "nt" else "yamlmod")
    if not command.exists():
        pytest.skip("yamlmod runs from a folder here and is not installed")
    done = subprocess.run([command, "--version"], capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout.decode().strip() == f"yamlmod {__version__}"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, tmp_path: Path) -> None:
    done = yamlmod(cwd=tmp_path, _YAMLMOD_COMPLETE=f"source_{shell}")
    assert b"yamlmod" in done.out
    words = {"COMP_WORDS": "yamlmod ins", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "yamlmod ins"}
    done = yamlmod(
        cwd=tmp_path,
        _YAMLMOD_COMPLETE=f"complete_{shell}",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        **words,
    )
    assert b"insert" in done.out


def test_completion_in_a_group(tmp_path: Path) -> None:
    words = {"COMP_WORDS": "yamlmod study st", "COMP_CWORD": "2"}
    done = yamlmod(cwd=tmp_path, _YAMLMOD_COMPLETE="complete_bash", **words)
    assert done.out.split() == [b"status", b"stop"]
    page = yamlmod("study", "--help", cwd=tmp_path).out.decode()
    for command in ("export", "plan", "report", "run", "status", "stop"):
        assert f"\n  {command} " in page
        own = yamlmod("study", command, "--help", cwd=tmp_path)
        assert own.code == 0 and f"yamlmod study {command}" in own.out.decode()
    wrong = yamlmod("study", "repot", cwd=tmp_path)
    assert wrong.code == 2 and "No such command" in wrong.err


def test_list(tmp_path: Path) -> None:
    data = json.loads(yamlmod("list", "--json", cwd=tmp_path).out)
    keys = {"name", "aliases", "names_zh", "rule", "summary", "summary_zh", "badges", "origin"}
    keys |= {"kind", "year", "parameters"}
    assert [set(item) for item in data] == [keys] * len(data)
    rules = {item["name"]: item["rule"] for item in data}
    assert rules["SimAM"] == rules["TripletAttention"] == "free"
    assert rules["ACmix"] == "conv"
    assert rules["BiLevelRoutingAttention"] == "same"
    text = yamlmod("list", cwd=tmp_path).out.decode()
    assert all(name in text for name in rules)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("坐标", {"CoordAtt", "C3_CA", "C2f_CA", "C3k2_CA", "EMA"}),
        ("coordinate attention", {"CoordAtt", "C3_CA", "C2f_CA", "C3k2_CA"}),
        ("无参", {"SimAM", "C3_SimAM", "C2f_SimAM", "C3k2_SimAM"}),
        # the paper's title
        ("Squeeze-and-Excitation Networks", {"SE", "C3_SE", "C2f_SE", "C3k2_SE"}),
        ("no such thing", set()),
    ],
)
def test_list_of_a_word(word: str, expected: set[str], tmp_path: Path) -> None:
    data = json.loads(yamlmod("list", word, "--json", cwd=tmp_path).out)
    assert {item["name"] for item in data} == expected
    done = yamlmod("list", word, cwd=tmp_path)
    lines = done.out.decode().splitlines()
    assert {line.split()[0] for line in lines[1:]} == expected
    assert bool(expected) or "no module matches" in done.err


def test_chinese_names(tmp_path: Path) -> None:
    done = yamlmod("info", "坐标注意力", cwd=tmp_path)
    assert done.code == 0 and done.out.decode().splitlines()[0].startswith("CoordAtt ")
    assert "分别沿高度和宽度方向" in done.out.decode()
    wrong = yamlmod("info", "坐标注意", cwd=tmp_path)
    assert wrong.code == 2 and "坐标注意力" in wrong.err


@pytest.mark.parametrize(
    ("module", "constructor"),
    [
        ("SimAM", []),
        ("TripletAttention", []),
        ("ACmix", [96, 96]),
        ("BiLevelRoutingAttention", [96]),
    ],
)
def test_info(module: str, constructor: list[int], tmp_path: Path) -> None:
    done = yamlmod("info", module, "--channels", "96", "--json", cwd=tmp_path)
    data = json.loads(done.out)
    assert data["constructor"] == constructor
    assert data["class"] == module
    templates = Path(__file__).parents[2] / "templates"
    assert (templates / data["file"]).is_file()
    facts = yamlmod("info", module, cwd=tmp_path).out.decode()
    assert f"class {module}(" not in facts and "--code" in facts
    page = yamlmod("info", module, "--code", cwd=tmp_path).out.decode()
    assert page.startswith(facts.split("\n\n--code")[0])
    assert data["paper"]["title"] in page
    assert f"class {module}(" in page
    assert f"[-1, 1, {module}, [" in page
    assert data["reference"]["url"] in page and data["reference"]["licence"] in page.lower() + page
    assert set(data["badges"]) == set(BADGES)
    assert set(data["limits"]) == {name for name, held in data["badges"].items() if not held}
    assert f"{data['parameters']['256']:,} at 256" in page
    assert all(reason in page for reason in data["limits"].values())
    assert yamlmod("info", "SimAN", cwd=tmp_path).code == 2
    assert "SimAM" in yamlmod("info", "SimAN", cwd=tmp_path).err


def test_show(folder: Path) -> None:
    data = json.loads(yamlmod("show", "x.yaml", "--json", cwd=folder).out)
    layers = data["layers"]
    assert layers[8]["reads"] == [7, 3]
    assert layers[3]["readers"] == [4, 8]
    assert (layers[5]["channels"], layers[5]["real_channels"], layers[5]["stride"]) == (
        512,
        {"file": 256, "n": 128, "s": 256, "m": 384, "l": 512, "x": 640},
        16,
    )
    text = yamlmod("show", "x.yaml", cwd=folder).out.decode()
    assert "[None, 2, nearest]" in text
    assert len(text.splitlines()) == 15
    assert "\x1b[" not in text


MISTAKES: list[tuple[tuple[str, ...], str]] = [
    (("insert", "SimAM", "none.yaml", "--at", "1"), "none.yaml"),
    (("insert", "SimAM", "."), "folder"),
    (("insert", "SimAM", "x.yaml"), "--at"),
    (("insert", "Foo", "x.yaml", "--at", "1"), "registry"),
    (("insert", "Foo", "x.yaml", "--at", "1", "--args", "[1"), "JSON"),
    (("insert", "Foo", "x.yaml", "--at", "1", "--args", "7"), "list"),
    (("insert", "Foo", "x.yaml", "--at", "1", "--args", "[NaN]"), "NaN"),
    (("insert", "Foo", "x.yaml", "--at", "1", "--args", "[" * 5000), "JSON"),
    (("insert", "SimAM", "x.yaml", "--at", "one"), "one"),
    (("insert", "SimAM", "x.yaml", "--after", ""), "layer"),
    (("insert", "SimAM", "x.yaml", "--after", "9" * 50), "layer"),
    (("insert", "SimAM", "x.yaml", "--after", "C3#" + "9" * 50), "layer"),
    (("insert", "SimAM", "x.yaml", "--at", "9" * 30), ""),
    (("insert", "SimAM", "x.yaml", "--after", "3", "--readers", ","), "readers"),
    (("insert", "SimAM", "x.yaml", "--after", "3", "--readers", "none"), "dead-layer"),
    (("insert", "SimAM", "binary", "--at", "1"), "UTF-8"),
    (("remove", "x.yaml"), "SEL"),
    (("remove", "x.yaml", "Detect"), "head"),
    (("show", "none.yaml"), "none.yaml"),
    (("info", "CBAMX"), "registry"),
    (("patch", "none", "SimAM"), "folder"),
    (("patch", ".", "SimAM"), "models"),
    (("unpatch", ".", "SimAM"), "models"),
    (("add", "SimAM", "--repo", ".", "--cfg", "x.yaml", "--at", "1"), "models"),
    (("nonsense",), "nonsense"),
    (("insert", "SimAM", "x.yaml", "--nonsense"), "nonsense"),
]


@pytest.mark.parametrize(
    ("arguments", "part"), MISTAKES, ids=[" ".join(m[0])[:50] for m in MISTAKES]
)
def test_mistakes(arguments: tuple[str, ...], part: str, folder: Path) -> None:
    (folder / "binary").write_bytes(b"\x89PNG\r\n\x00\xff")
    before = snapshot(folder)
    write = ("-w",) if arguments[0] in ("insert", "remove", "patch", "unpatch", "add") else ()
    done = yamlmod(*arguments, *write, cwd=folder)
    assert done.code == 2, done.err
    assert part in done.err
    assert "Traceback" not in done.err
    assert "error[bug]" not in done.err
    assert done.out == b""
    assert snapshot(folder) == before


def test_a_closed_pipe(folder: Path) -> None:
    rows = "".join(f"   [-1, 1, Conv, [{i}, 1, 1]],\n" for i in range(3000))
    (folder / "x.yaml").write_text(
        SMALL.replace("   [-1, 1, SPPF", rows + "   [-1, 1, SPPF").replace("[[-1, 6]", "[[-1, 4]"),
        encoding="utf-8",
    )
    command = f"'{sys.executable}' -m yamlmod show x.yaml | head -1"
    if os.name == "nt":
        pytest.skip("needs a POSIX shell")
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=False)
    assert done.stderr == b""
    assert done.stdout.startswith(b"layer")


def test_a_bug_is_a_message_and_exit_code_3(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from yamlmod.cli.guard import guarded

    def broken() -> None:
        raise ZeroDivisionError("oops")

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        guarded(broken)()
    assert caught.value.code == 3
    assert "report it" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        guarded(interrupted)()
    assert caught.value.code == 130


def test_a_name_with_its_scale_in_it(folder: Path) -> None:
    (folder / "x.yaml").rename(folder / "yolo11-seg.yaml")
    told = yamlmod("show", "yolo11s-seg.yaml", cwd=folder)
    assert told.code == 2
    assert "yolo11-seg.yaml has no scale s" in told.err
    assert "scale" not in yamlmod("show", "yolo11s.yaml", cwd=folder).err
