"""Insert attention layers into YOLO model YAMLs and forks, proven before they are written."""

__version__ = "0.1.0"
