"""The environment of a training."""

from __future__ import annotations

from collections.abc import Mapping


def training_environment(path: str) -> Mapping[str, str]:
    """Return the variables that each training gets; its code is imported from ``path``."""
    return {
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "WANDB_MODE": "disabled",
        # Forks pickle whole models; torch 2.6 and newer would refuse to resume their checkpoints.
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",
    }
