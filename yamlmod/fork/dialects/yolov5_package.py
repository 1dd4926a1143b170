"""The yolov5 package on PyPI, which imports itself by its own name."""

from yamlmod.fork.parser.dialect import Dialect, Sign

DIALECT = Dialect(
    name="yolov5-package",
    title="the yolov5 package",
    cfgs=("models", "models/hub", "models/segment"),
    signs=(
        Sign("models/yolov5*.yaml"),
        Sign("models/yolo.py", r"\n *from yolov5\.models"),
    ),
)
