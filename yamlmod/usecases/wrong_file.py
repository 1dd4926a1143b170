"""Explain a name that leads to no model YAML: a typing error, a folder, a checkpoint."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from yamlmod.errors import Refusal, one_of
from yamlmod.folders import BUILT, ENVIRONMENTS, INSTALLED, RUNS
from yamlmod.workspace.files import display, exists, read_bytes, real_path
from yamlmod.workspace.walk import Walk

_BINARY = {
    ".pt": "a PyTorch checkpoint",
    ".pth": "a PyTorch checkpoint",
    ".ckpt": "a PyTorch checkpoint",
    ".torchscript": "a TorchScript export",
    ".safetensors": "a file of weights",
    ".onnx": "an ONNX export",
    ".engine": "a TensorRT engine",
}
# The first bytes of a zip archive and of a pickle: a checkpoint of any name.
_MAGIC = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_ENDINGS = (".yaml", ".yml")
_NAMES = 20_000
_MOST = 2_000
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_TABLES = re.compile(rb"^[ \t]*backbone[ \t]*:", re.MULTILINE)
_NOT = INSTALLED | ENVIRONMENTS | BUILT | RUNS


def refuse_other_kind(path: Path) -> None:
    """Refuse a folder, and a file whose name says that it holds weights."""
    if path.is_dir():
        hint = model_yamls_in(path) or "there is no model YAML in it"
        raise Refusal("is-folder", f"{display(path)} is a folder, not a model YAML", hint=hint)
    refuse_weights(path)


def refuse_weights(path: Path, wanted: str = "a model YAML", hint: str = "") -> None:
    """Refuse a file whose name says that it holds weights, where something else is ``wanted``."""
    kind = _BINARY.get(path.suffix.lower())
    if kind is not None and not hint:
        raise _weights(path, kind)
    if kind is not None:
        raise Refusal("not-a-model", f"{display(path)} is {kind}, not {wanted}", hint=hint)


def model_yamls_in(folder: Path) -> str:
    """Return a sentence that lists the model YAMLs below a folder; empty where there are none."""
    yamls = [display(path) for path in _yamls(folder) if _is_model(path)]
    return f"its model YAMLs: {one_of(yamls)}" if yamls else ""


def reads_as_weights(path: Path, error: Refusal) -> Refusal:
    """Return the refusal of a file that is not text: weights under another name, or ``error``."""
    if error.code == "not-utf8" and read_bytes(path, "").startswith(_MAGIC):
        return _weights(path, "a PyTorch checkpoint or another archive")
    return error


def _weights(path: Path, kind: str) -> Refusal:
    beside = (path.with_suffix(".yaml"), path.parent / "models" / f"{path.stem}.yaml")
    found = next((display(one) for one in beside if exists(one)), "")
    hint = "give the model YAML" + (f": {found}" if found else ", such as models/yolov5s.yaml")
    return Refusal("not-a-model", f"{display(path)} is {kind}, not a model YAML", hint=hint)


def windows_path(word: Path) -> str:
    """Return what to write instead of a Windows path; empty where it is none, or on Windows."""
    text = str(word)
    if os.name == "nt" or not ("\\" in text or _DRIVE.match(text)):
        return ""
    plain = _DRIVE.sub("", text).replace("\\", "/")
    if _DRIVE.match(text):
        return "this is a Windows path, and this is not Windows: give the path as it is here"
    return f"this is a Windows path; here it is {plain}"


def similar_paths(word: Path, folders: Sequence[Path]) -> list[str]:
    """Return the YAMLs around ``folders`` whose names are like that of ``word``, best first."""
    found: dict[str, Path] = {}
    for folder in (word.parent, *folders):
        if folder.is_dir():
            for path in _yamls(folder):
                found.setdefault(str(real_path(path)), path)
    names = list(dict.fromkeys(path.name for path in found.values()))
    near = difflib.get_close_matches(word.name, names, n=3, cutoff=0.75)
    paths = [path for name in near for path in found.values() if path.name == name]
    ranked = sorted(paths, key=lambda path: (near.index(path.name), _distance(word, path)))
    return [display(path) for path in ranked[:3]]


def _distance(word: Path, path: Path) -> float:
    return -difflib.SequenceMatcher(None, str(word), str(path)).ratio()


def _is_model(path: Path) -> bool:
    try:
        return _TABLES.search(read_bytes(path, "", 400_000)) is not None
    except Refusal:
        return False


def _yamls(folder: Path) -> Iterable[Path]:
    walk = Walk(_NAMES)
    files = walk.files(folder, lambda _, name: not name.startswith(".") and name not in _NOT,
                       _ENDINGS)  # fmt: skip
    return sorted(path for path, _ in islice(files, _MOST))
