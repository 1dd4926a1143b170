"""Why a training failed, in words."""

from __future__ import annotations

import pytest

from yamlmod.study.failure import reason_of


@pytest.mark.parametrize(
    ("log", "code", "reason"),
    [
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to", 1, "out of memory"),
        (
            "RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory",
            1,
            "out of memory",
        ),
        ("OSError: [Errno 28] No space left on device", 1, "the disk is full"),
        ("Exception: Dataset not found ❌", 1, "its data is missing"),
        ("FileNotFoundError: Dataset 'x.yaml' images not found", 1, "its data is missing"),
        (
            "    cache, exists = torch.load(cache_path), True\n    ^^^\n"
            "_pickle.UnpicklingError: unpickling stack underflow",
            1,
            "the .cache file beside the labels is another fork's: remove it",
        ),
        (
            "Downloading https://x.org/Arial.ttf\nurllib.error.URLError: <urlopen error>\n",
            1,
            "it could not download a file, such as a font: its log names it",
        ),
        ("urllib.error.URLError: offline\nValueError: 3", 1, "ValueError: 3"),
        ("ModuleNotFoundError: No module named 'cv2'", 1, "its Python has no module cv2"),
        (
            "train.py: error: unrecognized arguments: --hip x",
            2,
            "its training script does not know --hip x",
        ),
        ("SystemExit: loss is nan", 1, "its loss became NaN"),
        ("Traceback\n  File\nValueError: bad\nKeyError: 'x'", 1, "KeyError: 'x'"),
        (
            "AttributeError: module 'numpy' has no attribute 'trapz'",
            1,
            "AttributeError: module 'numpy' has no attribute 'trapz'",
        ),
        ("", 3, "it ended with exit code 3"),
        ("ValueError: an old one", -9, "it was ended by signal 9"),
        ("all well", None, "it ended with exit code None"),
    ],
)
def test_reasons(log: str, code: int | None, reason: str) -> None:
    assert reason_of(log, code) == reason
