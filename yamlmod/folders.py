"""Folders that hold nothing of a fork's own."""

from __future__ import annotations

PACKAGES = frozenset({"site-packages", "dist-packages", "node_modules"})
INSTALLED = PACKAGES | {"__pycache__"}
ENVIRONMENTS = frozenset({"venv", "env"})
BUILT = frozenset({"build", "dist"})
RUNS = frozenset({"runs", "wandb"})
TESTS_AND_DOCS = frozenset({"test", "tests", "docs"})
