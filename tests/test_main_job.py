"""The main job on the published YOLOv5: add a layer, build with the fork's own Model, take it out.

The numbers are the ones a careful person writes by hand; yamlmod's own code is never asked what is
right. Every network is built in a subprocess (build_worker.py), several YAMLs in each, because
importing torch and a fork takes longer than most of the checks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.run import Done, yamlmod
from tools.real_forks import fork_copy, fork_folder

pytestmark = pytest.mark.fork

ROOT = Path(__file__).resolve().parents[1]
WORKER = ROOT / "tools" / "build_worker.py"
SPEC = "yolov5==7.0.14"
OLDER = ["yolov5==6.2.3", "yolov5==5.0.10", "yolov5==4.0.14"]
ALL = ("forward", "rectangle", "backward", "bfloat16", "torchscript", "pickle", "deepcopy")
# The smallest, the usual and the largest scale; in m and l only the two factors differ.
CHECKS = {"n": ALL, "s": ("forward", "rectangle"), "x": ("small",)}
# Predictions at strides 8, 16 and 32, three anchors at each place, 80 classes.
PLACES = {
    "forward": 3 * (32 * 32 + 16 * 16 + 8 * 8),
    "rectangle": 3 * (24 * 40 + 12 * 20 + 6 * 10),
    "small": 3 * (16 * 16 + 8 * 8 + 4 * 4),
}


@dataclass(frozen=True)
class Job:
    """One command of the issue, and what its YAML must say."""

    module: str
    where: tuple[str, ...]
    new: tuple[int, ...]
    concats: tuple[int, int, int, int]  # what the four Concat rows read besides -1, from above
    head: tuple[int, int, int]
    args: tuple[int, ...] = ()

    @property
    def selectors(self) -> list[str]:
        """The new layers by name, so that a second removal can not hit another layer."""
        if len(self.new) == 1:
            return [self.module]
        return [f"{self.module}#{k + 1}" for k in range(len(self.new))]


JOBS = {
    "simam": Job("SimAM", ("--at", "24"), (24,), (6, 4, 14, 10), (17, 20, 24)),
    "acmix": Job("ACmix", ("--at", "9"), (9,), (6, 4, 15, 11), (18, 21, 24), (1024,)),
    "bra": Job(
        "BiLevelRoutingAttention",
        ("--after", "P3", "--after", "P4", "--after", "P5"),
        (18, 22, 26),
        (6, 4, 14, 10),
        (18, 22, 26),
    ),
    "triplet": Job("TripletAttention", ("--at", "3"), (3,), (7, 5, 15, 11), (18, 21, 24)),
}
each_job = pytest.mark.parametrize("name", JOBS)
# The largest takes as long as the others together.
each_scale = pytest.mark.parametrize("scale", ["n", "s", pytest.param("x", marks=pytest.mark.slow)])
# Previews of the others differ in the numbers alone.
some_jobs = pytest.mark.parametrize(
    "name",
    ["simam", "bra", *(pytest.param(n, marks=pytest.mark.slow) for n in ("acmix", "triplet"))],
)


def run(*words: str | Path, cwd: Path, code: int = 0) -> Done:
    """Run the tool as a person does."""
    done = yamlmod(*words, cwd=cwd, NO_COLOR="1")
    assert done.code == code, (words, done.out[-2000:].decode(), done.err)
    return done


def build(fork: Path, yamls: Mapping[Path, Sequence[str]], home: Path) -> dict[Path, Any]:
    """Build networks with the fork's own Model, all in one subprocess."""
    words = [f"{path}={','.join(checks)}" for path, checks in yamls.items()]
    # One thread each: on shared cores two threads wait for one another most of the time.
    env = _env(
        HOME=str(home), YOLOV5_CONFIG_DIR=str(home), YAMLMOD_TEST_THREADS="1", OMP_NUM_THREADS="1"
    )
    done = subprocess.run(
        [sys.executable, str(WORKER), str(fork), *words], cwd=home, env=env, capture_output=True
    )
    assert done.stdout, done.stderr.decode()
    networks = json.loads(done.stdout)["networks"]
    errors = [
        f"{network['yaml']}\n{network['error']}" for network in networks if "error" in network
    ]
    assert not errors, "\n".join(errors)
    return dict(zip(yamls, networks, strict=True))


