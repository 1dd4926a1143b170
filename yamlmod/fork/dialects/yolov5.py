"""YOLOv5, v1.0 to the latest."""

from yamlmod.fork.parser.dialect import Dialect, Fault, Sign

DIALECT = Dialect(
    name="yolov5",
    title="YOLOv5",
    cfgs=("models", "models/hub", "models/segment"),
    signs=(Sign("models/yolov5*.yaml"),),
    faults=(
        Fault(
            "its Detect changes a leaf tensor in place when the biases are set: a network "
            "only builds with old versions of torch",
            (Sign("models/yolo.py", r"\n +b\[:, 4\] \+= "),),
        ),
        Fault(
            "utils/general.py imports pkg_resources, which setuptools 81 and later do not include",
            (Sign("utils/general.py", r"\nimport pkg_resources"),),
        ),
    ),
)
