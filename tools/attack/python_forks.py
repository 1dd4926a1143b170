"""Forks whose Python files are written in every legal way: patched and unpatched, judged by `ast`.

The oracle is not yamlmod's proof. It takes out of the new tree what stands between yamlmod's
markers and every mention of the classes, and compares the rest with the old tree; it runs the small
fork's files with a stand-in for torch and looks whether the class arrives; unpatch must give the
bytes back.

    python -m tools.attack python_forks --cases 10000 --seconds 2400
"""

from __future__ import annotations

import ast
import io
import random
import sys
import tokenize
import types
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fork.memory import Memory
from tools.attack._python_mutations import FORMS, LAYOUT
from tools.attack.report import Budget, Report
from yamlmod.errors import Refusal, YamlmodError
from yamlmod.fork.parser.locate import locate
from yamlmod.fork.patch.install import install
from yamlmod.fork.patch.uninstall import uninstall
from yamlmod.registry.catalogue import find
from yamlmod.registry.template import Template

CASES = 90
SECONDS = 12.0
_ROOT = Path(__file__).parents[2]
_MODULES = ("SimAM", "SE", "ACmix", "CBAM", "EMA", "BiLevelRoutingAttention")
_COMMON, _YOLO = "models/common.py", "models/yolo.py"


def attack(budget: Budget) -> Report:
    """Mutate, patch and unpatch until the budget is spent."""
    report, number = Report(), 0
    forks = _forks()
    while not budget.spent(number):
        rng = random.Random(f"{budget.seed}/{number}")
        texts = forks[0] if number % 25 or len(forks) == 1 else rng.choice(forks[1:])
        mutated, names = _mutated(rng, texts)
        templates = [find(name) for name in rng.sample(_MODULES, rng.choice((1, 1, 2, 3)))]
        chosen = [template for template in templates if template is not None]
        outcome = try_fork(mutated, chosen, runs=texts is forks[0])
        if outcome.startswith("WRONG"):
            smaller = _smaller(rng, texts, names, chosen, outcome)
            report.fail(
                f"seed {budget.seed} case {number}: {outcome} ({', '.join(names)}){smaller}"
            )
        else:
            report.add(outcome if names else f"{outcome} (no mutation was legal)")
        number += 1
    return report


