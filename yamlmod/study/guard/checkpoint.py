"""The last checkpoint of a run, and a copy of it: a kill while it is written tears it."""

from __future__ import annotations

import os
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK = 0.2  # seconds between two looks at the last checkpoint
_SHARE = 50  # copies take one part of so many of the time
_KEPT = "kept.pt"
STOP = "stop"  # in a run's folder for the run, in that of the study for all


class KeptCheckpoint:
    """Where the last one and its copy are."""

    def __init__(self, folder: str, last: str) -> None:
        self.folder = folder
        self.last = os.path.join(folder, last)
        self.results = os.path.join(folder, last.split("/", 1)[0])
        self.kept = os.path.join(folder, _KEPT)
        self.stop = os.path.join(folder, STOP)
        self.ended = threading.Event()

    def is_usable(self) -> bool:
        """Check whether a training can go on; a torn checkpoint is replaced by its copy."""
        if _is_whole(self.last):
            return True
        if not _is_whole(self.kept):
            return False
        self._copy(self.kept, self.last)
        return True

    def set_aside(self) -> None:
        """Move the results of an attempt without a checkpoint out of the next one's way."""
        self._remove_kept()
        if not os.path.isdir(self.results):
            return
        number = 1
        while os.path.lexists(os.path.join(self.folder, f"cut-off-{number}")):
            number += 1
        os.rename(self.results, os.path.join(self.folder, f"cut-off-{number}"))

    def take_back_stop(self) -> None:
        """Forget what was asked of an attempt before this one."""
        try:
            os.unlink(self.stop)
        except OSError:
            pass

    def keep(self, stopped: Callable[[str], None]) -> None:
        """Copy each new checkpoint, in at most a fiftieth of the time.

        After one, ``stopped`` is called if that was asked for: then no epoch is repeated. It is
        called at once if the whole study is to stop.
        """
        seen, pause = _stamp(self.last), _LOOK
        while not self.ended.wait(pause):
            pause, stamp = _LOOK, _stamp(self.last)
            if os.path.exists(study_stop(self.folder)):
                stopped("the study was stopped")
                return
            if stamp is None or stamp == seen or not _is_whole(self.last):
                continue
            began = time.monotonic()
            try:
                self._copy(self.last, self.kept, stamp)
            except OSError:  # a full disk: the training itself will say so
                continue
            if os.path.exists(self.stop):
                stopped("asked to stop at a checkpoint")
                return
            seen, pause = stamp, max(_LOOK, _SHARE * (time.monotonic() - began))

    def forget(self, removes: bool) -> None:
        self.ended.set()
        if removes:
            self._remove_kept()

    def _remove_kept(self) -> None:
        try:
            os.unlink(self.kept)
        except OSError:
            pass

    def _copy(self, source: str, target: str, stamp: tuple[int, int] | None = None) -> None:
        import shutil  # not at the top: a guard starts sooner without

        draft = target + ".draft"
        shutil.copyfile(source, draft)
        if stamp is None or _stamp(source) == stamp:  # else it has been written meanwhile
            os.replace(draft, target)


def study_stop(folder: str) -> str:
    """Return the file that stops all runs of a study, from the folder of one."""
    return os.path.join(os.path.dirname(os.path.dirname(folder)), "stop")


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _is_whole(path: str) -> bool:
    """Check whether a checkpoint was written to its end: torch writes the index of a zip last."""
    try:
        with open(path, "rb") as file:
            start = file.read(2)
    except OSError:
        return False
    if start != b"PK":
        return len(start) == 2
    import zipfile  # as shutil

    return zipfile.is_zipfile(path)
