"""Set up the file system that a fork sees: everything, with writes discarded after the run."""

from __future__ import annotations

import os
import stat

from . import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SHARED = "/dev/shm"
_LARGEST = 4 << 30  # bytes: what is written is kept in memory
_ESCAPED = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\043": "#", "\\134": "\\"}


class FileView:
    """The folders whose changes are discarded, and what each became."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.thrown_away: list[str] = []
        self.writable: list[str] = []

    def word(self) -> str:
        """Say what happens to changes of the home."""
        if any(_inside(self.home, folder) for folder in self.writable):
            return "open"
        within = any(_inside(self.home, folder) for folder in self.thrown_away)
        return "discarded" if within else "read-only"


def mount_points() -> list[str]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        places = [line.split(" ")[4] for line in file]
    for number, place in enumerate(places):
        if "\\" in place:
            for escape, character in _ESCAPED.items():  # the backslash comes last
                place = place.replace(escape, character)
            places[number] = place
    return places


def sockets() -> list[str]:
    """Return the sockets of this machine that have a path: services that run what they are sent."""
    paths = []
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            path = line.rstrip("\n").split(" ", 7)[-1].lstrip()
            path = path[path.find("/") :] if "/" in path else ""
            # CUDA reaches its own services by these.
            if path and "nvidia" not in path:
                paths.append(path)
    return paths


def enter(
    home: str, folders: Sequence[str], fork: str, out: str, hidden: Sequence[str]
) -> FileView:
    """Make everything read-only, ``folders`` a copy that is thrown away, and ``out`` writable.

    Where the kernel gives no such copy, the folder is read-only, but for the fork's own and the
    folders of temporary files, which stay as they are.
    """
    view = FileView(home)
    kernel.mount("", "/", flags=kernel.PRIVATE | kernel.RECURSIVE)
    kept = {path: os.open(path, os.O_PATH) for path in [out] if path}
    scratch = _scratch()
    for number, folder in enumerate(sorted({*folders, home} - {"/"}, key=len)):
        if not _covered(folder, view.thrown_away) and _overlay(folder, f"{scratch}/{number}"):
            view.thrown_away.append(folder)
    # Bound to itself, a folder is a mount of its own: writable below one that is not.
    for folder in sorted({*folders} - {home, "/"}, key=len):
        if not _covered(folder, [*view.thrown_away, *view.writable]) and os.path.isdir(folder):
            kernel.mount(folder, folder, flags=kernel.BIND | kernel.RECURSIVE)
            view.writable.append(folder)
    kernel.read_only("/", recursive=True)
    for folder in (*view.thrown_away, *view.writable):
        kernel.read_only(folder, on=False)
    _own_devices()
    for path, descriptor in kept.items():
        kernel.mount(f"/proc/self/fd/{descriptor}", path, flags=kernel.BIND)
        kernel.read_only(path, on=False)
        os.close(descriptor)
    _hide(hidden)
    os.stat(fork)
    return view


def _scratch() -> str:
    for place in (SHARED, "/mnt", "/media", "/srv", "/var/tmp"):
        if os.path.isdir(place) and (place == SHARED or not os.listdir(place)):
            size = min(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2, _LARGEST)
            flags = kernel.NO_SUID | kernel.NO_DEVICES
            kernel.mount("tmpfs", place, "tmpfs", flags, f"mode=0700,size={size}")
            return place
    raise FileNotFoundError(2, "there is no folder to mount on")


def _covered(folder: str, others: Sequence[str]) -> bool:
    """Whether a folder is inside one of the others, on the same mount."""
    outer = max((other for other in others if _inside(folder, other)), key=len, default=None)
    if outer is None:
        return False
    between = (place for place in mount_points() if _inside(folder, place))
    return not any(_inside(place, outer) and place != outer for place in between)


def _inside(folder: str, outer: str) -> bool:
    return folder == outer or folder.startswith(outer.rstrip("/") + "/")


def _overlay(folder: str, scratch: str) -> bool:
    """Lay a copy over a folder that takes what is written; False where the kernel has none."""
    try:
        below = [place for place in mount_points() if _inside(place, folder) and place != folder]
        mounted = {place: os.open(place, os.O_PATH) for place in below}
        was = os.stat(folder)
        upper, work = f"{scratch}/up", f"{scratch}/work"
        os.makedirs(upper)
        os.makedirs(work)
        os.chmod(upper, stat.S_IMODE(was.st_mode))
        try:
            os.chown(upper, was.st_uid, was.st_gid)
        except OSError:  # an owner that has no number here: it stays ours
            pass
        os.chdir(folder)  # a path in the options would have to be free of commas
        options = f"lowerdir=.,upperdir={upper},workdir={work},userxattr"
        kernel.mount("overlay", folder, "overlay", kernel.NO_SUID | kernel.NO_DEVICES, options)
    except OSError:
        return False
    finally:
        os.chdir("/")
    for place, descriptor in mounted.items():
        kernel.mount(f"/proc/self/fd/{descriptor}", place, flags=kernel.BIND | kernel.RECURSIVE)
        os.close(descriptor)
    return True


def _own_devices() -> None:
    """Give shared memory and terminals of its own; the user's terminal is no file to write to."""
    for place, kind, options in (
        (SHARED, "tmpfs", "mode=1777"),
        ("/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=620"),
    ):
        if os.path.isdir(place):
            kernel.mount(kind, place, kind, kernel.NO_SUID, options)
    if os.path.exists("/dev/pts/ptmx") and not os.path.islink("/dev/ptmx"):
        kernel.mount("/dev/pts/ptmx", "/dev/ptmx", flags=kernel.BIND)


def _hide(paths: Sequence[str]) -> None:
    """Put nothing in the place of sockets, and of disks: a superuser could write to them."""
    for path in paths:
        try:
            mode = os.stat(path).st_mode
            if stat.S_ISSOCK(mode) or stat.S_ISBLK(mode):
                kernel.mount("/dev/null", path, flags=kernel.BIND)
        except OSError:  # out of reach for the fork, too
            continue


def disks() -> list[str]:
    paths = []
    for entry in os.scandir("/dev"):
        try:
            if stat.S_ISBLK(entry.stat(follow_symlinks=False).st_mode):
                paths.append(entry.path)
        except OSError:
            continue
    return paths
