"""Every command on hostile names and texts: no output acts on a terminal or commands a CI log."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.hostile_text import (
    MINI,
    NAME,
    SIGNS,
    TEXT,
    build,
    faults,
    in_terminal,
    piped,
    write_checkpoint,
    write_onnx,
)
from yamlmod.cli import groups

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")

FORK = NAME.format("fork")
MODEL = NAME.format("m") + ".yaml"
LOST = f"no{SIGNS}\n::error::f"
Words = tuple[str, ...]


def _nothing(place: Path) -> None:
    pass


def _written(place: Path) -> None:
    code, _, err = piped(["insert", "SimAM", MODEL, "--after", "2", "-w"], place)
    assert code == 0, err


def _patched(place: Path) -> None:
    code, _, err = piped(["patch", FORK, "SimAM", "-w"], place)
    assert code == 0, err


def _onnx(place: Path) -> None:
    pytest.importorskip("onnx")
    write_onnx(place / f"x{SIGNS}.onnx")


def _checkpoint(place: Path) -> None:
    write_checkpoint(place / f"x{SIGNS}.pt")


_OWN_MODELS = (f"{FORK}/models/evil.yaml", f"{FORK}/models/text.yaml")
_FIGURES = ("html", "drawio", "tikz", "mermaid")
# Command -> what is done before, and the words after the command's name.
FEEDS: dict[str, tuple[Callable[[Path], None], list[Words]]] = {
    "add": (_nothing, [
        ("SimAM", "--repo", FORK, "--cfg", MODEL, "--after", "2"),
        (f"own.py:{TEXT}", "--repo", FORK, "--cfg", MODEL, "--after", TEXT),
        ("own.py:Own", "--repo", FORK, "--cfg", MODEL, "--at", "3"),
    ]),
    "apply": (_nothing, [
        ("recipe.yaml",), ("remove.yaml", MODEL, "--check"), (MODEL, LOST), ("recipe.yaml", LOST),
    ]),
    "check": (_nothing, [
        (".",), (".", "--fix"), (".", "--format", "github"), (MODEL, "--repo", FORK),
        ("two.yaml", "--base", MODEL), ("--select", TEXT, "."), ("--explain", TEXT), (LOST,),
    ]),
    "draw": (_nothing, [
        (MODEL,), (MODEL, "--json"), *((MODEL, "--format", name) for name in _FIGURES),
        (MODEL, "--check"), (MODEL, "--base", "two.yaml"), (MODEL, "--scale", TEXT),
        ("two.yaml", "--base", MODEL, "--side-by-side", "--lang", "zh"), (MODEL, "-o", TEXT),
        ("raw.yaml",), ("bytes.yaml",), (LOST,), (MODEL, "--base", LOST),
    ]),
    "diff": (_nothing, [
        (MODEL, "two.yaml"), (MODEL, "two.yaml", "--recipe"), ("two.yaml", LOST),
        ("::error::c.yaml", MODEL),
    ]),
    "doctor": (_nothing, [
        (FORK,), (FORK, "--python", "./python"), (FORK, "--python", TEXT), (LOST,),
    ]),
    "add-head": (_nothing, [(MODEL, "P2"), (MODEL, TEXT), (LOST, "P2")]),
    "drop-head": (_nothing, [(MODEL, "P4"), (MODEL, TEXT)]),
    "graft": (_nothing, [
        (MODEL, "--backbone", "two.yaml"), (MODEL, "--backbone", LOST),
        (MODEL, "--backbone", "raw.yaml"), (MODEL, "--backbone", MODEL, "--strides", TEXT),
    ]),
    "explain": (_onnx, [
        (f"x{SIGNS}.onnx",), (LOST,), (f"{FORK}/models/evil.yaml", "--repo", FORK),
    ]),
    "info": (_nothing, [("Evil",), (TEXT,), ("SimAM", "--channels", TEXT)]),
    "insert": (_nothing, [
        ("SimAM", MODEL, "--after", "2"), ("SimAM", MODEL, "--after", TEXT),
        (TEXT, MODEL, "--at", "3"), ("Foo", MODEL, "--at", "3", "--args", json.dumps([TEXT])),
        ("Foo", MODEL, "--at", "3", "--args", TEXT), ("Evil", MODEL, "--before", "4", "-o", LOST),
        ("SimAM", "raw.yaml", "--at", "3"), ("SimAM", "bytes.yaml", "--at", "3"),
        ("SimAM", MODEL, "--edge", TEXT),
    ]),
    "exec": (_nothing, [
        ("--overlay", LOST, "x"), ("--overlay", TEXT, "x"), ("x",), ("--overlay", FORK, TEXT),
    ]),
    "help": (_nothing, [(), (TEXT,)]),
    "list": (_nothing, [()]),
    "cite": (_nothing, [(MODEL,), (LOST,)]),
    "move": (_nothing, [(MODEL, "3", "--after", "4"), (MODEL, TEXT, "--after", "1")]),
    "new": (_nothing, [
        ("Foo", "--dir", LOST, "--dry-run"), (TEXT,), ("Foo", "--rule", TEXT), ("Evil",),
    ]),
    "patch": (_nothing, [(FORK, "SimAM"), (FORK, TEXT), (FORK, "own.py:Own"), (LOST, "SimAM"),
        (FORK, "SimAM", "--dialect", TEXT), (FORK, "SimAM", "--target", TEXT)]),
    "profile": (_nothing, [
        (FORK, f"{FORK}/models/{MINI}", "--rounds", "0", "--imgsz", "64", *form)
        for form in (("--layers",), ("--layers", "--format", "md"), ("--format", "csv"))
    ] + [(FORK, _OWN_MODELS[0]), (FORK, "--device", TEXT, MODEL)]),
    "remap": (_checkpoint, [
        (f"x{SIGNS}.pt", "--repo", FORK, "--from", f"{FORK}/models/mini.yaml", "--to", "two.yaml"),
        (f"x{SIGNS}.pt", "--repo", FORK, "--from", *(f"{FORK}/models/mini.yaml", "--to",
         f"{FORK}/models/{MINI}")),
        (LOST, "--repo", FORK, "--from", MODEL, "--to", MODEL),
    ]),
    "remove": (_nothing, [(MODEL, "3", "--cascade"), (MODEL, "5"), (MODEL, TEXT)]),
    "replace": (_nothing, [(MODEL, "3", "C3"), (MODEL, "3", TEXT), (MODEL, TEXT, "C3")]),
    "show": (_nothing, [(MODEL,), ("two.yaml",), ("raw.yaml",), ("bytes.yaml",), (LOST,)]),
    "status": (_patched, [(FORK,), (LOST,)]),
    "undo": (_written, [(".",), ("--list",), (LOST,), ("--redo",)]),
    "unpatch": (_patched, [(FORK, "SimAM"), (FORK, TEXT), (LOST, "SimAM")]),
    "verify": (_nothing, [(FORK, *_OWN_MODELS), (FORK, _OWN_MODELS[0]), (FORK, LOST)]),
}  # fmt: skip
# Each of their lines starts torch.
_SLOW = ("explain", "profile", "remap", "verify")
# Their second line succeeds as the first one does.
_RUN_TORCH = ("verify", "remap")
each_command = pytest.mark.parametrize(
    "command",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in _SLOW)) for name in sorted(FEEDS)],
)
_ALWAYS: list[Words] = [(f"--no{TEXT}",), ("--format", TEXT), (LOST, LOST, LOST, LOST)]


def test_every_command_is_fed() -> None:
    files = {path.stem for path in groups.COMMANDS.glob("[a-z]*.py")}
    assert {name.replace("-", "_") for name in FEEDS} == files


def _prepared(command: str, tmp_path: Path) -> tuple[Path, list[list[str]]]:
    place = build(tmp_path)
    before, feeds = FEEDS[command]
    before(place)
    return place, [[command, *words] for words in (*feeds, *_ALWAYS)]


def _ways(command: str, tmp_path: Path) -> tuple[Path, list[list[str]]]:
    """Prepare for another sink: of what starts torch, one line that succeeds and all that fail."""
    place, lines = _prepared(command, tmp_path)
    if command in _RUN_TORCH:
        del lines[1]
    return place, lines


@each_command
def test_piped(command: str, tmp_path: Path) -> None:
    place, lines = _prepared(command, tmp_path)
    shown = b""
    for words in lines:
        code, out, err = piped(words, place)
        assert code in (0, 1, 2), (words, code, err)
        is_diff = out.startswith(b"--- ")  # bytes for `git apply`
        is_command = "github" in words  # our own, which stands for each finding
        found = [*([] if is_diff or is_command else faults(out)), *faults(err)]
        assert not found, words
        shown += err + (b"" if is_diff else out)
    # The test is worth nothing where nothing hostile was to be shown.
    assert rb"\x1b" in shown and rb"\u202e" in shown, shown


@each_command
def test_in_a_terminal(command: str, tmp_path: Path) -> None:
    place, lines = _ways(command, tmp_path)
    for words in lines:
        if "--format" not in words or words[-1] == TEXT:  # the others are for files and services
            assert not list(faults(in_terminal(words, place), terminal=True)), words


@each_command
def test_in_json(command: str, tmp_path: Path) -> None:
    place, lines = _ways(command, tmp_path)
    for words in lines[: -len(_ALWAYS)]:
        if "--format" in words:
            continue
        code, out, err = piped([*words, "--json"], place)
        assert code in (0, 1, 2), (words, err)
        assert not list(faults(out)) and not list(faults(err)), words
        assert out.isascii() and b"\x7f" not in out
        if out or code != 2:  # usage errors are typer's, in text
            json.loads(out)
