"""Builds networks with the fork's own Model, behind the fence, with stand-ins where needed."""

from __future__ import annotations

import contextlib
import importlib
import sys
import traceback
from typing import Any, Dict, List, Optional

from .fence import Fence
from .refused import Refused
from .stand_ins import Finder, answer_versions

_BY_HEAD = {
    "Segment": "SegmentationModel",
    "Pose": "PoseModel",
    "OBB": "OBBModel",
    "WorldDetect": "WorldModel",
    "RTDETRDecoder": "RTDETRDetectionModel",
}


class Builder:
    """The fork's module of networks, imported once."""

    def __init__(self, question: Dict[str, Any]) -> None:
        self.folder, self.module = question["folder"], question["module"]
        fork = question["fork"]
        self.fence = Fence(fork)
        own = [self.module.partition(".")[0], "models", "utils"]
        self.finder = Finder(fork, own, question["stand_ins"])
        self.fork = fork
        self._names: Any = None
        self.save: Any = None

    def told(self) -> Dict[str, List[str]]:
        """Return what was stood in for, and what was blocked."""
        return {"stand_ins": sorted(self.finder.names), "blocked": self.fence.blocked}

    def open(self) -> None:
        """Import the fork's networks. Raises Refused with the reason where that fails."""
        import torch

        self.save = torch.save  # ultralytics puts its own in this place
        sys.path.insert(0, self.folder)
        self.fence.close()
        sys.meta_path.append(self.finder)
        answer_versions(self.finder)
        with contextlib.suppress(ImportError):
            # Forks say `packaging.version` having imported `packaging`, or pkg_resources, alone.
            importlib.import_module("packaging.version")
        torch.manual_seed(0)
        try:
            self._names = importlib.import_module(self.module)
        except (Exception, SystemExit) as error:
            raise self._failed("the fork cannot be imported", error) from None

    def build(self, cfg: str, classes: Optional[int], head: str) -> Any:
        """Build one network, with as many classes as the checkpoint has."""
        import torch

        wanted = [_BY_HEAD.get(head, ""), "Model", "DetectionModel"]
        kind = next(
            (getattr(self._names, n) for n in wanted if n and hasattr(self._names, n)), None
        )
        if kind is None:
            raise Refused("no-model", "{} has no class Model".format(self.module))
        torch.manual_seed(0)  # new layers start the same each time
        try:
            return kind(cfg, ch=3, nc=classes) if classes else kind(cfg)
        except (Exception, SystemExit) as error:
            raise self._failed("the fork cannot build {}".format(cfg), error) from None

    def _failed(self, what: str, error: BaseException) -> Refused:
        where = ""
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename.startswith(self.fork):
                where = " ({}:{})".format(frame.filename[len(self.fork) :].strip("/"), frame.lineno)
        text = str(error).strip().split("\n")[0][:200]
        hints = []
        if self.fence.blocked:
            hints.append("blocked: " + "; ".join(self.fence.blocked[:3]))
        if self.finder.forbidden:
            names = ", ".join(sorted(self.finder.forbidden))
            hints.append("missing: {}; without --no-stand-ins it is stood in for".format(names))
        if self.finder.names:
            hints.append("stand-ins: {}".format(", ".join(sorted(self.finder.names))))
        if isinstance(error, ImportError) and error.name:
            hints.append("install what has {} for this Python, or".format(error.name))
        hints.append("give the Python that runs the fork with --python")
        message = "{}: {}: {}{}".format(what, type(error).__name__, text, where)
        return Refused("not-built", message, "\n".join(hints))
