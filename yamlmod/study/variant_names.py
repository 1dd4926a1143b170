"""Names that a study gives itself: to variants and to runs."""

from __future__ import annotations

BASE = "base"
# How the weights of a variant start, where they are not just remapped.
IDENTITY, STOCK = "identity", "stock"
PLACEBO = "placebo"


def run_name(variant: str, seed: int) -> str:
    """Return the name of a run, which is that of its folder."""
    return f"{variant}-s{seed}"
