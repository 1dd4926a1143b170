"""What is there already, what is refused, updates, and the user's own edits in between."""

from __future__ import annotations

import pytest

from tests.fork.memory import ALL, COMMON, CONV, CSP, FREE, SAME, repository, template, yolo
from yamlmod.errors import Refusal
from yamlmod.fork.patch.branches import preview
from yamlmod.fork.patch.marked_blocks import code_block
from yamlmod.registry.template import Template

COMMON_PATH, YOLO_PATH = "models/common.py", "models/yolo.py"


@pytest.mark.parametrize(
    ("yolo_text", "common", "more", "new", "code", "says"),
    [
        (
            yolo(),
            COMMON
            + "\n\nclass Alpha(Conv):\n    def __init__(self, c1, c2, ratio):\n        pass\n",
            {},
            CONV,
            "name-taken",
            "`def __init__(self, c1, c2, ratio):`",
        ),
        (yolo(), COMMON + "\nAlpha = Conv\n", {}, CONV, "name-taken", "already defines Alpha"),
        (
            yolo(),
            COMMON + "\n\ndef _Alpha_help():\n    pass\n",
            {},
            CONV,
            "helper-name-taken",
            "a helper of Alpha",
        ),
        (yolo(), COMMON + "\nF = 1\n", {}, SAME, "name-taken", "torch.nn.functional"),
        (
            yolo() + "\nfrom models.attention import Gamma\n",
            COMMON,
            {},
            FREE,
            "name-taken",
            "binds Gamma",
        ),
        (yolo() + "\n\nclass Gamma:\n    pass\n", COMMON, {}, FREE, "name-taken", "binds Gamma"),
        (
            yolo(imports="from models.common import *\nfrom models.experimental import *"),
            COMMON,
            {"models/experimental.py": "class Gamma:\n    pass\n"},
            FREE,
            "name-taken",
            "experimental.py",
        ),
        (
            yolo(),
            COMMON + "\n\nfrom models.attention import *\n",
            {"models/attention.py": "class Gamma:\n    pass\n"},
            FREE,
            "name-taken",
            "attention.py",
        ),
        (yolo("[C3]"), COMMON, {}, CONV, "no-conv-collection", "holds Conv"),
        (
            yolo().replace("        else:\n            c2 = ch[f]\n", ""),
            COMMON,
            {},
            SAME,
            "no-else",
            "last else",
        ),
        (yolo(imports="import models"), COMMON, {}, FREE, "no-import", "spelling"),
        (
            yolo(),
            COMMON + "\n# yamlmod: begin Alpha 1.0.0 sha256=00\n",
            {},
            CONV,
            "broken-marker",
            "end marker",
        ),
        (yolo(), COMMON + "x = = 1\n", {}, CONV, "syntax-error", "not valid Python"),
    ],
)
def test_refused(
    yolo_text: str, common: str, more: dict[str, str], new: Template, code: str, says: str
) -> None:
    with pytest.raises(Refusal) as caught:
        repository(yolo_text, common, **more).install(new)
    assert caught.value.code == code
    assert says in "\n".join(caught.value.lines())


def test_two_templates_with_one_helper() -> None:
    twin = FREE._replace(
        name="Twin",
        class_name="Twin",
        text=CONV.source.replace("class Alpha", "class Twin"),
    )
    with pytest.raises(Refusal, match="both define _Alpha_help"):
        repository().install(CONV, twin)


def test_a_missing_registration_is_completed() -> None:
    files = repository(yolo(imports="from models.common import Conv"))
    files.install(*ALL)
    patched = dict(files.texts)
    files.texts[YOLO_PATH] = yolo(imports="from models.common import Conv")
    plan = files.install(*ALL)
    assert set(plan.texts) == {YOLO_PATH}
    assert files.texts == patched
    assert any("missing parts are added" in note for note in plan.notes)


def test_a_block_stands_with_conv_and_with_c3() -> None:
    files = repository()
    plan = files.install(CSP, CONV)
    text = files.texts[YOLO_PATH]
    assert "[Conv, C3, Alpha, Epsilon]" in text or "[Conv, C3, Epsilon, Alpha]" in text
    assert "if m in [C3, Epsilon]:" in text
    assert {"the collection of Conv", "the collection of C3"} <= {
        step.text.partition("Epsilon joins ")[2].partition(" in ")[0] for step in plan.steps
    }
    assert not files.install(CSP, CONV).texts
    files.uninstall("Epsilon")
    assert "if m in [C3]:" in files.texts[YOLO_PATH]
    files.uninstall("Alpha")
    assert files.texts == repository().texts


