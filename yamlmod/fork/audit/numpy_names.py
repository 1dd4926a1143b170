"""Find names that a numpy does not have any more, in the files that a training imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.fork.python.import_reach import ImportReach
from yamlmod.fork.python.source import parse

_REMOVED: Mapping[tuple[int, int], str] = {
    (1, 23): "asscalar",
    (1, 24): "int float object complex str",
    (2, 0): "float_ complex_ string_ unicode_ NaN NAN Inf Infinity infty PINF NINF PZERO NZERO "
    "product cumproduct sometrue alltrue msort asfarray find_common_type round_ cast source mat "
    "lookfor who byte_bounds disp issubclass_ issubsctype obj2sctype sctypes maximum_sctype "
    "longfloat singlecomplex cfloat longcomplex clongfloat set_string_function safe_eval compat "
    "recfromcsv recfromtxt compare_chararrays nbytes deprecate tracemalloc_domain",
    (2, 4): "trapz in1d",
}
"""Names by the version that has them no more."""

_INSTEAD = {
    "trapz": "np.trapezoid",
    "in1d": "np.isin",
    "float_": "np.float64",
    "NaN": "np.nan",
    "Inf": "np.inf",
    "product": "np.prod",
    "cumproduct": "np.cumprod",
    "sometrue": "np.any",
    "alltrue": "np.all",
    "round_": "np.round",
    "int": "int",
    "float": "float",
    "object": "object",
    "complex": "complex",
    "str": "str",
    "mat": "np.asmatrix",
    "string_": "np.bytes_",
    "unicode_": "np.str_",
}
_ENTRIES = ("train.py", "trainer.py")
_GUARDS = ("hasattr", "getattr", "version", "trapezoid")
_Guarded = (ast.If, ast.IfExp, ast.BoolOp)


@dataclass(frozen=True)
class GoneName:
    """A name of numpy that is not there any more, and where a training comes to it."""

    path: str
    line: int
    name: str

    @property
    def instead(self) -> str:
        return _INSTEAD.get(self.name, "")


def gone_names(
    files: Files, fork: ForkFacts, paths: Mapping[str, str], version: tuple[int, ...]
) -> list[GoneName]:
    """Return the uses of names that numpy ``version`` lacks, in files that training imports."""
    gone = {name for since, names in _REMOVED.items() if version >= since for name in names.split()}
    found: list[GoneName] = []
    for path in sorted(trained_files(files, fork, paths)):
        text = paths.get(path, "")
        if any(f".{name}" in text or f" {name}" in text for name in gone) and "numpy" in text:
            found += [GoneName(path, line, name) for line, name in _uses(path, text, gone)]
    return found


def trained_files(files: Files, fork: ForkFacts, paths: Mapping[str, str]) -> set[str]:
    """Return the files that a training may import: those that its scripts lead to."""
    scripts = [path for path in paths if path == "train.py"] or [
        path for path in paths if PurePosixPath(path).name in _ENTRIES
    ]
    reach = ImportReach(files, fork.modules)
    seen = {fork.yolo, *scripts}
    waiting = list(seen)
    while waiting:
        new = reach.imported(waiting.pop()) - seen
        seen |= new
        waiting += new
    return seen


def _uses(path: str, text: str, gone: set[str]) -> Iterator[tuple[int, str]]:
    try:
        tree = parse(path, path, text).tree
    except Refusal:
        return
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if _is_guarded(node):
            continue
        if isinstance(node, ast.Attribute) and node.attr in gone and _is_numpy(node.value):
            yield node.lineno, node.attr
        if isinstance(node, ast.ImportFrom) and node.module == "numpy":
            yield from ((node.lineno, item.name) for item in node.names if item.name in gone)
        waiting += ast.iter_child_nodes(node)


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy")


def _is_guarded(node: ast.AST) -> bool:
    """Check whether code asks first, or goes on where a name is missing."""
    if isinstance(node, ast.Try):
        return bool(node.handlers)
    if not isinstance(node, _Guarded):
        return False
    test = node if isinstance(node, ast.BoolOp) else node.test
    words = ast.dump(test)
    return any(word in words for word in _GUARDS)
