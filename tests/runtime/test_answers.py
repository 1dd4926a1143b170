"""What a worker may answer: of the agreed shape and size, or one refusal."""

from __future__ import annotations

import copy
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from tools.attack._forged import ANSWERS, RAW
from yamlmod.errors import Refusal
from yamlmod.runtime import worker
from yamlmod.runtime.interpreter import Interpreter
from yamlmod.runtime.shapes import Malformed, parse, shaped
from yamlmod.runtime.worker import Worker
from yamlmod.runtime.yamlmod_worker.answers import (
    AnyNumber,
    ExplainAnswer,
    ProfileAnswer,
    RemapAnswer,
    VerifyAnswer,
    VerifyPart,
)

_SHELL = pytest.mark.skipif(os.name == "nt", reason="the interpreter is a shell script")
_SHAPES: dict[str, Any] = {
    "verify": VerifyAnswer,
    "profile": ProfileAnswer,
    "explain": ExplainAnswer,
    "remap": RemapAnswer,
}


def _ask(folder: Path, script: str, seconds: float = 10.0, **more: Any) -> Any:
    """Ask a worker whose interpreter is a shell script."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with Worker(Interpreter(str(program), "a test"), folder) as asked:
        return asked.ask({}, seconds, VerifyAnswer, VerifyPart, **more)


def _says(folder: Path, *lines: bytes) -> str:
    path = folder / "lines"
    path.write_bytes(b"".join(b"\nYAMLMOD " + line + b"\n" for line in lines))
    return f"cat '{path}'; sleep 5"


@pytest.fixture(autouse=True)
def _unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YAMLMOD_PROTECTION", "group")


def _line(answer: Any, number: int = 1) -> bytes:
    return json.dumps({"answer": answer, "number": number}).encode()


@_SHELL
@pytest.mark.parametrize("line", RAW, ids=[f"{i} {raw[:20]!r}" for i, raw in enumerate(RAW)])
def test_a_line_that_is_no_answer_is_one_refusal(line: bytes, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        _ask(tmp_path, _says(tmp_path, line), 2.0)
    if line == b'{"part": {}}':  # nothing of a check, and then nothing
        assert refused.value.code == "timed-out"
    elif line == b'{"answer": {"failed": "\\n\\n"}, "number": 1}' or b'{"failed": ""}' in line:
        assert refused.value.code == "worker-failed"
    else:
        assert refused.value.code == "bad-answer", refused.value.message
        assert refused.value.message.startswith("the fork's process sent an invalid answer")


@_SHELL
def test_the_answer_of_another_question_is_none(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="neither a part nor the answer"):
        _ask(tmp_path, _says(tmp_path, _line(ANSWERS["verify"], 2)))
    heard: list[Any] = []
    lines = [b'{"part": {"begun": "build"}}', _line(ANSWERS["verify"])]
    assert _ask(tmp_path, _says(tmp_path, *lines), hear=heard.append) == ANSWERS["verify"]
    assert heard == [{"begun": "build"}]


@pytest.mark.parametrize("command", ANSWERS)
def test_every_place_of_an_answer_has_a_shape(command: str) -> None:
    answer, shape = ANSWERS[command], _SHAPES[command]
    assert shaped(parse(json.dumps(answer).encode()), shape) == answer
    tried = 0
    for path in _paths(answer):
        for odd in ({"odd": 1}, "\ud800", "x" * 5000, float("nan"), 1 << 70, [[[1]]]):
            if path[0] == "constants" and path[2:] == (1,) and odd != odd:
                continue  # a network's constant may be NaN
            changed = copy.deepcopy(answer)
            inside = changed
            for key in path[:-1]:
                inside = inside[key]
            inside[path[-1]] = odd
            tried += 1
            with pytest.raises(Malformed):
                shaped(parse(json.dumps(changed).encode()), shape)
    assert tried > 25
    for key in answer:
        with pytest.raises(Malformed):
            shaped({name: value for name, value in answer.items() if name != key}, shape)
    with pytest.raises(Malformed):
        shaped({**answer, "more": 1}, shape)


def _paths(value: Any, start: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every place of a value but those of free keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = [(*start, key) for key in keys]
    for key in keys:
        if isinstance(value[key], (dict, list)):
            found += _paths(value[key], (*start, key))
    return found


_FITS: dict[Any, tuple[list[Any], list[Any]]] = {
    bool: ([True], [1, None]),
    int: ([1, -(2**62)], [True, 1.0, 2**63]),
    float: ([1, 0.5], [True, float("inf"), float("nan"), "1"]),
    AnyNumber: ([1, float("inf"), float("nan")], [True, "x"]),
    str: (["a", ""], ["\udc80", "x" * 4001, 1]),
    list[int]: ([[1], []], [["1"], {}, "ab", None]),
    tuple[int, int]: ([[1, 2]], [[1], [1, 2, 3], ["1", 2]]),
    int | None: ([1, None], ["", False]),
    dict[str, int]: ([{"a": 1}, {}], [{"\udc80": 1}, {"a": "b"}, []]),
}


@pytest.mark.parametrize("shape", _FITS, ids=str)
def test_shapes(shape: Any) -> None:
    good, bad = _FITS[shape]
    for value in good:
        assert shaped(value, shape) is value
    for value in bad:
        with pytest.raises(Malformed):
            shaped(value, shape)


@_SHELL
def test_floods_end_before_the_time_is_over(tmp_path: Path) -> None:
    floods = {
        "yes": "an invalid answer: too much",  # lines that are none
        "printf 'YAMLMOD '; yes | tr -d '\\n'": "an invalid answer: too much",  # one line
        "yes 'YAMLMOD {\"part\": {}}'": "more than 10000 lines",
    }
    for script, message in floods.items():
        start = time.monotonic()
        with pytest.raises(Refusal, match=message):
            _ask(tmp_path, script, 60.0)
        assert time.monotonic() - start < 30


@_SHELL
def test_what_is_printed_is_kept_to_its_end(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="exit code 4: the last"):
        _ask(tmp_path, "yes | head -c 3000000 >&2; echo the last >&2; exit 4")


@_SHELL
def test_a_worker_that_reads_no_question_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nsleep 20\n", encoding="utf-8")
    program.chmod(0o755)
    start = time.monotonic()
    with (
        Worker(Interpreter(str(program), "a test"), tmp_path) as asked,
        pytest.raises(Refusal, match="did not answer within 1 s"),
    ):
        asked.ask({"text": "x" * 1_000_000}, 1.0, VerifyAnswer)  # more than a pipe holds
    assert time.monotonic() - start < 10


def test_lines_are_cut_anywhere() -> None:
    text = b"noise\n\nYAMLMOD {1}\nYAMLMOD {2}\nYAMLM"
    for size in range(1, len(text)):
        lines = worker._Lines()
        found = [line for i in range(0, len(text), size) for line in lines.take(text[i : i + size])]
        assert found == [b"{1}", b"{2}"]
