"""The Python API: a model YAML as an immutable value, edited by methods that return a new one.

    import yamlmod

    model = yamlmod.load("models/yolov5s.yaml")
    better = model.insert("SimAM", at=24).insert("ACmix", before="SPPF")
    print(better.summary)
    print([finding.message for finding in better.check()])
    better.save("models/yolov5s-mine.yaml")

Every edit is proven before it returns; what cannot be done raises `yamlmod.Refusal` and changes
nothing. The commands of the same names do the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yamlmod.checks.bases import base_of
from yamlmod.checks.finding import Finding
from yamlmod.checks.run import Options, check_document
from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.chain import chain
from yamlmod.ops.drop_head import drop_head
from yamlmod.ops.insert import Request, insert
from yamlmod.ops.move import move
from yamlmod.ops.network import read_network, registry_kinds
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions
from yamlmod.ops.recipe import read_recipe
from yamlmod.ops.remove import remove
from yamlmod.ops.replace import replace
from yamlmod.ops.summary import outcome_lines, outcome_warnings
from yamlmod.workspace.commit import commit
from yamlmod.workspace.files import FileChange, display, read_text

Where = int | str | Sequence[int | str] | None
"""One selector or several: an index, or any word the command line takes (`SPPF`, `C3#2`, `P3`)."""


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


@dataclass(frozen=True)
class Model:
    """A model YAML. Immutable: every edit returns another one."""

    _wired: Network
    _bom: bool = False
    _outcome: Outcome | None = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Return the layers in order, the head last."""
        alive = self._wired.alive
        return tuple(self._layer(index, alive) for index in range(len(self._wired.document.rows)))

    def select(self, selector: int | str) -> tuple[int, ...]:
        """Return the indices that a selector names. Raises Refusal where there are none."""
        return tuple(self._wired.select_many(str(selector)))

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
    ) -> Model:
        """Insert a layer at one or several places, all counted on this model.

        ``readers=[]`` moves nobody; ``sources`` is the list of layers it reads (`--from`).
        """
        words = _words(at)
        if any(not word.lstrip("-").isdigit() for word in words):
            raise Refusal("usage", f"at={at!r}: at takes layer numbers; after takes names")
        positions = resolve_positions(
            self._wired, [int(word) for word in words], _words(after), _words(before), _words(edge)
        )
        request = Request(
            module=module,
            positions=tuple(positions),
            args=None if args is None else list(args),
            keep_skips=keep_skips,
            readers=None if readers is None else self._indices(readers),
            allow_dead=allow_dead,
            sources=None if sources is None else self._indices(sources),
        )
        return self._after(insert(self._wired, request))

    def remove(self, *layers: int | str, cascade: bool = False, sources: Where = None) -> Model:
        """Remove layers; the layers that used one read its input instead.

        ``sources`` names, for each layer with several inputs, the input to read instead.
        """
        chosen, inputs = self._indices(layers), self._indices(sources)
        return self._after(remove(self._wired, chosen, cascade=cascade, sources=inputs))

    def replace(
        self,
        layer: int | str,
        module: str,
        *,
        args: Sequence[Any] | None = None,
        force: bool = False,
    ) -> Model:
        """Put another module in a layer's place."""
        index = self._wired.select(str(layer))
        return self._after(replace(self._wired, index, module, args, force=force))

    def move(
        self, layer: int | str, *, after: int | str | None = None, before: int | str | None = None
    ) -> Model:
        """Move a layer behind or in front of another."""
        index = self._wired.select(str(layer))
        places = [None if w is None else self._wired.select(str(w)) for w in (after, before)]
        return self._after(move(self._wired, index, after=places[0], before=places[1]))

    def drop_head(self, layer: int | str) -> Model:
        """Drop a detection scale with its branch and its row of anchors."""
        return self._after(drop_head(self._wired, self._wired.select(str(layer))))

    def apply(self, recipe: str | Path) -> Model:
        """Run the edits of a recipe, given as a path or as text, as one proof."""
        text, shown = _read(recipe)[:2]
        return self._after(chain(self._wired, read_recipe(text, shown).plans))

    @property
    def summary(self) -> Sequence[str]:
        """Return what the last edit did, in sentences; empty for a model that was loaded."""
        return [] if self._outcome is None else outcome_lines(self._outcome)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what the last edit warned of."""
        return () if self._outcome is None else tuple(outcome_warnings(self._outcome))

    def check(self, base: Model | str | Path | None = None) -> tuple[Finding, ...]:
        """Return what is wrong with the file, in its order; nothing is changed.

        ``base`` is the model it was made from, or its path or text; else the nearest official one.
        """
        given = None
        if base is not None:
            model = base if isinstance(base, Model) else load(base)
            given = base_of(model._wired.document, "given")
        return check_document(self._wired.document, Options(registry_kinds, base=given))

    def to_text(self) -> str:
        """Return the YAML: the original text but for the edits."""
        return self._wired.document.text

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
        return tuple(i for word in _words(where) for i in self._wired.select_many(word))

    def _after(self, outcome: Outcome) -> Model:
        wired = read_network(outcome.text, self._wired.document.shown)
        return Model(wired, self._bom, outcome)


def load(source: str | Path) -> Model:
    """Load a model YAML from a path, or from its text (a string that holds a newline).

    Raises Refusal for a file that cannot be read, or is no model YAML that can be edited safely.
    """
    text, shown, bom = _read(source)
    return Model(read_network(text, shown), bom)


def _read(source: str | Path) -> tuple[str, str, bool]:
    if isinstance(source, str) and "\n" in source:
        return source.removeprefix("\ufeff"), "<text>", source.startswith("\ufeff")
    file = read_text(Path(source))
    return file.text, display(file.path), file.bom


def _words(where: Where) -> list[str]:
    if where is None:
        return []
    items: Iterable[int | str] = [where] if isinstance(where, (int, str)) else where
    return [str(item) for item in items]
