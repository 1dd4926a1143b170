"""The ways that text takes: typer, warnings, tracebacks, consoles, CI logs, tables for papers."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.hostile_text import NAME, SIGNS, TEXT, build, faults, in_terminal, piped
from tests.cli.run import yamlmod
from tests.ops.samples import SMALL
from yamlmod.cli.ci_log import refuse_commands
from yamlmod.errors import Refusal
from yamlmod.model.document import parse_document
from yamlmod.ops.recipe_text import RecipeEdit, recipe_text
from yamlmod.report.github import annotation
from yamlmod.report.grids import Grid, comma_separated, latex, markdown, markdown_code
from yamlmod.report.sarif import sarif
from yamlmod.report.tables import table

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
_INSERT = ("insert", "SimAM", "x.yaml", "--after", "2")


@pytest.mark.parametrize(
    "output",
    [
        b"\x1b[35mx", b"a\x07", b"a\rb", "\u202e".encode(), "\x9b1m".encode(), "\u2028".encode(),
        b"::error::x", b"  ::error::x", b"a\n\t::set-output name=x::y", b"x ##[error]y",
        b"##vso[task.complete]", b"x ##teamcity[message]", b"\x7f", "a\u200bb".encode(),
    ],
)  # fmt: skip
def test_a_planted_fault_is_seen(output: bytes) -> None:
    assert list(faults(output)) and list(faults(output, terminal=True))
    assert not list(faults(b"a\n\x1b[1mb\x1b[0m\r\n", terminal=True))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp936", "latin-1"])
@pytest.mark.parametrize(
    "way",
    [
        f"import warnings; warnings.warn({TEXT!r})",
        f"raise ValueError({TEXT!r})",
        f"print({TEXT!r}); print({TEXT!r}, file=sys.stderr)",
        f"import logging; logging.warning({TEXT!r})",
        f"import typer; typer.echo({TEXT!r}); typer.echo({TEXT!r}, err=True)",
        "import typer; typer.run(lambda: None)",
    ],
)
def test_whoever_writes(way: str, encoding: str, tmp_path: Path) -> None:
    code = f"import sys\nfrom yamlmod.cli.console import prepare\nprepare()\n{way}\n"
    done = subprocess.run(
        [sys.executable, "-c", code, "模型", TEXT, f"--{TEXT}"], cwd=tmp_path,
        capture_output=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0",
             "TYPER_USE_RICH": "0", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    shown = (done.stdout + done.stderr).decode(encoding)
    assert rb"\x1b]0;pwn" in done.stdout + done.stderr
    assert not list(faults(shown.encode()))


@posix
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp936"])
def test_names_in_any_console(encoding: str, tmp_path: Path) -> None:
    """Chinese stays readable where the console can show it; nothing fails where it cannot."""
    (tmp_path / "主干-é👍.yaml").write_text(SMALL.replace("C3,", "注意力,", 1), encoding="utf-8")
    done = yamlmod("show", "主干-é👍.yaml", cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert done.code == 0, done.err
    text = done.out.decode(encoding)
    assert ("注意力" if encoding != "ascii" else r"\u6ce8\u610f\u529b") in text
    lost = yamlmod("show", "无-é👍.yaml", cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert lost.code == 2 and "Traceback" not in lost.err


@posix
def test_a_bug_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from yamlmod.cli.guard import guarded

    def broken() -> None:
        raise ValueError(TEXT)

    monkeypatch.setenv("YAMLMOD_DEBUG", "1")
    with pytest.raises(SystemExit):
        guarded(broken)()
    shown = capsys.readouterr().err
    assert "Traceback" in shown and r"\x1b]0;pwn" in shown
    assert not list(faults(shown.encode()))


_FIRST_ROW = "  [[-1, 1, Conv, [64, 6"
_OBEYED = [
    SMALL.replace(_FIRST_ROW, '  [[-1, 1, Conv, ["\n::error::x", 64, 6'),
    SMALL.replace(_FIRST_ROW, '  [[-1, 1, Conv, ["\n  ::warning file=a::b", 64, 6'),
    SMALL.replace(_FIRST_ROW, "# a ##[error]b\n" + _FIRST_ROW),
    SMALL.replace(_FIRST_ROW, "##vso[task.complete]\n" + _FIRST_ROW),
]


@posix
@pytest.mark.parametrize("service", ["GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"])
@pytest.mark.parametrize("text", _OBEYED)
def test_a_diff_that_a_ci_service_would_obey(text: str, service: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    words = ["insert", "SimAM", "x.yaml", "--after", "0"]
    code, plain, _ = piped(words, tmp_path)
    assert code == 0 and plain.startswith(b"--- ")
    inside = {service: "true"}
    code, out, err = piped(words, tmp_path, **inside)
    assert (code, out) == (2, b"")
    assert b"error[ci-command]" in err
    assert not list(faults(err))
    assert piped([*words, "--diff", "d.diff"], tmp_path, **inside)[:2] == (0, b"")
    assert (tmp_path / "d.diff").read_bytes() == plain
    code, out, _ = piped([*words, "--json"], tmp_path, **inside)
    assert code == 0 and not list(faults(out))
    assert json.loads(out)["diff"].encode() == plain
    assert (tmp_path / "x.yaml").read_text(encoding="utf-8") == text
    shown = in_terminal(words, tmp_path, **inside)
    assert b"+   [-1, 1, SimAM, []]," in shown and not list(faults(shown, terminal=True))


def test_a_return_ends_a_line_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    refuse_commands(b"+a\n+::error::x\n-::error::x\n")
    for diff in (b"+a\r::error::x\n", b"+a\r\n \xff\r  ::error::x", b"\n ##[error]x"):
        with pytest.raises(Refusal):
            refuse_commands(diff)


def test_an_ordinary_diff_in_a_ci_log(tmp_path: Path) -> None:
    text = SMALL.replace("# a comment", "##[-1, 3, C3, [512]], ## note\n# a::b")
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    plain = piped(list(_INSERT), tmp_path)
    assert plain[0] == 0
    assert piped(list(_INSERT), tmp_path, GITHUB_ACTIONS="true") == plain


@posix
def test_a_diff_on_a_terminal_and_in_a_pipe(tmp_path: Path) -> None:
    hostile = SMALL.replace("# 2-P3/8", "# 2-P3/8 \u202e\u200b é 模型").replace("\n", "\r\n")
    (tmp_path / "x.yaml").write_text(hostile, encoding="utf-8", newline="")
    code, out, _ = piped(list(_INSERT), tmp_path)
    assert code == 0
    assert "\u202e\u200b é 模型".encode() in out
    subprocess.run(["git", "apply"], input=out, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "x.yaml").write_text(hostile, encoding="utf-8", newline="")
    shown = in_terminal(list(_INSERT), tmp_path)
    assert not list(faults(shown, terminal=True))
    assert r"\u202e\u200b é 模型".encode() in shown
    assert rb"\r" not in shown


@posix
def test_a_progress_bar_over_hostile_names(tmp_path: Path) -> None:
    """A bar moves the cursor, by its own signs only: what files hold is never among them."""
    for number in range(45):
        name = NAME.format(number) + ".yaml"
        (tmp_path / name).write_text(SMALL.replace("[-1, 3], 1, Concat", "[-1, 99], 1, Concat"))
    shown = in_terminal(["check", "."], tmp_path)
    assert b"checking" in shown
    assert b"\x1b[?25l" in shown
    assert shown.count(rb"\::error::44\x1b[35m\u202e\u200b\n::warning") == 1
    assert b"\x1b[35m\xe2" not in shown and "\u202e".encode() not in shown


def test_colours_stay(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("needs a terminal of POSIX")
    (tmp_path / "x.yaml").write_text(SMALL, encoding="utf-8")
    assert b"\x1b[1m" in in_terminal(["show", "x.yaml"], tmp_path)
    assert b"\x1b" not in in_terminal(["show", "x.yaml"], tmp_path, NO_COLOR="1")
    assert b"\x1b" not in in_terminal(["show", "x.yaml"], tmp_path, TERM="dumb")


@pytest.mark.parametrize("pad", range(20, 60))
def test_a_long_word_is_folded(pad: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yamlmod.report.tables.is_coloured", lambda name: True)
    monkeypatch.setattr("yamlmod.report.tables.width_of", lambda name: 50)
    word = "x" * pad + "::error::y" + "z" * 60
    lines = table(["a", "what"], [["1", word], ["2", f"see ::error::{SIGNS} 模型"]], wrap=1)
    assert not list(faults("\n".join(lines).encode(), terminal=True))
    letters = "".join(line[3:].strip() for line in lines[1:]).replace("\\::", "::")
    assert word in letters


@posix
def test_two_names_that_look_alike(tmp_path: Path) -> None:
    wrong = SMALL.replace("[-1, 3], 1, Concat", "[-1, 99], 1, Concat")
    for name in ("a\x1b.yaml", r"a\x1b.yaml", "b.yaml"):
        (tmp_path / name).write_text(wrong)
    (tmp_path / "c.yaml").symlink_to("b.yaml")
    done = yamlmod("check", ".", "--json", cwd=tmp_path)
    places = [finding["file"] for finding in json.loads(done.out)["findings"]]
    assert sorted(places) == [r"a\\x1b.yaml", r"a\x1b.yaml", "b.yaml"]
    fixed = yamlmod("check", "b.yaml", "c.yaml", cwd=tmp_path)
    assert fixed.code == 1


CELLS = [
    # text, in Markdown, in LaTeX, in CSV
    ("C3", "C3", "C3", "C3"),
    ("a|b`c", r"a\|b\`c", r"a\textbar{}b`c", "a|b`c"),
    ("<b>&lt;~x~", r"\<b\>\&lt;\~x\~",
     r"\textless{}b\textgreater{}\&lt;\textasciitilde{}x\textasciitilde{}", "<b>&lt;~x~"),
    ("a&b &#60;", r"a&b \&#60;", r"a\&b \&\#60;", "a&b &#60;"),
    ("=1+1", "=1+1", "=1+1", "'=1+1"),
    ("@SUM(A1)", "@SUM(A1)", "@SUM(A1)", "'@SUM(A1)"),
    ("-2+3", "-2+3", "-2+3", "'-2+3"),
    ("\t=1", r"\\t=1", r"\textbackslash{}t=1", r"'\t=1"),
    ("a\x1b\nb", r"a\\x1b\\nb", r"a\textbackslash{}x1b\textbackslash{}nb", r"a\x1b\nb"),
    ("::error::x", "::error::x", ":{}:error:{}:x", "::error::x"),
    ("\\input{x}", r"\\input{x}", r"\textbackslash{}input\{x\}", r"\input{x}"),
    ('a,"b"', 'a,"b"', "a,''b''", '"a,""b"""'),
    ("模型 é", "模型 é", r"\yamlmodcjk{模型} é", "模型 é"),
    ("a---b", "a---b", "a-{}-{}-b", "a---b"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "in_markdown", "in_latex", "in_csv"), CELLS)
