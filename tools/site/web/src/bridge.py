"""Answer the page's questions with the package's own code, in the worker of the playground."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from yamlmod.api.model import load
from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Fixes
from yamlmod.edits import apply_edits
from yamlmod.errors import Refusal, YamlmodError
from yamlmod.usecases.check import Checked, check_files
from yamlmod.usecases.check_setup import check_options

_FOLDER = Path("/model")
_BOM = "\ufeff"


def answer(question: str) -> str:
    """Return the answer to a question, both as JSON."""
    asked = json.loads(question)
    try:
        return json.dumps(_ANSWERS[asked["kind"]](asked))
    except YamlmodError as error:
        return json.dumps({"refusal": _refusal(error)})


def _file(asked: dict[str, Any]) -> Path:
    """Write the text to a file of its name, alone in a folder: no other file is a base of it."""
    _FOLDER.mkdir(exist_ok=True)
    for path in _FOLDER.iterdir():
        path.unlink()
    path = _FOLDER / asked["name"]
    path.write_bytes(asked["text"].encode("utf-8"))
    return path


def _checked(asked: dict[str, Any], fixes: Fixes) -> tuple[Path, Checked]:
    path = _file(asked)
    return path, check_files([path], (), check_options((), (), None, None), fixes)[0]


def _check(asked: dict[str, Any]) -> dict[str, Any]:
    checked = _checked(asked, Fixes.none)[1]
    if checked.unreadable is not None:
        raise checked.unreadable
    return {"findings": [_finding(finding) for finding in checked.findings]}


def _finding(finding: Finding) -> dict[str, Any]:
    data = finding.as_data()
    del data["file"]
    return {**data, "width": finding.place.width}


def _refusal(error: YamlmodError) -> dict[str, Any]:
    data = error.as_data()
    del data["file"]
    return data


def _fix(asked: dict[str, Any]) -> dict[str, Any]:
    """Apply the fix of one finding, or all certain ones as `check --fix -w` does."""
    index = asked["index"]
    if index is None:
        _, checked = _checked(asked, Fixes.certain)
        change = checked.change
        after = asked["text"] if change is None or change.after is None else _text(change.after)
        return {"text": after}
    fix = _checked(asked, Fixes.none)[1].findings[index].fix
    if fix is None or not fix.certain:
        raise Refusal("usage", "this finding has no certain fix")
    bom = _BOM if asked["text"].startswith(_BOM) else ""
    return {"text": bom + apply_edits(asked["text"].removeprefix(_BOM), fix.edits)}


def _text(data: bytes) -> str:
    return data.decode("utf-8")


def _draw(asked: dict[str, Any]) -> dict[str, Any]:
    model = load(_file(asked))
    return {"svg": model.draw(check=True, lang=asked["language"], fold=asked["fold"])}


_ANSWERS = {"check": _check, "fix": _fix, "draw": _draw}
