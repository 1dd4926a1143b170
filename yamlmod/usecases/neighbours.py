"""Read the model files beside the named ones: one of them may be their base."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from yamlmod.checks.folder import Text
from yamlmod.errors import Refusal
from yamlmod.workspace.files import display, read_text
from yamlmod.workspace.walk import Walk

# Not compiled here: a check of one file of a known family needs neither.
_TABLE = r"^[ \t\ufeff]*(?:backbone|head)[ \t]*:"
# `[-1, 1, Conv`, `[[-1, 6], 1, Concat`, or the dashes of a row in block style.
_ROW = (
    r"\[[ \t]*(?:-?\d+|\[[-\d, \t]*\]?)[ \t]*,(?:[ \t]*\d+[ \t]*,)?[ \t]*[\"']?[A-Za-z]"
    r"|^[ \t]*- - "
)
_ENDINGS = (".yaml", ".yml")
# A folder with more is no folder of models.
_MOST = 200


def is_model(text: str) -> bool:
    """Tell a model from other settings: a table, and a row anywhere."""
    return has_table(text) and re.search(_ROW, text, re.MULTILINE) is not None


def has_table(text: str) -> bool:
    """Tell whether a text has a backbone or a head."""
    return re.search(_TABLE, text, re.MULTILINE) is not None


def neighbours(named: Sequence[Path]) -> list[Text]:
    """Return the other model files of these files' folders; one that cannot be read is left out."""
    texts = []
    for folder in dict.fromkeys(path.parent for path in named):
        found = [path for path, is_link in Walk().files(folder, _stays, _ENDINGS) if not is_link]
        for path in [path for path in found if path not in named][:_MOST]:
            with contextlib.suppress(Refusal):
                text = read_text(path).text
                if is_model(text):
                    texts.append(Text(display(path), text))
    return texts


def _stays(folder: Path, name: str) -> bool:
    return False
