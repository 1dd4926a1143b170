"""Write the table of torch.nn: its names, and each layer's base classes and constructor.

    python -m tools.torch_table            prints whether the table is up to date
    python -m tools.torch_table --write    writes yamlmod/fork/read/torch_rules/torch_table.json

The reader of forks never imports torch; this table is made once from an installed one.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

_FOLDER = Path(__file__).parents[1] / "yamlmod" / "fork" / "read" / "torch_rules"
TABLE = _FOLDER / "torch_table.json"


def table() -> dict[str, Any]:
    """Return the table."""
    classes: dict[str, Any] = {}
    others = []
    for name in sorted(dir(nn)):
        value = getattr(nn, name)
        if isinstance(value, type) and issubclass(value, nn.Module):
            _add(classes, value)
        elif not name.startswith("_"):
            others.append(name)
    return {
        "torch": torch.__version__.partition("+")[0],
        "classes": dict(sorted(classes.items())),
        "names": others,
        "functional": sorted(n for n in dir(nn.functional) if not n.startswith("__")),
        "module": sorted(n for n in dir(nn.Module()) if not n.startswith("__")),
    }


def _add(classes: dict[str, Any], cls: type) -> None:
    """Add a class and its base classes."""
    if cls.__name__ in classes:
        return
    bases = [base for base in cls.__bases__ if issubclass(base, nn.Module)]
    classes[cls.__name__] = {
        "bases": [base.__name__ for base in bases],
        "parameters": _parameters(cls),
    }
    for base in bases:
        _add(classes, base)


def _parameters(cls: type) -> list[list[Any]]:
    """Return name, kind and default of each parameter of the constructor; no default: two items."""
    found = []
    for parameter in list(inspect.signature(cls.__init__).parameters.values())[1:]:
        kind = {
            parameter.VAR_POSITIONAL: "*",
            parameter.VAR_KEYWORD: "**",
            parameter.KEYWORD_ONLY: "key",
        }.get(parameter.kind, "")
        entry: list[Any] = [parameter.name, kind]
        if parameter.default is not parameter.empty:
            entry.append(_plain(parameter.default))
        found.append(entry)
    return found


def _plain(value: Any) -> Any:
    plain = isinstance(value, (int, float, str, bool, type(None)))
    if plain:
        return value
    return [_plain(item) for item in value] if isinstance(value, tuple) else {"unknown": str(value)}


def main(words: Sequence[str] | None = None) -> int:
    """Compare or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(words)
    text = json.dumps(table(), separators=(",", ":"), sort_keys=True) + "\n"
    if options.write:
        TABLE.write_text(text, encoding="utf-8", newline="\n")
    same = TABLE.is_file() and TABLE.read_text(encoding="utf-8") == text
    sys.stdout.write("up to date\n" if same else "out of date: run with --write\n")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
