"""Build networks with the fork's own Model, behind the fence, with stand-ins where needed."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import sys
from typing import Any, Dict, List, Optional, Sequence

from ..answers import Told
from ..refused import Refused
from .faults import place_in
from .fence import Fence
from .stand_ins import Finder, answer_fonts, answer_versions

_BY_HEAD = {
    "Segment": "SegmentationModel",
    "Pose": "PoseModel",
    "OBB": "OBBModel",
    "SemanticSegment": "SemanticSegmentationModel",
    "Depth": "DepthModel",
    "WorldDetect": "WorldModel",
    "YOLOEDetect": "YOLOEModel",
    "YOLOESegment": "YOLOESegModel",
    "RTDETRDecoder": "RTDETRDetectionModel",
}
_kept: List["Builder"] = []


def run_facts(stand_ins: Sequence[str] = (), blocked: Sequence[str] = ()) -> Told:
    import torch

    return {
        "stand_ins": list(stand_ins),
        "blocked": list(blocked),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def builder_for(question: Dict[str, Any]) -> Builder:
    """Return the builder of a question's fork, opened; all questions to a worker share it.

    Raises Refused where the fork cannot be imported, again for every question: Python does not
    take back half an import.
    """
    if not _kept:
        _kept.append(Builder(question))
        try:
            _kept[0].open()
        except Refused as error:
            _kept[0].refused = error
    builder = _kept[0]
    if builder.fork != question["fork"]:
        raise ValueError("one worker serves one fork: another's modules have the same names")
    if builder.refused is not None:
        raise builder.refused
    return builder


def _activate(folder: str) -> None:
    """Let the package be imported as an overlay leaves it, by yamlmod's own loader."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.join(here, "..", "..", "yamlmod_overlay"))
    try:
        loader = importlib.import_module("yamlmod_loader")
    finally:
        del sys.path[0]
    os.environ.pop(loader.OFF, None)
    try:
        loader.activate(folder)
    except loader.OverlayError as error:
        raise Refused("overlay-outdated", str(error), "") from None


class Builder:
    """The fork's module of networks, imported once."""

    def __init__(self, question: Dict[str, Any]) -> None:
        self.folder, self.module = question["folder"], question["module"]
        fork = question["fork"]
        self.fence = Fence(fork)
        own = [self.module.partition(".")[0], "models", "utils"]
        self.finder = Finder(fork, own, question["stand_ins"])
        self.fork = fork
        self.overlay = question.get("overlay", "")
        # The class that calls another parse function than the usual classes do.
        self.unusual = question.get("unusual", "")
        self.refused: Optional[Refused] = None
        self._names: Any = None
        self.save: Any = None
        self.load: Any = None

    def run_report(self) -> Told:
        return run_facts(sorted(self.finder.names), self.fence.blocked)

    def open(self) -> None:
        """Import the fork's networks. Raises Refused with the reason where that fails."""
        import torch

        self.save, self.load = torch.save, torch.load  # ultralytics puts its own in this place
        sys.path.insert(0, self.folder)
        self.fence.close()
        if self.overlay:
            _activate(self.overlay)
        sys.meta_path.append(self.finder)
        answer_versions(self.finder)
        answer_fonts(self.finder)
        with contextlib.suppress(ImportError):
            # Forks use `packaging.version` having imported only `packaging`, or pkg_resources.
            importlib.import_module("packaging.version")
        torch.manual_seed(0)
        try:
            self._names = self._imported()
        except (Exception, SystemExit) as error:
            raise self._failed("the fork cannot be imported", error) from None

    def _imported(self) -> Any:
        """Import the module of the networks, in a circle as `from ultralytics import YOLO` does."""
        try:
            return importlib.import_module(self.module)
        except (ImportError, AttributeError) as error:
            package = self.module.partition(".")[0]
            if "partially initialized" not in str(error) or package == self.module:
                raise
            for name in [n for n in sys.modules if n.partition(".")[0] == package]:
                del sys.modules[name]
            try:
                importlib.import_module(package + ".models")
                return importlib.import_module(self.module)
            except Exception:
                raise error from None

    @property
    def names(self) -> Any:
        return self._names

    def build(self, cfg: str, classes: Optional[int], head: str) -> Any:
        """Build one network. Raises Refused with the reason where the fork cannot."""
        try:
            return self.make(cfg, classes, head)
        except (Exception, SystemExit) as error:
            if isinstance(error, Refused):
                raise
            raise self._failed("the fork cannot build {}".format(cfg), error) from None

    def make(self, cfg: str, classes: Optional[int], head: str) -> Any:
        """Build one network; ``classes`` takes the place of the file's count where it is given."""
        import torch

        by_head = _BY_HEAD.get(head.rstrip("0123456789"), "")
        wanted = [self.unusual, by_head, "Model", "DetectionModel"]
        kind = next(
            (getattr(self._names, n) for n in wanted if n and hasattr(self._names, n)), None
        )
        if kind is None:
            raise Refused("no-model", "{} has no class Model".format(self.module))
        torch.manual_seed(0)  # new layers start the same each time
        return kind(cfg, nc=classes) if classes else kind(cfg)

    def _failed(self, what: str, error: BaseException) -> Refused:
        place = place_in(self.fork, error)
        where = " ({})".format(place) if place else ""
        text = str(error).strip().split("\n")[0][:200]
        hints = []
        if self.fence.blocked:
            hints.append("blocked: " + "; ".join(self.fence.blocked[:3]))
        if self.finder.forbidden:
            names = ", ".join(sorted(self.finder.forbidden))
            hints.append("missing: {}; without --no-stand-ins a stand-in replaces it".format(names))
        if self.finder.names:
            hints.append("stand-ins: {}".format(", ".join(sorted(self.finder.names))))
        if isinstance(error, ImportError) and error.name:
            hints.append("install the package that has {} for this Python, or".format(error.name))
        hints.append("give the Python that runs the fork with --python")
        message = "{}: {}: {}{}".format(what, type(error).__name__, text, where)
        return Refused("not-built", message, "\n".join(hints))
