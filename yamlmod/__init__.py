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

if TYPE_CHECKING:
    from yamlmod.api import Layer as Layer
    from yamlmod.api import Model as Model
    from yamlmod.api import load as load
    from yamlmod.checks.finding import Finding as Finding
    from yamlmod.errors import Refusal as Refusal
    from yamlmod.errors import YamlmodError as YamlmodError

__version__ = "0.1.0"
__all__ = ["Finding", "Layer", "Model", "Refusal", "YamlmodError", "__version__", "load"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the command line imports this package for every `--help`.
    if name in ("Refusal", "YamlmodError"):
        from yamlmod import errors

        return getattr(errors, name)
    if name in __all__:
        from yamlmod import api

        return getattr(api, name)
    raise AttributeError(f"module 'yamlmod' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
