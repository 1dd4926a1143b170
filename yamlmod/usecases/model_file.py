"""Find and read the model YAML that a command names, and resolve its selectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.registry.catalogue import find
from yamlmod.usecases.new_file import Overwriting, is_taken, new_file_change
from yamlmod.workspace.files import FileChange, TextFile, display, exists, read_text, real_path
from yamlmod.workspace.home import home_of, is_installed

if TYPE_CHECKING:
    from yamlmod.model.network import Network


_YAML = (".yaml", ".yml")
_SELECTOR = r"\d+|P\d|\w+#\d+|\d+\.\.\d+"
_SCALED = re.compile(r"(yolo(?:v|e-)?\d+)([nslmxtbce])(.*\.ya?ml)")


class Target(NamedTuple):
    """A model YAML that was read; ``scale`` where its name was given with one of its scales."""

    file: TextFile
    model: Network
    scale: str = ""
    # Where it was looked for, besides the current folder.
    folders: tuple[Path, ...] = ()

    def place(self, output: Path | None) -> Path:
        """Return where the result goes; `-o` is looked up as CFG is, by the folder it names."""
        if output is None:
            return self.file.path
        if output.is_absolute() or output.parent.is_dir():
            return output
        places = (folder / output for folder in self.folders)
        return next((path for path in places if path.parent.is_dir()), output)

    @property
    def cfg(self) -> Path:
        """Return the path that ultralytics builds it from: its name has the scale."""
        if not self.scale:
            return self.file.path
        return self.file.path.with_name(_with_scale(self.file.path.name, self.scale))

    @property
    def edit_note(self) -> str:
        """Say which file is edited where its name was given with a scale."""
        name, file = self.cfg.name, display(self.file.path)
        return f"{name} is {file} at scale {self.scale}: the edit is for all of its scales"

    def change(
        self, text: str, output: Path | None, force: bool, in_place: bool = False
    ) -> FileChange:
        """Return the change that gives the YAML new text: in place, or at ``output``.

        ``in_place`` permits that for a file of an installed package.
        """
        after = self.file.encode(text)
        if output is None:
            if not in_place:
                _refuse_installed(self.file.path)
            return FileChange(self.file.path, self.file.raw, after)
        return _output_change(self.file.path, self.place(output), after, force)


def open_target(cfg: Path, folders: Sequence[Path] = ()) -> Target:
    """Find and read a model YAML: in the current folder, then in ``folders``."""
    path = find_cfg(cfg, folders)
    try:
        file = read_text(path)
    except Refusal as error:
        from yamlmod.usecases.wrong_file import reads_as_weights

        raise reads_as_weights(path, error) from None
    scale = named_scale(cfg, path)
    return Target(file, read_model(file.text, display(file.path)), scale, tuple(folders))


def read_model(text: str, shown: str) -> Network:
    """Read the text of a file that a user named. Raises Refusal, at the row where it is broken."""
    # Not at the top of the file: `--help` must not pay for the YAML parser.
    from yamlmod.ops.network import read_network

    try:
        return read_network(text, shown)
    except Refusal as error:
        from yamlmod.checks.refused import at_its_cause

        raise at_its_cause(error, text) from None


def named_scale(cfg: Path, path: Path) -> str:
    """Return the scale that a name gives the file it means; nothing where it is the file's own."""
    return "" if path.name == cfg.name else _scale_of(cfg.name)


def find_cfg(cfg: Path, folders: Sequence[Path] = ()) -> Path:
    """Return the first place where ``cfg`` exists. Raises Refusal naming the places tried.

    A name with a scale, such as yolov8n.yaml, also means the file of that scale: yolov8.yaml.
    """
    tried = [cfg] if cfg.is_absolute() else [cfg, *(folder / cfg for folder in folders)]
    for path in tried:
        if exists(path):
            if path.suffix.lower() not in _YAML or path.is_dir():
                from yamlmod.usecases.wrong_file import refuse_other_kind

                refuse_other_kind(path)
            return path
    for path in tried:
        if (shared := file_of_scale(path)) is not None:
            return shared
    hint = _hint(cfg, tried, folders)
    raise Refusal("no-such-file", f"there is no model YAML {display(cfg)}", hint=hint)


