"""Read a study file, and say what another file is."""

from __future__ import annotations

from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.usecases.wrong_file import refuse_weights, similar_paths, windows_path
from yamlmod.workspace.files import TextFile, display, exists, read_text

_FORMAT = "a study file has study:, repo:, base:, train: and components: (docs/studies.md)"


def read_study_text(file: Path) -> TextFile:
    """Read the text of a study file. Raises Refusal with what the file is, or near names."""
    if not exists(file):
        near = similar_paths(file, [Path()])
        hint = windows_path(file) or (f"did you mean {' or '.join(near)}?" if near else _FORMAT)
        raise Refusal("no-such-file", f"there is no study file {display(file)}", hint=hint)
    if file.is_dir():
        hint = (
            f"to go on with it: yamlmod study run {display(file)}"
            if exists(file / "study.json")
            else _FORMAT
        )
        raise Refusal("is-folder", f"{display(file)} is a folder, not a study file", hint=hint)
    refuse_weights(file, "a study file", _FORMAT)
    text = read_text(file)
    if not text.text.strip():
        raise Refusal("bad-study", f"{display(file)} is empty", hint=_FORMAT)
    return text