def _env(**more: str) -> dict[str, str]:
    # A folder for byte code would be a change of the fork.
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **more}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        # The journal of undo is yamlmod's own, and hides itself from git.
        if path.is_file() and ".yamlmod" not in path.parts
    }


def rows(path: Path) -> list[list[Any]]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [*data["backbone"], *data["head"]]


def listed(source: int | list[int]) -> list[int]:
    return source if isinstance(source, list) else [source]


def reads(index: int, source: int | list[int]) -> list[int]:
    """The layers that a `from` names; -1 in layer 0 is the image."""
    return [index + f if f < 0 else f for f in listed(source)]


def check_rows(path: Path, original: Path, job: Job) -> None:
    """The new rows stand where they were asked for; of the others only references moved."""
    found = rows(path)
    assert [found[i][1:] for i in job.new] == [[1, job.module, list(job.args)]] * len(job.new)
    assert [found[i][0] for i in job.new] == [-1] * len(job.new)
    others = [row for i, row in enumerate(found) if i not in job.new]
    before = rows(original)
    assert [row[1:] for row in others] == [row[1:] for row in before]
    concats = iter(job.concats)
    for row in before:
        if row[2] == "Concat":
            row[0] = [-1, next(concats)]
    before[-1][0] = list(job.head)
    assert [row[0] for row in others] == [row[0] for row in before]


def check_wiring(network: Any, path: Path) -> None:
    """The built network is the program of the YAML: the same rows, read from the same layers."""
    found = rows(path)
    layers = network["layers"]
    assert [layer["i"] for layer in layers] == list(range(len(found)))
    assert [layer["f"] for layer in layers] == [row[0] for row in found]
    assert [layer["type"] for layer in layers] == [row[2].rpartition(".")[2] for row in found]
    assert network["strides"] == [8, 16, 32]
    # The parser's own list of outputs to keep, which it works out from every `from` but -1.
    kept = {
        j for i, row in enumerate(found) for f in listed(row[0]) if f != -1 for j in reads(i, f)
    }
    assert network["save"] == sorted(kept)


def check_runs(network: Any) -> None:
    """Whatever was tried with the network went well."""
    for name, places in PLACES.items():
        if name in network:
            assert network[name]["shapes"][0] == [1, places, 85], name
    for name in ("forward", "rectangle", "small", "backward", "bfloat16", "torchscript"):
        if name in network:
            assert network[name]["finite"], name
    if "backward" in network:
        # A parameter without a gradient stops distributed training.
        assert not network["backward"]["none"] and not network["backward"]["not_finite"]
    if "bfloat16" in network:
        assert "torch.bfloat16" in network["bfloat16"]["dtypes"]
    if "torchscript" in network:
        assert network["torchscript"]["relative_error"] < 1e-5
    for name in ("pickle", "deepcopy"):
        if name in network:
            assert network[name]["equal"], name


@dataclass(frozen=True)
class Added:
    """A fork to which one job was done for every scale, and the networks that it builds then."""

    fork: Path
    yamls: Mapping[str, Path]
    networks: dict[str, Any]

    def network(self, scale: str) -> Any:
        """Return a network, built with the others of its size where a test first asks for it."""
        if scale not in self.networks:
            together = ["x"] if scale == "x" else ["n", "s"]
            wanted = {self.yamls[scale]: CHECKS[scale] for scale in together}
            built = build(self.fork, wanted, self.fork.parent)
            self.networks.update({scale: built[self.yamls[scale]] for scale in together})
        return self.networks[scale]


def _add_to_all_scales(name: str, folder: Path) -> Added:
    job, fork = JOBS[name], fork_copy(SPEC, folder)
    yamls = {scale: fork / "models" / f"yolov5{scale}-{name}.yaml" for scale in CHECKS}
    for scale, path in yamls.items():
        run(
            "add",
            job.module,
            "--repo",
            fork.name,
            "--cfg",
            f"models/yolov5{scale}.yaml",
            *job.where,
            "-o",
            path,
            "-w",
            cwd=folder,
        )
    return Added(fork, yamls, {})


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Added]:
    """Every job done on a fork of its own; nothing that uses it changes it."""
    fork_folder(SPEC)  # skips here, before the threads
    folders = [tmp_path_factory.mktemp(name) for name in JOBS]  # it is not made for threads
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(JOBS, pool.map(_add_to_all_scales, JOBS, folders), strict=True))


