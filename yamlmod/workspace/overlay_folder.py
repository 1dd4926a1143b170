"""The folder of an overlay: its manifest as data, checked before anything in it is used."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Place, Refusal
from yamlmod.safe_text import visible_line
from yamlmod.workspace import disk
from yamlmod.workspace.files import SOURCE_BYTES, TextFile, display, read_text, real_path
from yamlmod.workspace.home import OVERLAY_FILE

MANIFEST = OVERLAY_FILE
TEXTS = "files"
MODELS = "models"
OWN = "own"
_FORMAT = 1
_MOST_BYTES = 1_000_000
_MOST_FILES = 1_000
_MOST_TOGETHER = 20_000_000
# The function of packages that finds a YAML by its name.
LOOKUP = "check_file"
_HASH = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]{1,100}")
_TARGET = re.compile(r"[A-Za-z0-9_./:-]{1,200}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class TextHashes(NamedTuple):
    """The hashes of one file: as installed (None: the overlay adds it), and as patched."""

    original: str | None
    patched: str


class ModuleWord(NamedTuple):
    """A module of an overlay as `patch` was told it; what `overlay refresh` plans again."""

    word: str
    as_name: str | None = None
    rule: str | None = None
    use_existing: bool = False
    placement: str = ""
    name: str = ""


class OverlayManifest(NamedTuple):
    """What an overlay is for and what it holds; ``lookups`` are functions that find YAMLs."""

    package: str
    distribution: str
    version: str
    files: Mapping[str, TextHashes] = {}
    lookups: Mapping[str, str] = {}
    modules: tuple[ModuleWord, ...] = ()
    # The parse function and the dialect, where the user had to name them.
    target: str = ""
    dialect: str = ""

    def text(self) -> str:
        """Return the manifest as it is written; the loader looks for `"package": "` first."""
        data = {
            "package": self.package,
            "format": _FORMAT,
            "distribution": self.distribution,
            "version": self.version,
            "files": {path: one._asdict() for path, one in sorted(self.files.items())},
            "lookups": dict(sorted(self.lookups.items())),
            "modules": [module._asdict() for module in self.modules],
            **({"target": self.target} if self.target else {}),
            **({"dialect": self.dialect} if self.dialect else {}),
        }
        return json.dumps(data, indent=2) + "\n"


def is_overlay(folder: Path) -> bool:
    """Check whether a folder says that it is an overlay."""
    return os.path.lexists(folder / MANIFEST)


def hash_of(data: bytes) -> str:
    return sha256(data).hexdigest()


def place_in(folder: Path, name: str) -> Path:
    """Return a place in an overlay. Raises Refusal for a link: the loader follows none."""
    parts = name.split("/")
    path = folder.joinpath(*parts)
    if real_path(path) != real_path(folder).joinpath(*parts):
        raise Refusal(
            "outside",
            f"{visible_line(path.as_posix())} is reached through a link, and an overlay has none",
            hint="put what it leads to in its place, or make the overlay again with --overlay",
        )
    return path


def read_texts(folder: Path, manifest: OverlayManifest) -> dict[str, TextFile]:
    """Read every text of an overlay. Raises Refusal where one is not that of the manifest."""
    texts: dict[str, TextFile] = {}
    size = 0
    for path, hashes in manifest.files.items():
        texts[path] = read_patched(folder, path, hashes)
        size += len(texts[path].raw)
        _refuse_large(size, folder / TEXTS)
    return texts


def model_names(folder: Path) -> list[str]:
    """Return the names of an overlay's YAMLs, no links. Raises Refusal where they are too many."""
    place = real_path(folder) / MODELS
    found = [name for name in disk.names(place) if name.endswith((".yaml", ".yml"))]
    status = {name: os.lstat(place / name) for name in found[: _MOST_FILES + 1]}
    regular = {name: one.st_size for name, one in status.items() if stat.S_ISREG(one.st_mode)}
    _refuse_large(sum(regular.values()), place, len(status))
    return list(regular)


def _refuse_large(size: int, place: Path, count: int = 0) -> None:
    if size > _MOST_TOGETHER or count > _MOST_FILES:
        raise Refusal(
            "too-large",
            f"{display(place)} is too large: at most {_MOST_FILES:,} files are read, and "
            f"{_MOST_TOGETHER:,} bytes in all",
            hint="keep only what the overlay needs in it",
        )


