"""Find channel counts passed as a kernel size, a ratio or a switch."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.fork.read.answers import RowReading, spelled

KERNELS = frozenset({"k", "kernel", "kernel_size", "k_size", "ks"})
_RATIOS = frozenset({"reduction", "ratio", "r", "e", "expansion"})
_SWITCHES = frozenset({"shortcut", "bias", "act", "residual", "add"})
# No kernel of a real network is as wide; channel counts are.
_WIDE = 32


def misplaced(row: RowReading) -> Iterator[str]:
    """Yield what a row's class is given in the wrong place."""
    for name, value in zip(row.parameters, row.args, strict=False):
        number = isinstance(value, int) and not isinstance(value, bool)
        if not number or value < _WIDE:
            continue
        what = "a kernel" if name in KERNELS else "a ratio" if name in _RATIOS else ""
        what = "a switch" if name in _SWITCHES else what
        if what:
            yield (
                f"{row.class_name} gets {spelled(row.args)}: its parameter {name}, {what}, "
                f"gets {value}"
            )
