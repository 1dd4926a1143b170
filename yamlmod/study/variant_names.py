"""Names that a study gives to variants itself."""

from __future__ import annotations

BASE = "base"
PLACEBO = "placebo"
