"""check, doctor, status and patch answer for one name alike, on every published fork."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath

import pytest

from tests.fork.published import published
from tools.real_forks import PUBLISHED
from yamlmod.checks.rule import model_text
from yamlmod.checks.run import Options, check_document
from yamlmod.fork.audit.installed_modules import survey
from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.fork.parser.parser_facts import read_builder
from yamlmod.model.document import parse_document
from yamlmod.ops.network import registry_kinds
from yamlmod.usecases.doctor import yaml_findings
from yamlmod.usecases.module_uses import Use, uses
from yamlmod.workspace.tree import Tree

pytestmark = pytest.mark.fork

# The newest of each family; the others are read by the same code, at other places.
_NEWEST = ("yolov5==7.0.14", "yolov7detect==1.0.1", "yolov9pip==0.0.4", "ultralytics==8.4.190")
each_fork = pytest.mark.parametrize(
    "spec",
    [
        *_NEWEST,
        *(pytest.param(s, marks=pytest.mark.slow) for s in PUBLISHED if s not in _NEWEST),
    ],
)


def _classes(tree: Tree, fork: ForkFacts, folder: str) -> list[str]:
    """Return every class of the files in a folder and one further down, hidden or not."""
    paths = [path for pattern in ("*.py", "*/*.py") for path in tree.glob(f"{folder}/{pattern}")]
    sources = [source for path in paths if (source := fork.graph.source(path)) is not None]
    nodes = (node for source in sources for node in source.tree.body)
    return sorted({node.name for node in nodes if isinstance(node, ast.ClassDef)})


@each_fork
def test_one_answer_for_every_name(spec: str) -> None:
    tree, fork = published(spec)
    builder = read_builder(tree, fork)
    known = survey(tree, fork, {}).known
    assert builder.names == known
    modules = _classes(tree, fork, str(PurePosixPath(fork.yolo).parent))
    modules += ["nn.Upsample", "nn.ReLU", "SurelyNot", "Surely.Not", "torch", "print"]
    rows = "\n".join(f"[-1, 1, {module}, []]" for module in ["Conv", *modules])
    text = model_text(rows, "[[1], 1, Detect, [nc]]")
    options = Options(registry_kinds, select=("unresolved-name",), builder=builder)
    errors = {
        finding.place.excerpt.split(",")[2].strip()
        for finding in check_document(parse_document(text, "x.yaml"), options)
        if finding.severity == "error"
    }
    rows_of = [Use("x.yaml", module, 1, 1) for module in modules]
    problems = {
        finding.text.rpartition(" ")[2]
        for finding in yaml_findings(rows_of, known)
        if finding.level == "problem"
    }
    firsts = {module for module in modules if known.lacks(module)}
    # check says it once for names that begin alike.
    assert {one.partition(".")[0] for one in errors} == {one.partition(".")[0] for one in problems}
    assert problems == firsts
    assert "SurelyNot" in problems and not known.lacks("Conv") and not known.lacks("nn.Upsample")
    # What resolves to a class has a signature where it has a constructor: one reader for both.
    for name in builder.constructed:
        assert known.has(name)


@each_fork
def test_the_official_files_resolve_and_import(spec: str) -> None:
    """No name of a published YAML is unresolved, and the fork imports without a problem."""
    tree, fork = published(spec)
    known = survey(tree, fork, {}).known
    lost = {f"{one.path}: {one.module}" for one in uses(tree) if known.lacks(one.module)}
    assert lost == set()
    assert fork.graph.import_problems(fork.yolo) == ()
