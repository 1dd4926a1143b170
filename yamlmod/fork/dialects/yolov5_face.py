"""YOLOv5-face: heads with landmarks, ShuffleNet and stem blocks."""

from yamlmod.fork.parser.dialect import Dialect, Sign

DIALECT = Dialect(
    name="yolov5-face",
    title="YOLOv5-face",
    signs=(
        Sign("models/common.py", r"\nclass StemBlock\b"),
        Sign("models/yolo.py", r"nc \+ 5 \+ 10"),
    ),
)
