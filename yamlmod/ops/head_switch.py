"""Blocks whose presence changes the head that ultralytics builds.

Its `parse_model` sets `legacy = False` at a C3k2 (from 8.3.17 on), A2C2f (8.3.78) or C2fCIB
(8.3.99), and the head then has other layers for the classes. The YAML does not show it.
"""

from __future__ import annotations

from yamlmod.errors import one_of
from yamlmod.model.document import Document, parse_document
from yamlmod.model.known_modules import HEAD_SWITCHES, SWITCHED_HEADS
from yamlmod.model.network import Network
from yamlmod.registry.catalogue import find


def head_switch(before: Network, text: str) -> list[str]:
    """Warn where the edit adds the first of these blocks, or takes the last one out."""
    if _counts(before.document.text) == _counts(text):
        return []  # nearly every edit: it need not be read again
    after = parse_document(text, before.document.shown)
    head = after.rows[-1]
    if head.module not in SWITCHED_HEADS or "anchors" in map(str, head.args):
        return []  # heads of YOLOv5 have anchors
    old, new = _switches(before.document), _switches(after)
    if bool(old) == bool(new):
        return []
    if new:
        told = (
            f"with {new[0]} ultralytics builds the {head.module} of YOLO11: other layers for the "
            "classes, which weights of this network do not fit"
        )
        same = find(new[0].replace("C3k2", "C2f"))
        return [told + (f"; {same.name} leaves the head as it is" if same else "")]
    return [
        f"without {one_of(old)} ultralytics builds the {head.module} of YOLOv8: other layers for "
        "the classes, which weights of this network do not fit"
    ]


def _counts(text: str) -> list[int]:
    return [text.count(block) for block in HEAD_SWITCHES]


def _switches(document: Document) -> list[str]:
    """Return the modules that set `legacy`, forms of C3k2 among them."""
    modules = dict.fromkeys(row.module for row in document.rows)
    return [name for name in modules if name in HEAD_SWITCHES or _is_form(name)]


def _is_form(name: str) -> bool:
    template = find(name)
    return template is not None and template.alike in HEAD_SWITCHES
