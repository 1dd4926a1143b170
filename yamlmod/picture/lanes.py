"""Give the runs of all routes places of their own, in an order that saves crossings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from yamlmod.picture.routing import GapTrack, Lane, Route, Wire

# Improvement of an order is bounded: a gutter may hold hundreds of lanes.
_SWAPS = 4000
# Beyond this many in one gutter, gap or row, each gets a slot of its own, in a plain order.
_MANY = 400


class Slots(NamedTuple):
    """How many lanes each gutter, tracks each gap and wires each row has."""

    gutters: dict[int, int]
    gaps: dict[int, int]
    rows: dict[int, int]


def give_slots(routes: Sequence[Route]) -> Slots:
    """Order lanes, then wires, then tracks; each gets its slot."""
    lanes = [lane for route in routes for lane in route.lanes]
    gutters = {g: _lanes(group) for g, group in _by(lanes, "gutter").items()}
    _set_nearness(routes)
    wires = [wire for route in routes for wire in (route.out, route.into) if wire is not None]
    rows = {r: _wires(group) for r, group in _by(wires, "row").items()}
    tracks = [route.gap for route in routes if route.gap is not None]
    gaps = {g: _tracks(group) for g, group in _by(tracks, "gap").items()}
    return Slots(gutters, gaps, rows)


def _by(items: Iterable[object], name: str) -> dict[int, list]:  # type: ignore[type-arg]
    groups: dict[int, list[object]] = defaultdict(list)
    for item in items:
        groups[getattr(item, name)].append(item)
    return dict(groups)


def _lanes(lanes: list[Lane]) -> int:
    """Place the lanes of a gutter; return how many slots they take."""
    if len(lanes) > _MANY:
        for place, lane in enumerate(sorted(lanes, key=lambda lane: (-lane.start, lane.end))):
            lane.slot = place
        return len(lanes)
    order = _ordered(lanes)
    for place, lane in enumerate(order):
        lane.slot = max((o.slot + 1 for o in order[:place] if _meet(o, lane)), default=0)
    count = max(lane.slot for lane in order) + 1
    # Those that end at a box on the right keep to the right, as far as there is room.
    for place in range(len(order) - 1, -1, -1):
        lane = order[place]
        if not (lane.start_left and lane.end_left):
            room = min(
                (o.slot - 1 for o in order[place + 1 :] if _meet(o, lane)), default=count - 1
            )
            lane.slot = room
    return count


def _meet(one: Lane, other: Lane) -> bool:
    return one.low <= other.high and other.low <= one.high


def _ordered(lanes: list[Lane]) -> list[Lane]:
    """Return the lanes from left to right with few crossings."""
    size = len(lanes)
    cost = [[0] * size for _ in range(size)]
    for a in range(size):
        for b in range(size):
            if a != b and _meet(lanes[a], lanes[b]):
                cost[a][b] = _crossings(lanes[a], lanes[b])
    wins = [sum(cost[a][b] - cost[b][a] for b in range(size)) for a in range(size)]
    order = sorted(range(size), key=lambda a: (wins[a], a))
    left = _SWAPS
    changed = True
    while changed and left > 0:
        changed = False
        for place in range(size - 1):
            a, b = order[place], order[place + 1]
            left -= 1
            if cost[b][a] < cost[a][b]:
                order[place], order[place + 1] = b, a
                changed = True
    return [lanes[a] for a in order]


def _crossings(left: Lane, right: Lane) -> int:
    """Count where the level runs of one lane cross the other, when ``left`` is left of it."""
    count = 0
    for level, from_left in ((left.start, left.start_left), (left.end, left.end_left)):
        count += 2 * (not from_left and right.low < level < right.high)
        count += not from_left and level in (right.low, right.high) and _hits(left, right, level)
    for level, from_left in ((right.start, right.start_left), (right.end, right.end_left)):
        count += 2 * (from_left and left.low < level < left.high)
        count += from_left and level in (left.low, left.high) and _hits(right, left, level)
    return count


def _hits(one: Lane, other: Lane, level: int) -> bool:
    """Guess whether two runs that end on one level cross: not when they part there."""
    far = one.start if one.end == level else one.end
    away = other.start if other.end == level else other.end
    return (far > level) == (away > level) and abs(far - level) < abs(away - level)


def _set_nearness(routes: Sequence[Route]) -> None:
    """Tell each wire how near to its box the lane is that it bends into."""
    for route in routes:
        if not route.lanes:
            continue
        for wire, lane in ((route.out, route.lanes[0]), (route.into, route.lanes[-1])):
            if wire is not None:
                near = 1 / (lane.slot + 2)
                wire.nearness = near if wire.is_left else 1 - near


def _wires(wires: list[Wire]) -> int:
    """Place the wires of a row: those that go up on top; return the most side by side."""
    order = sorted(wires, key=lambda wire: wire.bend * (1 + wire.nearness))
    if len(order) > _MANY:
        for place, wire in enumerate(order):
            wire.track, wire.tracks = place, len(order)
        return len(order)
    for place, wire in enumerate(order):
        before = (o for o in order[:place] if _overlap(o, wire))
        wire.track = max((o.track + 1 for o in before), default=0)
    for group in _joined(order):
        count = max(wire.track for wire in group) + 1
        for wire in group:
            wire.tracks = count
    return max(wire.tracks for wire in order)


def _overlap(one: Wire | GapTrack, other: Wire | GapTrack) -> bool:
    return one.first <= other.last and other.first <= one.last


def _joined(wires: Sequence[Wire]) -> list[list[Wire]]:
    """Return groups of wires that overlap, directly or through others."""
    groups: list[list[Wire]] = []
    end = -1
    for wire in sorted(wires, key=lambda wire: (wire.first, wire.last)):
        if not groups or wire.first > end:
            groups.append([])
        groups[-1].append(wire)
        end = max(end, wire.last)
    return groups


def _tracks(tracks: list[GapTrack]) -> int:
    order = sorted(tracks, key=lambda track: (track.first - track.last, track.first))
    if len(order) > _MANY:
        for place, track in enumerate(order):
            track.slot = place
        return len(order)
    for place, track in enumerate(order):
        used = {other.slot for other in order[:place] if _overlap(other, track)}
        track.slot = next(slot for slot in chain(range(len(used) + 1)) if slot not in used)
    return max(track.slot for track in order) + 1
