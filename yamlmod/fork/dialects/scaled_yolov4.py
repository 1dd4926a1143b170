"""Scaled-YOLOv4 (yolov4-large) and YOLOR's `paper` branch: CSP blocks with Mish, x+1 channels."""

from yamlmod.fork.parser.dialect import Dialect, Sign

DIALECT = Dialect(
    name="scaled-yolov4",
    title="Scaled-YOLOv4",
    signs=(
        Sign("models/common.py", r"\nclass BottleneckCSP2\b"),
        Sign("models/common.py", r"\nclass (SPPCSP|VoVCSP)\b"),
        Sign("models/yolo.py", r"\nclass IDetect\b", absent=True),
    ),
)
