"""Build added scales and grafts with the forks' own code: parameters, shapes, gradients."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import yaml

from tools.real_forks import fork_folder
from tools.scales.judge import Plain
from yamlmod.errors import Refusal
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.add_head.plan import add_head
from yamlmod.ops.operations.graft.donor import DonorFile
from yamlmod.ops.operations.graft.plan import graft

_WORKER = Path(__file__).resolve().parents[1] / "build_worker.py"
_ULTRALYTICS = "ultralytics==8.4.190"
_V5, _V7, _V9 = "yolov5==7.0.14", "yolov7detect==1.0.1", "yolov9pip==0.0.4"
SCALED = (
    (_V5, "models/yolov5s.yaml"),
    (_V7, "WongKinYiu__yolov7@HEAD/cfg/training/yolov7-tiny.yaml"),
    (_ULTRALYTICS, "cfg/models/v8/yolov8.yaml"),
    (_ULTRALYTICS, "cfg/models/11/yolo11.yaml"),
    (_V5, "models/hub/yolov5s-ghost.yaml"),
    (_V9, "WongKinYiu__yolov9@HEAD/models/detect/gelan-c.yaml"),
    *(
        (_ULTRALYTICS, f"cfg/models/{name}.yaml")
        for name in (
            *("v5/yolov5", "v6/yolov6", "v8/yolov8-seg", "v8/yolov8-pose", "v8/yolov8-obb"),
            *("v9/yolov9s", "v9/yolov9c", "v10/yolov10n", "12/yolo12", "26/yolo26"),
        )
    ),
)
"""The networks whose outer scales are built: fork and file."""

GRAFTED = (
    *("v5/yolov5", "v6/yolov6", "v8/yolov8", "v8/yolov8-ghost", "v9/yolov9s", "v9/yolov9c"),
    *("v10/yolov10n", "11/yolo11", "12/yolo12", "26/yolo26", "rt-detr/rtdetr-l", "v8/yolov8-p6"),
)
"""The networks of ultralytics that are grafted onto each other."""


_AT_ONCE = 12


class Job(NamedTuple):
    """A network to build, and what must come out."""

    name: str
    text: str
    strides: Sequence[float] = ()
    # For a graft: the name of the neck's own network, how many rows its backbone has, and that of
    # the donor with the neck's sizes, with the number of its rows.
    neck: tuple[str, int] = ("", 0)
    donor: tuple[str, int] = ("", 0)


def build_all(out: TextIO, only: str = "") -> int:
    """Build everything, print a line for each, return how many are wrong."""
    wrong = 0
    for spec, path in SCALED:
        if only not in f"{spec} {path}":
            continue
        for job, report in _built(spec, list(_scale_jobs(spec, path)), "backward"):
            complaint = _scale_complaint(job, report)
            wrong += bool(complaint)
            out.write(f"{'WRONG' if complaint else 'built'} {spec} {job.name} {complaint}\n")
            out.flush()
    return wrong


def build_grafts(out: TextIO) -> int:
    """Build every pair of `GRAFTED`; return how many are wrong."""
    jobs, refused = _graft_jobs()
    for line in refused:
        out.write(f"refused {line}\n")
    reports: dict[str, Any] = {}
    wrong = 0
    for job, report in _built(_ULTRALYTICS, jobs, "shapes"):
        reports[job.name] = report
        if not job.neck[0]:
            continue
        complaint = _graft_complaint(job, report, reports)
        wrong += bool(complaint)
        out.write(f"{'WRONG' if complaint else 'built'} {job.name} {complaint}\n")
        out.flush()
    out.write(f"{len(jobs)} built, {len(refused)} refused, {wrong} wrong\n")
    return wrong


def _scale_jobs(spec: str, path: str) -> Iterator[Job]:
    # Some packages bring no YAMLs: those are of the corpus, where it is there.
    corpus = Path(os.environ.get("YAMLMOD_CORPUS", "../shared/corpus")) / "models" / path
    own = fork_folder(spec) / path
    if not own.exists() and not corpus.exists():
        return
    text = (own if own.exists() else corpus).read_bytes().decode("utf-8")
    yield Job(_stem(path), text)
    for level, strides in (("P2", (4, 8, 16, 32)), ("P6", (8, 16, 32, 64))):
        made = add_head(read_network(text, path), level).text
        yield Job(f"{_stem(path)}-{level.lower()}", made, strides)


def _stem(path: str) -> str:
    """Return a name that says the scale n, where the file has scales."""
    stem = Path(path).stem
    for family in ("yolov5", "yolov6", "yolov8", "yolo11", "yolo12", "yolo26"):
        if path.startswith("cfg/models") and (stem == family or stem.startswith(f"{family}-")):
            return stem.replace(family, f"{family}n", 1)
    return stem


def _scale_complaint(job: Job, report: dict[str, Any]) -> str:
    if "error" in report:
        return str(report["error"]).strip().splitlines()[-1] if job.strides else ""
    if job.strides and report["strides"] != list(job.strides):
        return f"strides {report['strides']}"
    back = report["backward"]
    bad = back["not_finite"] or [n for n in back["none"] if "dfl" not in n]
    return f"no gradient: {bad[:3]}" if bad and job.strides else ""


def _graft_jobs() -> tuple[list[Job], list[str]]:
    folder = fork_folder(_ULTRALYTICS) / "cfg" / "models"
    texts = {
        _stem(f"cfg/models/{name}.yaml"): (folder / f"{name}.yaml").read_bytes().decode("utf-8")
        for name in GRAFTED
    }
    jobs = [Job(name, text) for name, text in texts.items()]
    known = {(name, _sizes(text)): name for name, text in texts.items()}
    refused = []
    for neck, text in texts.items():
        if "RTDETRDecoder" in text:
            continue  # another Model class builds it: here it only gives its backbone
        for donor, other in texts.items():
            model = read_network(text, neck)
            try:
                made = graft(model, DonorFile(other, donor)).text
            except Refusal as error:
                refused.append(f"{neck} on {donor}: {error.code}: {error.message}")
                continue
            count = len(read_network(made, "x").document.sections[0].rows)
            # Networks of equal sizes share one build of the donor.
            key = donor, _sizes(text)
            sized = known.setdefault(key, f"{donor}-at-{neck}")
            if sized not in {job.name for job in jobs}:
                jobs.append(Job(sized, _sized(other, text)))
            own = len(model.document.sections[0].rows)
            source = (sized, count)
            jobs.append(Job(f"{neck}-on-{donor}", made, (), (neck, own), source))
    return jobs, refused


def _sizes(text: str) -> str:
    """Return the sizes that a network is built with: those of scale n, or its own."""
    data = Plain.read(text).data
    scales = data.get("scales") or {}
    own = [data.get("depth_multiple"), data.get("width_multiple")]
    return str(scales.get("n") or next(iter(scales.values()), own))


def _sized(donor: str, neck: str) -> str:
    """Return the donor with the neck's sizes: its own network, built as its rows are here."""
    sizes = ("scales", "depth_multiple", "width_multiple")
    data, ours = (yaml.safe_load(text) for text in (donor, neck))
    data = {key: value for key, value in data.items() if key not in sizes}
    data |= {key: ours[key] for key in sizes if key in ours}
    return yaml.safe_dump(data, sort_keys=False)


