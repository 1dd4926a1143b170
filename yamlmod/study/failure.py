"""Name the reason why a training failed, from the end of its log."""

from __future__ import annotations

import re

_REASONS = (
    (r"CUDA out of memory|OutOfMemoryError|DefaultCPUAllocator: can't allocate", "out of memory"),
    (r"No space left on device|Errno 28", "the disk is full"),
    (
        r"Dataset not found|[Dd]ataset .{0,200}not found|No images found|images not found",
        "its data is missing",
    ),
    (
        r"torch\.load\(cache_path\)[\s\S]{0,2000}(?:UnpicklingError|RuntimeError|EOFError)",
        "the .cache file beside the labels is another fork's: remove it",
    ),
    (
        r"urllib\.error\.URLError: [^\n]*\s*\Z",
        "it could not download a file, such as a font: its log names it",
    ),
    (r"ModuleNotFoundError: No module named '([\w.]+)'", "its Python has no module {0}"),
    (r"loss is (?:nan|NaN)|NaN loss|Loss NaN", "its loss became NaN"),
    (r"unrecognized arguments: (.+)", "its training script does not know {0}"),
)
_EXCEPTION = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b.*$", re.MULTILINE)


def reason_of(log: str, code: int | None) -> str:
    """Return the reason in words: a signal, a known one, the last exception, or the exit code."""
    if code is not None and code < 0:
        return f"it was ended by signal {-code}"
    for pattern, words in _REASONS:
        matches = list(re.finditer(pattern, log))
        if matches:
            return words.format(*matches[-1].groups())
    exceptions = _EXCEPTION.findall(log)
    if exceptions:
        return str(exceptions[-1])[:300]
    return f"it ended with exit code {code}"
