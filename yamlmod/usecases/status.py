"""Find which modules yamlmod added to a fork, which YAMLs use them, and what is out of date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from yamlmod.errors import Refusal, one_of, plural
from yamlmod.fork.audit.installed_modules import Patched, survey
from yamlmod.fork.seeds.removal import seed_lines
from yamlmod.registry.catalogue import visible
from yamlmod.usecases.located_fork import LocatedFork, open_fork
from yamlmod.usecases.module_uses import Use, uses
from yamlmod.usecases.named_fork import NamedFork
from yamlmod.usecases.overlay_status import lost_patches, overlay_stale
from yamlmod.usecases.shown import ShownAsTable
from yamlmod.workspace.files import display
from yamlmod.workspace.overlay_folder import is_overlay
from yamlmod.workspace.recover import interrupted
from yamlmod.workspace.search import leftovers, python_files


@dataclass(frozen=True, repr=False)
class Status(ShownAsTable):
    """The modules of a fork, the rows that use them, and what is not in order.

    ``missing`` are uses of registry modules that the fork does not have, ``undecided`` names that
    cannot be known from the text, ``unreadable`` files and folders that were not looked at.
    """

    repo: str
    modules: tuple[Patched, ...]
    uses: tuple[Use, ...]
    missing: tuple[Use, ...]
    stale: tuple[str, ...]
    undecided: tuple[str, ...]
    unreadable: tuple[Refusal, ...]
    # Where lines of `study seeds --fix` are.
    seed_lines: tuple[str, ...] = ()

    def uses_of(self, module: Patched) -> Sequence[Use]:
        """Return the rows of YAMLs that use a module."""
        return [use for use in self.uses if use.module == module.class_name]

    def with_stale(self, more: Sequence[str]) -> Status:
        return replace(self, stale=(*self.stale, *more))

    def title(self) -> str:
        return (
            f"{self.repo}: {plural(len(self.modules), 'module')} from yamlmod, "
            f"{len(self.missing)} missing, {len(self.stale)} stale"
        )

    def headers(self) -> Sequence[str]:
        return ("module", "version", "state", "class", "registered", "used by")

    def rows(self) -> list[list[str]]:
        return [self._row(module) for module in self.modules]

    def _row(self, module: Patched) -> list[str]:
        where, line = module.registered, module.registered_line
        if line:
            file, colon, _ = where.partition(":")
            where = f"{file}:{line}" if colon else f"{where} (line {line})"
        return [
            module.name,
            module.version,
            module.state,
            f"{module.path}:{module.line}",
            where or "nowhere",
            one_of([use.path for use in self.uses_of(module)], 4) or "-",
        ]


def repo_status(named: NamedFork, python: str | None = None) -> Status:
    """Look at a fork, a package or an overlay; one that does not fit is stale as a whole."""
    repo = named.repo
    try:
        status = fork_status(open_fork(*named, python))
    except Refusal as refusal:
        if not is_overlay(repo) or not refusal.code.startswith("overlay-"):
            raise
        stale = f"{refusal.message} (`yamlmod overlay refresh {display(repo)} -w`)"
        return Status(display(repo), (), (), (), (stale,), (), ())
    return replace(status, stale=(*status.stale, *overlay_stale(repo), *lost_patches(repo, python)))


def fork_status(located: LocatedFork) -> Status:
    """Look at a fork's files; nothing is run or written."""
    tree, fork = located
    files = dict(python_files(tree))
    installed = survey(tree, fork, files)
    ours = {module.class_name for module in installed.patched}
    registry = {name for template in visible() for name in template.names}
    rows = uses(tree, ours | registry)
    cut_off = interrupted([tree.root])
    # A write that can still be settled knows its own files.
    strays = [] if cut_off else [tree.shown(path) for path in leftovers(tree)]
    return Status(
        repo=located.shown,
        modules=installed.patched,
        uses=tuple(rows),
        missing=tuple(
            use for use in rows if use.module not in ours and installed.known.lacks(use.module)
        ),
        stale=(
            *installed.stale,
            *(f"a write was interrupted in {display(home)}" for home in cut_off),
            *(
                f"{tree.shown(path)}: left by a write that was cut off; remove it"
                for path in strays
            ),
        ),
        undecided=tuple(installed.known.open),
        unreadable=tuple(tree.unreadable),
        seed_lines=seed_lines(files),
    )
