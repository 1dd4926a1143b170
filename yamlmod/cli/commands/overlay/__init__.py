"""Keep patches of an installed package in a folder: refresh it, install it into an environment."""

from __future__ import annotations

GROUP = "fork"
EPILOG = """\b
Examples:
  yamlmod patch ultralytics SimAM --overlay -w    make ultralytics_overlay/
  yamlmod exec yolo train model=yolo11n-simam.yaml data=coco8.yaml
  yamlmod overlay refresh -w                      after an upgrade
  yamlmod overlay install -w                      without `yamlmod exec`"""
