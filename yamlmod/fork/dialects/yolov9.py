"""YOLOv9: dual heads and reversible branches."""

from yamlmod.fork.parser.dialect import Dialect, Sign

DIALECT = Dialect(
    name="yolov9",
    title="YOLOv9",
    cfgs=("models/detect", "models/segment", "models/panoptic", "models"),
    signs=(
        Sign("models/yolo.py", r"\nclass Dual\w*Detect\b"),
        Sign("models/common.py", r"\nclass RepNCSPELAN4\b"),
        Sign("models/common.py", r"\nclass CBLinear\b"),
    ),
)
