"""The whole process of `yamlmod patch` against libcst alone, and against a libcst codemod.

    python benchmarks/patch.py REPO [--rounds 11]

REPO is a fork such as YOLOv5 7.0: its models/common.py and models/yolo.py are what is patched. Run
in turn are

- `yamlmod patch REPO ACmix` (preview; it parses, plans, proves and prints the diff),
- the floor: `python -c` that imports libcst and parses and prints the same two files,
- the same change as a `libcst.codemod` command (the class appended, the name put into the list
  beside Conv), run by libcst's own tool with --no-format on the two files.

Printed are the medians of the per-round ratios, with their quartiles. Everything runs from byte
code.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_FLOOR = """\
import sys
import libcst
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        sys.stdout.write(libcst.parse_module(file.read()).code)
"""

_CODEMOD = '''\
"""ACmix put into a YOLOv5-style fork, as a codemod."""

from pathlib import Path

import libcst as cst
from libcst import matchers as m
from libcst.codemod import VisitorBasedCodemodCommand
from libcst.codemod.visitors import AddImportsVisitor

CODE = Path(__file__).with_name("module.txt").read_text(encoding="ascii")
_CONV = m.Element(value=m.Name("Conv"))
_ZERO = m.SubscriptElement(slice=m.Index(value=m.Integer("0")))
_READS = m.Subscript(value=m.Name("args"), slice=[_ZERO])


class AddACmix(VisitorBasedCodemodCommand):
    DESCRIPTION = "Adds ACmix to common.py and to the collection of Conv in parse_model."

    def __init__(self, context):
        super().__init__(context)
        self.inside = False

    def visit_FunctionDef(self, node):
        self.inside = self.inside or node.name.value == "parse_model"

    def leave_FunctionDef(self, original, updated):
        self.inside = self.inside and original.name.value != "parse_model"
        return updated

    def leave_If(self, original, updated):
        wanted = m.Comparison(left=m.Name("m"))
        if not (self.inside and m.matches(updated.test, wanted)):
            return updated
        if not m.findall(updated.body, _READS):
            return updated
        target = updated.test.comparisons[0]
        items = getattr(target.comparator, "elements", ())
        if not any(m.matches(one, _CONV) for one in items):
            return updated
        if any(m.matches(one, m.Element(value=m.Name("ACmix"))) for one in items):
            return updated
        grown = target.comparator.with_changes(elements=[*items, cst.Element(cst.Name("ACmix"))])
        changed = target.with_changes(comparator=grown)
        return updated.with_changes(test=updated.test.with_changes(comparisons=[changed]))

    def leave_Module(self, original, updated):
        if not str(self.context.filename).endswith("common.py"):
            return updated
        for module, name in (("torch.nn.functional", "F"), ("torch.nn", "nn")):
            AddImportsVisitor.add_needed_import(self.context, module, None, name)
        body = cst.parse_module(CODE, config=updated.config_for_parsing).body
        return updated.with_changes(body=[*updated.body, *body])
'''
_ROOT = Path(__file__).resolve().parent.parent


class Cost(NamedTuple):
    """What one process took, its children included: seconds on the clock and of the CPU."""

    wall: float
    cpu: float

    def over(self, other: Cost) -> Cost:
        """Return the ratios to another process."""
        return Cost(self.wall / other.wall, self.cpu / other.cpu)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="Patch against libcst and a codemod of it.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    repo = options.repo.resolve()
    paths = [str(repo / "models" / name) for name in ("common.py", "yolo.py")]
    floors: list[Cost] = []
    over_floor: list[Cost] = []
    over_codemod: list[Cost] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = _prepare(folder)
        floor = ["-c", _FLOOR, *paths]
        patch = ["-m", "yamlmod", "patch", str(repo), "ACmix"]
        codemod = ["-m", "libcst.tool", "codemod", "acmix.AddACmix", "--no-format"]
        codemod += ["--unified-diff=3", "--hide-progress", "--jobs", "1", *paths]
        for number in range(options.rounds + 1):
            costs = [_cost(words, environment, folder) for words in (floor, patch, codemod)]
            if number:  # the first round writes the byte code
                floors.append(costs[0])
                over_floor.append(costs[1].over(costs[0]))
                over_codemod.append(costs[1].over(costs[2]))
    sys.stdout.write("`yamlmod patch REPO ACmix` (preview), median (quartiles) of the ratios to\n")
    _tell("libcst parsing and printing the two files", over_floor)
    _tell("the same change as a codemod", over_codemod)
    own = Cost(*(statistics.median(column) for column in zip(*floors, strict=True)))
    sys.stdout.write(f"  the floor itself: {own.wall:.2f} s, {own.cpu:.2f} s of the CPU\n")


def _prepare(folder: Path) -> dict[str, str]:
    """Write the codemod and its configuration; return the environment of every process."""
    sys.path.insert(0, str(_ROOT))
    from yamlmod.registry.catalogue import get

    commands = folder / "floor_codemods"
    commands.mkdir()
    (commands / "__init__.py").touch()
    (commands / "acmix.py").write_text(_CODEMOD, encoding="utf-8")
    (commands / "module.txt").write_text(get("ACmix").code, encoding="ascii")
    (folder / ".libcst.codemod.yaml").write_text(
        "generated_code_marker: '@generated'\nformatter: []\nblacklist_patterns: []\n"
        "modules: ['floor_codemods']\nrepo_root: '/'\n",
        encoding="utf-8",
    )
    return {
        **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": os.pathsep.join([str(folder), str(_ROOT)]),
        "PYTHONPYCACHEPREFIX": str(folder / "cache"),
    }


def _cost(arguments: list[str], environment: dict[str, str], folder: Path) -> Cost:
    start = time.perf_counter()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, cwd=folder, stdout=out, stderr=err
        )
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not (folder / "out").stat().st_size:
        told = (folder / "err").read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"{arguments[:4]} ended with {process.returncode}: {told}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def _tell(what: str, ratios: list[Cost]) -> None:
    for name in Cost._fields:
        low, middle, high = statistics.quantiles([getattr(one, name) for one in ratios], n=4)
        sys.stdout.write(f"  {name:4}  {middle:5.2f}  ({low:.2f} to {high:.2f})  {what}\n")


if __name__ == "__main__":
    main()
