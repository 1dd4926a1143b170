"""What is known of modules has one home, and a new one is one entry there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import yamlmod
from tests.ops.samples import SMALL
from yamlmod.model import known_modules
from yamlmod.model.known_modules import MODULES

_ROOT = Path(yamlmod.__file__).parent
# Cases of rules name up to three modules of a small net; a longer list is a table of facts.
_MOST = 3


def _names(node: ast.AST) -> set[str]:
    """Return the modules that a literal lists, with those in its own lists."""
    if isinstance(node, ast.Constant):
        return {node.value} & MODULES.keys() if isinstance(node.value, str) else set()
    if isinstance(node, (ast.Set, ast.List, ast.Tuple)):
        return set().union(*map(_names, node.elts))
    if isinstance(node, ast.Dict):
        return set().union(*(_names(key) for key in node.keys if key is not None))
    return set()


def test_no_other_file_of_these_rooms_lists_modules() -> None:
    for room in ("model", "checks", "ops", "usecases", "cli"):
        for path in (_ROOT / room).rglob("*.py"):
            if path.name != "known_modules.py":
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    assert len(_names(node)) <= _MOST, (path, _names(node))


def test_a_list_is_seen() -> None:
    (tree,) = ast.parse("{'Conv': 1, 'C3': 2, 'SPPF': 3, 'Concat': 4}").body
    assert isinstance(tree, ast.Expr)
    assert len(_names(tree.value)) == 4


@pytest.mark.parametrize("name", sorted(MODULES))
def test_each_entry_agrees_with_itself(name: str) -> None:
    module = MODULES[name]
    if module.args is not None:
        assert 0 <= module.args[0] <= module.args[1]
    is_head = module.kind is not None and module.kind.channels == "head"
    assert is_head or not module.forms
    assert not module.switch or (module.args is not None and module.args[1] >= 2)
    assert name in known_modules.KNOWN or module.kind is None


def test_a_rule_follows_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SMALL.replace("[-1, 1, SPPF, [512, 5]]", "[-1, 1, C9, [512, 5, 6, 7]]")
    assert not _messages(text)
    entry = known_modules.KnownModule(known_modules.Kind("scaled"), args=(1, 2))
    monkeypatch.setitem(MODULES, "C9", entry)  # type: ignore[arg-type]
    assert any("C9 takes 1 to 2" in message for message in _messages(text))


def _messages(text: str) -> list[str]:
    return [found.message for found in yamlmod.load(text).check() if found.rule == "arguments"]
