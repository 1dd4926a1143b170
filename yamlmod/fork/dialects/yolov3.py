"""YOLOv3 by ultralytics: YOLOv5's code with YOLOv3's networks."""

from yamlmod.fork.parser.dialect import Dialect, Sign

DIALECT = Dialect(
    name="yolov3",
    title="YOLOv3 (ultralytics)",
    signs=(Sign("models/yolov3*.yaml"), Sign("models/yolov5s.yaml", absent=True)),
)
