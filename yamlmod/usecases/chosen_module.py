"""Find the module that a command names: in the registry, in a file, or in the fork."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.errors import Refusal

if TYPE_CHECKING:
    from yamlmod.fork.parser.locate import ForkFacts
    from yamlmod.fork.patch.plan import Plan
    from yamlmod.registry.template import Template
    from yamlmod.workspace.tree import Tree


class FileWord(NamedTuple):
    """`PATH.py:CLASS`, taken apart."""

    path: Path
    class_name: str | None


class Choices(NamedTuple):
    """How the modules of a command are to be taken."""

    as_name: str | None = None
    use_existing: bool = False
    rule: str | None = None
    force: bool = False
    placement: str = ""


def file_word(word: str) -> FileWord | None:
    """Take `PATH.py` or `PATH.py:CLASS` apart at its last colon, which a drive has, too."""
    if word.endswith(".py"):
        return FileWord(Path(word), None)
    path, colon, name = word.rpartition(":")
    return FileWord(Path(path), name) if colon and path.endswith(".py") else None


def name_of(word: str) -> str:
    """Return the class that a word means where code is taken out again."""
    from yamlmod.registry.catalogue import find

    in_file = file_word(word)
    if in_file is not None:
        return in_file.class_name or _template(word, None).class_name
    template = find(word)
    return word if template is None else template.class_name


def template_of(word: str, choices: Choices) -> Template:
    """Return the template that a word names, under the name that --as gives it."""
    template = _template(word, choices.rule)
    if choices.as_name is None:
        return template
    from yamlmod.registry.code.rename import renamed

    return renamed(template, choices.as_name)


def template_in(yaml_word: str, choices: Choices) -> Template | None:
    """Return the template where a word or --as needs more than a look-up in the registry."""
    if file_word(yaml_word) is None and choices.as_name is None:
        _refuse_rule(choices.rule, yaml_word)
        return None
    return template_of(yaml_word, choices)


def templates_for(
    tree: Tree, fork: ForkFacts, words: Sequence[str], choices: Choices
) -> tuple[Template, ...]:
    if choices.as_name is not None and len(words) != 1:
        raise Refusal("usage", "--as names one module; give one", hint="run the command for each")
    if choices.use_existing and choices.as_name is not None:
        raise Refusal("usage", "--use-existing takes the fork's class as it is; leave --as out")
    if choices.use_existing:
        from yamlmod.fork.patch.register_existing import existing_template

        names = dict.fromkeys(name_of(word) for word in words)
        return tuple(existing_template(tree, fork, name, choices.rule) for name in names)
    from yamlmod.fork.patch.fit_own_class import fitted

    found = {template.name: template for template in (template_of(w, choices) for w in words)}
    return tuple(
        fitted(tree, fork, one, choices.placement) if one.origin == "file" else one
        for one in found.values()
    )


def plan_for(tree: Tree, fork: ForkFacts, templates: Sequence[Template], choices: Choices) -> Plan:
    if choices.use_existing:
        from yamlmod.fork.patch.register_existing import register_existing

        return register_existing(tree, fork, templates)
    from yamlmod.fork.patch.install import install

    return install(tree, fork, templates, choices.placement, choices.force)


def _template(word: str, rule: str | None) -> Template:
    in_file = file_word(word)
    if in_file is None:
        from yamlmod.registry.catalogue import get

        _refuse_rule(rule, word)
        return get(word)
    from yamlmod.registry.code.extract import own_template
    from yamlmod.workspace.files import display, read_text

    file = read_text(in_file.path)
    if in_file.class_name == "":
        raise Refusal("usage", f"{word} has no class name after the colon")
    return own_template(file.text, display(in_file.path), in_file.class_name, rule)


def _refuse_rule(rule: str | None, word: str) -> None:
    if rule is not None:
        raise Refusal(
            "usage",
            f"--rule is for a class of your own; {word} is to be looked up in the registry, which "
            "knows its rule",
            hint="give FILE.py:CLASS, or leave --rule out",
        )
