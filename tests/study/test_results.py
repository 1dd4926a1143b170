"""Metrics by epoch, from every format that forks write."""

from __future__ import annotations

import math

import pytest

from yamlmod.study.families import ultralytics, yolov5
from yamlmod.study.results import EpochRow, best_row, missing_epochs, rows_of_text

_V5_KEYS = (
    *("epoch", "train/box_loss", "train/obj_loss", "train/cls_loss", "metrics/precision"),
    *("metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95", "val/box_loss"),
    *("val/obj_loss", "val/cls_loss", "x/lr0", "x/lr1", "x/lr2"),
)
_V9_KEYS = tuple(key.replace("obj_loss", "dfl_loss") for key in _V5_KEYS)
_CLASSES = ("metrics/digit 0_mAP", "metrics/digit 1_mAP", "metrics/digit 0_mAP_50")
_UL_LOSSES = ("train/box_loss", "train/cls_loss", "train/dfl_loss")
_UL_METRICS = tuple(f"metrics/{name}(B)" for name in ("precision", "recall", "mAP50", "mAP50-95"))
_UL83 = ("epoch", *_UL_LOSSES, *_UL_METRICS, "val/box_loss", "lr/pg0")
_UL84 = ("epoch", "time", *_UL_LOSSES, *_UL_METRICS, "val/box_loss", "lr/pg0")
_YOLO26 = tuple(key.replace("dfl_loss", "l1_loss") for key in _UL84)
_SEGMENT = (*_UL84, *(key.replace("(B)", "(M)") for key in _UL_METRICS))


def _csv(keys: tuple[str, ...], first: int, width: int, count: int = 3) -> str:
    """Write epochs whose metrics are 0.1 n, 0.2 n, 0.3 n and 0.04 n, and 9 in all else."""
    lines = [",".join(f"{key:>{width}s}" for key in keys)]
    for number in range(count):
        values = dict(zip(("precision", "recall", "50", "95"), (0.1, 0.2, 0.3, 0.04), strict=True))
        row = []
        for key in keys:
            plain = key.removeprefix("metrics/").removesuffix("(B)")
            plain = {"mAP_0.5": "50", "mAP50": "50", "mAP_0.5:0.95": "95", "mAP50-95": "95"}.get(
                plain, plain
            )
            number_of = first + number if key == "epoch" else values.get(plain, 9)
            value = (
                number_of if key == "epoch" else values.get(plain, 9 / (number + 1)) * (number + 1)
            )
            row.append(f"{value:>{width}.5g}")
        lines.append(",".join(row))
    return "\n".join(lines) + "\n"


def _rounded(rows: list[EpochRow]) -> list[tuple[float, ...]]:
    return [tuple(round(value, 6) for value in row) for row in rows]


_THREE = [(1, 10, 20, 30, 4), (2, 20, 40, 60, 8), (3, 30, 60, 90, 12)]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (yolov5._read_csv, _csv(_V5_KEYS, 0, 20)),
        (yolov5._read_csv, _csv(_V9_KEYS, 0, 20)),
        (yolov5._read_csv, _csv((*_V5_KEYS, *_CLASSES), 0, 20)),
        (ultralytics._read, _csv(_UL83, 0, 23)),
        (ultralytics._read, _csv(_UL83, 1, 23)),
        (ultralytics._read, _csv(_UL84, 1, 0)),
        (ultralytics._read, _csv(_YOLO26, 1, 0)),
        (ultralytics._read, _csv(_SEGMENT, 1, 0)),
        (ultralytics._read, _csv(_UL84, 1, 0).replace("\n", "\r\n")),
    ],
    ids=["v5", "v9", "classes", "ul-8.0.0", "ul-8.3", "ul-8.4", "yolo26", "segment", "crlf"],
)
class TestCsv:
    """Every format with a header."""

    def test_all_epochs(self, read, text) -> None:  # type: ignore[no-untyped-def]
        assert _rounded(read(text)) == _THREE

    def test_every_torn_end(self, read, text) -> None:  # type: ignore[no-untyped-def]
        for end in range(len(text)):
            rows = _rounded(read(text[:end]))
            assert rows == _THREE[: len(rows)]
            assert len(rows) == max(0, text[:end].count("\n") - 1)

    def test_a_repeated_epoch(self, read, text) -> None:  # type: ignore[no-untyped-def]
        lines = text.splitlines(keepends=True)
        assert _rounded(read("".join([*lines, lines[2], lines[3]]))) == _THREE
        wrong = lines[2].replace("0.4", "0.5")
        assert _rounded(read("".join([*lines[:2], wrong, *lines[2:]]))) == _THREE

    def test_other_columns(self, read, text) -> None:  # type: ignore[no-untyped-def]
        assert read(text.replace("recall", "recoil")) == []
        assert read(text.split("\n")[0] + "\n") == [] and read("") == []