def test_cells(text: str, in_markdown: str, in_latex: str, in_csv: str) -> None:
    grid = Grid(["model"], [[text]])
    assert markdown(grid).split("\n")[2] == f"| {in_markdown} |"
    assert latex(grid).split("\n")[-4] == rf"  {in_latex} \\"
    assert comma_separated(["model"], [[text]]) == f"model\n{in_csv}\n"
    assert not list(faults((markdown(grid) + latex(grid)).encode()))
    assert len(list(csv.reader(io.StringIO(comma_separated(["m"], [[text]]))))) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [("a", "`a`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a\nb", r"`a\nb`")],
)
def test_code_in_markdown(text: str, code: str) -> None:
    assert markdown_code(text) == code


def test_numbers_are_no_formulas() -> None:
    assert comma_separated(["a", "b", "c"], [[-1.5, None, -2]]) == "a,b,c\n-1.5,,-2\n"


def _finding(file: str, message: str) -> dict[str, object]:
    return {
        "rule": "wiring", "severity": "error", "file": file, "line": 3, "column": 1, "layer": 2,
        "actual": None, "expected": None, "message": message, "help": f"write {SIGNS}\n::x",
    }  # fmt: skip


def test_an_annotation_is_one_command() -> None:
    line = annotation(
        _finding("::error::a,b%\n\x1b\udcff.yaml", f"100%\n::stop-commands::x{SIGNS}")
    )
    place, _, message = line.removeprefix("::error ").partition("::")
    assert place.startswith(r"file=%3A%3Aerror%3A%3Aa%2Cb%25\n\x1b\xff.yaml,line=3,col=1,title=")
    assert message.startswith(r"100%25\n::stop-commands::x\x1b]0;pwn\x07")
    assert message.endswith(r"%0A::x")
    assert not list(faults(line.removeprefix("::").encode()))


