"""Insert attention layers into YOLO model YAMLs and forks, proven before they are written.

`yamlmod.load(path_or_text)` gives an immutable `Model`; see `yamlmod.api`.
"""

import os
import sys

# `python -m yamlmod` puts the current folder, perhaps a stranger's repository with a typing.py,
# before all others. While it looks for this package argv[0] is "-m"; only what every Python has
# loaded at its start was imported until here. In yamlmod's own checkout the folder stays.
if (
    sys.argv[:1] == ["-m"]
    and not getattr(sys.flags, "safe_path", sys.flags.isolated)
    and sys.path[0] not in ("", os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120
):
    del sys.path[0]

from typing import TYPE_CHECKING, Any

_OLDEST = (3, 10)
if sys.version_info < _OLDEST:  # one line, where a SyntaxError would come from somewhere
    _told = (
        "yamlmod needs Python {0}.{1} or newer, and this is {2}.{3}: install it in an environment "
        "of a newer Python (python{0}.{1} -m venv FOLDER); your fork keeps its own (--python PATH)"
    ).format(*_OLDEST, *sys.version_info)
    # As `python -m yamlmod`, or by its script: no traceback above the line.
    if os.path.basename((sys.argv or [""])[0]) in ("-m", "yamlmod", "yamlmod.exe"):  # noqa: PTH119
        sys.exit(_told)
    raise ImportError(_told)

if TYPE_CHECKING:
    from yamlmod.api.findings import CheckResult as CheckResult
    from yamlmod.api.findings import check as check
    from yamlmod.api.fork import Fork as Fork
    from yamlmod.api.fork import explain as explain
    from yamlmod.api.model import Layer as Layer
    from yamlmod.api.model import Model as Model
    from yamlmod.api.model import load as load
    from yamlmod.api.preview import Preview as Preview
    from yamlmod.checks.finding import Finding as Finding
    from yamlmod.errors import Refusal as Refusal
    from yamlmod.errors import YamlmodError as YamlmodError

__version__ = "0.1.0"
__all__ = [
    "CheckResult",
    "Finding",
    "Fork",
    "Layer",
    "Model",
    "Preview",
    "Refusal",
    "YamlmodError",
    "__version__",
    "check",
    "explain",
    "load",
]
# Where each is; loaded when asked for: the command line imports this package for every `--help`.
_HOMES = {
    "CheckResult": "api.findings",
    "Finding": "checks.finding",
    "Fork": "api.fork",
    "Layer": "api.model",
    "Model": "api.model",
    "Preview": "api.preview",
    "Refusal": "errors",
    "YamlmodError": "errors",
    "check": "api.findings",
    "explain": "api.fork",
    "load": "api.model",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"yamlmod.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'yamlmod' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
