"""All that a format may write of one drawing: the figure, and the views beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from yamlmod.model.network import Network
from yamlmod.picture.build import DrawOptions, network_scene
from yamlmod.picture.figure import Figure, Point
from yamlmod.picture.geometry import draw_scene
from yamlmod.picture.labels import chosen_scale
from yamlmod.picture.scene import Scene
from yamlmod.picture.words import words

if TYPE_CHECKING:
    from yamlmod.picture.difference import NetworkDifference
    from yamlmod.picture.marks import Marks

_BETWEEN = 24.0


@dataclass(frozen=True, eq=False)
class Drawing:
    """A network as it is drawn: alone, or as the difference to its ``base``."""

    network: Network
    options: DrawOptions
    base: Network | None = None
    side_by_side: bool = False
    marks: Marks | None = None

    @cached_property
    def difference(self) -> NetworkDifference | None:
        if self.base is None:
            return None
        # Here and not at the top: a drawing of one network pays for no alignment.
        from yamlmod.picture.difference import NetworkDifference

        return NetworkDifference(self.base, self.network)

    @property
    def scale(self) -> str:
        return chosen_scale(self.network, self.options.scale)

    @cached_property
    def scene(self) -> Scene:
        if self.difference is None:
            scene = network_scene(self.network, self.options)
        else:
            from yamlmod.picture.difference import difference_scene

            scene = difference_scene(self.difference, self.options)
        return self._marked(scene)

    def _marked(self, scene: Scene) -> Scene:
        if self.marks is None:
            return scene
        from yamlmod.picture.marks import marked

        return marked(scene, self.marks)

    @cached_property
    def sides(self) -> Sequence[Scene]:
        """Return both networks of a difference, the old one first."""
        if self.difference is None:
            return ()
        from yamlmod.picture.difference import after_scene, before_scene

        old = before_scene(self.difference, self.options)
        new = self._marked(after_scene(self.difference, self.options))
        return old, new

    @cached_property
    def figure(self) -> Figure:
        if self.side_by_side and self.sides:
            return beside([draw_scene(side, self.options.fold) for side in self._titled()])
        return draw_scene(self.scene, self.options.fold)

    def _titled(self) -> list[Scene]:
        names = ("before", "after")
        return [
            replace(scene, title=words(name, scene.lang, scene.title))
            for name, scene in zip(names, self.sides, strict=True)
        ]


def beside(figures: Sequence[Figure]) -> Figure:
    """Return one figure that holds others from left to right."""
    x = 0.0
    children: list[tuple[Point, Figure]] = []
    for figure in figures:
        children.append(((x, 0.0), figure))
        x += figure.width + _BETWEEN
    return Figure(
        width=x - _BETWEEN,
        height=max(figure.height for figure in figures),
        lang=figures[0].lang,
        title=" → ".join(figure.title for figure in figures),
        children=tuple(children),
    )
