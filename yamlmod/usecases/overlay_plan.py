"""Plan what is written into an overlay folder: texts, manifest, loader, model YAMLs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yamlmod.runtime
from yamlmod.errors import Refusal
from yamlmod.usecases.chosen_module import Choices, file_word, name_of
from yamlmod.workspace.disk import LIMIT, read, read_regular
from yamlmod.workspace.files import FileChange, display, exists, read_bytes, real_path
from yamlmod.workspace.overlay_folder import (
    LOOKUP,
    MANIFEST,
    MODELS,
    OWN,
    ModuleWord,
    checked_text,
    place_in,
)
from yamlmod.workspace.overlay_tree import OverlayTree

_LOADER = Path(yamlmod.runtime.__file__).with_name("yamlmod_overlay")
_FILES = {
    "__init__.py": "package_init.py",
    "__main__.py": "package_main.py",
    "yamlmod_cache.py": "yamlmod_cache.py",
    "yamlmod_loader.py": "yamlmod_loader.py",
    "yamlmod_texts.py": "yamlmod_texts.py",
    "start/sitecustomize.py": "start/sitecustomize.py",
}
# Git for Windows gives text files other line ends, and so other hashes.
_GIT = {".gitattributes": b"* -text\n"}
# Where packages have the function that finds a YAML by its name.
_LOOKUPS = ("utils/checks.py", "yolo/utils/checks.py", "utils/general.py")


def module_words(words: Sequence[str], choices: Choices) -> tuple[ModuleWord, ...]:
    """Return modules as an overlay remembers them; a file of the user's by its copy in it."""
    return tuple(
        ModuleWord(
            _own_word(word),
            choices.as_name,
            choices.rule,
            choices.use_existing,
            choices.placement,
            choices.as_name or name_of(word),
        )
        for word in dict.fromkeys(words)
    )


def _own_word(word: str) -> str:
    if file_word(word) is None:
        return word
    name = name_of(word)
    return f"{_own_file(name)}:{name}"


def _own_file(name: str) -> str:
    # By the class and not by the file: two files can have one name.
    return f"{OWN}/{name}.py"


def own_sources(words: Sequence[str]) -> dict[str, bytes]:
    """Return the files of the user's own classes, by their names in the overlay."""
    files = {name_of(word): in_file.path for word in words if (in_file := file_word(word))}
    return {_own_file(name): read_bytes(path, display(path)) for name, path in files.items()}


def overlay_changes(
    tree: OverlayTree,
    texts: Mapping[str, str | None],
    modules: Sequence[ModuleWord] = (),
    dropped: Sequence[str] = (),
    sources: Mapping[str, bytes] | None = None,
) -> list[FileChange]:
    """Return every change of an overlay folder that new texts of a package bring."""
    code = {path: text for path, text in texts.items() if path.endswith(".py")}
    changes = [
        tree.removal(path) if text is None else tree.change(path, text)
        for path, text in code.items()
    ]
    named = {one.name: one for one in (*tree.manifest.modules, *modules)}
    kept = tuple(one for name, one in named.items() if name not in dropped)
    manifest = tree.manifest._replace(
        files=tree.hashes(code), lookups=lookups_of(tree), modules=kept
    )
    files: dict[str, bytes] = {**(sources or {}), **loader_files(), **_GIT}
    files[MANIFEST] = checked_text(manifest).encode("ascii")
    changes += [_change(tree.folder, name, data) for name, data in files.items()]
    return [one for one in changes if one.before is not None or one.after is not None]


def loader_files() -> dict[str, bytes]:
    """Return the loader's files, by their names in an overlay."""
    return {name: read_regular(_LOADER / source) for name, source in _FILES.items()}


def lookups_of(tree: OverlayTree) -> dict[str, str]:
    """Return the functions of a package that find a model YAML by its name."""
    return {
        path: LOOKUP
        for path in _LOOKUPS
        if tree.is_file(path) and f"\ndef {LOOKUP}(" in (tree.read(path) or "")
    }


def package_changes(
    tree: OverlayTree, texts: Mapping[str, str | None], extra: Sequence[FileChange] = ()
) -> list[FileChange]:
    """Return what a preview shows: the patch as if it were made in the package."""
    shown = [
        FileChange(
            tree.root / path,
            tree.files[path].raw if path in tree.files else None,
            None if text is None else _encoded(tree, path, text),
        )
        for path, text in texts.items()
        if path.endswith(".py")
    ]
    return [*extra, *(one for one in shown if one.before != one.after)]


def model_change(
    tree: OverlayTree, source: Path, module: str, after: bytes, force: bool
) -> FileChange:
    """Return the new YAML beside the texts: that of the package itself stays as it is."""
    target = model_place(tree, source, module)
    before = read(target) if exists(target) else None
    if before not in (None, after) and not force:
        raise Refusal(
            "exists",
            f"{display(target)} exists, with other contents",
            hint="choose another name with -o FILE, or overwrite it with --force",
        )
    return FileChange(target, before, after, makes_folders=True)


def model_place(tree: OverlayTree, source: Path, module: str) -> Path:
    return place_in(tree.folder, f"{MODELS}/{source.stem}-{module.lower()}{source.suffix}")


def is_of_package(tree: OverlayTree, path: Path) -> bool:
    """Check whether a file is the package's own."""
    return real_path(path).is_relative_to(real_path(tree.root))


def _encoded(tree: OverlayTree, path: str, text: str) -> bytes:
    return tree.files[path].encode(text) if path in tree.files else text.encode("utf-8")


def _change(folder: Path, name: str, after: bytes) -> FileChange:
    path = place_in(folder, name)
    return FileChange(path, read(path, LIMIT, real_path(folder)), after, makes_folders=True)
