"""Turn a scene into a figure: coordinates of boxes, connections, rows and legend."""

from __future__ import annotations

from yamlmod.errors import Refusal
from yamlmod.picture.boxes import BASE, Group, layer_box, node_width
from yamlmod.picture.figure import Band, Box, Figure, GroupBox, Label, Point, Rect, Stroke
from yamlmod.picture.labels import level_of
from yamlmod.picture.lanes import Slots, give_slots
from yamlmod.picture.legend import Below, below
from yamlmod.picture.placement import Cell, GridPlacement, place
from yamlmod.picture.routing import GapTrack, Lane, Route, Router, Wire
from yamlmod.picture.scene import Scene

MARGIN = 12.0
_MOST_LINKS = 10_000
_TITLE = 26.0
_BANDS = 46.0
_STEP = 7.0
_GAP, _GAP_STEP, _BAND_GAP = 13.0, 6.0, 11.0
_PORT = 6.0
_GUTTER = 26.0


def draw_scene(scene: Scene, fold: bool = True) -> Figure:
    """Return the figure of a scene. Raises Refusal for one that no reader could follow."""
    count = len(scene.links)
    if count > _MOST_LINKS:
        raise Refusal(
            "too-large",
            f"{scene.title}: {count:,} references; a figure shows at most {_MOST_LINKS:,}",
        )
    return _Geometry(scene, place(scene, fold)).figure()


