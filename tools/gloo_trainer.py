"""A trainer of ultralytics whose own DDP runs on a CPU; `tools.overlay` copies it into a project.

The trainer starts its processes itself: by a temporary file, pickles and torchrun. Changed are the
backend (gloo for nccl) and the device numbers (none). The last evaluation is left out: it asks for
CUDA. Each process writes the classes of its network to the folder $RANKS.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

try:
    from ultralytics.engine import trainer as engine
    from ultralytics.models.yolo.detect import DetectionTrainer
except ImportError:  # 8.0
    from ultralytics.yolo.engine import trainer as engine
    from ultralytics.yolo.utils import torch_utils
    from ultralytics.yolo.v8.detect import DetectionTrainer

    torch_utils.select_device = lambda *_, **__: torch.device("cpu")
    torch.cuda.device_count = lambda: 2


class _Parallel(nn.parallel.DistributedDataParallel):
    """DDP of a network on a CPU, which has no device numbers."""

    def __init__(self, module: nn.Module, device_ids: object = None, **options: Any) -> None:
        super().__init__(module, **options)


nn.parallel.DistributedDataParallel = _Parallel
engine.DDP = _Parallel
engine.select_device = lambda *_, **__: torch.device("cpu")


class GlooTrainer(DetectionTrainer):
    """Trains on a CPU in two processes."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self.world_size, self.ddp = 2, "LOCAL_RANK" not in os.environ

    def _setup_ddp(self, *_: object) -> None:
        dist.init_process_group("gloo", rank=int(os.environ["RANK"]), world_size=2)
        self.device = torch.device("cpu")

    def get_model(self, *words: Any, **options: Any) -> nn.Module:
        model = super().get_model(*words, **options)
        names = {type(layer).__name__ for layer in model.modules()}
        file = Path(os.environ["RANKS"], os.environ.get("RANK", "parent"))
        file.write_text("\n".join(sorted(names)), encoding="utf-8")
        return model

    def final_eval(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    from gloo_trainer import GlooTrainer  # by the name under which the children find it

    options = dict(word.split("=", 1) for word in sys.argv[1:])
    numbers = {"epochs": 1, "imgsz": 64, "batch": 16, "workers": 0, "plots": False}
    GlooTrainer(overrides={**options, **numbers, "device": "0,1"}).train()
