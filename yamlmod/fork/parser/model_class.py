"""Find the class that builds networks with a parse function."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from yamlmod.fork.parser.parse_model import read_functions
from yamlmod.fork.python.source import Source

BY_HEAD: Mapping[str, str] = {
    "Segment": "SegmentationModel",
    "Pose": "PoseModel",
    "OBB": "OBBModel",
    "SemanticSegment": "SemanticSegmentationModel",
    "Depth": "DepthModel",
    "WorldDetect": "WorldModel",
    "YOLOEDetect": "YOLOEModel",
    "YOLOESegment": "YOLOESegModel",
    "RTDETRDecoder": "RTDETRDetectionModel",
}
USUAL = ("Model", "DetectionModel")


def unusual_class(source: Source, function: str) -> str:
    """Return the class that calls a parse function which the usual classes do not call.

    Empty where one of those calls it, itself or by a class that it extends, or may call it in a way
    that is not seen: there is no other function that it could call.
    """
    classes = {node.name: node for node in source.tree.body if isinstance(node, ast.ClassDef)}
    callers = [name for name in classes if _calls(classes, name, function, frozenset())]
    usual = [name for name in (*BY_HEAD.values(), *USUAL) if name in classes]
    if not callers or any(name in callers for name in usual):
        return ""
    functions = {found.node.name for found in read_functions(source)}
    return callers[0] if len(functions) > 1 or not usual else ""


def _calls(
    classes: Mapping[str, ast.ClassDef], name: str, function: str, seen: frozenset[str]
) -> bool:
    node = classes.get(name)
    if node is None or name in seen:
        return False
    own = any(
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == function
        for call in ast.walk(node)
    )
    bases = (base.id for base in node.bases if isinstance(base, ast.Name))
    return own or any(_calls(classes, base, function, seen | {name}) for base in bases)
