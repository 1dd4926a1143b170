"""Graft a backbone: its rows under another neck, connected by stride."""

from __future__ import annotations

from collections import defaultdict

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal, one_of, plural
from yamlmod.model.graph import Read, reachable, reader_names
from yamlmod.model.known_modules import PLAIN_SUMS, SIDE_EFFECT
from yamlmod.model.network import Network
from yamlmod.model.parse import load_as_fork
from yamlmod.model.refs import spell
from yamlmod.ops.chain import Plan, chain, run_plans
from yamlmod.ops.index_shift import renumber_comments
from yamlmod.ops.network import read_network
from yamlmod.ops.operation import Operation, RecipeOptions
from yamlmod.ops.operations.graft.donor import Donor, DonorFile, no_tap, read_donor
from yamlmod.ops.operations.graft.replay import Graft
from yamlmod.ops.operations.graft.text import backbone_edits
from yamlmod.ops.outcome import Consumer, Outcome
from yamlmod.registry.catalogue import find


def graft(model: Network, file: DonorFile) -> Outcome:
    """Put the backbone of ``file`` under the neck of ``model``. Proven, or an error is raised."""
    return chain(model, graft_plans(file))


def graft_plans(file: DonorFile) -> list[Plan]:
    return [lambda current: plan_graft(current, file)]


def plan_graft(model: Network, file: DonorFile) -> Outcome:
    """Graft like :func:`graft`, but leave the proof to the caller."""
    donor = read_donor(file)
    reads = _backbone_reads(model)
    taps = _links(model, donor, reads)
    kept = _kept_rows(donor, taps)
    rows = donor.rows[:kept]
    count = len(model.document.sections[0].rows)
    mapping = (*[None] * count, *range(kept, kept + len(model.rows) - count))
    document = model.document
    references = _reference_edits(model, taps, kept - count)
    edits = [*references, *backbone_edits(document, donor.model.document, rows)]
    comments, wrong = renumber_comments(document.text, document.rows, mapping)
    outcome = Outcome(
        model=model,
        text=apply_edits(document.text, [*edits, *comments]),
        removed=tuple(range(count)),
        consumers=tuple(_consumers(model, donor, reads, taps, kept - count)),
        renumbered=len(references),
        comments=len(comments),
        wrong_comments=tuple(wrong),
        warnings=tuple(_warnings(model, donor, kept)),
        told=(f"{plural(kept, 'row')} of {document_name(donor)} instead of {count}",),
        steps=(_step(model, file, donor, reads, taps, kept),),
        mapping=mapping,
    )
    _check_channels(outcome, kept)
    return outcome


def document_name(donor: Donor) -> str:
    return donor.model.document.shown


def _backbone_reads(model: Network) -> list[Read]:
    """Return every read of the backbone from below it."""
    reads = [
        read
        for row in model.rows
        if row.section == "head"
        for read in model.graph.reads[row.index]
        if read.target >= 0 and model.rows[read.target].section == "backbone"
    ]
    if not model.document.head.refs and model.document.head.listed:
        head = model.document.head
        raise Refusal(
            "not-a-head",
            f"{model.document.describe(head.index)} collects its inputs",
            place=model.document.place(head.start, head.end),
        )
    if not reads:
        raise Refusal(
            "no-backbone",
            "no layer of the head table reads one of the backbone",
            place=model.document.place(model.document.sections[0].start),
        )
    return reads


def _links(model: Network, donor: Donor, reads: list[Read]) -> dict[int, int]:
    """Return the row of the new backbone for each layer of the old one that is read."""
    readers: dict[int, list[Read]] = defaultdict(list)
    for read in reads:
        readers[read.target].append(read)
    last = model.document.sections[0].rows[-1].index
    taps = {}
    for layer, of_layer in sorted(readers.items()):
        stride = model.shapes[layer].stride
        names = reader_names(model.document, of_layer)
        if stride is None:
            row = model.rows[layer]
            raise Refusal(
                "unknown-stride",
                f"{one_of(names, 3)} read {model.document.describe(layer)}, whose stride is not "
                "known",
                place=model.document.place(row.start, row.end),
                hint="the neck is connected by stride: graft onto the file that this one was made "
                "from, whose backbone is known",
            )
        taps[layer] = _tap(donor, layer == last, int(stride), names)
    return taps


def _tap(donor: Donor, is_last: bool, stride: int, names: list[str]) -> int:
    own = donor.rows[-1]
    if is_last and not donor.stated and donor.model.shapes[own.index].stride == stride:
        return own.index
    if stride not in donor.taps:
        raise no_tap(donor, stride, names)
    return donor.taps[stride]


def _kept_rows(donor: Donor, taps: dict[int, int]) -> int:
    """Return how many rows are needed: those below the deepest tap feed nothing."""
    inputs = [[read.target for read in reads] for reads in donor.model.graph.reads]
    alive = reachable(inputs, list(taps.values()))
    side = [row.index for row in donor.rows if row.module in SIDE_EFFECT]
    return max([*alive, *side]) + 1


