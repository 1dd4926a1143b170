"""YOLOv3 by ultralytics: the code of YOLOv5 with the networks of YOLOv3."""

from yamlmod.fork.parser.dialect import Dialect, Sign

DIALECT = Dialect(
    name="yolov3",
    title="YOLOv3 (ultralytics)",
    signs=(Sign("models/yolov3*.yaml"), Sign("models/yolov5s.yaml", absent=True)),
)
