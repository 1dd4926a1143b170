"""Turn the options of `check` into what its rules may look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yamlmod.checks.bases import Base, base_of
from yamlmod.checks.run import Options, known_codes
from yamlmod.model.document import parse_document
from yamlmod.model.parser_facts import ParserFacts
from yamlmod.ops.network import registry_kinds
from yamlmod.usecases.model_file import file_of_scale, find_cfg
from yamlmod.usecases.model_folders import folders_of_fork
from yamlmod.usecases.named_fork import NamedFork
from yamlmod.workspace.files import display, read_text


def check_options(
    select: Sequence[str], ignore: Sequence[str], base: Path | None, fork: NamedFork | None
) -> Options:
    """Return the options of a run. Raises Refusal for unknown rules and an unusable base."""
    return Options(
        kinds_of=registry_kinds,
        select=known_codes(select),
        ignore=known_codes(ignore),
        base=None if base is None else _given(base),
        builder=None if fork is None else _builder(fork),
    )


def files_of(paths: Sequence[Path], fork: NamedFork | None) -> list[Path]:
    """Return the paths; for a name with a scale or of a fork's YAML, the file that is meant."""
    return [file_of_scale(path) or _in_fork(path, fork) for path in paths]


def _in_fork(path: Path, fork: NamedFork | None) -> Path:
    folders = folders_of_fork(path, fork) if path.suffix in (".yaml", ".yml") else ()
    return find_cfg(path, folders) if folders else path


def _given(path: Path) -> Base:
    file = read_text(file_of_scale(path) or path)
    return base_of(parse_document(file.text, display(path)), "given")


def _builder(fork: NamedFork) -> ParserFacts:
    """Return what the fork's parser makes of rows; the fork is read and never run."""
    # The fork room is large: only those who ask for a fork pay for it.
    from yamlmod.fork.parser.parser_facts import read_builder
    from yamlmod.usecases.fork_questions import ForkQuestions

    return read_builder(*fork.located())._replace(ask=ForkQuestions(fork))
