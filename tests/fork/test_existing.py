"""Classes the fork has already, copies under another name, and code that was edited by hand."""

from __future__ import annotations

import ast

import pytest

from tests.fork.memory import ALL, COMMON, CONV, FREE, SAME, Memory, repository, template, yolo
from yamlmod.errors import Refusal
from yamlmod.fork.patch.install import install
from yamlmod.fork.patch.register_existing import existing_template, register_existing
from yamlmod.fork.patch.uninstall import uninstall
from yamlmod.registry.catalogue import catalogue
from yamlmod.registry.code.rename import renamed
from yamlmod.registry.template import Template

COMMON_PATH, YOLO_PATH = "models/common.py", "models/yolo.py"
EXPLICIT = "from models.common import C3, Concat, Conv"


def own(signature: str, name: str = "Own") -> str:
    return (
        f"\n\nclass {name}(nn.Module):\n    def __init__(self{signature}):\n"
        "        super().__init__()\n"
    )


def use(files: Memory, *names: str, rule: str | None = None) -> tuple[str, ...]:
    fork = files.fork()
    found = [existing_template(files, fork, name, rule) for name in names]
    plan = register_existing(files, fork, found)
    files.write(plan)
    return plan.notes


@pytest.mark.parametrize(
    ("signature", "imports", "line"),
    [
        (", c1, c2", EXPLICIT, "if m in [Conv, C3, Own]:"),
        (", c1, k=3", EXPLICIT, "elif m in {Own}:  # yamlmod"),
        ("", EXPLICIT, "import C3, Concat, Conv, Own\n"),
        (", c1, c2", "from models.common import *", "if m in [Conv, C3, Own]:"),
        (", channels", "from models.common import *", "elif m in {Own}:  # yamlmod"),
    ],
)
def test_registered_twice_and_back(signature: str, imports: str, line: str) -> None:
    files = repository(yolo(imports=imports), COMMON + own(signature))
    before = dict(files.texts)
    use(files, "Own")
    assert line in files.texts[YOLO_PATH]
    assert "class Own" not in files.texts[COMMON_PATH].split("# yamlmod: begin Own existing")[1]
    patched = dict(files.texts)
    assert "Own: nothing to register" in use(files, "Own")
    assert files.texts == patched
    notes = files.uninstall("Own").notes
    assert files.texts == before
    assert not any("checkpoints" in note for note in notes)


def test_what_the_fork_did_itself_stays() -> None:
    text = yolo("[Conv, C3, Own]", "from models.common import C3, Concat, Conv, Own")
    files = repository(text, COMMON + own(", c1, c2") + own(", c1", "Two"))
    before = dict(files.texts)
    assert "Own: nothing to register" in use(files, "Own")
    assert files.texts == before
    use(files, "Own", "Two")
    assert "begin Two" in files.texts[COMMON_PATH]
    assert "begin Own" not in files.texts[COMMON_PATH]
    files.uninstall("Two")
    assert files.texts == before


def test_a_missing_import_alone_is_added_and_taken_out() -> None:
    files = repository(yolo("[Conv, C3, Own]", EXPLICIT), COMMON + own(", c1, c2"))
    before = dict(files.texts)
    use(files, "Own")
    assert "adds=import:models/yolo.py\n" in files.texts[COMMON_PATH]
    files.uninstall("Own")
    assert files.texts == before


def test_what_the_fork_exports_itself_stays_exported() -> None:
    exports = '\n__all__ = ["C3", "Concat", "Conv", "Own"]\n'
    files = repository(yolo("[Conv, C3]", EXPLICIT), COMMON + own(", c1, c2") + exports)
    before = dict(files.texts)
    use(files, "Own")
    files.install(CONV)
    files.uninstall("Own", "Alpha")
    assert files.texts == before


@pytest.mark.parametrize("imports", ["from models.extra import Own", "from models.extra import *"])
def test_a_class_of_another_file(imports: str) -> None:
    files = repository(
        yolo(imports=f"{EXPLICIT}\n{imports}"),
        **{"models/extra.py": "import torch.nn as nn\n" + own(", inp, oup")},
    )
    before = dict(files.texts)
    use(files, "Own")
    assert "[Conv, C3, Own]" in files.texts[YOLO_PATH]
    assert "Conv, Own" not in files.texts[YOLO_PATH].split("def ")[0]
    files.uninstall("Own")
    assert files.texts == before


