"""A form of C3k2 joins what the parse function tests of C3k2, and leaves it without a trace."""

from __future__ import annotations

import itertools

import pytest

from tests.fork.memory import CSP, Memory, repository, template, yolo
from yamlmod.edits import Edit
from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.fork.patch.branches import preview
from yamlmod.fork.patch.plan import PatchChange
from yamlmod.fork.patch.proof import member, proven, widened
from yamlmod.fork.patch.register_existing import existing_template, register_existing
from yamlmod.fork.python.source import parse
from yamlmod.registry.catalogue import get

YOLO_PATH = "models/yolo.py"
ONE = template("C3k2_One", "csp")._replace(alike="C3k2")
TWO = template("C3k2_Two", "csp")._replace(alike="C3k2")
THREE = template("C3k2_Three", "csp")._replace(alike="C3k2")
AFTER = "                n = 1\n"


def forked(test: str, above: str = "", collection: str = "[Conv, C3, C3k2]") -> Memory:
    """Return a fork that has C3k2, and code in the branch of Conv that is about it."""
    text = yolo(collection).replace("if m in [C3]:", "if m in [C3, C3k2]:")
    lines = "".join(f"            {line}\n" for line in test.splitlines())
    text = text.replace(AFTER, AFTER + lines)
    text = text.replace("    layers, save, c2 =", f"    {above}\n    layers, save, c2 =")
    return repository(text)


WIDE = {
    "if m is C3k2:  # for M/L/X sizes\n    legacy = False": "if m in {C3k2, @}:  # for M/L/X sizes",
    "if m is C3k2 and scale in 'mlx':\n    pass": "if m in {C3k2, @} and scale in 'mlx':",
    "if (m is (C3k2)) or no:\n    pass": "if (m in ({C3k2, @})) or no:",
    "if m == C3k2:\n    pass": "if m in (C3k2, @):",
    "if m is not C3k2:\n    pass": "if m not in {C3k2, @}:",
    "if m != C3k2:\n    pass": "if m not in (C3k2, @):",
    "if m is common.C3k2:\n    pass": "if m in {common.C3k2, @}:",
    "if m in {C3k2}:\n    pass": "if m in {@, C3k2}:",
    "if m in (C3k2,):\n    pass": "if m in (@, C3k2,):",
    "if m in [C3k2]:\n    pass": "if m in [@, C3k2]:",
    "if m in {C3k2, C3}:\n    pass": "if m in {C3k2, C3, @}:",
    "if m in (\n    C3,\n    C3k2,\n):\n    pass": "(\n                @,\n                C3,\n",
    "if m not in {C3, C3k2}:\n    pass": "if m not in {@, C3, C3k2}:",
    "no = 1 if m is C3k2 else 2": "no = 1 if m in {C3k2, @} else 2",
}


@pytest.mark.parametrize(("test", "wide"), WIDE.items(), ids=range(len(WIDE)))
def test_each_spelling_is_joined_and_comes_back(test: str, wide: str) -> None:
    files = forked(test)
    before = dict(files.texts)
    plan = files.install(ONE)
    text = files.texts[YOLO_PATH]
    assert wide.replace("@", "C3k2_One") in text
    assert "if m in [C3k2_One, Conv, C3, C3k2]:" in text and "if m in [C3k2_One, C3, C3k2]:" in text
    assert (
        "parse_model treats C3k2_One as it treats C3k2, also in a network without C3k2"
        in plan.notes
    )
    said = [step.text for step in plan.steps if "a test for C3k2" in step.text]
    assert said == ["C3k2_One joins a test for C3k2 in parse_model of repo/models/yolo.py"]
    assert not files.install(ONE).texts
    gone = files.uninstall("C3k2_One")
    assert "C3k2_One leaves a test for C3k2 in repo/models/yolo.py" in [s.text for s in gone.steps]
    assert files.texts == before


