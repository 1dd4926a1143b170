"""Read the defaults of a project or a user: `python`, `repo`, `base` and `[check]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.registry.sources import CONFIG, user_config
from yamlmod.registry.toml import load_toml
from yamlmod.workspace.files import current_folder, display, real_path

_KEYS = ("templates", "python", "repo", "base", "check")
_CHECK_KEYS = ("select", "ignore", "strict")
# The name that a program of a repository's file must have: what is run is a Python.
_PYTHON = r"(python|pypy)[\d.]*(\.exe)?"


class CheckSettings(NamedTuple):
    """The table `[check]`: rules, and whether warnings count."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    strict: bool = False


class ProjectSettings(NamedTuple):
    """The defaults of one yamlmod.toml; ``is_users`` tells that it came with no repository."""

    shown: str = ""
    python: str | None = None
    repo: Path | None = None
    base: Path | None = None
    check: CheckSettings = CheckSettings()
    is_users: bool = False

    @property
    def users_python(self) -> str | None:
        """The Python that may be run where nothing of a repository is: none of its own choice."""
        return self.python if self.is_users else None


def settings() -> ProjectSettings:
    """Return the defaults of the nearest yamlmod.toml, else of the user's own, else none."""
    here = current_folder()
    for folder in (here, *here.parents) if here is not None else ():
        if (folder / CONFIG).is_file():
            return _read(folder / CONFIG, real_path(folder))
    config = user_config()
    return _read(config, None) if config.is_file() else ProjectSettings()


@cache
def _read(config: Path, below: Path | None) -> ProjectSettings:
    shown = display(config)
    try:
        data = load_toml(config, below)
    except (ValueError, OSError, RecursionError, MemoryError) as error:
        raise _bad(config, str(error)) from error
    unknown = [key for key in data if key not in _KEYS]
    if unknown:
        known = one_of(_KEYS)
        raise _bad(config, f"it has no key {unknown[0]!r}", f"the keys are {known}")
    return ProjectSettings(
        shown=shown,
        python=_python(config, data.get("python"), below),
        repo=_path(config, data, "repo", below),
        base=_path(config, data, "base", below),
        check=_check(config, data.get("check", {})),
        is_users=below is None,
    )


def _text(config: Path, value: Any, key: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _bad(config, f"{key} must be a path", f'write {key} = "..."')
    return value


def _path(config: Path, data: Mapping[str, Any], key: str, below: Path | None) -> Path | None:
    if key not in data:
        return None
    path = config.parent / Path(_text(config, data[key], key)).expanduser()
    if below is not None and not real_path(path).is_relative_to(below):
        hint = f"a repository must not name such a path: write it to {user_config()} instead"
        message = f"{key} names {data[key]}, which is outside of {below.as_posix()}"
        raise Refusal("outside", message, place=Place(display(config)), hint=hint)
    here = current_folder()
    inside = here is not None and path.is_relative_to(here)
    return path.relative_to(here) if inside and here is not None else path


def _python(config: Path, value: Any, below: Path | None) -> str | None:
    if value is None:
        return None
    word = _text(config, value, "python")
    if below is not None and not re.fullmatch(_PYTHON, Path(word).name, re.IGNORECASE):
        message = f"python names {word}, which is no name of a Python"
        raise _bad(config, message, "--python takes any program")
    is_path = "/" in word or "\\" in word
    return str(config.parent / Path(word).expanduser()) if is_path else word


def _check(config: Path, table: Any) -> CheckSettings:
    if not isinstance(table, dict):
        raise _bad(config, "check must be a table", "write [check] on a line of its own")
    unknown = [key for key in table if key not in _CHECK_KEYS]
    if unknown:
        raise _bad(config, f"[check] has no key {unknown[0]!r}", f"its keys: {one_of(_CHECK_KEYS)}")
    strict = table.get("strict", False)
    if not isinstance(strict, bool):
        raise _bad(config, "strict must be true or false", "write strict = true")
    select, ignore = (_words(config, table, key) for key in ("select", "ignore"))
    return CheckSettings(select, ignore, strict)


def _words(config: Path, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    words = table.get(key, [])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise _bad(config, f"{key} must be a list of rules", f'write {key} = ["moved-layers"]')
    return tuple(words)


def _bad(config: Path, message: str, hint: str = "") -> Refusal:
    return Refusal("bad-config", message, place=Place(display(config)), hint=hint)