def _graft_complaint(job: Job, report: dict[str, Any], reports: dict[str, Any]) -> str:
    if "error" in report:
        return str(report["error"]).strip().splitlines()[-1]
    neck, donor = reports[job.neck[0]], reports[job.donor[0]]
    by = job.donor[1] - job.neck[1]
    numbers = [layer["parameters"] for layer in report["layers"]]
    if "error" in donor:
        return ""  # its own neck does not build at these sizes
    theirs = [layer["parameters"] for layer in donor["layers"]][: job.donor[1]]
    if numbers[: job.donor[1]] != theirs:
        return "the backbone has other parameters than the donor's"
    for layer in range(job.neck[1], len(neck["layers"]) - 1):
        one, other = (
            neck["shapes"]["of"].get(str(layer)),
            report["shapes"]["of"].get(str(layer + by)),
        )
        joins = neck["layers"][layer]["class"] in ("Concat", "Upsample")
        if (one or other) and (one is None or other is None or one[1:] != other[1:]):
            return f"layer {layer} returns {other} instead of {one}"
        if not joins and one != other:
            return f"layer {layer} returns {other} instead of {one}"
    return "" if report["strides"] == neck["strides"] else f"strides {report['strides']}"


def _built(spec: str, jobs: Sequence[Job], check: str) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Build the jobs in processes of a few networks each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for start in range(0, len(jobs), _AT_ONCE):
            part = jobs[start : start + _AT_ONCE]
            words = []
            for job in part:
                # ultralytics takes the scale from the file's name: here it is the neck's.
                named = job.name.split("-at-")[-1].split("-on-")[0]
                path = folder / job.name / f"{named}.yaml"
                path.parent.mkdir(exist_ok=True)
                path.write_text(job.text, encoding="utf-8")
                words.append(f"{path}={check}")
            command = [sys.executable, str(_WORKER), str(fork_folder(spec)), *words]
            done = subprocess.run(command, capture_output=True, text=True)
            if not done.stdout:
                sys.stderr.write(done.stderr[-2000:])
            yield from zip(part, json.loads(done.stdout)["networks"], strict=True)
