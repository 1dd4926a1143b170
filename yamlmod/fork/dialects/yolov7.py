"""YOLOv7: implicit heads, auxiliary heads, reparameterised convolutions."""

from yamlmod.fork.parser.dialect import Dialect, Sign

DIALECT = Dialect(
    name="yolov7",
    title="YOLOv7",
    cfgs=("cfg/training", "cfg/deploy", "cfg/baseline", "models"),
    signs=(
        Sign("models/yolo.py", r"\nclass IDetect\b"),
        Sign("models/yolo.py", r"\nclass IAuxDetect\b"),
        Sign("models/common.py", r"\nclass (SPPCSPC|RepConv)\b"),
    ),
)