@pytest.mark.parametrize("test", WIDE)
@pytest.mark.parametrize("order", list(itertools.permutations(("One", "Two", "Three"))))
def test_forms_leave_in_any_order(test: str, order: tuple[str, ...]) -> None:
    files = forked(test)
    before = dict(files.texts)
    files.install(ONE, CSP)
    files.install(ONE, TWO)
    files.install(THREE)
    for name in order:
        files.uninstall(f"C3k2_{name}")
    files.uninstall(CSP.class_name)
    assert files.texts == before


def test_all_forms_leave_at_once() -> None:
    files = forked("if m is C3k2:\n    pass")
    before = dict(files.texts)
    files.install(ONE, TWO, CSP, THREE)
    assert "if m in {C3k2, C3k2_One, C3k2_Two, C3k2_Three}:" in files.texts[YOLO_PATH]
    files.uninstall("C3k2_Two", "C3k2_One", "C3k2_Three", CSP.class_name)
    assert files.texts == before


def test_a_collection_behind_a_name_is_joined() -> None:
    files = forked("if m in newer:\n    pass", "newer = frozenset({C3k2})")
    before = dict(files.texts)
    files.install(ONE)
    assert "newer = frozenset({C3k2_One, C3k2})" in files.texts[YOLO_PATH]
    files.uninstall("C3k2_One")
    assert files.texts == before


def test_every_test_is_joined() -> None:
    files = forked("if m is C3k2:\n    pass\nif m in {C3, C3k2} or m is C3k2:\n    pass")
    before = dict(files.texts)
    files.install(ONE)
    text = files.texts[YOLO_PATH]
    assert "if m in {C3k2, C3k2_One}:" in text
    assert "if m in {C3k2_One, C3, C3k2} or m in {C3k2, C3k2_One}:" in text
    files.uninstall("C3k2_One")
    assert files.texts == before


def test_a_test_that_is_missing_is_completed() -> None:
    files = forked("if m is C3k2:\n    pass")
    files.install(ONE)
    patched = dict(files.texts)
    files.texts[YOLO_PATH] = patched[YOLO_PATH].replace("m in {C3k2, C3k2_One}", "m is C3k2")
    plan = files.install(ONE)
    assert files.texts == patched
    assert any("missing parts are added" in note for note in plan.notes)


def test_a_class_of_the_users_own_in_the_test_stays() -> None:
    files = forked("if m in {C3k2, Mine}:\n    pass")
    before = dict(files.texts)
    files.install(ONE)
    files.texts[YOLO_PATH] = files.texts[YOLO_PATH].replace("{C3k2, Mine, ", "{C3k2, Mine, Other, ")
    files.uninstall("C3k2_One")
    assert files.texts[YOLO_PATH] == before[YOLO_PATH].replace("C3k2, Mine", "C3k2, Mine, Other")


def test_a_test_of_the_forks_own_class_is_the_forks() -> None:
    files = forked("if m in {C3k2, Mine}:\n    pass")
    files.texts["models/common.py"] += "\n\nclass Mine(C3):\n    pass\n"
    before = dict(files.texts)
    own = existing_template(files, files.fork(), "Mine", "csp")
    files.write(register_existing(files, files.fork(), [own]))
    assert files.texts != before
    files.install(ONE)
    files.uninstall("Mine")
    assert "if m in {C3k2, Mine, C3k2_One}:" in files.texts[YOLO_PATH]
    files.uninstall("C3k2_One")
    assert files.texts == before


def test_a_collection_of_the_block_alone_takes_others_in_front() -> None:
    """What follows the block in a set would be taken for a widened test."""
    files = forked("if m is C3k2:\n    pass")
    files.texts[YOLO_PATH] = files.texts[YOLO_PATH].replace(
        "if m in [C3, C3k2]:", "if m in {C3k2}:"
    )
    before = dict(files.texts)
    files.install(CSP, ONE)
    assert "if m in {Epsilon, C3k2_One, C3k2}:" in files.texts[YOLO_PATH]
    files.uninstall("C3k2_One")
    files.uninstall("Epsilon")
    assert files.texts == before


