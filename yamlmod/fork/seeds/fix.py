"""Plan the lines that make a seed reach the batches: whole lines, each marked, so they come out."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.patch.plan import Plan, Step
from yamlmod.fork.python.answers import OutsideTree
from yamlmod.fork.python.source import Source, parse
from yamlmod.fork.seeds.depends import SeedScope, depends
from yamlmod.fork.seeds.marks import MARK, without_marks
from yamlmod.fork.seeds.reading import SeedReading
from yamlmod.fork.seeds.seeding import Seeded

_HELP = "Global training seed"
_SEEDS = {
    "python": '__import__("random").seed({0})',
    "numpy": '__import__("numpy").random.seed({0} % 2 ** 32)',
    "torch": '__import__("torch").manual_seed({0})',
}


class _Additions:
    """The lines to add, by file."""

    def __init__(self, files: Files, reading: SeedReading) -> None:
        self.files, self.graph = files, reading.training.graph
        self.edits: dict[str, list[Edit]] = {}
        self.steps: list[Step] = []

    def source(self, path: str) -> Source:
        source = self.graph.source(path)
        if source is None:
            raise Refusal("no-such-file", f"{self.files.shown(path)} cannot be read")
        return source

    def after(self, path: str, node: ast.stmt, text: str, what: str) -> None:
        """Add a line after a statement that has its lines to itself."""
        source = self.source(path)
        end = source.end(node)
        rest = source.tail(end).strip()
        start = source.line_start(source.start(node))
        before = source.text[start : source.start(node)]
        if before.strip() or (rest and not rest.startswith("#")):
            raise Refusal(
                "not-fixed",
                f"{self.files.shown(path)}: this statement shares its line with others",
                place=source.place(node),
                hint="give it a line of its own first",
            )
        self._add(source, source.line_end(end), before, text, node.lineno, what)

    def before(self, path: str, node: ast.stmt, text: str, what: str) -> None:
        source = self.source(path)
        start = source.line_start(source.start(node))
        indent = source.text[start : source.start(node)]
        self._add(source, start, indent, text, node.lineno, what)

    def _add(self, source: Source, at: int, indent: str, text: str, line: int, what: str) -> None:
        newline = source.newline
        lead = newline if at == len(source.text) and not source.text.endswith("\n") else ""
        added = f"{lead}{indent}{text}  {MARK}{'' if lead else newline}"
        self.edits.setdefault(source.path, []).append(Edit(at, at, added))
        self.steps.append(Step("seed", source.path, line, f"{source.path}:{line}: {what}"))

    def plan(self) -> Plan:
        texts: dict[str, str | None] = {}
        for path, edits in self.edits.items():
            source = self.source(path)
            joined: dict[int, str] = {}
            for edit in edits:
                joined[edit.start] = joined.get(edit.start, "") + edit.text
            text = apply_edits(source.text, [Edit(at, at, new) for at, new in joined.items()])
            _prove(source, text)
            texts[path] = text
        return Plan(texts, tuple(self.steps))


def _prove(source: Source, text: str) -> None:
    """The new text is Python, and without its marked lines it is the old one."""
    tree = parse(source.path, source.shown, text).tree
    if without_marks(text, tree) != source.text:
        raise Refusal("not-fixed", f"{source.shown} holds lines that end in {MARK}")


def plan_fix(files: Files, reading: SeedReading) -> Plan:
    """Plan what a reading shows to be missing. Raises Refusal where it cannot be added."""
    lines = _Additions(files, reading)
    if reading.counts is not False:
        return lines.plan()
    _fix_option(lines, reading)
    _fix_start(lines, reading)
    _fix_generator(lines, reading)
    _fix_workers(lines, reading)
    return lines.plan()


def _fix_option(lines: _Additions, reading: SeedReading) -> None:
    if reading.takes_seed:
        return
    source = lines.source(reading.script)
    for body in _bodies(source.tree):
        found = [node for node in body if _adds_option(node)]
        if found:
            parser = ast.unparse(found[-1].value.func.value)  # type: ignore[attr-defined]
            text = f'{parser}.add_argument("--seed", type=int, default=0, help="{_HELP}")'
            lines.after(reading.script, found[-1], text, "add the option --seed")
            return
    raise Refusal(
        "not-fixed",
        f"{source.shown} has no parser.add_argument(...), so --seed cannot be added",
        hint="add the option yourself",
    )


def _bodies(tree: ast.Module) -> Iterable[list[ast.stmt]]:
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                yield body


def _adds_option(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "add_argument"
    )


def _fix_start(lines: _Additions, reading: SeedReading) -> None:
    """Repeat what seeds with a constant, and seed what is not seeded."""
    calls = {(s.scope.path, s.call.lineno): s for s in reading.seeded.values() if not s.counts}
    seed = _seed(lines, reading) if calls or reading.missing else ""
    for seeded in calls.values():
        scope = seeded.scope
        statement = _statement(lines, scope, seeded.call)
        lines.after(scope.path, statement, _with(seeded.call, seed), "seed it from the option")
    missing = reading.missing
    if not missing:
        return
    text = "; ".join(_SEEDS[source].format(seed) for source in missing)
    last = max(reading.seeded.values(), key=lambda s: s.call.lineno, default=None)
    what = f"seed {' and '.join(missing)}"
    if last is not None:
        statement = _statement(lines, last.scope, last.call)
        lines.after(last.scope.path, statement, text, what)
        return
    body = reading.training.body
    first = next((node for node in body if not _is_docstring(node)), None)
    if first is None:
        raise Refusal("not-fixed", f"{reading.script} has nothing that trains")
    lines.before(reading.training.path, first, text, what)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _seed(lines: _Additions, reading: SeedReading) -> str:
    """Return how the training names the seed: the name that holds its options, and `.seed`."""
    options = ("epochs", "batch_size", "weights", "data", "cfg")
    counts: dict[str, int] = {}
    for node in ast.walk(ast.Module(reading.training.body, [])):
        if isinstance(node, ast.Attribute) and node.attr in options:
            name = ast.unparse(node.value)
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        raise Refusal(
            "not-fixed",
            f"{lines.files.shown(reading.script)}: which name holds the options is not seen",
            hint="seed random, numpy and torch from the option --seed yourself",
        )
    return f"{max(counts, key=lambda name: counts[name])}.seed"


def _with(call: ast.Call, seed: str) -> str:
    """Return a call with the seed added to its first value."""
    if not call.args and not call.keywords:
        return f"{ast.unparse(call.func)}({seed})"
    value = call.args[0] if call.args else call.keywords[0].value
    both = ast.BinOp(value, ast.Add(), ast.parse(seed, mode="eval").body)
    if call.args:
        return ast.unparse(ast.Call(call.func, [both, *call.args[1:]], call.keywords))
    first = ast.keyword(call.keywords[0].arg, both)
    return ast.unparse(ast.Call(call.func, [], [first, *call.keywords[1:]]))


def _statement(lines: _Additions, scope: SeedScope, call: ast.Call) -> ast.stmt:
    """Return the simple statement that a call is."""
    source = lines.source(scope.path)
    for node in ast.walk(source.tree):
        whole = isinstance(node, ast.Expr) and node.value is call
        given = isinstance(node, ast.Assign) and any(part is call for part in ast.walk(node.value))
        if whole or given:
            assert isinstance(node, ast.stmt)
            return node
    raise Refusal(
        "not-fixed",
        f"{source.shown}: what seeds here is no statement of its own",
        place=source.place(call),
        hint="write it as a line of its own first",
    )


def _fix_generator(lines: _Additions, reading: SeedReading) -> None:
    generator, loader = reading.generator, reading.loader
    if generator is None or loader is None or _follows(reading, generator.counts):
        return
    source = lines.source(loader.scope.path)
    if not generator.name or not generator.calls:
        raise Refusal(
            "not-fixed",
            f"{source.shown}: the loader's generator is made where it is passed",
            place=source.place(loader.call),
            hint="give it a name, and seed it on a line of its own",
        )
    name, torch = generator.name, _torch(lines, loader.scope, loader.call.lineno)
    value = f"({name}.initial_seed() + {torch}.initial_seed()) % 2 ** 63"
    statement = _statement(lines, loader.scope, generator.calls[-1])
    text = f"{name}.manual_seed({value})"
    lines.after(loader.scope.path, statement, text, "seed the loader from the training's seed")


def _follows(reading: SeedReading, counts: bool | None) -> bool:
    """Check whether something counts, or will once torch itself is seeded from the option."""
    generator, loader = reading.generator, reading.loader
    if counts is not False or generator is None or loader is None or not generator.calls:
        return counts is True
    scope = loader.scope._replace(torch=True)
    return depends(scope, generator.calls[-1].args[0]) is True


def _torch(lines: _Additions, scope: SeedScope, line: int) -> str:
    answer = scope.graph.denotes(scope.path, "torch", line)
    is_torch = isinstance(answer, OutsideTree) and answer.dotted == "torch"
    return "torch" if is_torch else '__import__("torch")'


def _fix_workers(lines: _Additions, reading: SeedReading) -> None:
    torch = reading.seeded.get("torch")
    generator = reading.generator
    follows = generator.counts if generator is not None else torch.counts if torch else None
    done: set[tuple[str, int]] = set()
    for seeded in reading.workers or ():
        place = (seeded.scope.path, seeded.call.lineno)
        if seeded.counts is not False or "initial_seed" in _values(seeded) or place in done:
            continue
        if follows is False and not _is_constant(seeded):
            continue
        done.add(place)
        value = f"{_torch(lines, seeded.scope, seeded.call.lineno)}.initial_seed()"
        text = f"{ast.unparse(seeded.call.func)}(({_values(seeded)} + {value}) % 2 ** 32)"
        statement = _statement(lines, seeded.scope, seeded.call)
        lines.after(seeded.scope.path, statement, text, "seed each worker from its own seed")


def _values(seeded: Seeded) -> str:
    call = seeded.call
    return ast.unparse(call.args[0] if call.args else call.keywords[0].value)


def _is_constant(seeded: Seeded) -> bool:
    """Check that a worker's seed is a constant even where its generator follows from the seed."""
    return (
        depends(seeded.scope._replace(torch=True), ast.parse(_values(seeded), mode="eval").body)
        is False
    )