def read_patched(folder: Path, path: str, hashes: TextHashes) -> TextFile:
    """Read the text of a patched file. Raises Refusal where it is not that of the manifest."""
    file = place_in(folder, f"{TEXTS}/{path}")
    hint = (
        "get the folder again from where it came\n"
        f"or `yamlmod overlay refresh {display(folder)} -w`"
    )
    try:
        text = read_text(file, display(file), SOURCE_BYTES, real_path(folder))
    except Refusal as error:
        raise Refusal("overlay-damaged", error.message, hint=hint) from None
    if hash_of(text.raw) == hashes.patched:
        return text
    message = f"{display(file)} is not what yamlmod wrote: its hash differs"
    raise Refusal("overlay-tampered", message, hint=hint)


def read_manifest(folder: Path) -> OverlayManifest:
    """Read and check the manifest of an overlay folder. Raises Refusal for an odd value."""
    path = folder / MANIFEST
    shown = display(path)
    file = read_text(path, shown, _MOST_BYTES, real_path(folder))
    try:
        return _manifest(json.loads(file.text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        raise Refusal(
            "overlay-damaged",
            f"this is no manifest of an overlay: {reason[:200]}",
            place=Place(shown),
            hint="get the folder again from where it came, or make it again with --overlay",
        ) from None


def checked_text(manifest: OverlayManifest) -> str:
    """Return the text of a manifest. Raises Refusal where it could not be read again."""
    text = manifest.text()
    try:
        _manifest(json.loads(text))
    except ValueError as error:
        raise Refusal("not-for-overlay", f"an overlay cannot hold this: {error}") from None
    return text


def _manifest(data: Any) -> OverlayManifest:
    if data["format"] != _FORMAT:
        raise ValueError(f"its format is {data['format']!r}, and this yamlmod knows {_FORMAT}")
    files, lookups = data["files"], data["lookups"]
    if not isinstance(files, dict) or not isinstance(lookups, dict):
        raise ValueError("files and lookups must be tables")
    if len(files) > _MOST_FILES or len(lookups) > _MOST_FILES:
        raise ValueError("too many files")
    package = _matched(_NAME, data["package"])
    if package in sys.stdlib_module_names:
        raise ValueError(f"{package} is a part of Python itself")
    return OverlayManifest(
        package,
        _matched(_DISTRIBUTION, data["distribution"]),
        _matched(_VERSION, data["version"]),
        {_inner(path): _hashes(one) for path, one in files.items()},
        {_inner(path): _lookup(name) for path, name in lookups.items()},
        tuple(_module(one) for one in list(data["modules"])[:_MOST_FILES]),
        _word(data.get("target", "")),
        _word(data.get("dialect", "")),
    )


def _matched(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{value!r} is not a value that belongs there")
    return value


def _lookup(name: Any) -> str:
    if name != LOOKUP:
        raise ValueError(f"{name!r} is no function that finds YAMLs")
    return LOOKUP


def _word(value: Any) -> str:
    return value if value == "" else _matched(_TARGET, value)


def _inner(path: Any) -> str:
    """Return a path below the package; no link of a name leads out, nor does `..`."""
    parts = path.split("/") if isinstance(path, str) else [""]
    odd = any(not _PART.fullmatch(part) or part.endswith(".") for part in parts)
    if odd or not parts[-1].endswith(".py") or len(parts) > 20:
        raise ValueError(f"{path!r} is no path of a package's source")
    return str(path)


def _hashes(entry: Mapping[str, Any]) -> TextHashes:
    original = entry["original"]
    return TextHashes(
        None if original is None else _matched(_HASH, original), _matched(_HASH, entry["patched"])
    )


def _module(entry: Mapping[str, Any]) -> ModuleWord:
    word, existing = entry["word"], entry["use_existing"]
    path, colon, name = str(word).rpartition(":")
    if colon:
        parts = path.split("/")
        if len(parts) != 2 or parts[0] != OWN or not _PART.fullmatch(parts[1]):
            raise ValueError(f"{word!r} names a file outside of {OWN}/")
    if not isinstance(existing, bool):
        raise ValueError("use_existing must be true or false")
    _matched(_NAME, name)
    as_name, rule, placement = entry["as_name"], entry["rule"], entry["placement"]
    return ModuleWord(
        str(word),
        None if as_name is None else _matched(_NAME, as_name),
        None if rule is None else _matched(_NAME, rule),
        existing,
        placement if placement == "" else _matched(_NAME, placement),
        _matched(_NAME, entry["name"]),
    )


def default_folder(package: str) -> Path:
    return Path(f"{package}_overlay")
