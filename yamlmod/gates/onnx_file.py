"""Read an ONNX model from bytes; the only user of the onnx package."""

from __future__ import annotations

from typing import Any

from yamlmod.errors import Place, Refusal
from yamlmod.gates.graph import NodeGraph
from yamlmod.gates.onnx_graph import Flattening

_KNOWN = {
    b"PK\x03\x04": "a zip archive, as torch writes it: export it to ONNX, or give its CFG --repo",
    b"ORTM": "a model in onnxruntime's own format: give the ONNX file it was made from",
}


def read_onnx(raw: bytes, shown: str) -> NodeGraph:
    """Return the graph of an ONNX file. Weights in other files are not opened.

    Raises Refusal for what is no ONNX model, and where the package onnx is missing.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise Refusal(
            "no-onnx",
            f"reading {shown} needs the package onnx: {error}",
            hint='pip install "yolo-yamlmod[onnx]", or pip install onnx',
        ) from None
    if not raw:
        raise _refused(shown, "the file is empty")
    for start, what in _KNOWN.items():
        if raw.startswith(start) or raw[4:8] == start:
            raise _refused(shown, f"it is {what}")
    try:
        model = onnx.load_model_from_string(raw)
    except DecodeError as error:
        raise _refused(shown, f"it does not parse: {error}") from None
    if not model.ir_version or not model.graph.node:
        raise _refused(shown, "it has no graph")
    try:
        return Flattening(model, _scalar).graph()
    except TypeError:
        # Protobuf gives bytes for a text that is not UTF-8.
        if not _has_bytes_for_text(model):
            raise
        raise _refused(shown, "a name in it is not UTF-8") from None


def _has_bytes_for_text(message: Any) -> bool:
    from google.protobuf.message import Message

    for field, value in message.ListFields():
        values = [value] if isinstance(value, str | bytes | Message) else value
        if field.type == field.TYPE_STRING and any(isinstance(one, bytes) for one in values):
            return True
        if field.type == field.TYPE_MESSAGE and any(map(_has_bytes_for_text, values)):
            return True
    return False


def _refused(shown: str, reason: str) -> Refusal:
    hint = "give a file written by torch.onnx.export or another exporter"
    message = f"this is not an ONNX model: {reason}"
    return Refusal("not-onnx", message, place=Place(shown), hint=hint)


def _scalar(tensor: Any) -> float | None:
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        return None
    try:
        return float(numpy_helper.to_array(tensor).reshape(-1)[0])
    except Exception:  # a hostile tensor: it is a constant all the same
        return None