def test_sarif_of_names_that_are_not_utf8() -> None:
    rule = {"code": "wiring", "severity": "error", "summary": "", "why": ""}
    for file, uri in (("a\udcff.yaml", "a%FF.yaml"), ("::e é.yaml", "%3A%3Ae%20%C3%A9.yaml")):
        log = json.loads(json.dumps(sarif([_finding(file, "x")], [rule], "1")))
        place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize("value", [TEXT, "😀 模型 \x7f", "##[error]x", "a ::b", ["::x", 1, None]])
def test_a_recipe_is_exact_and_safe(value: object) -> None:
    text = recipe_text([RecipeEdit((("insert", "Foo"), ("after", [3]), ("args", [value])))])
    assert not list(faults(text.encode())) and text.isascii()
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(text)["edits"][0]["args"] == [value]
    # The reader of `apply` is ruamel.yaml's.
    row = text.split("args: ")[1].strip()
    model = SMALL.replace("C3, [256]]", f"C3, {row}]", 1)
    assert list(parse_document(model, "x.yaml").rows[3].args) == [value]


@posix
def test_the_folder_is_hostile_in_itself(tmp_path: Path) -> None:
    place = build(tmp_path)
    done = yamlmod("status", NAME.format("fork"), "--json", cwd=place)
    assert done.code == 0, done.err
    assert (
        json.loads(done.out)["repo"] == r"::error::fork\x1b[35m\u202e\u200b\n::warning::x##[error]y"
    )