@each_job
@each_scale
def test_references(added: Mapping[str, Added], name: str, scale: str) -> None:
    fork = added[name].fork
    check_rows(added[name].yamls[scale], fork / "models" / f"yolov5{scale}.yaml", JOBS[name])


@each_job
@each_scale
def test_built_network(added: Mapping[str, Added], name: str, scale: str) -> None:
    network = added[name].network(scale)
    check_wiring(network, added[name].yamls[scale])
    assert set(CHECKS[scale]) <= set(network)
    check_runs(network)


@each_job
def test_show_tells_the_built_wiring(added: Mapping[str, Added], name: str) -> None:
    shown = json.loads(run("show", added[name].yamls["s"], "--json", cwd=added[name].fork).out)[
        "layers"
    ]
    layers = added[name].network("s")["layers"]
    assert [s["from"] for s in shown] == [layer["f"] for layer in layers]
    assert [s["reads"] for s in shown] == [reads(layer["i"], layer["f"]) for layer in layers]
    assert [s["module"].rpartition(".")[2] for s in shown] == [layer["type"] for layer in layers]


@each_job
def test_adding_again_changes_nothing(added: Mapping[str, Added], name: str) -> None:
    fork, job = added[name].fork, JOBS[name]
    before = tree(fork)
    words = [
        "add",
        job.module,
        "--repo",
        ".",
        "--cfg",
        "models/yolov5n.yaml",
        *job.where,
        "-w",
        "-o",
        added[name].yamls["n"],
    ]
    assert "exists" in run(*words, cwd=fork, code=2).err
    assert "nothing to change" in run(*words, "--force", cwd=fork).err
    assert tree(fork) == before


@each_job
def test_patching_again_changes_nothing(added: Mapping[str, Added], name: str) -> None:
    fork, job = added[name].fork, JOBS[name]
    before = tree(fork)
    for words in (["-w"], ["--check"]):
        assert "nothing to change" in run("patch", fork, job.module, *words, cwd=fork).err
    assert tree(fork) == before


@each_job
def test_remove_and_unpatch_give_the_original_back(
    added: Mapping[str, Added], name: str, tmp_path: Path
) -> None:
    job, original = JOBS[name], tree(fork_folder(SPEC))
    fork = tmp_path / "yolov5"
    shutil.copytree(added[name].fork, fork)
    made = fork / "models" / f"yolov5s-{name}.yaml"
    run("remove", made, *job.selectors, "-w", cwd=tmp_path)
    assert made.read_bytes() == original["models/yolov5s.yaml"]
    run("remove", made, *job.selectors, "-w", cwd=tmp_path, code=2)
    assert made.read_bytes() == original["models/yolov5s.yaml"]
    for path in fork.glob(f"models/yolov5?-{name}.yaml"):
        path.unlink()
    run("unpatch", fork, job.module, "-w", cwd=tmp_path)
    assert tree(fork) == original
    assert "not-patched" in run("unpatch", fork, job.module, "-w", cwd=tmp_path, code=2).err
    assert tree(fork) == original