def test_a_block_behind_a_name() -> None:
    """The newest forks keep both collections in names above the loop."""
    text = yolo().replace("if m in [C3]:", "if m in repeated:")
    text = text.replace("    layers, save", "    repeated = frozenset({C3})\n    layers, save")
    files = repository(text)
    files.install(CSP)
    assert "repeated = frozenset({C3, Epsilon})" in files.texts[YOLO_PATH]
    files.uninstall("Epsilon")
    assert files.texts[YOLO_PATH] == text


@pytest.mark.parametrize(
    ("old", "new"), [("args.insert(2, n)", "args.append(n)"), ("if m in [C3]:", "if m in []:")]
)
def test_a_fork_without_repeats_is_refused(old: str, new: str) -> None:
    text = yolo().replace(old, new)
    files = repository(text)
    with pytest.raises(Refusal) as refusal:
        files.install(CSP)
    assert refusal.value.code == "no-repeats-collection"
    assert files.texts == repository(text).texts


def test_a_missing_import_is_completed() -> None:
    files = repository()
    files.install(CONV)
    patched = dict(files.texts)
    files.texts[COMMON_PATH] = patched[COMMON_PATH].replace("import math  # yamlmod\n", "")
    files.install(CONV)
    assert files.texts == patched


def test_a_newer_version_replaces_the_block() -> None:
    files = repository()
    files.install(*ALL)
    newer = template("Beta", "conv", version="1.1.0", body="        self.more = 1\n")
    plan = files.install(newer)
    assert any("1.0.0 replaced by 1.1.0" in step.text for step in plan.steps)
    assert "[Conv, C3, Alpha, Beta]" in files.texts[YOLO_PATH]
    assert "elif m in {Delta}:  # yamlmod" in files.texts[YOLO_PATH]
    assert not files.install(newer).texts
    files.uninstall("Alpha", "Beta", "Gamma", "Delta")
    assert files.texts == repository().texts


@pytest.mark.parametrize(
    "rules",
    [
        ("same", "free"),
        ("free", "same"),
        ("conv", "free"),
        ("same", "conv"),
        ("conv", "same"),
        ("free", "conv"),
        ("csp", "conv"),
        ("conv", "csp"),
        ("csp", "same"),
        ("free", "csp"),
    ],
)
@pytest.mark.parametrize("else_", ["c2 = ch[f]", "c2 = ch[f]; args = args"])
def test_a_newer_version_with_another_rule(rules: tuple[str, str], else_: str) -> None:
    files = repository(yolo(else_=else_))
    files.install(template("Beta", rules[0]))
    files.install(template("Beta", rules[1], version="2.0.0"))
    fresh = repository(yolo(else_=else_))
    fresh.install(template("Beta", rules[1], version="2.0.0"))
    assert files.texts == fresh.texts


def test_an_edited_block_is_left_alone() -> None:
    files = repository()
    files.install(*ALL)
    files.texts[COMMON_PATH] = files.texts[COMMON_PATH].replace("self.pi = math.pi", "self.pi = 3")
    before = dict(files.texts)
    for act in (lambda: files.install(CONV), lambda: files.uninstall("Alpha")):
        with pytest.raises(Refusal) as caught:
            act()
        assert caught.value.code == "edited-by-hand"
    files.uninstall("Beta")
    assert files.texts != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "            c2 = ch[f]\n            args = [c2, *args]",
            "            c2 = ch[f] // 2\n            args = [c2, *args]",
        ),
        ("            args = [c2, *args]", "            args = [c2, *args, 3]"),
        ("            args = [c2, *args]", "            args = [c2]"),
    ],
)
def test_an_edited_value_of_a_branch_is_left_alone(old: str, new: str) -> None:
    """What is assigned counts, too: a division put in by hand is the user's."""
    files = repository()
    files.install(SAME)
    assert files.texts[YOLO_PATH].count(old) == 1
    files.texts[YOLO_PATH] = files.texts[YOLO_PATH].replace(old, new)
    before = dict(files.texts)
    with pytest.raises(Refusal) as caught:
        files.uninstall(SAME.class_name)
    assert caught.value.code == "edited-by-hand"
    assert files.texts == before
    files.uninstall(SAME.class_name, force=True)
    assert SAME.class_name not in files.texts[YOLO_PATH]


def test_an_edited_branch_is_left_alone() -> None:
    files = repository()
    files.install(SAME)
    files.texts[YOLO_PATH] = files.texts[YOLO_PATH].replace(
        "args = [c2, *args]\n        else", "args = [c2, *args]\n            print(m)\n        else"
    )
    with pytest.raises(Refusal, match="branch for Beta has been edited"):
        files.uninstall("Beta")


