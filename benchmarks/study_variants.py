"""1,000 variants of a study: planned, proven and drawn, YAML only.

    python benchmarks/study_variants.py REPO

REPO is a fork such as YOLOv5 7.0. Ten components, each of which inserts SimAM at another layer of
yolov5s, give every subset of one to ten insertions: 1,024 networks with the base. Each is planned
and proven as `study plan` does it, and drawn as the difference to the base. CPU time; bound: 20 s.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from yamlmod.usecases.study_figures import change_svg
from yamlmod.usecases.study_plan import planned_variants
from yamlmod.usecases.study_prepare import prepared

_LAYERS = (2, 4, 5, 6, 7, 9, 13, 17, 20, 23)


def main() -> None:
    """Print the CPU time of both steps."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("repo", type=Path)
    repo = parser.parse_args().repo.resolve()
    lines = ["study: thousand", f"repo: {repo.as_posix()}", "base: models/yolov5s.yaml"]
    lines += ["train: {epochs: 1}", "seeds: 1", "combine: full", "components:"]
    lines += [f"  c{layer}: {{insert: SimAM, after: {layer}}}" for layer in _LAYERS]
    with tempfile.TemporaryDirectory() as home:
        file = Path(home, "study.yaml")
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        study = prepared(file, sys.executable)
        start = time.process_time()
        planned = planned_variants(study)
        middle = time.process_time()
        base = planned[0].model
        drawn = sum(bool(change_svg(base, item.model, "yolov5s.yaml")) for item in planned)
        end = time.process_time()
    sys.stdout.write(
        f"{len(planned)} variants planned and proven: {middle - start:.1f} s; "
        f"{drawn} drawn: {end - middle:.1f} s\n"
    )


if __name__ == "__main__":
    main()
