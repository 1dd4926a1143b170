"""What a row says stays as it is written: numbers of every notation, quotes, comments, blanks."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.ops.helpers import insert_text, remove_text
from tests.ops.samples import SMALL
from tests.ops.test_operations import model
from yamlmod.errors import Refusal, YamlmodError
from yamlmod.model.scalars import plain_value
from yamlmod.ops.operations.move.plan import move
from yamlmod.ops.operations.replace.plan import replace

_WORDS = """
    03 0x3 0o3 +3 1_0 3.0 3. 0b11 1:30 08 1e5 1.5e3 .5 yes On no null ~ None .inf 'a' "3" '3'
    -3 123456789012345678901234567890 2001-01-01 !!int,3 !!str,3 1__0 00 -0 y n N =x é
"""
NUMBERS = _WORDS.split()


def _row(number: str, args: str = "[64]") -> str:
    """Return a small net whose layer 2 has this number and these args."""
    number = number.replace(",", " ")
    return (
        "nc: 1\nbackbone:\n  - [-1, 1, Conv, [64]]\n  - [-1, 1, C3, [64]]\n"
        f"  - [-1, {number}, Foo, {args}]  # 2\n  - [-1, 1, C3, [64]]\n"
        "head:\n  - [-1, 1, C3, [64]]\n  - [[3, -1], 1, Detect, [nc]]\n"
    )


@pytest.mark.parametrize("word", NUMBERS)
def test_a_number_stays_as_it_is_written(word: str) -> None:
    text, spelled = _row(word), word.replace(",", " ")
    kept = f"[-1, {spelled}, Foo, [64]]"
    assert replace(model(text), 2, "Bar").text == text.replace("Foo", "Bar")
    assert f"  - {kept}  # 1\n  - [-1, 1, C3, [64]]\n" in move(model(text), 2, after=0).text
    assert f"{kept}  # 4\n" in move(model(text), 2, after=4).text
    for place in range(5):
        grown = insert_text(text, "New", at=[place], args=[])
        assert kept in grown
        assert remove_text(grown, str(place)) == text
    assert remove_text(text, "2") == text.replace(f"  - {kept}  # 2\n", "").replace("[3,", "[2,")


@pytest.mark.parametrize("word", NUMBERS)
def test_args_stay_as_they_are_written(word: str) -> None:
    args = f"[{word.replace(',', ' ')}, 64]"
    text = _row("1", args)
    assert replace(model(text), 2, "Bar").text == text.replace("Foo", "Bar")
    assert f"[-1, 1, Foo, {args}]  # 1\n" in move(model(text), 2, after=0).text


@pytest.mark.parametrize("word", [word for word in NUMBERS if "!!" not in word])
def test_the_args_that_a_layer_has_already_are_no_change(word: str) -> None:
    (value,) = yaml.safe_load(f"[{word}]")
    if isinstance(value, (int, float, str, type(None))) and not str(value).startswith("1234"):
        text = _row("1", f"[{word}]")
        same = text.replace("Foo", "Bar")
        if value is None or (isinstance(value, str) and not value.isascii()):
            return
        assert replace(model(text), 2, "Bar", [value]).text == same


@pytest.mark.parametrize(
    ("number", "becomes"),
    [("0x1", "0x1"), ("01", "01"), ("+1", "+1"), ("1.0", "1.0"), ("0x3", "1"), ("03", "1")],
)
def test_a_module_that_stands_once_keeps_a_one(number: str, becomes: str) -> None:
    text = _row(number, "[64]").replace("Foo", "C3")
    assert f"[-1, {becomes}, SimAM, []]" in replace(model(text), 2, "SimAM").text


def test_other_values_are_written_so_that_every_reader_agrees() -> None:
    given = [1, True, "yes", "0x3", "1e5", 1e-7, 1.5e300, "None", "y", "-", "03", 0.1 + 0.2, -0.0]
    text = replace(model(_row("1")), 2, "Foo", given).text
    assert yaml.safe_load(text)["backbone"][2][3] == given
    with pytest.raises(Refusal) as caught:
        replace(model(_row("1")), 2, "Foo", [10**30])
    assert caught.value.code == "bad-args"


@pytest.mark.parametrize("word", ["no", "Yes", "null", "~", "3", "0x3", "1e+5", "1.0"])
def test_a_module_that_is_no_name_to_the_fork(word: str) -> None:
    text = SMALL.replace("SPPF", word)
    (value,) = yaml.safe_load(f"[{word}]")
    if isinstance(value, str):
        assert move(model(text), 5, after=2).text
        return
    with pytest.raises(Refusal) as caught:
        model(text)
    assert caught.value.code == "bad-row"
    assert "YAML readers read" in caught.value.message
    quoted = SMALL.replace("SPPF", f"'{word}'")
    assert f"'{word}', [512, 5]]" in move(model(quoted), 5, after=2).text


@pytest.mark.parametrize("word", ["03", "+3", "0x3", "3.0", "1_0", "0o3", "'3'", "--3", "-03"])
def test_a_reference_that_is_no_plain_number_is_refused(word: str) -> None:
    with pytest.raises(Refusal) as caught:
        model(SMALL.replace("[[-1, 3]", f"[[-1, {word}]"))
    assert caught.value.code == "bad-reference"


def test_scalars_are_what_pyyaml_says() -> None:
    for word in NUMBERS:
        if "!!" in word or word == "2001-01-01" or len(word) > 20 or word[0] in "'\"":
            continue
        (value,) = yaml.safe_load(f"[{word}]")
        assert repr(plain_value(word)) == repr(value), word


# --- rows that move ----------------------------------------------------------------------------

ROWS = [
    "[-1, 1, Foo, ['a  b']]",
    "[-1, 1, Foo, [\"a  b\\t\\x41\", 'it''s  ']]",
    "[ -1,1 ,   Foo,  [ 3 ,   '#  no' ]  ]",
    "[-1, 1, 'Foo', []]",
    '[-1, 1, "Foo", [{a: 1, b: [2, 3]}]]',
    "[-1, 1, Foo, [3, # three\n      4]]",
    "[-1, # from\n    1, # number\n\n    Foo, # module\n    [3,\n     4]   # args\n   ]",
    "[[-1], 1, Foo, [3, 4]]",
    "[-1, 1, Foo, [a b  c, 'x\n      y', d]]",
    "[2, 1, Foo, [3]]",
    "[-1, 1, Foo, [None, 2, nearest, 'nearest', ]]",
    "[-1, 1, Foo, [!!str 3, !!float 4]]",
]
_BLOCK = "  - [-1, 1, Conv, [8]]\n  - [-1, 1, C3, [8]]\n  - [-1, 1, C3, [8]]\n"
TABLES = [
    f"backbone:\n{_BLOCK}  - @  # 3 (x)\n  - [-1, 1, C3, [8]]\nhead:\n{_BLOCK}"
    "  - [[-1, 7], 1, Detect, [nc]]\n",
    "backbone:\n  [[-1, 1, Conv, [8]],\n   [-1, 1, C3, [8]],\n   [-1, 1, C3, [8]], # 2\n   @,"
    "  # 3\n   [-1, 1, C3, [8]],]\nhead:\n  [[-1, 1, Conv, [8]],\n   [-1, 1, C3, [8]],\n"
    "   [-1, 1, C3, [8]],\n   [[-1, 7], 1, Detect, [nc]]\n  ]\n",
    f"backbone:\n{_BLOCK}  - @\n  - [-1, 1, C3, [8]]\nhead: [[-1, 1, Conv, [8]], [-1, 1, C3, "
    "[8]],\n  [-1, 1, C3, [8]], [[-1, 7], 1, Detect, [nc]]]\n",
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("row", ROWS)
def test_a_moved_row_is_the_same_text(row: str, table: str, newline: str) -> None:
    text = ("nc: 1\n" + table.replace("@", row)).replace("\n", newline)
    before = yaml.safe_load(text)
    value = before["backbone"][3]
    value[0] = [-1] if isinstance(value[0], list) else -1
    kept = row.replace("\n", newline)
    kept = kept.replace("[2, 1", "[-1, 1")
    for target in (0, 1, 4, 5, 6):
        moved = move(model(text), 3, after=target).text
        assert kept in moved
        after = yaml.safe_load(moved)
        rows = after["backbone"] + after["head"]
        now = target if target > 3 else target + 1
        assert rows[now] == value


BLOCK_ROW = """\
nc: 1
backbone:
  - [-1, 1, Conv, [8]]
  - - -1  # from
    - 03
    - Foo
    - - 'a  b'
      - 0x10  # sixteen
  - [-1, 1, C3, [8]]