class _Geometry:
    """The coordinates of one placement."""

    def __init__(self, scene: Scene, placement: GridPlacement) -> None:
        self.scene, self.placement = scene, placement
        self.groups = {
            number: Group(scene, cell.nodes)
            for number, cell in enumerate(placement.cells)
            if cell.is_group
        }
        owner = placement.owner
        self.links = [link for link in scene.links if owner[link.source] != owner[link.target]]
        self.routes = self._routes()
        self.first: dict[int, int] = {}
        for number, route in enumerate(self.routes):
            self.first.setdefault(id(route), number)
        self.slots = give_slots(list(dict.fromkeys(self.routes)))
        self.zones = [
            max(BASE, _PORT * (self.slots.rows.get(row, 0) + 1)) for row in range(placement.rows)
        ]
        self.left, self.width = self._columns(self.slots)
        self.top, self.height = self._rows(self.slots)
        self.rects = [self._rect(number, cell) for number, cell in enumerate(placement.cells)]

    def _routes(self) -> list[Route]:
        router, owner = Router(self.placement), self.placement.owner
        routes: list[Route] = []
        shared: dict[tuple[int, int, str], Route] = {}
        for link in self.links:
            source, target = owner[link.source], owner[link.target]
            # What several folded layers read of one layer is one line.
            is_group = target in self.groups or source in self.groups
            key = (source, target, link.change)
            route = shared.get(key) if is_group else None
            route = route or router.route(source, target)
            shared[key] = route
            routes.append(route)
        return routes

    def _columns(self, slots: Slots) -> tuple[list[float], list[float]]:
        widths = [0.0] * self.placement.columns
        for number, cell in enumerate(self.placement.cells):
            group = self.groups.get(number)
            width = group.width if group else node_width(self.scene.nodes[cell.nodes[0]])
            widths[cell.column] = max(widths[cell.column], width)
        has_labels = any(band.stride is not None for band in self.placement.bands)
        x = MARGIN + (_BANDS if has_labels else 0.0)
        left = []
        self.gutter = []
        for column in range(self.placement.columns + 1):
            lanes = slots.gutters.get(column, 0)
            room = _GUTTER + _STEP * max(lanes - 1, 0)
            is_outer = column in (0, self.placement.columns)
            self.gutter.append(x)
            x += room if lanes or not is_outer else 0.0
            if column < self.placement.columns:
                left.append(x)
                x += widths[column]
        self.full_width = x + MARGIN
        return left, widths

    def _rows(self, slots: Slots) -> tuple[list[float], list[float]]:
        heights = list(self.zones)
        for number, group in self.groups.items():
            row = self.placement.cells[number].top
            heights[row] = max(heights[row], group.height)
        self.starts = {band.top for band in self.placement.bands}
        y = MARGIN + _TITLE
        tops: list[float] = []
        self.gaps: dict[int, tuple[float, float]] = {}
        for row in range(-1, self.placement.rows):
            if row >= 0:
                tops.append(y)
                y += heights[row]
            tracks = slots.gaps.get(row, 0)
            is_outer = row in (-1, self.placement.rows - 1)
            room = 0.0 if is_outer and not tracks else _GAP + _GAP_STEP * max(tracks - 1, 0)
            room += _BAND_GAP if row + 1 in self.starts and not is_outer else 0.0
            self.gaps[row] = (y, room)
            y += room
        self.end = y
        return tops, heights

    def _rect(self, number: int, cell: Cell) -> Rect:
        x, width = self.left[cell.column], self.width[cell.column]
        if cell.top != cell.bottom:
            low = self._row_middle(cell.top) - self.zones[cell.top] / 2
            high = self._row_middle(cell.bottom) + self.zones[cell.bottom] / 2
            return Rect(x, low, width, high - low)
        group = self.groups.get(number)
        height = max(self.zones[cell.top], group.height if group else 0.0)
        return Rect(x, self._row_middle(cell.top) - height / 2, width, height)

    def _row_middle(self, row: int) -> float:
        return self.top[row] + self.height[row] / 2

    def figure(self) -> Figure:
        boxes: list[Box] = []
        groups: list[GroupBox] = []
        for number, (cell, rect) in enumerate(zip(self.placement.cells, self.rects, strict=True)):
            if cell.is_group:
                groups.append(self.groups[number].box(rect))
            else:
                boxes.append(layer_box(self.scene.nodes[cell.nodes[0]], rect))
        strokes = tuple(map(self._stroke, range(len(self.links))))
        title = Label(self.scene.title, MARGIN, MARGIN + 12, 13.0, True, "start")
        rest: Below = below(self.scene, groups, max(self.full_width, 320.0), self.end + 14)
        return Figure(
            width=max(self.full_width, 320.0),
            height=rest.bottom + MARGIN,
            lang=self.scene.lang,
            title=self.scene.title,
            boxes=tuple(boxes),
            groups=tuple(groups),
            strokes=strokes,
            bands=tuple(self._bands()),
            legend=rest.items,
            texts=(rest.fitted(title), *rest.texts),
        )

    def _bands(self) -> list[Band]:
        bands = []
        for place_, band in enumerate(self.placement.bands):
            before = self.gaps[band.top - 1]
            # Tracks keep clear of the line between two bands.
            top = before[0] + before[1] - _BAND_GAP / 2 if place_ else self.top[band.top]
            bottom = self.top[band.bottom] + self.height[band.bottom]
            middle = (self.top[band.top] + bottom) / 2
            label: tuple[Label, ...] = ()
            if band.stride is not None and band.stride > 1:
                level = level_of(band.stride)
                texts = [level] * bool(level) + [f"/{band.stride:g}"]
                label = tuple(
                    Label(text, MARGIN, middle + 14 * n, 12.0 - 2 * n, n == 0, "start")
                    for n, text in enumerate(texts)
                )
            bands.append(Band(label, top, bottom, place_ == 0))
        return bands

    def _stroke(self, number: int) -> Stroke:
        link, route = self.links[number], self.routes[number]
        nodes = self.scene.nodes
        keys = (nodes[link.source].key, nodes[link.target].key)
        points = self._direct(route) if route.is_direct else self._points(route)
        is_shared = self.first[id(route)] != number
        return Stroke(link.numbers, keys, link.slot, tuple(points), link.change, is_shared)

    def _direct(self, route: Route) -> list[Point]:
        source_rect, target_rect = self.rects[route.source], self.rects[route.target]
        x = source_rect.middle[0]
        if target_rect.y > source_rect.y:
            return [(x, source_rect.bottom), (x, target_rect.y)]
        return [(x, source_rect.y), (x, target_rect.bottom)]

    def _points(self, route: Route) -> list[Point]:
        assert route.out is not None
        source_rect, target_rect = self.rects[route.source], self.rects[route.target]
        into = route.into or route.out
        y = self._wire_y(route.out)
        points = [(source_rect.right if route.out.is_left else source_rect.x, y)]
        for lane in route.lanes:
            x = self._lane_x(lane)
            points.append((x, y))
            is_last = lane is route.lanes[-1]
            y = self._wire_y(into) if is_last or route.gap is None else self._track_y(route.gap)
            points.append((x, y))
        enters_right = route.into.is_left if route.into else not route.out.is_left
        points.append((target_rect.right if enters_right else target_rect.x, y))
        return points

    def _wire_y(self, wire: Wire) -> float:
        zone = self.zones[wire.row]
        top = self._row_middle(wire.row) - zone / 2
        return top + zone * (wire.track + 1) / (wire.tracks + 1)

    def _lane_x(self, lane: Lane) -> float:
        return self.gutter[lane.gutter] + _GUTTER / 2 + _STEP * lane.slot

    def _track_y(self, track: GapTrack) -> float:
        top, room = self.gaps[track.gap]
        room -= _BAND_GAP if track.gap + 1 in self.starts and track.gap >= 0 else 0.0
        count = self.slots.gaps[track.gap]
        return top + room * (track.slot + 1) / (count + 1)