def _hint(cfg: Path, tried: Sequence[Path], folders: Sequence[Path]) -> str:
    """Return what may have been meant by a name that leads to no file."""
    from yamlmod.usecases.wrong_file import similar_paths, windows_path

    if find(str(cfg)) is not None:
        return f"{cfg} is a module; the order is MODULE CFG (remove and move: CFG SEL)"
    if re.fullmatch(_SELECTOR, str(cfg)):
        return f"{cfg} is a layer; CFG comes before the layers"
    for path in tried:
        if (other := _unscaled(path)) is not None and exists(other):
            return f"{other.name} has no scale {_scale_of(path.name)}"
    windows = windows_path(cfg)
    if windows:
        return windows
    near = similar_paths(cfg, [Path(), *folders])
    lines = [f"did you mean {' or '.join(near)}?"] if near else []
    places = list(dict.fromkeys(display(path) for path in tried))
    lines += [f"looked for {', '.join(places)}"] if len(places) > 1 else []
    return "\n".join(lines)


def file_of_scale(cfg: Path) -> Path | None:
    """Return the file that ultralytics reads for a name that no file has: of yolov8n, yolov8.

    None where that is not there either, or does not have the scale.
    """
    shared = _unscaled(cfg)
    if shared is None or exists(cfg) or not exists(shared) or not shared.is_file():
        return None
    text = read_text(shared).text
    scales = re.search(r"(?m)^scales\s*:", text)
    own = re.search(rf"\b['\"]?{_scale_of(cfg.name)}['\"]?\s*:\s*\[", text)
    return shared if scales and own else None


def _unscaled(cfg: Path) -> Path | None:
    match = _SCALED.fullmatch(cfg.name)
    return cfg.with_name(match[1] + match[3]) if match else None


def _scale_of(name: str) -> str:
    match = _SCALED.fullmatch(name)
    return match[2] if match else ""


def _with_scale(name: str, scale: str) -> str:
    return re.sub(r"(yolo(?:v|e-)?\d+)", rf"\g<1>{scale}", name, count=1)


def shadowed_cfg(cfg: Path, repo: Path) -> list[str]:
    """Warn where the current folder and the fork both hold the YAML that was named."""
    if cfg.is_absolute() or not exists(cfg) or not exists(repo / cfg):
        return []
    if real_path(cfg) == real_path(repo / cfg):
        return []
    return [f"{display(cfg)} of the current folder was taken, not {display(repo / cfg)}"]


def layers_of(model: Network, words: Sequence[str]) -> tuple[int, ...]:
    """Return every layer that the selectors name."""
    return tuple(layer for word in words for layer in model.select_many(word))


def recipe_cfg(recipe: Path, named: str | None, given: Path | None) -> Path:
    """Return the YAML a recipe is for: the one given, else its own `cfg`, beside the recipe.

    A recipe may be untrusted: its own `cfg` must be a file of its repository.
    """
    if given is not None:
        return given
    if named is None:
        raise Refusal(
            "usage",
            f"{display(recipe)} names no model YAML, and none was given",
            hint="write `yamlmod apply RECIPE CFG`, or put `cfg: FILE` into the recipe",
        )
    hint = "if that is the file you mean, name it: `yamlmod apply RECIPE CFG`"
    return _beside(recipe, named, hint)


def _beside(recipe: Path, named: str, hint: str) -> Path:
    path = recipe.parent / named
    repository = home_of(real_path(recipe.parent))
    if not real_path(path).is_relative_to(repository):
        raise Refusal(
            "outside",
            f"{display(recipe)} names {named}, which lies outside of {repository.as_posix()}",
            hint=hint,
        )
    return path


def files_beside(recipe: Path) -> Callable[[str], tuple[str, str]]:
    """Return what reads the files that a recipe or a study names: those of its repository."""

    def read(name: str) -> tuple[str, str]:
        path = find_cfg(_beside(recipe, name, "copy it into the repository first"))
        return read_text(path).text, display(path)

    return read


def _refuse_installed(path: Path) -> None:
    if is_installed(real_path(path).parent):
        raise Refusal(
            "installed-package",
            f"{display(path)} belongs to an installed package: an upgrade would remove the edit",
            hint="-o FILE writes the result to a file of yours",
        )


def _output_change(source: Path, target: Path, after: bytes, force: bool) -> FileChange:
    """Return the change that writes a new YAML to ``target``; refuses to overwrite silently."""
    if target.suffix.lower() not in _YAML and is_taken(target):
        from yamlmod.usecases.wrong_file import refuse_weights

        refuse_weights(target, "a model YAML", "-o names where the new YAML goes")
    is_same = real_path(target) == real_path(source)
    note = " (it is the file that was read: -w writes in place)" if is_same else ""
    return new_file_change(target, after, Overwriting(force, note=note), kept=True)