def test_not_a_number_stays_one() -> None:
    rows = yolov5._read_csv(_csv(_V5_KEYS, 0, 20).replace("0.3,", "nan,"))
    assert math.isnan(rows[0].map50) and not rows[0].is_finite and rows[1].is_finite
    assert best_row(rows[:2], {"mAP50": 0.1, "mAP50-95": 0.9}).epoch == 2


def test_results_txt() -> None:
    """YOLOv5 to v5.0 and YOLOv7: 15 fields, no header."""
    line = "{0}/2  1.2G  .05 .03 .02 .1 17 640  {1} {2} {3} {4}  .04 .03 .02\n"
    text = "".join(line.format(n, 0.1 * n, 0.2 * n, 0.3 * n, 0.04 * n) for n in (0, 1, 1, 2))
    rows = _rounded(rows_of_text(text))
    assert rows == [(1, 0, 0, 0, 0), (2, 10, 20, 30, 4), (3, 20, 40, 60, 8)]
    assert _rounded(rows_of_text(text[:-4])) == rows[:2]
    assert rows_of_text("0/2 1 2 3\nnot a line of it\n") == []


def test_the_best_epoch_is_the_fork_s_own() -> None:
    rows = [EpochRow(1, 0, 0, 90, 30), EpochRow(2, 0, 0, 10, 31)]
    assert best_row(rows, yolov5.FAMILY.best).epoch == 1
    assert best_row(rows, ultralytics.FAMILY.best).epoch == 2


def test_missing_epochs() -> None:
    rows = [EpochRow(1, 0, 0, 0, 0), EpochRow(3, 0, 0, 0, 0)]
    assert missing_epochs(rows, 4) == [2, 4] and missing_epochs([], 1) == [1]


@pytest.mark.parametrize(
    ("change", "epochs"),
    [
        (lambda text: text.replace("x/lr2", 'metrics/"big", 5\N{RIGHT SINGLE QUOTATION MARK}'), 3),
        (lambda text: text.replace("x/lr2", "metrics/a\u2028b_mAP"), 3),
        (lambda text: text.replace("\n", ",\n"), 3),
        (lambda text: "\ufeff" + text, 3),
        (lambda text: text.replace("\n", "\n\n"), 3),
        (lambda text: text + "\0" * 4096, 3),
        (lambda text: text + "\0" * 4096 + "\n", 3),
        (lambda text: text.replace("0.08,", "0.08,\0", 1), 2),
        (lambda text: text + "x" * 200_000 + "\n", 3),
        (lambda text: text + '"' + text.split("\n", 1)[1], 3),
        (lambda text: text + text, 3),
        # Two rows that a kill ran together; their numbers are in no right column.
        (lambda text: text[:-1] + "," + text.split("\n")[1] + "\n", 2),
        # Decimal commas, as a spreadsheet writes them.
        (lambda text: text.replace("0.", "0,"), 0),
        (lambda text: text.replace(",", ";").replace("0.", "0,"), 0),
        # Epochs that are none.
        (lambda text: text + text.split("\n")[2].replace(" 1,", " nan,", 1) + "\n", 3),
        (lambda text: text + text.split("\n")[2].replace(" 1,", " inf,", 1) + "\n", 3),
        (lambda text: text + text.split("\n")[2].replace(" 1,", " -7,", 1) + "\n", 3),
        (lambda text: text + text.split("\n")[2].replace(" 1,", " 1.5,", 1) + "\n", 3),
    ],
)
def test_hostile_files(change, epochs: int) -> None:  # type: ignore[no-untyped-def]
    """What crashes, spreadsheets and names leave in a file never becomes another number."""
    rows = yolov5._read_csv(change(_csv(_V5_KEYS, 0, 20)))
    assert _rounded(rows) == _THREE[:epochs] or (epochs == 2 and len(rows) == 2)
    assert set(_rounded(rows)) <= set(_THREE)


def test_hostile_text_files() -> None:
    line = "{}/2  1.2G  .05 .03 .02 .1 17 640  .1 .2 .3 .04  .04 .03 .02\n"
    for word in ("inf", "nan", "-3", "1.5", "", "x"):
        assert rows_of_text(line.format(word)) == []
    assert len(rows_of_text(line.format(0) + "\0" * 100)) == 1


def test_percent_is_not_taken_for_a_share() -> None:
    rows = yolov5._read_csv(_csv(_V5_KEYS, 0, 20).replace("0.3,", "30,"))
    assert not rows[0].is_in_range and rows[1].is_in_range
