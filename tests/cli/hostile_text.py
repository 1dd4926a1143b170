"""A folder whose names and texts are hostile to a terminal or a CI log, and how it is shown."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.cli.run import prepared_for
from tests.ops.samples import SMALL
from tests.registry.test_sources import put

_MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
# Title, a colour that is none of ours, bidi, zero width, line ends, C1; then a line that is a
# command, and one inside.
SIGNS = "\x1b]0;pwn\x07\x1b[35m\u202e\u2066\u200b\u2028\x85\x9b31m\ufeff"
TEXT = f"{SIGNS}\n::error::x\r ::warning::y ##[error]z##vso[task.x]"
NAME = "::error::{}\x1b[35m\u202e\u200b\n::warning::x##[error]y"
MINI = NAME.format("mini") + ".yaml"
FOLDER = "##[group]d\x1b[2J\n::stop-commands::z"
IN_YAML = json.dumps(TEXT)  # a double-quoted scalar takes JSON's escapes

_OUR_STYLE = re.compile(r"\x1b\[(?:0|1|31|32|33|36)m|\r\x1b\[K")
_COMMAND = re.compile(r"\s*::\S|.*##(?:\[[A-Za-z]|vso\[|teamcity\[)")
_INVISIBLE = set("\u00a0\u034f\u115f\u1160\u2800\u3164\uffa0\u200b\u200c\u200d\ufe0f\U000e0100")


def faults(output: bytes, terminal: bool = False) -> Iterator[str]:
    """Yield what an output holds that it must not: on a terminal, a few colours are ours."""
    text = output.decode("utf-8")
    if terminal:
        text = _OUR_STYLE.sub("", text)
    text = re.sub("\r+\n", "\n", text)
    for sign in sorted(set(text) - {"\n", "\t"}):
        if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or (
            sign in _INVISIBLE
        ):
            at = text.index(sign)
            yield f"{sign!r} in {text[max(0, at - 60) : at + 20]!r}"
    for line in text.split("\n"):
        if _COMMAND.match(line):
            yield f"a command: {line!r}"


def model_yaml(extra: str = "") -> str:
    """Return a model YAML whose names, args, keys and comments are hostile."""
    text = SMALL.replace("[-1, 3, C3, [256]],", f"[-1, 3, {IN_YAML}, [256, {IN_YAML}]],{extra}")
    text = text.replace("[-1, 3, C3, [512, False]]", '[-1, 3, C3, [512, "a ::error::b\\e[1m"]]')
    comment = "# 5 \u202e\u2066 ::error::c ##[error]d"
    head = f"? {IN_YAML}\n: {IN_YAML}\n" + f"scales:\n  ? {IN_YAML}\n  : [0.33, 0.25, 1024]\n"
    return head + text.replace("# 5\n", comment + "\n").replace(
        "# the head", "# the \u202e\u2066 head"
    )


def build(home: Path) -> Path:
    """Make the folder below ``home`` and return it."""
    place = home / FOLDER
    shutil.copytree(_MINIFORK, place / NAME.format("fork"))
    fork = place / NAME.format("fork")
    common = fork / "models" / "common.py"
    evil = (
        f"\n\nclass Evil(nn.Module):\n    def __init__(self, *args):\n        super().__init__()\n"
        f"        print({TEXT!r})\n        raise RuntimeError({TEXT!r})\n"
    )
    common.write_text(common.read_text() + evil, encoding="utf-8")
    parser = fork / "models" / "yolo.py"
    parser.write_text(parser.read_text().replace("    SPPF,\n", "    SPPF,\n    Evil,\n"))
    mini = (fork / "models" / "mini.yaml").read_text()
    (fork / "models" / MINI).write_text(mini)
    (fork / "models" / "evil.yaml").write_text(re.sub(r"\bSPPF\b", "Evil", mini, count=1))
    (fork / "models" / "text.yaml").write_text(model_yaml(), encoding="utf-8")
    with (fork / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write(f"evil{SIGNS}>=1\n")
    for name, text in (
        (NAME.format("m") + ".yaml", model_yaml()),
        ("::error::c.yaml", SMALL.replace("[-1, 3], 1, Concat", "[-1, 9], 1, Concat")),
        ("two.yaml", model_yaml("\n   [-1, 1, SimAM, []],").replace("[[9, 12]", "[[10, 13]")),
        ("raw.yaml", SMALL.replace("C3,", f"C3{TEXT},", 1)),
        ("own.py", f'class Own:\n    """{SIGNS[1:]}"""\n'),
    ):
        (place / name).write_text(text, encoding="utf-8", newline="")
    (place / os.fsdecode(b"\xff\xfe.yaml")).write_text(SMALL.replace("[-1, 6]", "[-1, 60]"))
    (place / "bytes.yaml").write_bytes(SMALL.encode().replace(b"classes", b"\x1b\xff\xfe"))
    (place / "recipe.yaml").write_text(
        f"yamlmod: 1\ncfg: ::error::c.yaml\nedits:\n  - insert: {IN_YAML}\n    after: {IN_YAML}\n"
    )
    (place / "remove.yaml").write_text("yamlmod: 1\nedits:\n  - remove: 3\n")
    (place / "yamlmod.toml").write_text(f'templates = ["t", {json.dumps("none" + SIGNS)}]\n')
    summary = json.dumps(TEXT)[1:-1]
    put(place / "t", "Evil", summary)
    (place / "t" / "broken").mkdir()
    (place / "t" / "broken" / "manifest.toml").write_text(
        f"{json.dumps(TEXT)} = {json.dumps(TEXT)}"
    )
    python = place / "python"
    python.write_text(f"#!{sys.executable}\nimport sys\nsys.stderr.write({TEXT!r})\nsys.exit(3)\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return place


def write_checkpoint(path: Path) -> None:
    """Write a checkpoint whose tensors have hostile names."""
    import torch

    torch.save({"model.0.conv.weight": torch.zeros(1), f"evil{TEXT}": torch.zeros(2)}, path)


def write_onnx(path: Path) -> None:
    """Write a graph whose nodes have hostile names."""
    import onnx

    from tests.gates.handmade import model_of

    model = model_of("y = Sigmoid(x) @/model.3/a\nz = Mul(x, y) @/model.3/b")
    for node in model.graph.node:
        node.name = f"/model.3/{TEXT}/x/{node.op_type}"
    onnx.save(model, path)


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
    return {**kept, "TERM": "xterm-256color", "COLUMNS": "80"}


def piped(words: list[str], cwd: Path, **environment: str) -> tuple[int, bytes, bytes]:
    """Run the tool with pipes; return its code, stdout and stderr."""
    variables = {**_environment(), **environment}
    if prepared := prepared_for(variables):
        return prepared.run(words, cwd, variables, 300)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "yamlmod", *words] if sys.version_info >= (3, 11)
        else [sys.executable, "-m", "yamlmod", *words],
        cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300,
        env=variables,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def in_terminal(words: list[str], cwd: Path, **environment: str) -> bytes:
    """Run the tool in a terminal of 80 columns; return what it showed."""
    import pty

    leader, follower = pty.openpty()
    variables = {**_environment(), **environment}
    if prepared := prepared_for(variables):
        end = prepared.start(words, cwd, variables, follower, follower)
        wait = partial(prepared.wait, end)
    else:
        process = subprocess.Popen(
            [sys.executable, "-m", "yamlmod", *words], cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=follower, stderr=follower, env=variables,
        )  # fmt: skip
        wait = partial(process.wait, 300)
    os.close(follower)
    shown = io.BytesIO()
    try:
        while part := os.read(leader, 65536):
            shown.write(part)
    except OSError:  # how Linux tells the end
        pass
    finally:
        os.close(leader)
        wait()
    return shown.getvalue()