@some_jobs
def test_a_preview_applied_is_what_write_writes(name: str, tmp_path: Path) -> None:
    job, original = JOBS[name], tree(fork_folder(SPEC))
    parents = {word: tmp_path / word for word in ("written", "git", "patch")}
    forks = {word: fork_copy(SPEC, parent) for word, parent in parents.items()}
    common = ["--cfg", "models/yolov5s.yaml", *job.where]
    previews = []
    for cwd, repo in ((forks["git"], "."), (parents["git"], "yolov5")):
        words = ["add", job.module, "--repo", repo, *common]
        previews.append((cwd.relative_to(parents["git"]), run(*words, cwd=cwd).out))
    assert run(*words, "--dry-run", "-w", cwd=cwd).out == previews[-1][1]
    assert tree(forks["git"]) == original
    run("add", job.module, "--repo", "yolov5", *common, "-w", cwd=parents["written"])
    written = tree(forks["written"])
    assert written.keys() == original.keys() and written != original
    tools = {"git": ["git", "apply", "-"], "patch": ["patch", "-p1", "--fuzz=0", "--silent"]}
    missing = [word for word in tools if shutil.which(word) is None]
    for word in tools.keys() - set(missing):
        for below, diff in previews:
            done = subprocess.run(
                tools[word],
                cwd=parents[word] / below,
                input=diff,
                env=_env(GIT_CEILING_DIRECTORIES=str(tmp_path)),
                capture_output=True,
            )
            assert done.returncode == 0, done.stderr.decode()
            assert tree(forks[word]) == written, (word, below)
            undo = [*tools[word], "-R"]
            subprocess.run(
                undo,
                cwd=parents[word] / below,
                input=diff,
                check=True,
                env=_env(GIT_CEILING_DIRECTORIES=str(tmp_path)),
            )
            assert tree(forks[word]) == original, (word, below)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def test_all_four_in_one_fork_and_one_yaml(tmp_path: Path) -> None:
    fork = fork_copy(SPEC, tmp_path)
    original = tree(fork)
    modules = [job.module for job in JOBS.values()]
    for _ in range(2):
        run("patch", fork, *modules, "-w", cwd=tmp_path)
    patched = tree(fork)
    assert "nothing to change" in run("patch", fork, *modules, "--check", cwd=tmp_path).err
    made = fork / "models" / "all.yaml"
    made.write_bytes(original["models/yolov5s.yaml"])
    for module, *where in (
        ("SimAM", "--after", "P5"),
        ("BiLevelRoutingAttention", *JOBS["bra"].where),
        ("ACmix", "--before", "SPPF"),
        ("TripletAttention", "--at", "3"),
    ):
        run(
            "add",
            module,
            "--repo",
            "yolov5",
            "--cfg",
            "models/all.yaml",
            *where,
            "-w",
            cwd=tmp_path,
        )
    found = rows(made)
    assert {i: row[2] for i, row in enumerate(found) if row[2] in modules} == {
        3: "TripletAttention",
        10: "ACmix",
        20: "BiLevelRoutingAttention",
        24: "BiLevelRoutingAttention",
        28: "SimAM",
        29: "BiLevelRoutingAttention",
    }
    assert [row[0] for row in found if isinstance(row[0], list)] == [
        [-1, 7],
        [-1, 5],
        [-1, 16],
        [-1, 12],
        [20, 24, 29],
    ]
    # `patch` wrote all that `add` needs, so `add` wrote the YAML alone.
    assert tree(fork) == patched | {"models/all.yaml": made.read_bytes()}
    network = build(fork, {made: ALL}, tmp_path)[made]
    check_wiring(network, made)
    check_runs(network)
    words = ["SimAM", *JOBS["bra"].selectors, "ACmix", "TripletAttention"]
    run("remove", made, *words, "-w", cwd=tmp_path)
    assert made.read_bytes() == original["models/yolov5s.yaml"]
    made.unlink()
    run("unpatch", fork, *modules, "-w", cwd=tmp_path)
    assert tree(fork) == original


@pytest.mark.slow
@pytest.mark.parametrize("spec", OLDER)
def test_older_releases(spec: str, tmp_path: Path) -> None:
    # Their models have SPP and C3 in other places, but the same layer numbers.
    fork = fork_copy(spec, tmp_path)
    cfg = fork / "models" / "yolov5s.yaml"
    made = {name: fork / "models" / f"{name}.yaml" for name in JOBS}
    for name, path in made.items():
        job = JOBS[name]
        words = [
            "add",
            job.module,
            "--repo",
            fork.name,
            "--cfg",
            "models/yolov5s.yaml",
            *job.where,
            "-o",
            path,
            "-w",
        ]
        run(*words, cwd=tmp_path)
        check_rows(path, cfg, job)
        if name == "bra":  # the one that touches all three places in the code
            before = tree(fork)
            assert "nothing to change" in run(*words, "--force", cwd=tmp_path).err
            assert tree(fork) == before
    checks = ("forward", "backward")
    for path, network in build(fork, dict.fromkeys(made.values(), checks), tmp_path).items():
        check_wiring(network, path)
        check_runs(network)
