"""What an edit costs, counted instead of timed: parses, and liveness without one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import product

import pytest

from tests.ops.samples import SMALL, SPELLINGS
from yamlmod.errors import Refusal
from yamlmod.model import parse
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.drop_head.plan import drop_head
from yamlmod.ops.operations.insert.plan import insert, plan_insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.remove.plan import plan_remove, remove, take_out
from yamlmod.ops.positions import Position, resolve_positions

# YOLOv5 v1.0: the head collects every row of na*(nc+5) channels, 27 here.
_COLLECTS = """\
nc: 4
anchors: [[1, 2, 3, 4, 5, 6]]
backbone:
  [[-1, 1, Conv, [8]],
   [-1, 1, Conv, [16]],
   [-1, 1, nn.Conv2d, [na*(nc+5)]]]
head:
  [[-2, 1, Conv, [8]],
   [-1, 1, nn.Conv2d, [27]],
   [[], 1, Detect, [nc, anchors]]]
"""


class _Composes:
    """Counts the calls of the YAML library, which is where an edit's time goes."""

    def __init__(self) -> None:
        self.count = 0
        parse.compose.cache_clear()
        parse.load_plain.cache_clear()

    def yaml(self, inner: Callable[[], object]) -> Callable[[], object]:
        outer = self

        def made() -> object:
            maker = inner()
            compose = maker.compose  # type: ignore[attr-defined]

            def counted(text: str) -> object:
                outer.count += 1
                return compose(text)

            maker.compose = counted  # type: ignore[attr-defined]
            return maker

        return made


@pytest.fixture
def composes(monkeypatch: pytest.MonkeyPatch) -> _Composes:
    counter = _Composes()
    monkeypatch.setattr(parse, "_yaml", counter.yaml(parse._yaml))
    return counter


def _insertion(model: Network, at: int = 4) -> Request:
    return Request("SimAM", tuple(resolve_positions(model, at=[at])))


def test_an_insertion_parses_twice(composes: _Composes) -> None:
    text = SMALL + "# parsed here alone\n"
    model = read_network(text, "x.yaml")
    assert composes.count == 1
    insert(model, _insertion(model))
    assert composes.count == 2


def test_planning_parses_nothing(composes: _Composes) -> None:
    text = SMALL + "# planned here alone\n"
    model = read_network(text, "x.yaml")
    for place in range(12):
        plan_insert(model, _insertion(model, place))
    plan_remove(model, [3], cascade=True)
    take_out(model, [3, 4, 5, 9])
    assert composes.count == 1


def test_a_removal_parses_twice(composes: _Composes) -> None:
    text = SMALL + "# removed here alone\n"
    model = read_network(text, "x.yaml")
    remove(model, [3])
    assert composes.count == 2


def test_the_rows_and_readers_are_made_once() -> None:
    model = read_network(SMALL, "x.yaml")
    assert model.document.rows is model.document.rows
    assert model.readers(3) is model.readers(3)


@pytest.mark.parametrize("plan", ["insert", "remove"])
def test_ten_times_the_rows_are_ten_times_the_calls(plan: str) -> None:
    counts = []
    for size in (100, 1000):
        rows = "".join(f"  - [-1, 1, C3, [8]]  # {i}\n" for i in range(1, size))
        text = f"backbone:\n  - [-1, 1, Conv, [8]]\n{rows}head:\n  - [-1, 1, Detect, [1]]\n"
        model = read_network(text, "x.yaml")
        if plan == "insert":
            counts.append(_calls(lambda m=model, n=size: plan_insert(m, _insertion(m, n // 2))))
        else:
            counts.append(_calls(lambda m=model, n=size: plan_remove(m, [n // 2])))
    assert counts[1] <= 12 * counts[0]


def _calls(job: Callable[[], object]) -> int:
    count = 0

    def watch(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(watch)
    try:
        job()
    finally:
        sys.setprofile(None)
    return count


_TEXTS = [SMALL, _COLLECTS, *(before for before, _, _ in SPELLINGS.values())]


@pytest.mark.parametrize("text", _TEXTS)
def test_liveness_without_a_parse_is_what_the_parsed_result_says(text: str) -> None:
    model = read_network(text, "x.yaml")
    count = len(model.document.rows)
    choices = product(range(count), ("New", "ImagePoolingAttn"), ([], [27], ["na*(nc+5)"]))
    for place, module, args in choices:
        for readers in (None, (), *((reader,) for reader in range(count))):
            request = Request(module, _places(model, place), args, readers=readers)
            try:
                outcome = plan_insert(model, _permit(request))
            except Refusal:
                continue
            after = read_network(outcome.text, "x.yaml").alive
            dead = {at for i, at in enumerate(outcome.mapping) if i in model.alive} - after
            dead |= {layer.index for layer in outcome.inserted} - after
            if dead:
                with pytest.raises(Refusal, match="no longer reach the head"):
                    plan_insert(model, request)
            else:
                plan_insert(model, request)


def _places(model: Network, place: int) -> tuple[Position, ...]:
    try:
        return tuple(resolve_positions(model, at=[place]))
    except Refusal:
        return tuple(resolve_positions(model, at=[0]))


def _permit(request: Request) -> Request:
    return request._replace(allow_dead=True)


@pytest.mark.parametrize("text", _TEXTS)
def test_layers_cut_off_by_a_removal_are_those_of_the_parsed_result(text: str) -> None:
    model = read_network(text, "x.yaml")
    count = len(model.document.rows)
    for first, second in product(range(count - 1), repeat=2):
        try:
            outcome = take_out(model, sorted({first, second}))
            after = read_network(outcome.text, "x.yaml")
        except Refusal:
            continue
        lost = [
            now
            for layer, now in enumerate(outcome.mapping)
            if now is not None and layer in model.alive and now not in after.alive
        ]
        told = [warning for warning in outcome.warnings if "no longer reaches" in warning]
        names = ", ".join(after.document.describe(layer) for layer in lost)
        assert [f"the output of {names} no longer reaches the head"][: bool(lost)] == told


def test_drop_head_still_takes_its_branch() -> None:
    model = read_network(SMALL, "x.yaml")
    assert drop_head(model, 12).removed == (10, 11, 12)
