"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from yamlmod.cli.bundle import Bundle
from yamlmod.cli.groups import OVERLAY_LAST
from yamlmod.cli.option_values import parse_args, split_readers, split_selectors
from yamlmod.cli.options import (
    After,
    AllowDead,
    Args,
    AsName,
    At,
    AtEnd,
    Before,
    Check,
    DialectName,
    DiffFile,
    DrawFile,
    DryRun,
    EdgeOption,
    Force,
    ForceCode,
    Format,
    From,
    Json,
    KeepSkips,
    NoStandIns,
    Number,
    Output,
    OutputFormat,
    PlacementName,
    Python,
    Readers,
    Rule,
    Stat,
    TargetFunction,
    UseExisting,
    Write,
)
from yamlmod.cli.overlay_options import InPlace, OverlayDir
from yamlmod.errors import Refusal

if TYPE_CHECKING:
    from yamlmod.usecases.add import ReplacementWords
    from yamlmod.usecases.chosen_module import Choices
    from yamlmod.usecases.insertion import InsertionWords
    from yamlmod.usecases.located_fork import LocatedFork
    from yamlmod.usecases.named_fork import NamedFork


# What --overlay without a folder is given in the command line.
DEFAULT_OVERLAY = "*"


class AnswerOptions(Bundle):
    """How the answer of a command is written."""

    json: Json = False
    format: OutputFormat = Format.text

    @property
    def as_json(self) -> bool:
        return self.json or self.format is Format.json


class WriteOptions(AnswerOptions):
    """Where the result of an editing command goes."""

    write: Write = False
    dry_run: DryRun = False
    check: Check = False
    diff: DiffFile = None
    stat: Stat = False

    @property
    def is_allowed(self) -> bool:
        return not self.dry_run and not self.check

    @property
    def writes(self) -> bool:
        """Whether this run may change a target."""
        return self.write and self.is_allowed

    @property
    def keeps(self) -> bool:
        """Whether the result is written somewhere, and not only shown."""
        return self.writes or self.diff is not None

    @property
    def overwrites(self) -> bool:
        return False


class CodeWriteOptions(WriteOptions):
    """Where the result of a command that patches a fork goes."""

    force: ForceCode = False

    @property
    def overwrites(self) -> bool:
        return self.force


class ModelWriteOptions(WriteOptions):
    """Where the result of a command that edits a YAML goes: -o is a place to write to."""

    output: Output = None
    draw: DrawFile = None
    force: Force = False

    @property
    def writes(self) -> bool:
        return (self.write or self.output is not None) and self.is_allowed

    @property
    def notes(self) -> list[str]:
        return _output_notes(self.write, self.output)

    @property
    def overwrites(self) -> bool:
        return self.force


class AddWriteOptions(CodeWriteOptions):
    """Where the result of `add` goes: -o is where the YAML is written; the code has its place."""

    output: Output = None
    draw: DrawFile = None

    @property
    def writes(self) -> bool:
        return (self.write or self.output is not None) and self.is_allowed

    @property
    def notes(self) -> list[str]:
        return _output_notes(self.write, self.output)


def _output_notes(write: bool, output: Path | None) -> list[str]:
    """Return what is said about -w beside -o: the older form of `add`."""
    if not write or output is None:
        return []
    return ["-o FILE writes in every command, so -w beside it changes nothing"]


class PlaceOptions(Bundle):
    """Where new layers go, and what they read."""

    at: At = None
    after: After = None
    before: Before = None
    edge: EdgeOption = None
    at_end: AtEnd = False
    args: Args = None
    number: Number = None
    keep_skips: KeepSkips = False
    readers: Readers = None
    from_: From = None
    allow_dead: AllowDead = False

    def replacement(self, selectors: list[str], force: bool) -> ReplacementWords:
        """Return which layers are replaced; a position beside that is refused."""
        from yamlmod.usecases.add import ReplacementWords

        places = (self.at, self.after, self.before, self.edge, self.readers, self.from_)
        if any(places) or self.keep_skips:
            raise Refusal(
                "usage",
                "--replace takes the place of layers, so no position and no readers go with it",
                hint="leave out --at, --after, --before, --edge, --readers, --from, --keep-skips",
            )
        words = tuple(word for item in selectors for word in item.split(","))
        return ReplacementWords(words, parse_args(self.args), self.number, force)

    def insertion(self) -> InsertionWords:
        from yamlmod.usecases.insertion import InsertionWords

        return InsertionWords(
            at=tuple(self.at or ()),
            after=tuple(self.after or ()),
            before=tuple(self.before or ()),
            edge=tuple(self.edge or ()),
            args=parse_args(self.args),
            keep_skips=self.keep_skips,
            readers=split_readers(self.readers),
            allow_dead=self.allow_dead,
            sources=split_selectors(self.from_, "--from"),
            at_end=self.at_end,
            number=self.number or 1,
        )


class ParserOptions(Bundle):
    """Which parse function of a fork is meant."""

    target: TargetFunction = ""
    dialect: DialectName = ""

    def refuse_without_repo(self) -> None:
        if self.target or self.dialect:
            raise Refusal(
                "usage",
                "--target and --dialect choose a parse function of REPO, and there is no --repo",
                hint="give --repo, or leave them out",
            )

    def fork(self, repo: Path | None) -> NamedFork | None:
        """Return the fork of --repo, None without one."""
        from yamlmod.usecases.named_fork import NamedFork

        if repo is None:
            self.refuse_without_repo()
            return None
        return NamedFork(repo, self.target, self.dialect)


class ModuleOptions(Bundle):
    """How the modules that are put into a fork are to be taken."""

    as_name: AsName = None
    use_existing: UseExisting = False
    rule: Rule = None
    placement: PlacementName = None

    def choices(self, force: bool) -> Choices:
        from yamlmod.usecases.chosen_module import Choices

        placement = self.placement.value if self.placement else ""
        return Choices(self.as_name, self.use_existing, self.rule, force, placement)


class PackageOptions(Bundle):
    """How an installed package is patched."""

    overlay: OverlayDir = None
    in_place: InPlace = False
    python: Python = None

    def folder(self) -> Path | None:
        """Return the folder of --overlay, None for the default one."""
        return None if self.overlay in (None, DEFAULT_OVERLAY) else Path(self.overlay or "")

    def refuse_taken_word(self, error: Refusal) -> None:
        """Refuse where --overlay took the word that was meant as REPO."""
        folder = self.folder()
        if error.code == "no-repo" and folder is not None and not folder.exists():
            message = f"--overlay took {folder} as its folder, and a word is missing"
            raise Refusal("usage", message, hint=OVERLAY_LAST) from error

    def located(self, repo: Path, parser: ParserOptions) -> LocatedFork:
        """Locate the fork that is to be patched, with the overlay in front where one is wanted."""
        from yamlmod.usecases.installed import new_overlay
        from yamlmod.usecases.located_fork import located_in, open_fork

        if self.overlay is None:
            return open_fork(repo, parser.target, parser.dialect, self.python)
        if self.in_place:
            raise Refusal("usage", "--overlay and --in-place exclude each other")
        tree = new_overlay(repo, self.folder(), self.python)
        return located_in(tree, parser.target, parser.dialect)


class RunOptions(Bundle):
    """How the code of a fork is run."""

    python: Python = None
    no_stand_ins: NoStandIns = False
    target: TargetFunction = ""
