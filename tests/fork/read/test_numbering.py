"""Which number a row's layer gets, read from the parse function and compared with the real one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.fork.memory import Memory
from yamlmod.fork.read.numbering import offset_reason
from yamlmod.fork.read.opening import reader_of

MINI = Path(__file__).parents[3] / "examples" / "minifork"
STORE = "        m_.i, m_.f = i, f\n"
ADDED = "        layers.append(m_)\n"
WIDE = "wide: true\n"

# How the parse function numbers and adds a layer, and what is so where the YAML says `wide: true`.
SPELLINGS = [
    (STORE, ADDED, ""),
    ("        m_.f = f\n        m_.i = i + 2 if wide else i\n", ADDED, "2, C3, gets the number 4"),
    ("        m_.f = f\n        setattr(m_, 'i', i + 2 * wide)\n", ADDED, "gets the number 4"),
    ("        m_.i = m_.f = i\n        m_.f = f\n        m_.i += 2 * wide\n", ADDED, "number 4"),
    ("        m_.f, m_.i = f, len(layers)\n", ADDED, ""),
    (STORE, ADDED + ADDED.replace("m_)", "m_) if wide else None"), "row 2, C3, makes 2 layers"),
    (STORE, "        layers += [m_, m_] if wide else [m_]\n", "makes 2 layers"),
    (STORE, "        layers.extend([m_])\n", ""),
    (STORE, "        layers = [*layers, m_]\n", ""),
    (STORE, "        if not wide:\n    " + ADDED, "row 2, C3, makes 0 layers"),
    ("        m_.f = f\n        m_.i = i if odd(wide) else i + 1\n", ADDED, "it is not known"),
]
TEXTS = [store + added for store, added, _ in SPELLINGS]

_REAL = """
import json, sys
sys.path.insert(0, sys.argv[1])
source = open(sys.argv[1] + "/models/yolo.py", encoding="utf-8").read()
out = []
for store, added in json.load(sys.stdin):
    names = {"__name__": "models.variant"}
    text = source.replace(STORE, "        wide = i == 2 and d.get('wide', False)\\n" + store)
    exec(compile(text.replace(ADDED, added), "yolo.py", "exec"), names)
    names["odd"] = lambda wide: not wide
    data = names["read_yaml"](sys.argv[1] + "/models/mini.yaml")
    rows = [names["parse_model"]({**data, "wide": wide}, [3])[0] for wide in (True, False)]
    out.append([[m.i for m in layers] for layers in rows])
print(json.dumps(out))
"""


def _files(store: str, added: str) -> Memory:
    texts = {
        path.relative_to(MINI).as_posix(): path.read_text(encoding="utf-8")
        for path in MINI.rglob("*.*")
        if path.suffix in {".py", ".yaml"}
    }
    text = texts["models/yolo.py"]
    assert text.count(STORE) == text.count(ADDED) == 1
    text = text.replace(STORE, "        wide = i == 2 and d.get('wide', False)\n" + store)
    texts["models/yolo.py"] = text.replace(ADDED, added)
    return Memory(texts)


def _reason(files: Memory, wide: bool) -> str:
    data = YAML(typ="safe").load(files.texts["models/mini.yaml"])
    reading = reader_of(files.fork()).read({**data, "wide": wide})
    return offset_reason(reading, len(data["backbone"] + data["head"]))


@pytest.mark.parametrize(("store", "added", "words"), SPELLINGS, ids=TEXTS)
def test_only_a_row_that_triggers_it_is_reported(store: str, added: str, words: str) -> None:
    files = _files(store, added)
    reason = _reason(files, wide=True)
    assert (words in reason) if words else reason == ""
    if "known" not in words:
        assert _reason(files, wide=False) == ""
    assert files.fork().index_offset or not words, "the quick look must ask the reader"


def test_the_forks_own_numbers_agree() -> None:
    script = _REAL.replace("STORE", repr(STORE)).replace("ADDED", repr(ADDED))
    done = subprocess.run(
        [sys.executable, "-c", script, str(MINI)],
        input=json.dumps([[store, added] for store, added, _ in SPELLINGS]),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    for (_, _, words), (wide, plain) in zip(SPELLINGS, json.loads(done.stdout), strict=True):
        assert plain == list(range(25)) or "known" in words
        assert (wide == list(range(25))) == (words == ""), words
