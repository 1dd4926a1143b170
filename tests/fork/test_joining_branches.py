"""The branches of modules that read a list: what the classes are handed, and their removal."""

from __future__ import annotations

import pytest

from tests.fork.memory import repository, template, yolo
from tests.fork.test_runs import EXPLICIT, OFFSET_READ, run
from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import locate, read_function
from yamlmod.fork.patch.branches import place_of, preview

JOINED = (template("Cat", "concat"), template("Plus", "add"), template("Three", "level"))
OFFSET_LIST = "-1 if x == -1 else x + 1"
TEXTS = {
    "plain": yolo(),
    "explicit": yolo("{Conv, C3}", EXPLICIT),
    "offset": yolo(reset="", else_=f"c2 = {OFFSET_READ}", in_list=OFFSET_LIST),
}
ROWS = [
    [-1, 1, "Conv", [64]],  # 0
    [-1, 1, "Conv", [128]],  # 1
    [[-1, 0], 1, "Cat", [1]],  # 2: 128 + 64
    [[0, -1, 1], 1, "Plus", []],  # 3: 64 of the first
    [[2, 1, 0], 1, "Three", [1]],  # 4: 128 of the second
    [-1, 1, "Beta", []],  # 5: behind 128
    [3, 1, "Beta", []],  # 6: behind 64
]


@pytest.mark.parametrize("name", TEXTS)
def test_what_the_classes_are_handed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = repository(TEXTS[name])
    files.install(*JOINED, template("Beta", "same"))
    monkeypatch.setattr("tests.fork.test_runs.ROWS", ROWS)
    assert run(files, monkeypatch) == [
        ("Cat", ([128, 64], 1)),
        ("Plus", ([64, 192, 128],)),
        ("Three", ([192, 128, 64], 1)),
        ("Beta", (128,)),
        ("Beta", (64,)),
    ]


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_put_in_comes_out(name: str) -> None:
    files = repository(TEXTS[name])
    before = dict(files.texts)
    for module in JOINED:
        files.install(module)
    function = read_function(files, locate(files))
    assert [place_of(function, module.name) for module in JOINED] == ["concat", "add", "level"]
    files.install(template("More", "concat"))
    assert files.texts["models/yolo.py"].count("# yamlmod") == 3
    assert "elif m in {Cat, More}:  # yamlmod" in files.texts["models/yolo.py"]
    files.uninstall("Plus")
    files.uninstall("More", "Three", "Cat")
    assert files.texts == before


@pytest.mark.parametrize("module", JOINED, ids=lambda module: module.rule)
def test_a_branch_that_was_edited_stays(module: object) -> None:
    files = repository()
    files.install(module)  # type: ignore[arg-type]
    text = files.texts["models/yolo.py"]
    files.texts["models/yolo.py"] = text.replace(
        "            args = [[ch", "            args = [[8 * ch"
    )
    with pytest.raises(Refusal) as refusal:
        files.uninstall(module.name)  # type: ignore[attr-defined]
    assert refusal.value.code == "edited-by-hand"


def test_a_rule_that_changes_moves_the_class() -> None:
    files = repository()
    files.install(template("Cat", "same"))
    files.install(template("Cat", "concat", version="2.0.0", body="        self.a = 1\n"))
    text = files.texts["models/yolo.py"]
    assert text.count("# yamlmod") == 1 and "sum([ch[x] for x in f])" in text


def test_the_preview_shows_the_branch() -> None:
    assert preview(JOINED[2]) == (
        "elif m in {Three}:  # yamlmod\n"
        "    c2 = ch[f[args[0]]]\n"
        "    args = [[ch[x] for x in f], *args]"
    )