def _forks() -> list[dict[str, str]]:
    """Return the small fork of the examples, and the published ones that are cached here."""
    folders = [_ROOT / "examples" / "minifork"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tools.real_forks import PUBLISHED, cache_folder

        for spec, published in PUBLISHED.items():
            name = f"{spec.replace('==', '-')}-{published.sha256[:12]}"
            folder = cache_folder() / name / published.folder
            if (folder / "models" / "yolo.py").is_file():
                folders.append(folder)
    found = []
    for folder in folders:
        texts = {}
        for path in sorted(folder.glob("models/*.py")) + sorted(folder.glob("requirements.txt")):
            text = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
            texts[path.relative_to(folder).as_posix()] = text
        found.append(texts)
    return found


def _mutated(rng: random.Random, texts: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the fork with a few mutations, each tried until it leaves valid Python."""
    out, names = dict(texts), list[str]()
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        mutation = rng.choice(FORMS if rng.random() < 0.4 else LAYOUT)
        path = rng.choice((_COMMON, _YOLO))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                text = mutation(rng, out[path])
                compile(text, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, tokenize.TokenError, IndexError):
            continue
        if text != out[path]:
            out[path] = text
            names.append(f"{mutation.__name__} in {path}")
    return out, names


def try_fork(texts: dict[str, str], templates: Sequence[Template], runs: bool) -> str:
    """Patch, patch again, unpatch; return how it ended, beginning with WRONG if it must not be."""
    files = Memory(texts, "fork")
    try:
        plan = install(files, locate(files), templates)
        files.write(plan)
        problem = _complaint(texts, files.texts, templates, runs)
        if problem:
            return f"WRONG {problem}"
        if install(files, locate(files), templates).texts:
            return "WRONG a second patch changes something"
        files.write(uninstall(files, locate(files), [template.name for template in templates]))
    except Refusal as error:
        if "report" in "\n".join(error.lines()):
            return f"WRONG asks for a report: {error.code}"
        return f"refused: {error.code}"
    except YamlmodError as error:
        return f"WRONG {error.code}: {error.message[:300]}"
    except Exception as error:
        return f"WRONG {type(error).__name__}: {str(error)[:300]}"
    if files.texts != texts:
        return "WRONG unpatch does not give the bytes back"
    return "patched and back"


def _complaint(
    old: Mapping[str, str], new: Mapping[str, str], templates: Sequence[Template], runs: bool
) -> str:
    classes = {template.class_name for template in templates}
    for path, text in new.items():
        if not path.endswith(".py") or text == old.get(path):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(text, path, "exec", dont_inherit=True)
                before, after = ast.parse(old[path]), _stripped(text, classes)
        except SyntaxError as error:
            return f"{path} does not compile: {error}"
        if ast.dump(before) != ast.dump(after):
            return f"{path}: without the additions the tree is another one"
        gone = Counter(_comments(old[path])) - Counter(_comments(text))
        if gone:
            return f"{path}: a comment is gone: {next(iter(gone))}"
    return _arrives(old, new, classes) if runs else ""


def _stripped(text: str, classes: set[str]) -> ast.Module:
    """Return the tree of a patched text without what yamlmod says it has put in."""
    marked, inside = set[int](), False
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if line.startswith("# yamlmod: begin "):
            inside = True
        if inside or line.endswith(("  # yamlmod", "  # yamlmod (in use before)")):
            marked.add(number)
        if line.startswith("# yamlmod: end "):
            inside = False
    tree = ast.parse(text)
    tree.body = [
        node
        for node in tree.body
        if not (node.lineno in marked and isinstance(node, (ast.Import, ast.ImportFrom)))
        and not (node.lineno in marked and node.end_lineno in marked)
    ]
    return _Stripper(classes).visit(tree)  # type: ignore[no-any-return]


class _Stripper(ast.NodeTransformer):
    """Takes the classes out of every list, set, tuple and import, and branches left empty."""

    def __init__(self, classes: set[str]):
        self.classes = classes

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, (ast.List, ast.Set, ast.Tuple)):
            node.elts = [e for e in node.elts if not self._ours(e)]
        if isinstance(node, ast.ImportFrom):
            node.names = [a for a in node.names if a.name not in self.classes]
        return node

    def visit_If(self, node: ast.If) -> Any:
        """Drop a branch that tested our classes alone."""
        self.generic_visit(node)
        test = node.test
        empty = isinstance(test, ast.Compare) and getattr(test.comparators[0], "elts", [0]) == []
        return node.orelse if empty else node

    def _ours(self, element: ast.expr) -> bool:
        name = element.id if isinstance(element, ast.Name) else None
        value = element.value if isinstance(element, ast.Constant) else None
        return name in self.classes or (isinstance(value, str) and value in self.classes)


def _comments(text: str) -> Iterator[str]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string.rstrip()
    except (SyntaxError, tokenize.TokenError):
        return


class _Stub:
    """Stands for everything of torch: it can be called, subclassed and looked into."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __call__(self, *args: Any, **_: Any) -> Any:
        return args[0] if args and callable(args[0]) else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Stub()


class _StubModule(types.ModuleType):
    __path__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        # A class, so that it can be a base, whose instances take whatever comes.
        return type(name, (_Stub,), {})


@contextmanager
def _stubbed() -> Iterator[None]:
    names = [f"torch{part}" for part in ("", ".nn", ".nn.functional", ".autograd", ".utils")]
    names += ["models", "einops", "thop"]
    saved = {name: sys.modules.get(name) for name in [*names, "models.common", "models.yolo"]}
    stubs = {name: _StubModule(name) for name in names}
    for name, stub in stubs.items():
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(stubs[parent], last, stub)
        sys.modules[name] = stub
    try:
        yield
    finally:
        for name, module in saved.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def _arrives(old: Mapping[str, str], new: Mapping[str, str], classes: set[str]) -> str:
    """Run both files of the small fork and return what does not arrive where it must."""
    with _stubbed():
        before, after = _run(old), _run(new)
        if isinstance(before, str):
            return ""  # the mutated fork did not run either
        if isinstance(after, str):
            return f"the patched fork does not run: {after}"
        for name in classes:
            found = after.get(name)
            if not isinstance(found, type) or found.__module__ != "models.common":
                return f"{name} does not arrive in the file of parse_model"
        lost = sorted(key for key in before if key not in after)
        return f"names are lost: {', '.join(lost)}" if lost else ""


def _run(texts: Mapping[str, str]) -> dict[str, Any] | str:
    try:
        for path in (_COMMON, _YOLO):
            name = path.removesuffix(".py").replace("/", ".")
            module = types.ModuleType(name)
            module.__dict__["__file__"] = __file__
            sys.modules[name] = module
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(texts[path], path, "exec", dont_inherit=True), module.__dict__)
        return dict(sys.modules["models.yolo"].__dict__)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _smaller(
    rng: random.Random,
    texts: dict[str, str],
    names: Sequence[str],
    templates: Sequence[Template],
    outcome: str,
) -> str:
    """Return the one mutated line block that is enough for the same failure, where there is one."""
    kind = outcome[:40]
    for _ in range(60):
        mutated, used = _mutated(rng, texts)
        if len(used) >= len(names):
            continue
        if try_fork(mutated, templates[:1], runs=_YOLO in texts)[:40] == kind:
            import difflib

            lines = []
            for path, text in mutated.items():
                old = texts[path].splitlines(keepends=True)
                lines += list(difflib.unified_diff(old, text.splitlines(keepends=True), path, path))
            return "\nsmaller, " + ", ".join(used) + ":\n" + "".join(map(ascii, lines))[:1500]
    return ""
