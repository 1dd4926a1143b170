"""A model YAML as an immutable value, edited by methods that return a new one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yamlmod.api.findings import CheckResult
from yamlmod.api.positions import Where as Where
from yamlmod.api.positions import insertion as insertion
from yamlmod.api.positions import words_of
from yamlmod.api.sources import read_source
from yamlmod.api.words import python_words
from yamlmod.checks.bases import base_of
from yamlmod.checks.run import Options, check_document
from yamlmod.errors import Refusal, plural
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE
from yamlmod.ops.chain import chain
from yamlmod.ops.network import read_network, registry_kinds
from yamlmod.ops.operation import no_files
from yamlmod.ops.operations.drop_head.plan import drop_head
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.move.plan import move
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.operations.replace.plan import replace_all
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.recipe import read_recipe
from yamlmod.ops.summary import outcome_lines, outcome_warnings
from yamlmod.usecases.model_file import files_beside, read_model
from yamlmod.usecases.shown import ShownAsTable
from yamlmod.workspace.commit import commit
from yamlmod.workspace.files import FileChange, display, read_text


@dataclass(frozen=True)
class Layer:
    """One layer of a model.

    ``reads`` are the layers it reads (-1: the image), ``readers`` those that read it. ``channels``
    are its output channels as the YAML counts them, ``real_channels`` those at each scale
    (`file`: the file's own width), ``stride`` is in pixels of the image; None where a module on
    the way is not known.
    """

    index: int
    section: str
    from_: int | list[int]
    reads: tuple[int, ...]
    repeats: Any
    module: str
    args: tuple[Any, ...]
    channels: int | None
    real_channels: Mapping[str, int | None]
    stride: float | None
    readers: tuple[int, ...]
    alive: bool


@dataclass(frozen=True, repr=False)
class Model(ShownAsTable):
    """A model YAML. Immutable: every edit returns another one."""

    _wired: Network
    _bom: bool = False
    _outcome: Outcome | None = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Return the layers in order, the head last."""
        alive = self._wired.alive
        return tuple(self._layer(index, alive) for index in range(len(self._wired.document.rows)))

    @python_words
    def select(self, selector: int | str) -> tuple[int, ...]:
        """Return the indices that a selector names. Raises Refusal where there are none."""
        return tuple(self._wired.select_many(str(selector)))

    @python_words
    def insert(
        self,
        module: str,
        *,
        at: Where = None,
        after: Where = None,
        before: Where = None,
        edge: str | Sequence[str] | None = None,
        args: Sequence[Any] | None = None,
        keep_skips: bool = False,
        readers: Where = None,
        sources: Where = None,
        allow_dead: bool = False,
        at_end: bool = False,
        number: int = 1,
    ) -> Model:
        """Insert a layer at one or several places, all counted on this model.

        ``readers=[]`` moves no layer; ``sources`` is the list of layers it reads (`--from`).
        ``edge="17:24", at_end=True`` puts the row directly before layer 24, and no other number
        before it changes. ``number`` is the row's second column.
        """
        where = insertion(at, after, before, edge, args, keep_skips, readers, sources, allow_dead)
        where = where._replace(at_end=at_end, number=number)
        request = where.request(self._wired, module)
        return self._after(insert(self._wired, request))

    @python_words
    def remove(self, *layers: int | str, cascade: bool = False, sources: Where = None) -> Model:
        """Remove layers; the layers that used one read its input instead.

        ``sources`` names, for each layer with several inputs, the input to read instead.
        """
        chosen, inputs = self._indices(layers), self._indices(sources)
        return self._after(remove(self._wired, chosen, cascade=cascade, sources=inputs))

    @python_words
    def replace(
        self,
        layer: int | str | Sequence[int | str],
        module: str,
        *,
        args: Sequence[Any] | None = None,
        force: bool = False,
    ) -> Model:
        """Put another module in the place of a layer, or of several."""
        layers = self._indices(layer)
        return self._after(replace_all(self._wired, layers, module, args, force=force))

    @python_words
    def move(
        self, layer: int | str, *, after: int | str | None = None, before: int | str | None = None
    ) -> Model:
        """Move a layer after or before another."""
        index = self._wired.select(str(layer))
        places = [None if w is None else self._wired.select(str(w)) for w in (after, before)]
        return self._after(move(self._wired, index, after=places[0], before=places[1]))

    @python_words
    def drop_head(self, layer: int | str, *, whole: bool = False) -> Model:
        """Drop a detection scale with its branch and its row of anchors.

        With ``whole`` an outer scale goes as `add_head` puts it in: with its steps up and down
        through the neck, and its stage of the backbone.
        """
        index = self._wired.select(str(layer))
        return self._after(drop_head(self._wired, index, whole=whole))

    @python_words
    def add_head(self, level: str) -> Model:
        """Add a detection scale, `P2` or `P6`, with its branch and its row of anchors."""
        from yamlmod.ops.operations.add_head.plan import add_head

        return self._after(add_head(self._wired, level))

    @python_words
    def graft(
        self, backbone: Model | str | Path, *, strides: Mapping[int | str, int] | None = None
    ) -> Model:
        """Put another file's backbone under this neck and head, connected by stride.

        ``strides`` says what its layers have where a class is not known: `{4: 8, 6: 16, 9: 32}`.
        """
        from yamlmod.ops.operations.graft.donor import DonorFile
        from yamlmod.ops.operations.graft.plan import graft

        if isinstance(backbone, Model):
            text, shown = backbone.to_text(), backbone._wired.document.shown
        else:
            text, shown, _ = read_source(backbone)
        words = tuple(f"{layer}:{stride}" for layer, stride in (strides or {}).items())
        return self._after(graft(self._wired, DonorFile(text, shown, words)))

    @python_words
    def apply(self, recipe: str | Path) -> Model:
        """Run the edits of a recipe, given as a path or as text, as one proof."""
        text, shown = read_source(recipe)[:2]
        is_text = isinstance(recipe, str) and "\n" in recipe
        read = no_files if is_text else files_beside(Path(recipe))
        return self._after(chain(self._wired, read_recipe(text, shown, read).plans))

    @property
    def summary(self) -> Sequence[str]:
        """Return what the last edit did, in sentences; empty for a model that was loaded."""
        return [] if self._outcome is None else outcome_lines(self._outcome)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what the last edit warned of."""
        return () if self._outcome is None else tuple(outcome_warnings(self._outcome))

    @python_words
    def check(self, base: Model | str | Path | None = None) -> CheckResult:
        """Return what is wrong with the file, in its order; nothing is changed.

        ``base`` is the model it was made from, or its path or text; else the nearest official one.
        """
        given = None
        if base is not None:
            model = base if isinstance(base, Model) else load(base)
            given = base_of(model._wired.document, "given")
        options = Options(registry_kinds, base=given)
        return CheckResult(check_document(self._wired.document, options))

    @python_words
    def draw(
        self,
        *,
        base: Model | str | Path | None = None,
        format: str = "svg",
        scale: str | None = None,
        theme: str = "color",
        fold: str = "auto",
        lang: str = "en",
        check: bool = False,
        side_by_side: bool = False,
    ) -> str:
        """Return a figure of the network as text: svg, html, drawio, tikz, mermaid or json.

        With ``base`` the figure shows the difference to it. ``check`` shows the findings of
        `check` on it. ``fold="none"`` draws every layer as a box of its own.
        """
        from yamlmod.usecases.draw import draw_model

        given = base if isinstance(base, Model) or base is None else load(base)
        findings = self.check(given) if check else None
        words = {"format": format, "theme": theme, "fold": fold, "lang": lang}
        other = None if given is None else given._wired
        return draw_model(self._wired, other, words, scale, side_by_side, findings)

    def _repr_html_(self) -> str:
        from yamlmod.usecases.draw import html_figure

        before = None if self._outcome is None else self._outcome.model
        return html_figure(self._wired, before) + super()._repr_html_()

    def title(self) -> str:
        """Return the file's name and the number of layers."""
        return f"{self._wired.document.shown}, {plural(len(self._wired.document.rows), 'layer')}"

    def headers(self) -> tuple[str, ...]:
        """Return the headers of the table that a notebook shows."""
        return ("layer", "from", "reads", "n", "module", "args", "channels", "stride", "used by")

    def rows(self) -> list[list[object]]:
        """Return a row for each layer."""
        return [
            [
                layer.index,
                layer.from_,
                ", ".join("image" if i == IMAGE else str(i) for i in layer.reads),
                layer.repeats,
                layer.module,
                list(layer.args),
                "" if layer.channels is None else layer.channels,
                "" if layer.stride is None else f"{layer.stride:g}",
                ", ".join(map(str, layer.readers)) or ("" if layer.alive else "no layer"),
            ]
            for layer in self.layers
        ]

    def to_text(self) -> str:
        """Return the YAML: the original text but for the edits."""
        return self._wired.document.text

    @python_words
    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the YAML to a file, as a whole or not at all.

        Raises Refusal where the file exists, unless ``overwrite``.
        """
        target = Path(path)
        before = None
        if target.exists():
            if not overwrite:
                raise Refusal(
                    "exists", f"{display(target)} exists", hint="save with overwrite=True"
                )
            before = read_text(target).raw
        bom = b"\xef\xbb\xbf" if self._bom else b""
        done = commit([FileChange(target, before, bom + self.to_text().encode("utf-8"))])
        for line in done.lines():
            warnings.warn(line, stacklevel=2)

    @classmethod
    def of(cls, outcome: Outcome) -> Model:
        """Return the model that an edit led to."""
        return cls(read_network(outcome.text, outcome.model.document.shown), False, outcome)

    def _layer(self, index: int, alive: frozenset[int]) -> Layer:
        row, shapes = self._wired.document.rows[index], self._wired.shapes
        shape, graph = shapes[index], self._wired.graph
        names = [scale.name for scale in shapes.scales]
        return Layer(
            index=index,
            section=row.section,
            from_=row.from_value,
            reads=tuple(read.target for read in graph.reads[index]),
            repeats=row.repeats,
            module=row.module,
            args=row.args,
            channels=shape.nominal,
            real_channels=dict(zip(names, shape.real, strict=True)),
            stride=shape.stride,
            readers=tuple(sorted({read.reader for read in self._wired.readers(index)})),
            alive=index in alive,
        )

    def _indices(self, where: Where) -> tuple[int, ...]:
        return tuple(i for word in words_of(where) for i in self._wired.select_many(word))

    def _after(self, outcome: Outcome) -> Model:
        wired = read_network(outcome.text, self._wired.document.shown)
        return Model(wired, self._bom, outcome)


@python_words
def load(source: str | Path) -> Model:
    """Load a model YAML from a path, or from its text (a string that holds a newline).

    Raises Refusal for a file that cannot be read, or is no model YAML that can be edited safely.
    """
    text, shown, bom = read_source(source)
    return Model(read_model(text, shown), bom)