@pytest.mark.parametrize(
    ("name", "rule", "code", "says"),
    [
        ("Nowhere", None, "no-such-class", "without --use-existing"),
        ("Own", None, "unclear-rule", "--rule same"),
        ("Own", "conv", "bad-rule", "which takes 1"),
        ("Alpha", None, "not-the-forks", "omit --use-existing"),
    ],
)
def test_refused(name: str, rule: str | None, code: str, says: str) -> None:
    files = repository(common=COMMON + own(", k"))
    files.install(CONV)
    with pytest.raises(Refusal) as caught:
        use(files, name, rule=rule)
    assert caught.value.code == code
    assert says in "\n".join(caught.value.lines())


def test_a_rule_that_is_said() -> None:
    files = repository(common=COMMON + own(", k"))
    use(files, "Own", rule="same")
    assert "elif m in {Own}:  # yamlmod" in files.texts[YOLO_PATH]


def test_the_registrys_module_does_not_replace_a_registration() -> None:
    files = repository(common=COMMON + own(", c1", "Beta"))
    use(files, "Beta")
    with pytest.raises(Refusal, match="a class from the fork itself"):
        files.install(SAME)


@pytest.mark.parametrize("one", [CONV, SAME, FREE], ids=lambda one: one.rule)
def test_a_copy_stands_beside_the_forks_own(one: Template) -> None:
    files = repository(
        yolo("{Conv, C3}", EXPLICIT),
        COMMON + own("", one.name) + f"\n\ndef _{one.name}_help(): pass\n",
    )
    before = dict(files.texts)
    with pytest.raises(Refusal) as caught:
        files.install(one)
    assert "--use-existing" in caught.value.hint and "--as Yamlmod" in caught.value.hint
    copy = renamed(one, "Copy")
    files.install(copy)
    patched = dict(files.texts)
    assert f" of={one.name}" in patched[COMMON_PATH] and "_Copy_help" in patched[COMMON_PATH]
    assert not files.install(copy).texts
    other = renamed(one, "Second")
    files.install(other)
    files.uninstall("Second")
    assert files.texts == patched
    with pytest.raises(Refusal, match="which this module is not"):
        files.install(renamed(template("Zeta", one.rule), "Copy"))
    files.uninstall("Copy")
    assert files.texts == before


@pytest.mark.parametrize("one", catalogue(), ids=lambda one: one.name)
def test_templates_can_be_renamed_and_back(one: Template) -> None:
    copy = renamed(one, "Renamed")
    assert renamed(copy, one.name).source == one.source
    names = [getattr(node, "name", "") for node in ast.parse(copy.code).body]
    assert all(name in ("", "Renamed") or name.startswith("_Renamed") for name in names)
    assert copy.digest != one.digest


@pytest.mark.parametrize(
    "name",
    ["", "a b", "1x", "class", "match", "print", "nn", "yes", "None", "\u00c4", "__x", "a.b"],
)
def test_names_that_no_class_may_have(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        renamed(SAME, name)
    assert caught.value.code == "bad-name"


def test_force_overwrites_and_deletes_what_was_edited() -> None:
    files = repository(yolo("{Conv, C3}", EXPLICIT))
    before = dict(files.texts)
    files.install(*ALL)
    patched = dict(files.texts)
    edited = patched | {
        COMMON_PATH: patched[COMMON_PATH].replace("self.pi = math.pi", "self.pi = 3"),
        YOLO_PATH: patched[YOLO_PATH].replace(
            "[c2, *args]\n", "[c2, *args]\n            print(m)\n"
        ),
    }
    files.texts = dict(edited)
    plan = install(files, files.fork(), [CONV], force=True)
    assert any("including manual edits" in step.text for step in plan.steps)
    files.write(plan)
    assert files.texts[COMMON_PATH] == patched[COMMON_PATH]
    files.texts = dict(edited)
    for names in (["Alpha"], ["Beta", "Delta"]):
        with pytest.raises(Refusal) as caught:
            files.uninstall(*names)
        assert caught.value.code == "edited-by-hand" and "--force" in caught.value.hint
    files.write(uninstall(files, files.fork(), [one.name for one in ALL], force=True))
    assert files.texts == before