def test_not_patched_lists_what_is() -> None:
    files = repository()
    files.install(CONV, SAME)
    with pytest.raises(Refusal) as caught:
        files.uninstall("Gamma")
    assert caught.value.code == "not-patched"
    assert "Alpha, Beta" in caught.value.hint


def test_edits_in_between_survive() -> None:
    files = repository()
    files.install(*ALL)
    files.texts[COMMON_PATH] += "\n\nclass Mine(Conv):\n    pass  # mine\n"
    files.texts[COMMON_PATH] = "# top\n" + files.texts[COMMON_PATH]
    files.texts[YOLO_PATH] = files.texts[YOLO_PATH].replace("C3, Alpha]", "C3, Alpha, Mine]")
    for name in ("Beta", "Alpha", "Delta", "Gamma"):
        files.uninstall(name)
    assert (
        files.texts[COMMON_PATH] == "# top\n" + COMMON + "\n\nclass Mine(Conv):\n    pass  # mine\n"
    )
    assert files.texts[YOLO_PATH] == yolo("[Conv, C3, Mine]")


def test_an_import_that_others_use_now_stays() -> None:
    files = repository()
    files.install(CONV)
    files.texts[COMMON_PATH] += "\n\nPI = math.pi\n"
    plan = files.uninstall("Alpha")
    assert "import math  # yamlmod\n" in files.texts[COMMON_PATH]
    assert any("`import math` stays" in note for note in plan.notes)


def test_an_import_stays_while_a_block_needs_it() -> None:
    files = repository()
    files.install(*ALL)
    files.uninstall("Alpha")
    assert "import math  # yamlmod\n" in files.texts[COMMON_PATH]
    files.uninstall("Delta")
    assert "import math" not in files.texts[COMMON_PATH]


def test_uninstall_says_who_still_names_the_class() -> None:
    files = repository()
    files.install(FREE)
    files.texts[YOLO_PATH] += "\n\nX = Gamma\n"
    notes = files.uninstall("Gamma").notes
    assert any("Gamma is still used here" in note for note in notes)
    assert any("checkpoints pickled with Gamma no longer load" in note for note in notes)


def test_notes() -> None:
    files = repository(**{"models/tf.py": "def parse_model():\n    pass\n"})
    notes = files.install(*ALL).notes
    assert any("models/tf.py has its own parse_model" in note for note in notes)
    assert 'no requirements.txt found; install it yourself: pip install "einops>=0.6"' in notes
    assert any(note.startswith("Gamma needs no branch") for note in notes)


def test_other_parse_functions_are_named() -> None:
    files = repository(**{"models/lite.py": yolo()})
    notes = files.install(CONV).notes
    assert any(note.startswith("repo/models/lite.py has its own parse_model") for note in notes)


def test_steps_say_what_happens_where() -> None:
    files = repository(yolo(imports="from models.common import Conv"))
    plan = files.install(CONV)
    assert [(step.kind, step.path) for step in plan.steps] == [
        ("class", COMMON_PATH),
        ("import", COMMON_PATH),
        ("import", YOLO_PATH),
        ("branch", YOLO_PATH),
    ]
    assert plan.steps[0].text == "class Alpha 1.0.0 appended to repo/models/common.py"
    assert all(step.line > 0 for step in plan.steps)


def test_code_block() -> None:
    lines = code_block(SAME).split("\n")
    assert lines[0] == f"# yamlmod: begin Beta 1.0.0 sha256={SAME.digest}"
    assert lines[1:3] == ["# SPDX-License-Identifier: 0BSD", "# requires: einops>=0.6"]
    assert lines[-2:] == ["# yamlmod: end Beta", ""]
    files = repository()
    files.install(SAME)
    assert files.texts[COMMON_PATH].endswith("    pass\n\n\n" + code_block(SAME))


def test_a_class_may_be_named_otherwise_than_its_module() -> None:
    odd = SAME._replace(name="Odd")
    files = repository()
    files.install(odd)
    assert "elif m in {Beta}:" in files.texts[YOLO_PATH]
    assert not files.install(odd).texts
    files.uninstall("Odd")
    assert files.texts == repository().texts


@pytest.mark.parametrize(
    ("new", "text"),
    [
        (CONV, "if m in {Conv, ..., Alpha}:"),
        (SAME, "elif m in {Beta}:  # yamlmod\n    c2 = ch[f]\n    args = [c2, *args]"),
        (
            CSP,
            "if m in {Conv, ..., Epsilon}:\n    ...\n    if m in {C3, ..., Epsilon}:\n"
            "        args.insert(2, n)",
        ),
        (FREE, "no branch needed: the last else already does c2 = ch[f] and leaves args alone"),
    ],
)
def test_branch_preview(new: Template, text: str) -> None:
    assert preview(new) == text
