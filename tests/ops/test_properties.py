"""Properties over made-up nets: an insertion keeps every target, and removal is its inverse."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError

from tests.ops.helpers import insert_text, remove_text
from yamlmod.errors import YamlmodError
from yamlmod.ops.network import read_network

_NAMES = ("Conv", "C3", "CBAM", "Mystery", "nn.Identity")


@st.composite
def nets(draw: st.DrawFn) -> str:
    """Draw the text of a model YAML: any wiring, any of the usual spellings."""
    count = draw(st.integers(2, 12))
    rows = []
    for index in range(count):
        if index == 0:
            source: Any = -1
        else:
            one = st.integers(0, index - 1).flatmap(
                lambda target, index=index: st.sampled_from([target, target - index])
            )
            source = draw(st.one_of(st.just(-1), one, st.lists(one, min_size=1, max_size=3)))
        name = "Detect" if index == count - 1 else draw(st.sampled_from(_NAMES))
        pad = draw(st.sampled_from(["", " "]))
        row = f"[{pad}{source}, 1, {name}, [8]{pad}]"
        comment = draw(st.sampled_from(["", f"  # {index}", f" #{index} x", "  # 3", "  # note"]))
        rows.append((row, comment))
    split = draw(st.integers(1, count - 1))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    blocks = draw(st.tuples(st.booleans(), st.booleans()))
    closers = draw(st.tuples(st.sampled_from([",", ""]), st.sampled_from([",", ""])))
    text = "nc: 1" + newline
    for name, part, block, last in zip(
        ("backbone", "head"), (rows[:split], rows[split:]), blocks, closers, strict=True
    ):
        text += f"{name}:{newline}" + _table(part, block, last, newline)
    return text if draw(st.booleans()) else text.removesuffix(newline)


def _table(rows: list[tuple[str, str]], block: bool, last: str, newline: str) -> str:
    if block:
        return "".join(f"  - {row}{comment}{newline}" for row, comment in rows)
    lines = []
    for number, (row, comment) in enumerate(rows):
        comma = last if number == len(rows) - 1 else ","
        lines.append(("  [" if number == 0 else "   ") + row + comma + comment + newline)
    return "".join(lines) + "  ]" + newline


def _targets(text: str) -> list[list[int]]:
    data = YAML(typ="safe", pure=True).load(text)
    found = []
    for index, row in enumerate(data["backbone"] + data["head"]):
        source = row[0] if isinstance(row[0], list) else [row[0]]
        found.append([index + value if value < 0 else value for value in source])
    return found


@settings(max_examples=250, deadline=None)
@given(nets(), st.data())
def test_insertion_keeps_targets_and_removal_gives_the_bytes_back(
    text: str, data: st.DataObject
) -> None:
    old = _targets(text)
    places = data.draw(st.lists(st.integers(0, len(old) - 1), min_size=1, max_size=3, unique=True))
    bypass = data.draw(st.booleans())
    result = insert_text(text, "New", at=places, args=[], keep_skips=bypass, allow_dead=True)
    assert result == insert_text(
        text, "New", at=places, args=[], keep_skips=bypass, allow_dead=True
    )
    new = _targets(result)
    inserted = sorted(place + i for i, place in enumerate(sorted(places)))
    stays = [index for index in range(len(new)) if index not in inserted]
    through = {
        index: stays.index(new[index][0]) if new[index][0] in stays else None for index in inserted
    }
    for index, targets in zip(stays, old, strict=True):
        contracted = []
        for target in new[index]:
            while target in inserted:
                target = new[target][0]
            contracted.append(stays.index(target) if target >= 0 else -1)
        assert contracted == targets
    assert all(new[index][0] == index - 1 for index in inserted), through
    back = remove_text(result, *map(str, inserted))
    if not _comment_became_right(text, inserted):
        assert back == text


def _comment_became_right(text: str, inserted: list[int]) -> bool:
    """Tell whether a wrong comment was made right by the shift: design.md's one exception."""
    rows = read_network(text, "x").document.rows
    for row in rows:
        now = row.index
        for place in inserted:
            now += place <= now
        if row.comment and row.comment.value != row.index and row.comment.value == now:
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(nets(), st.data())
def test_damaged_files_are_refused_or_edited_but_never_crash(
    text: str, data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 4))
    junk = data.draw(st.text(alphabet="[]{},:-#&*!|>'\"\t\n\r %@`0a\u00a0\ufeff", max_size=4))
    damaged = text[:position] + junk + text[position + cut :]
    try:
        result = insert_text(damaged, "New", at=[1], args=[])
    except YamlmodError as error:
        assert error.exit_code == 2, error.lines()
        assert all(line.isprintable() or "\t" in line for line in error.lines()[:1])
    else:
        with suppress(ConstructorError):  # a tag that no loader knows is nothing to an edit
            assert _targets(result)
