"""Answer the page's questions with the package's own code, in the worker of the playground."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

from yamlmod.api.model import load
from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Fixes
from yamlmod.edits import apply_edits
from yamlmod.errors import Refusal, YamlmodError
from yamlmod.usecases.check import Checked, check_files
from yamlmod.usecases.check_setup import check_options

# A file is alone in the current folder: no other is a base of it, and it is named as at home.
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
    """Write the text to a file of its name."""
    _FOLDER.mkdir(exist_ok=True)
    os.chdir(_FOLDER)
    for path in _FOLDER.iterdir():
        path.unlink()
    return _written(asked["name"], asked["text"])


def _written(name: str, text: str) -> Path:
    path = Path(name)
    path.write_bytes(text.encode("utf-8"))
    return path


def _checked(asked: dict[str, Any], fixes: Fixes) -> Checked:
    return check_files([_file(asked)], (), check_options((), (), None, None), fixes)[0]


def _check(asked: dict[str, Any]) -> dict[str, Any]:
    checked = _checked(asked, Fixes.none)
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
        change = _checked(asked, Fixes.certain).change
        after = asked["text"] if change is None or change.after is None else _text(change.after)
        return {"text": after}
    fix = _checked(asked, Fixes.none).findings[index].fix
    if fix is None or not fix.certain:
        raise Refusal("usage", "this finding has no certain fix")
    bom = _BOM if asked["text"].startswith(_BOM) else ""
    return {"text": bom + apply_edits(asked["text"].removeprefix(_BOM), fix.edits)}


def _text(data: bytes) -> str:
    return data.decode("utf-8")


def _draw(asked: dict[str, Any]) -> dict[str, Any]:
    """Draw the network with its findings; with a base, what differs from that."""
    model = load(_file(asked))
    words = {"lang": asked["language"], "fold": asked["fold"]}
    if asked.get("base") is None:
        return {"svg": model.draw(check=True, **words)}
    base = load(_written(asked["base"]["name"], asked["base"]["text"]))
    return {"svg": model.draw(base=base, side_by_side=asked["sides"], **words)}


def _modules(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the modules of the registry, with what a person chooses them by."""
    from yamlmod.registry.catalogue import catalogue
    from yamlmod.registry.usual_places import usual_places

    def places(usual: Any) -> list[str]:
        return [] if usual is None else [place for place, _ in usual.places]

    return {
        "modules": [
            {
                "name": template.name,
                "names": [*template.names, *template.names_zh],
                "kind": list(template.kind),
                "rule": template.rule,
                "year": template.paper.get("year"),
                "summary": {"en": template.summary, "zh": template.summary_zh},
                "arguments": [
                    {
                        "name": a.name,
                        "type": a.type,
                        "default": a.default,
                        "doc": {"en": a.doc, "zh": a.doc_zh},
                    }
                    for a in template.arguments
                ],
                "places": places(usual_places(template)),
            }
            for template in catalogue()
        ]
    }


def _insert(asked: dict[str, Any]) -> dict[str, Any]:
    """Insert a module on a connection; the command beside it does the same in a terminal."""
    from yamlmod.cli.option_values import parse_args
    from yamlmod.report.diff import unified_diff

    path = _file(asked)
    before = load(path)
    place = _place(asked["where"], asked["source"], asked["reader"])
    args = parse_args(asked["args"].strip() or None)
    after = before.insert(asked["module"], args=args, **place)
    bom = _BOM if asked["text"].startswith(_BOM) else ""
    text = bom + after.to_text()
    words = ["yamlmod", "insert", asked["module"], path.name, *_options(place)]
    words += ["-w"] if args is None else ["--args", asked["args"].strip(), "-w"]
    diff = unified_diff(path.name, asked["text"].encode("utf-8"), text.encode("utf-8"))
    return {
        "text": text,
        "command": " ".join(map(_quoted, words)),
        "diff": _text(diff),
        "lines": [line.strip() for line in after.summary],
        "warnings": list(after.warnings),
        "svg": after.draw(base=before, lang=asked["language"], fold=asked["fold"]),
    }


def _place(where: str, source: int, reader: int) -> dict[str, Any]:
    """Return the position of an insertion; the image has no number, and row 0 reads it."""
    if where in ("edge", "end"):
        edge = {"edge": f"{source}:{reader}"}
        return edge if where == "edge" else {**edge, "at_end": True}
    first: dict[str, Any] = {"at": 0} if source < 0 else {"after": source}
    return first if where == "after" else {**first, "keep_skips": True}


def _options(place: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for key, value in place.items():
        flag = f"--{key.replace('_', '-')}"
        words += [flag] if value is True else [flag, str(value)]
    return words


def _quoted(word: str) -> str:
    """Return a word for a shell: in double quotes where these are enough, which cmd knows, too."""
    plain = shlex.quote(word)
    return plain if plain == word or set(word) & set('"$`\\!') else f'"{word}"'


def _compare(asked: dict[str, Any]) -> dict[str, Any]:
    """Compare a base with the text: what `diff` prints, and the lines that differ."""
    from yamlmod.ops.compare import compare
    from yamlmod.ops.compare_lines import comparison_lines
    from yamlmod.ops.network import read_network
    from yamlmod.report.diff import unified_diff

    base = asked["base"]
    data = [text.encode("utf-8") for text in (base["text"], asked["text"])]
    texts = (base["text"], base["name"]), (asked["text"], asked["name"])
    networks = [read_network(text.removeprefix(_BOM), name) for text, name in texts]
    lines = comparison_lines(compare(*networks))
    return {"lines": lines, "diff": _text(unified_diff(asked["name"], *data))}


_ANSWERS = {
    "check": _check, "fix": _fix, "draw": _draw,
    "modules": _modules, "insert": _insert, "compare": _compare,
}  # fmt: skip
