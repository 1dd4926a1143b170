"""No file imports another in a circle, and the picture of the rooms is the one that is drawn."""

from __future__ import annotations

from tools.house import PAGES, circle, file_imports, picture, room_imports


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle(file_imports()) == []


def test_a_circle_is_found() -> None:
    imports = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"a"})}
    assert set(circle(imports)) == {"a", "b", "c"}


def test_imports_inside_functions_count() -> None:
    assert "yamlmod.ops.operations.insert.plan" in file_imports()["yamlmod.cli.commands.insert"]


def test_the_picture_of_the_rooms_is_current() -> None:
    drawn = picture(room_imports())
    assert [page.name for page in PAGES if drawn not in page.read_text(encoding="utf-8")] == []
