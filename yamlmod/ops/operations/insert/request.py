"""Describe and validate the request for an insertion."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.model.document import Document, Row
from yamlmod.model.graph import Read, reader_names
from yamlmod.model.network import Network
from yamlmod.model.refs import ANY_SPELLING, SpellingRule
from yamlmod.ops.as_name import KEY as AS
from yamlmod.ops.as_name import template_under_its_name
from yamlmod.ops.joining import check_inputs, refuse_list
from yamlmod.ops.operation import RecipeOptions
from yamlmod.ops.positions import Position, resolve_positions
from yamlmod.ops.rows import module_name
from yamlmod.registry.catalogue import find, near_names
from yamlmod.registry.template import Template

PLACES = ("at", "after", "before", "edge")
OPTIONS = (*PLACES, "at_end", "args", "number", "keep_skips", "readers", "from", "allow_dead", AS)


class Moved(NamedTuple):
    """An old row that moves to a new position, with the document it comes from.

    ``first`` are the channels that its first argument gives there, None where its own are right.
    """

    document: Document
    row: Row
    first: int | None


class Request(NamedTuple):
    """The module to insert, its positions, and which layers read it."""

    module: str
    positions: tuple[Position, ...]
    args: list[Any] | None = None
    keep_skips: bool = False
    readers: tuple[int, ...] | None = None
    allow_dead: bool = False
    # The layers it reads (--from), where that is not just the one before it.
    sources: tuple[int, ...] | None = None
    moved: Moved | None = None
    # A module that the registry does not hold: renamed, or from a user's own file.
    template: Template | None = None
    spelling: SpellingRule = ANY_SPELLING
    # The args of each position, where a fork was asked for them: the registry is not asked then.
    placed: tuple[tuple[Any, ...], ...] | None = None
    # The row's second column.
    number: int = 1
    # The class is the fork's own, under exactly this name.
    verbatim: bool = False

    def known(self) -> Template | None:
        return self.template or find(self.module)


def module_warnings(request: Request) -> list[str]:
    """Warn of a class the registry does not know; refuse it where its args are not given."""
    if request.moved is not None or request.placed is not None:
        return []
    template = request.known()
    if template is not None:
        return template.row_warnings(request.module, request.args)
    name = module_name(request.module)
    near = near_names(name, 0.65)
    meant = f"did you mean {' or '.join(near[:2])}?" if near else ""
    if request.args is None:
        rest = (
            "for a class of your own, give its args as they should appear in the row, for example "
            "--args '[]' or --args '[256]'; `yamlmod list` shows the known modules"
        )
        raise Refusal(
            "unknown-module",
            f"the registry does not know {name}, so its args cannot be derived",
            hint=f"{meant}\n{rest}" if meant else rest,
        )
    doubt = f" ({meant})" if meant else ""
    return [f"{name} is not in the registry{doubt}: its args and channels are used as given"]


def check_readers(model: Network, request: Request) -> None:
    """Refuse --readers that do not read the positions, or given together with another choice."""
    if request.readers is None:
        return
    if request.keep_skips:
        raise Refusal(
            "usage", "--keep-skips and --readers both choose the readers; give only one of them"
        )
    if all(position.edge is not None for position in request.positions):
        raise Refusal("usage", "--edge already names the reader; leave out --readers")
    places = [position.after for position in request.positions if position.edge is None]
    reads = [read for place in places for read in model.readers(place)]
    for reader in request.readers:
        if all(read.reader != reader for read in reads):
            behind = one_of([model.document.describe(place) for place in places])
            names = one_of(reader_names(model.document, reads)) or "no layer"
            raise Refusal(
                "not-a-reader",
                f"--readers: {model.document.describe(reader)} does not read {behind}",
                hint=f"it is read by {names}",
            )


def check_sources(model: Network, request: Request) -> None:
    """Refuse a --from that the new layer cannot read at its position."""
    if request.sources is None:
        return
    if len({position.after for position in request.positions}) != 1:
        raise Refusal(
            "usage",
            "--from needs exactly one position, or several with --at-end; insert several layers in "
            "several runs",
        )
    position = request.positions[0]
    for source in request.sources:
        if source > position.after:
            raise Refusal(
                "reads-below",
                f"--from: the new layer is after {model.document.describe(position.after)} "
                f"and cannot read {model.document.describe(source)}, which comes later",
                hint=f"insert it after layer {max(request.sources)}",
            )


def check_list(model: Network, request: Request) -> None:
    """Refuse one input for a module that joins several, and several for one that takes one."""
    template = request.known()
    if template is None or request.moved is not None:
        return
    refuse_list(model, template, request.sources)
    if template.joins:
        for position in request.positions:
            check_inputs(model, template, request.sources or (position.reads,))


def check_claims(
    model: Network, request: Request, position: Position, claims: Sequence[Read]
) -> None:
    """Refuse a layer whose readers would lose what they read: it must read that instead of them."""
    if request.sources is None or position.reads in request.sources or not claims:
        return
    lost = model.document.describe(position.reads)
    raise Refusal(
        "source-lost",
        f"the readers of {lost} would read the new layer, but --from does not include {lost}",
        hint=f"add {position.reads} to --from, or leave the readers unchanged: --readers none",
    )


def recipe_request(model: Network, options: RecipeOptions) -> Request:
    module = options.module("insert", "insert needs the name of a module")
    places = {key: options.words(key) for key in PLACES}
    if any(not word.lstrip("-").isdigit() for word in places["at"]):
        raise options.refusal("at takes layer numbers")
    numbers = [int(word[:9]) for word in places["at"]]
    after, before, edge = (places[key] for key in ("after", "before", "edge"))
    at_end = options.flag("at_end")
    positions = resolve_positions(model, numbers, after, before, edge, at_end)
    readers, sources = options.layers(model, "readers"), options.layers(model, "from")
    return Request(
        module=module,
        positions=tuple(positions),
        args=options.args(),
        keep_skips=options.flag("keep_skips"),
        readers=readers,
        allow_dead=options.flag("allow_dead"),
        sources=sources,
        number=options.count("number"),
        template=template_under_its_name(options, module),
    )