def test_a_formatter_in_between() -> None:
    files = forked("if m is C3k2:\n    pass")
    files.install(ONE)
    text = files.texts[YOLO_PATH]
    files.texts[YOLO_PATH] = text.replace(
        "m in {C3k2, C3k2_One}",
        "m in {\n                C3k2,\n                C3k2_One,\n            }",
    )
    files.uninstall("C3k2_One")
    assert "if m is C3k2:" in files.texts[YOLO_PATH]


@pytest.mark.parametrize(
    "test",
    [
        'if m.__name__ == "C3k2":\n    pass',
        "if issubclass(m, C3k2):\n    pass",
        "if C3k2 is m:\n    pass",
        "if m==C3k2:\n    pass",
        "if str(m).endswith('.C3k2'):\n    pass",
        "if m in {C3, C3k2} | {Concat}:\n    pass",
        "if {C3k2: 1}.get(m):\n    pass",
    ],
)
def test_a_test_that_is_not_read_is_refused(test: str) -> None:
    files = forked(test)
    before = dict(files.texts)
    with pytest.raises(Refusal) as refusal:
        files.install(ONE)
    assert refusal.value.code == "unread-test"
    assert "C3k2_One is to be built as C3k2 is" in refusal.value.message
    assert "`m is C3k2`" in refusal.value.hint
    assert refusal.value.place is not None and "C3k2" in refusal.value.place.excerpt
    assert files.texts == before
    files.install(CSP)  # another block is not concerned


def test_a_block_with_a_branch_of_its_own_is_refused() -> None:
    files = forked("pass", collection="[Conv, C3]")
    with pytest.raises(Refusal) as refusal:
        files.install(ONE)
    assert refusal.value.code == "other-registration"


def test_a_fork_without_the_block_has_no_test_to_join() -> None:
    files, plain = repository(), repository()
    plan = files.install(ONE)
    plain.install(ONE._replace(alike=""))
    assert files.texts == plain.texts and "if m in [C3, C3k2_One]:" in files.texts[YOLO_PATH]
    assert [step.kind for step in plan.steps] == ["class", "branch", "branch"]
    files.uninstall("C3k2_One")
    assert files.texts == repository().texts


def test_a_fork_that_tests_nothing_of_the_block_takes_it_as_the_block() -> None:
    files = forked("pass")
    before = dict(files.texts)
    files.install(ONE)
    assert "[C3k2_One, C3, C3k2]" in files.texts[YOLO_PATH]
    files.uninstall("C3k2_One")
    assert files.texts == before


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("m in {C3k2, C3k2_One}", None),
        ("m in [C3k2, C3k2_One]", "outside the planned places"),
        ("m not in {C3k2, C3k2_One}", "outside the planned places"),
        ("m in {C3k2_One, C3k2}", "outside the planned places"),
        ("m in {C3, C3k2_One}", "outside the planned places"),
        ("m in {C3k2, C3k2_One, C3}", "outside the planned places"),
        ("m is C3k2_One", "outside the planned places"),
        ("m is C3k2", "differs from the plan"),
    ],
)
def test_the_proof_lets_no_other_test_through(new: str, says: str | None) -> None:
    text = forked("if m is C3k2:\n    pass").texts[YOLO_PATH]
    source = parse(YOLO_PATH, YOLO_PATH, text)
    at = text.index("m is C3k2")
    keys = (widened("C3k2"), member("C3k2_One"))
    change = PatchChange((Edit(at, at + len("m is C3k2"), new),), (), keys)
    if says is None:
        assert new in proven(source, change, ["C3k2_One"])
        return
    with pytest.raises(ProofFailedError, match=says):
        proven(source, change, ["C3k2_One"])


def test_the_preview_says_it() -> None:
    assert "if m in {C3k2, C3k2_SE}:  # in forks that test for C3k2" in preview(get("C3k2_SE"))
    assert "C3k2" not in preview(get("C3_SE"))
