"""Record the parse function's run: constructor arguments and failures of each row."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from yamlmod.fork.parser.parse_model import Function
from yamlmod.fork.read.answers import Failure, Stage
from yamlmod.fork.read.interpreter.machine import Machine, Signal
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import (
    ClassValue,
    FunctionValue,
    Instance,
    LimitError,
    Raised,
    UnknownValue,
    Value,
    Wrapped,
)
from yamlmod.fork.read.numbering import NumberWatch
from yamlmod.fork.read.torch_rules.torch_names import parameters_of as of_torch

_MARKS = ("i", "f", "type", "np")


class FinishedError(Exception):
    """Everything that is asked has been seen: the rest of the constructor is left alone."""


@dataclass
class RowRecord:
    """What was seen of one row."""

    index: int
    module: str = ""
    function: Value = None
    args: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    calls: int = 0
    repeats: Value = 1
    from_: Value = None
    branch: int | None = None
    channels: Value = None
    layer: Value = None
    output: Value = None
    ran: bool = False
    number: Value = None
    made: Value = 1
    unknown: str = ""
    failed: bool = False
    overwritten: tuple[str, ...] = ()


@dataclass
class Recorder:
    """What one evaluation of the parse function shows; its methods are hooks of the machine."""

    machine: Machine
    function: Function
    rows: list[RowRecord] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    layers: dict[int, int] = field(default_factory=dict)
    running: bool = False
    ended: bool = False
    numbers: NumberWatch = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = NumberWatch(self.function, spoiled=self.machine.spoiled)

    def watch(self) -> None:
        """Set the hooks."""
        loop = self.function.loop
        self.machine.hooks[loop] = self._turn
        self.machine.branches = frozenset(self.function.chain)
        for node in _builders(loop, self.function.names.module):
            self.machine.hooks[node] = self._builder(node)

    def failed(self, error: Raised, stage: Stage, layer: int | None) -> None:
        """Note an exception."""
        place = f"{error.path}:{error.line}" if error.line is not None else ""
        trail = tuple(dict.fromkeys(error.trail))
        message = error.message if isinstance(error.message, str) else ""
        self.failures.append(Failure(stage, layer, error.name, message, place, trail))

    def _turn(self, turn: int, node: ast.For, frame: Frame) -> Signal | None:
        record = RowRecord(turn, module=_word(frame.names.get(self.function.names.module)))
        record.from_ = frame.names.get(self.function.names.from_)
        record.repeats = self._repeats(node, frame)
        self.rows.append(record)
        before = self._lengths(node, frame)
        self.numbers.start(frame)
        self.machine.on_attribute = self.numbers.note
        self.machine.branch = None
        signal = None
        try:
            with guard(lambda reason: setattr(record, "unknown", reason)):
                signal = self.machine.run(node.body, frame)
        except Raised as error:
            self.failed(error, "parse", turn)
            record.unknown = record.unknown or "the row failed"
            record.branch = record.branch or self.machine.branch
        self.machine.on_attribute = None
        self._number(record, frame)
        self._recover(node, frame, before, record)
        channels = frame.names.get(self.function.names.ch)
        channels = self.machine.fresh(channels)
        record.channels = (
            channels[-1] if isinstance(channels, list) and channels else UnknownValue("ch")
        )
        return signal

    def _number(self, record: RowRecord, frame: Frame) -> None:
        lost = UnknownValue(record.unknown)
        record.number = lost if record.unknown else self.numbers.number(frame)
        record.made = lost if record.unknown else self.numbers.made(frame)

    def _repeats(self, node: ast.For, frame: Frame) -> Value:
        target = node.target
        names = target.elts[1] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
        if (
            isinstance(names, ast.Tuple)
            and len(names.elts) > 1
            and isinstance(names.elts[1], ast.Name)
        ):
            return frame.names.get(names.elts[1].id, 1)
        return 1

    def _appended(self, node: ast.For) -> list[tuple[str, str]]:
        """Return the lists that the loop appends a name to, and the name."""
        found = []
        for part in node.body:
            if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
                call = part.value
                if (
                    isinstance(call.func, ast.Attribute)
                    and call.func.attr == "append"
                    and call.args
                ):
                    holder, item = call.func.value, call.args[0]
                    if isinstance(holder, ast.Name):
                        found.append((holder.id, item.id if isinstance(item, ast.Name) else ""))
        return found

    def _lengths(self, node: ast.For, frame: Frame) -> dict[str, int]:
        lists = {name: frame.names.get(name) for name, _ in self._appended(node)}
        return {name: len(value) for name, value in lists.items() if isinstance(value, list)}

    def _recover(
        self, node: ast.For, frame: Frame, before: dict[str, int], record: RowRecord
    ) -> None:
        """Append what a failed row did not, so that the rows behind it can be read."""
        ch = self.function.names.ch
        for name, item in self._appended(node):
            value = frame.names.get(name)
            if not isinstance(value, list) or name not in before:
                continue
            if record.unknown and len(value) == before[name]:
                if name == ch and record.index == 0 and not self._keeps_image(node):
                    value = frame.names[name] = []
                value.append(UnknownValue(f"layer {record.index} was not built"))
            if name != ch and len(value) == record.index + 1 and item:
                record.layer = value[-1]
                if isinstance(value[-1], Instance):
                    self.layers[id(value[-1])] = record.index
        if record.unknown:
            self._recover_save(frame, record)

    def _keeps_image(self, node: ast.For) -> bool:
        return not any(
            isinstance(part, ast.Assign)
            and any(
                isinstance(t, ast.Name) and t.id == self.function.names.ch for t in part.targets
            )
            for part in ast.walk(node)
        )

    def _recover_save(self, frame: Frame, record: RowRecord) -> None:
        save = frame.names.get("save")
        sources = record.from_ if isinstance(record.from_, list) else [record.from_]
        if isinstance(save, list) and record.index:
            save += [
                s % record.index for s in sources if isinstance(s, int) and s != -1 and record.index
            ]

    def _builder(self, node: ast.AST) -> Callable[..., Value]:
        def build(function: Value, args: Value, keywords: dict[str, Value]) -> Value:
            record = self.rows[-1] if self.rows else RowRecord(0)
            if not record.calls:
                record.function = function
                record.branch = self.machine.branch
                known = args if isinstance(args, list) else [args]
                record.args = [list(a) if isinstance(a, list) else a for a in known]
                record.keywords = dict(keywords)
            if record.failed:  # Python does not come to the next of its repeats
                return UnknownValue(f"layer {record.index} cannot be built")
            record.calls += 1
            if isinstance(args, UnknownValue):
                return UnknownValue(args.reason)
            return self._built(record, function, args, keywords)

        return build

    def _built(
        self, record: RowRecord, function: Value, args: list[Value], keywords: dict[str, Value]
    ) -> Value:
        made: list[Value] = [UnknownValue("the layer was not built")]

        def note(reason: str) -> None:
            record.unknown = record.unknown or reason
            made[0] = UnknownValue(reason)

        try:
            with guard(note), self.numbers.constructing():
                made[0] = self.machine.call(function, args, keywords)
        except Raised as error:
            self.failed(error, "constructor", record.index)
            record.failed = True
            made[0] = UnknownValue(f"layer {record.index} cannot be built")
        value = made[0]
        if isinstance(value, Instance):
            own = [mark for mark in _MARKS if mark in value.fields]
            record.overwritten = tuple(own)
        return value

    def run_layer(self, instance: Instance, call: Callable[[], Value]) -> Value:
        """Run a layer of the network; an exception is noted, and the output then not known."""
        index = self.layers.get(id(instance))
        if index is None or self.running:
            return call()
        self.machine.change()
        record = self.rows[index]
        found: list[Value] = [UnknownValue(f"the output of layer {index}")]
        self.running = True
        try:
            with guard(lambda reason: found.__setitem__(0, UnknownValue(reason))):
                found[0] = call()
        except Raised as error:
            self.failed(error, "forward", index)
            found[0] = UnknownValue(f"layer {index} cannot run")
        finally:
            self.running = False
        if not record.ran:
            record.output, record.ran = found[0], True
            self.machine.learned = True
        if index == len(self.rows) - 1:
            raise FinishedError
        return found[0]


@contextmanager
def guard(note: Callable[[str], None]) -> Iterator[None]:
    """Turn a limit or a crash of the interpreter into a reason, never a traceback."""
    try:
        yield
    except (Raised, FinishedError):
        raise
    except LimitError as error:
        note(str(error))
    except RecursionError:
        note("too deep for the interpreter")
    except Exception as error:  # a mistake of the interpreter is a thing that is not known
        note(f"the interpreter failed here: {type(error).__name__}: {error}")


@lru_cache(maxsize=500)
def _builders(loop: ast.For, module: str) -> tuple[ast.AST, ...]:
    return tuple(node for node in ast.walk(loop) if _builds(node, module))


def _builds(node: ast.AST, module: str) -> bool:
    """Check whether a node is `m(*args)`, the call that builds a layer."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == module
        and any(isinstance(argument, ast.Starred) for argument in node.args)
    )


def _word(value: Value) -> str:
    return value if isinstance(value, str) else ""


def parameters_of(function: Value) -> tuple[str, ...]:
    """Return the names of a class's constructor parameters, without self."""
    if isinstance(function, ClassValue):
        for owner in function.mro:
            method = owner.names.get("__init__")
            if isinstance(method, Wrapped):
                method = method.function
            if isinstance(method, FunctionValue):
                spec = method.node.args
                return tuple(a.arg for a in (*spec.posonlyargs, *spec.args))[1:]
            if owner.torch:
                return tuple(p[0] for p in of_torch(owner.torch) if p[1] == "")
    if isinstance(function, FunctionValue):
        return tuple(a.arg for a in function.node.args.args)
    return ()
