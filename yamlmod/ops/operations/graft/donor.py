"""Read the file that gives the backbone: its rows, and the layer that it offers at each stride."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.model.document import Row
from yamlmod.model.known_modules import MANY_OUTPUTS
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.ops.taps import backbone_taps

_HEAD = "\nhead:\n  - [-1, 1, nn.Identity, []]\n"


class DonorFile(NamedTuple):
    """A file with a backbone, as text; ``strides`` are words such as `4:8`, layer and stride."""

    text: str
    shown: str
    strides: tuple[str, ...] = ()


class Donor(NamedTuple):
    """A network that gives its backbone, and what its layers offer by stride."""

    model: Network
    taps: Mapping[int, int]
    # Whether the strides were stated, so that the last row is no tap by itself.
    stated: bool

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.model.document.sections[0].rows


def read_donor(file: DonorFile) -> Donor:
    """Read a file with a backbone; a file without a head is one as well."""
    try:
        model = read_network(file.text, file.shown)
    except Refusal as error:
        if error.code != "no-head":
            raise
        model = read_network(file.text.removesuffix("\n") + _HEAD, file.shown)
    if not model.document.sections[0].rows:
        raise Refusal("no-backbone", "the `backbone` has no rows", place=Place(file.shown))
    if not file.strides:
        return Donor(model, {**backbone_taps(model), **_read_by_its_neck(model)}, False)
    return Donor(model, _all_stated(model, file.strides), True)


def _all_stated(model: Network, words: Sequence[str]) -> dict[int, int]:
    taps: dict[int, int] = {}
    for word in words:
        stride, layer = _stated(model, word)
        known = model.shapes[layer].stride
        row, name = model.rows[layer], model.document.describe(layer)
        place = model.document.place(row.start, row.end)
        if known not in (None, stride):
            raise Refusal(
                "bad-stride", f"--strides {word}: {name} has stride {known:g}", place=place
            )
        if taps.setdefault(stride, layer) != layer:
            other = model.document.describe(taps[stride])
            raise Refusal(
                "bad-stride",
                f"--strides {word}: {other} is given for stride {stride} already",
                place=place,
            )
    return taps


def _read_by_its_neck(model: Network) -> dict[int, int]:
    """Return the layers of the backbone that the file's own neck reads, by stride."""
    taps: dict[int, int] = {}
    for row in model.rows:
        for read in model.graph.reads[row.index] if row.section == "head" else ():
            if read.target < 0 or model.rows[read.target].section != "backbone":
                continue
            stride = model.shapes[read.target].stride
            if stride is not None and stride == int(stride):
                taps[int(stride)] = max(read.target, taps.get(int(stride), 0))
    return taps


def _stated(model: Network, word: str) -> tuple[int, int]:
    layer_word, colon, stride_word = word.partition(":")
    stride = stride_word.strip()
    if not colon or not stride.isdecimal() or not 1 <= int(stride[:5]) <= 256:
        raise Refusal(
            "bad-stride",
            f"--strides {word}: write LAYER:STRIDE",
            hint="for example --strides 4:8,6:16,9:32",
        )
    layer = model.select(layer_word.strip())
    row = model.rows[layer]
    place = model.document.place(row.start, row.end)
    if row.section != "backbone":
        name = model.document.describe(layer)
        raise Refusal("bad-stride", f"--strides {word}: {name} is not in the backbone", place=place)
    if row.module in MANY_OUTPUTS:
        raise Refusal(
            "many-outputs",
            f"--strides {word}: {model.document.describe(layer)} returns a list of tensors",
            place=place,
            hint="name the layer that reads one of them, such as Index",
        )
    return int(stride), layer


def no_tap(donor: Donor, stride: int, readers: Sequence[str]) -> Refusal:
    """Return the refusal of a backbone that lacks a stride which the neck reads."""
    document = donor.model.document
    has = one_of([f"{s} ({document.describe(layer)})" for s, layer in sorted(donor.taps.items())])
    unknown = [row for row in donor.rows if donor.model.shapes[row.index].stride is None]
    what = f"it has {has}" if has else "none of its strides is known"
    hint = "give the strides of its layers: --strides LAYER:STRIDE,... (4:8,6:16,9:32)"
    if unknown:
        row = unknown[0]
        what += f"; from {document.describe(row.index)} on strides are not known"
    place = Place(document.shown) if not unknown else document.place(*unknown[0].spans[2])
    return Refusal(
        "no-tap",
        f"{one_of(list(readers), 3)} need a layer of stride {stride}, and the backbone of "
        f"{document.shown} has none: {what}",
        place=place,
        hint=hint
        if unknown or not has
        else "add the scale to that file first, or drop this one "
        "(`yamlmod add-head`, `yamlmod drop-head --whole`)",
    )
