"""Refusals that speak of arguments, as Python spells them, instead of options."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from yamlmod.errors import YamlmodError

Params = ParamSpec("Params")
Result = TypeVar("Result")

_FLAGS = {
    "--allow-dead": "allow_dead=True",
    "--at-end": "at_end=True",
    "--cascade": "cascade=True",
    "--export": "export=True",
    "--force": "force=True",
    "--init identity": "identity=True",
    "--keep-skips": "keep_skips=True",
    "--no-stand-ins": "stand_ins=False",
    "--readers none": "readers=[]",
    "--use-existing": "use_existing=True",
    "-w": "write()",
}
_NAMES = {
    "--after": "after",
    "--args": "args",
    "--as": "as_name",
    "--at": "at",
    "--base": "base",
    "--before": "before",
    "--cfg": "cfg",
    "--dialect": "dialect",
    "--edge": "edge",
    "--from": "sources",
    "--ignore": "ignore",
    "--number": "number",
    "--imgsz": "imgsz",
    "--placement": "placement",
    "--python": "python",
    "--readers": "readers",
    "--repo": "repo",
    "--rule": "rule",
    "--select": "select",
    "--target": "target",
    "--timeout": "seconds",
    "-o": "output",
}
_JSON = re.compile(r"--args '(\[.*?\])'")
_NUMBER = re.compile(r"(--(?:at|after|before|from|readers|imgsz)) (\d+)(?![\w.:,#])")
_OPTIONS = sorted({**_FLAGS, **_NAMES}, key=len, reverse=True)
_WORDS = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, _OPTIONS))})(?![\w-])")
# A command to be run in a terminal stays as it is.
_COMMAND = re.compile(r"(`yamlmod [^`]*`)")


def python_words(call: Callable[Params, Result]) -> Callable[Params, Result]:
    """Let the refusals of a function speak of its arguments."""

    @functools.wraps(call)
    def spoken(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        try:
            return call(*args, **kwargs)
        except YamlmodError as error:
            error.message = in_python(error.message)
            error.hint = in_python(error.hint)
            error.args = (error.message,)
            raise

    return spoken


def in_python(text: str) -> str:
    """Return a text with options spelled as arguments: `--args '[1, true]'` is args=[1, True]."""
    parts = _COMMAND.split(text)
    return "".join(part if _COMMAND.fullmatch(part) else _spelled(part) for part in parts)


def _spelled(text: str) -> str:
    text = _JSON.sub(_args, text)
    text = _NUMBER.sub(lambda match: f"{_NAMES[match[1]]}={match[2]}", text)
    return _WORDS.sub(lambda match: _FLAGS.get(match[1]) or _NAMES[match[1]], text)


def _args(match: re.Match[str]) -> str:
    try:
        return f"args={json.loads(match[1])!r}"
    except ValueError:
        return match[0]