head:
@
"""


@pytest.mark.parametrize(
    ("head", "target", "expected"),
    [
        (
            "    -   [-1, 1, C3, [8]]\n    -   [-1, 1, Detect, [nc]]",
            3,
            "    -   - -1  # from\n        - 03\n        - Foo\n        - - 'a  b'\n"
            "          - 0x10  # sixteen\n",
        ),
        (
            "- [-1, 1, C3, [8]]\n- [-1, 1, Detect, [nc]]",
            3,
            "- - -1  # from\n  - 03\n  - Foo\n  - - 'a  b'\n    - 0x10  # sixteen\n",
        ),
    ],
)
def test_a_row_of_several_lines_goes_to_its_new_indentation(
    head: str, target: int, expected: str
) -> None:
    text = BLOCK_ROW.replace("@", head)
    moved = move(model(text), 1, after=target).text
    assert expected in moved
    assert yaml.safe_load(moved)["head"][1] == [-1, 3, "Foo", ["a  b", 16]]


def test_a_list_of_lines_between_brackets() -> None:
    head = "  [[-1, 1, C3, [8]],\n   [-1, 1, Detect, [nc]]]"
    text = BLOCK_ROW.replace("@", head)
    with pytest.raises(Refusal) as caught:
        move(model(text), 1, after=3)
    assert caught.value.code == "block-row"
    plain = text.replace("  # from", "").replace("  # sixteen", "")
    assert "   [-1, 03, Foo, ['a  b', 0x10]],\n" in move(model(plain), 1, after=3).text
    for value in ("a,b", "a]", "|\n        x", "a {b"):
        with pytest.raises(Refusal) as caught:
            move(model(plain.replace("'a  b'", value)), 1, after=3)
        assert caught.value.code == "block-row"


def test_a_wrong_comment_that_a_removal_makes_right_is_left_alone() -> None:
    text = SMALL.replace("# 9 (P3/8-small)", "# 8 (P3/8-small)")
    assert "# 8 (P3/8-small)" in move(model(text), 5, after=3).text
    assert "# 8 (P3/8-small)" in move(model(text), 5, after=9).text


# --- lines that several rows share -------------------------------------------------------------

_END = "\nhead: [[[1], 1, Detect, [nc]]]\n"
SHARED = [
    "backbone: [[-1, 1, Conv, [64]], [-1, 1, C3, [64]] ,\n  [-1, 1, C3, [64]]]",
    "backbone: [[-1, 1, Conv, [64]] , [-1, 1, C3, [64]]  ,   [-1, 1, C3, [64]] ]",
    "backbone: [[-1, 1, Conv, [64]],[-1, 1, C3, [64]],[-1, 1, C3, [64]],]",
    "backbone: [ [-1, 1, Conv, [64]]  ,  [-1, 1, C3, [64]]  ,  [-1, 1, C3, [64]]  ,  ]  # 2 end",
    "backbone:\n [[-1, 1, Conv, [64]],  # 0\n  [-1, 1, C3, [64]] ,  [-1, 1, C3, [64]] , # 2\n ]",
    "backbone:\n [[-1, 1, Conv, [64]]\n  ,[-1, 1, C3, [64]] , [-1, 1, C3, [64]] # 2\n ,]",
    "backbone:\n [[-1, 1, Conv, [64]] #0\n  , # a comma\n  [-1, 1, C3, [64]] ,# 1\n"
    "  [-1, 1, C3, [64]] ]",
    "backbone:\n  -\n    [-1, 1, Conv, [64]]\n  -   [-1, 1, C3, [64]]\n  - # why\n\n"
    "    [-1, 1, C3, [64]]",
    "? backbone\n: - [-1, 1, Conv, [64]]\n  - [-1, 1, C3, [64]]\n  - [-1, 1, C3, [64]] # 2",
    "? backbone\n: [[-1, 1, Conv, [64]]\n , [-1, 1, C3, [64]], [-1, 1, C3, [64]]]",
    "'backbone'  :   [[-1, 1, Conv, [64]], # 0\n[-1, 1, C3, [64]], # 1\n\n[-1, 1, C3, [64]] # 2\n]",
    '"backbone": !!seq\n- !!seq [-1, 1, Conv, [64]]\n- [-1, 1, C3, [64]]\n- [-1, 1, C3, [64]]',
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("table", SHARED)
def test_insert_and_remove_give_the_bytes_back(table: str, newline: str) -> None:
    text = ("nc: 1\n" + table + _END).replace("\n", newline)
    assert yaml.safe_load(text)["backbone"][0][2] == "Conv"
    for options in ({"at": [n]} for n in range(4)):
        _there_and_back(text, options)
    for options in ({"at": [1, 2]}, {"at": [0, 1, 2, 3]}, {"before": ["1"]}, {"before": ["0"]}):
        _there_and_back(text, options)


def _there_and_back(text: str, options: dict[str, Any]) -> None:
    try:
        grown = insert_text(text, "New", args=[7], allow_dead=True, **options)
    except YamlmodError as error:
        assert error.exit_code == 2, error.lines()
        raise
    rows = yaml.safe_load(grown)
    new = [i for i, row in enumerate(rows["backbone"] + rows["head"]) if row[2] == "New"]
    assert len(new) == len(next(iter(options.values())))
    assert remove_text(grown, *map(str, new)) == text
    one = grown
    for index in reversed(new):
        one = remove_text(one, str(index))
    assert one == text