def _reference_edits(model: Network, taps: dict[int, int], by: int) -> list[Edit]:
    edits = []
    for row in model.rows:
        if row.section != "head":
            continue
        for read, ref in zip(model.graph.reads[row.index], row.refs, strict=False):
            wanted = taps.get(read.target, read.target + by)
            value = spell(row.index + by, wanted, ref.value < 0)
            if value != ref.value:
                edits.append(Edit(ref.start, ref.end, str(value)))
    return edits


def _consumers(
    model: Network, donor: Donor, reads: list[Read], taps: dict[int, int], by: int
) -> list[Consumer]:
    consumers = []
    for read in reads:
        target, now = taps[read.target], read.reader + by
        value = spell(now, target, read.value < 0)
        name = donor.model.rows[target].module
        module = model.rows[read.reader].module
        consumers.append(
            Consumer(
                read.reader, now, module, read.slot, read.value, value, target, name, "through"
            )
        )
    return consumers


def _step(
    model: Network,
    file: DonorFile,
    donor: Donor,
    reads: list[Read],
    taps: dict[int, int],
    kept: int,
) -> Graft:
    # The loader's own data of the file, and not the rows that the edits are made from.
    rows = load_as_fork(donor.model.document.text, file.shown)["backbone"][:kept]
    count = len(model.document.sections[0].rows)
    links = tuple((read.reader, read.slot, taps[read.target]) for read in reads)
    return Graft(count, tuple(rows), links)


def _warnings(model: Network, donor: Donor, kept: int) -> list[str]:
    warnings = []
    left = donor.rows[kept:]
    if left:
        names = one_of([donor.model.document.describe(row.index) for row in left])
        warnings.append(f"{names} of {document_name(donor)} feed nothing here and were left out")
    ours, theirs = model.document.settings, donor.model.document.settings
    for key in ("width_multiple", "depth_multiple", "scales"):
        if key in theirs and _size(ours.get(key)) != _size(theirs[key]):
            warnings.append(
                f"the two files have other {key}: the new rows get that of "
                f"{model.document.shown}, so weights of {document_name(donor)} fit them only where "
                "both are the same"
            )
            break
    if "activation" in theirs and ours.get("activation") != theirs["activation"]:
        warnings.append(
            f"{document_name(donor)} sets the activation {theirs['activation']}, and "
            f"{model.document.shown} has another: the new rows get that one"
        )
    return warnings


def _size(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): row[:3] if isinstance(row, list) else row for name, row in value.items()}
    return value


def _check_channels(outcome: Outcome, kept: int) -> None:
    """Refuse a neck that adds what has other channels now, or names channels that are others."""
    before = outcome.model
    model = read_network(outcome.text, before.document.shown)
    by = len(model.rows) - len(before.rows)
    for row in model.rows[kept:]:
        reads = [read.target for read in model.graph.reads[row.index]]
        sizes = [model.shapes[target].nominal for target in reads]
        place = before.document.place(*before.rows[row.index - by].spans[0])
        name = model.document.describe(row.index)
        kind = model.kind(row.module)
        is_sum = row.module in PLAIN_SUMS or (kind is not None and kind.channels == "first")
        if is_sum and len({size for size in sizes if size}) > 1:
            raise Refusal(
                "channels-differ",
                f"{name} adds {one_of([model.document.describe(t) for t in reads])}, which have "
                f"{one_of([str(size) for size in sizes])} channels now",
                place=place,
                hint="put a 1x1 Conv in front of it, with `insert`",
            )
        template = find(row.module)
        keeps = template is not None and template.takes_nominal and len(sizes) == 1
        if (
            keeps
            and row.args
            and sizes[0]
            and row.args[0] != sizes[0]
            and _kept_shape(before, row.index - by)
        ):
            raise Refusal(
                "channels-differ",
                f"{name} names {row.args[0]} channels, and its input has {sizes[0]} now",
                place=place,
                hint="remove it first, and insert it again afterwards",
            )


def _kept_shape(model: Network, layer: int) -> bool:
    row = model.rows[layer]
    reads = [read.target for read in model.graph.reads[layer]]
    return len(reads) == 1 and row.args[0] == model.shapes[reads[0]].nominal


def _from_recipe(model: Network, options: RecipeOptions) -> Outcome:
    name = options.module("graft", "graft takes a file: the YAML whose backbone is taken")
    text, shown = options.read(name)
    return run_plans(model, graft_plans(DonorFile(text, shown, _stride_words(options))))


def _stride_words(options: RecipeOptions) -> tuple[str, ...]:
    """Return the strides of a recipe, a mapping or a list, as words: `4:8`."""
    value = options.values.get("strides", [])
    if isinstance(value, dict):
        return tuple(f"{layer}:{stride}" for layer, stride in value.items())
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise options.refusal("strides says which layer has which stride: {4: 8, 6: 16, 9: 32}")


OPERATION = Operation("graft", ("strides",), _from_recipe)
