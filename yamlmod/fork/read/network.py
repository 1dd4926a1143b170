"""Read a model YAML at one scale with a fork's code; the entry point of this room."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from yamlmod.fork.parser.model_class import BY_HEAD, USUAL, unusual_class
from yamlmod.fork.parser.parse_model import Function, read_functions
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.read.answers import NetworkReading, RowReading, name_of, plain
from yamlmod.fork.read.interpreter.assembly import new_machine
from yamlmod.fork.read.interpreter.calls import bind_arguments
from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.scopes import ModuleScope, SourceFile
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Instance,
    Outside,
    Raised,
    TensorValue,
    UnknownValue,
    Value,
)
from yamlmod.fork.read.recording import (
    FinishedError,
    Recorder,
    RowRecord,
    guard,
    parameters_of,
)
from yamlmod.model.build_answer import key_of

_SIDES = (256, 256)
# Python frames for 90 nested calls of the fork; the default allows some fifteen.
_RECURSION = 5_000
# Readings that are kept: a command asks several questions about the same few networks.
_KEPT = 32


class ForkReader:
    """A fork's files, read once; every network gets a machine of its own."""

    def __init__(self, graph: ImportGraph, parser: str, function: str = "") -> None:
        self.graph, self.parser = graph, parser
        self._files: dict[str, SourceFile | None] = {}
        self._kept: dict[tuple[str, str], NetworkReading] = {}
        source = graph.source(parser)
        found = [] if source is None else list(read_functions(source))
        self.function: Function | None = next(
            (one for one in found if one.node.name == function or not function), None
        )

    def source(self, path: str) -> SourceFile | None:
        if path not in self._files:
            source = self.graph.source(path)
            self._files[path] = (
                None if source is None else SourceFile(path, source.shown, source.tree)
            )
        return self._files[path]

    def read(self, data: Mapping[str, Any], scale: str = "") -> NetworkReading:
        key = key_of(data), scale
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = self.read_anew(data, scale)
        return self._kept[key]

    def read_anew(self, data: Mapping[str, Any], scale: str = "") -> NetworkReading:
        """Return the same without looking among the readings that are kept."""
        if self.function is None:
            return NetworkReading(scale, self.parser, reason="there is no parse function")
        machine = new_machine(self.graph, self.source)
        recorder = Recorder(machine, self.function)
        run = _Run(machine, recorder, self.parser, dict(copy.deepcopy(dict(data))), scale)
        with _deep_recursion():
            run.go()
        return run.reading()


class _Run:
    """One evaluation."""

    def __init__(
        self, machine: Machine, recorder: Recorder, parser: str, data: dict[str, Any], scale: str
    ) -> None:
        self.machine, self.recorder, self.parser = machine, recorder, parser
        self.data, self.scale = data, scale
        self.save: Value = None
        self.called = self.complete = False
        self.image = 3  # the channels that the model class tells the parse function
        self.reason = ""
        self.model: Value = None
        if "scales" in data and scale:
            data["scale"] = scale
        machine.on_call = self._on_call
        machine.loaded = data

    def go(self) -> None:
        """Build the network as its model class does, then run it once."""
        module = self.machine.module(self.parser)
        if module is None:
            self.reason = f"{self.parser} cannot be read"
            return
        self.recorder.watch()
        try:
            with guard(self._note):
                self._construct(module)
            if not self.called and not self.recorder.failures:
                with guard(self._note):
                    self._call_directly(module)
            if self.called and not any(row.ran for row in self.recorder.rows):
                with guard(self._note):
                    self._forward()
        except FinishedError:
            pass
        except Raised as error:
            self.recorder.failed(error, "model" if self.complete else "parse", None)

    def _note(self, reason: str) -> None:
        self.reason = self.reason or reason

    def _construct(self, module: ModuleScope) -> None:
        cls = self._model_class(module)
        if not isinstance(cls, ClassValue):
            return
        try:
            self._initialise(cls, {})
        except Raised as error:
            classes = self.data.get("nc")
            if self.called or classes is None:
                raise
            # Some classes need the count of classes as an argument, which train.py hands them.
            with suppress(Raised):
                self._initialise(cls, {"nc": classes})
            if not self.called:
                raise error from None

    def _initialise(self, cls: ClassValue, keywords: dict[str, Value]) -> None:
        from yamlmod.fork.read.interpreter.calls import initialise

        self.model = Instance(cls)
        try:
            initialise(self.machine, self.model, [self.data], keywords)
        except Raised as error:
            if not self.called or not self.complete:
                raise
            # Behind the parse function much is done that has no part in the network's shape.
            self._note(f"the model class goes on with {error.name}: {error.message}")

    def _model_class(self, module: ModuleScope) -> Value:
        head = self.data.get("head")
        last = head[-1][2] if isinstance(head, list) and head and len(head[-1]) > 2 else ""
        by_head = BY_HEAD.get(str(last).rstrip("0123456789"), "")
        function = self.recorder.function
        unusual = unusual_class(function.source, function.node.name)
        for name in (unusual, by_head, *USUAL):
            if not name:
                continue
            try:
                value = self.machine.parts.global_name(self.machine, module, name)
            except Raised:
                continue
            if isinstance(value, ClassValue):
                return value
        return None

    def _call_directly(self, module: ModuleScope) -> None:
        """Call the parse function without its model class."""
        name = self.recorder.function.node.name
        function = self.machine.parts.global_name(self.machine, module, name)
        if isinstance(function, FunctionValue):
            names = [a.arg for a in function.node.args.args]
            ch: Value = [3] if self._takes_list() else 3
            args: list[Value] = [self.data, ch][: len(names)]
            self.machine.call(function, args)

    def _takes_list(self) -> bool:
        import ast

        node = self.recorder.function.node
        return not any(
            isinstance(part, ast.Assign)
            and isinstance(part.value, ast.List)
            and len(part.value.elts) == 1
            and isinstance(part.value.elts[0], ast.Name)
            and part.value.elts[0].id == self.recorder.function.names.ch
            for part in ast.walk(node)
        )

    def _on_call(
        self, function: FunctionValue, args: list[Value], keywords: dict[str, Value]
    ) -> Value:
        node = self.recorder.function.node
        if function.node is not node or self.called:
            return MISSING
        self.called = True
        self.machine.on_call = self.machine.loaded = None
        names = bind_arguments(function, function.name, args, keywords)
        if isinstance(names, UnknownValue):
            return names
        channels = names.get(self.recorder.function.names.ch)
        channels = channels[-1] if isinstance(channels, list) and channels else channels
        if isinstance(channels, int):
            self.image = channels
        found = self.machine.call(function, args, keywords)
        self.complete = True
        self.machine.on_layer = self.recorder.run_layer
        if isinstance(found, tuple) and len(found) >= 2:
            self.save = found[1]
        return found

    def _forward(self) -> None:
        """Run the network once, where its constructor did not."""
        image = TensorValue((1, self.image, *_SIDES))
        if isinstance(self.model, Instance) and self.complete:
            self.machine.call(self.machine.attribute(self.model, "eval"))
            self.machine.gradients = False
            forward = self.machine.attribute(self.model, "forward")
            if isinstance(forward, Bound):
                try:
                    self.machine.call(forward, [image])
                except Raised as error:
                    self.recorder.failed(error, "forward", None)

    def reading(self) -> NetworkReading:
        """Return the answer."""
        failures = self.recorder.failures
        save = self.save
        known = isinstance(save, list) and all(isinstance(s, int) for s in save)
        return NetworkReading(
            scale=self.scale,
            parser=f"{self.parser}:{self.recorder.function.node.name}",
            rows=tuple(self._row(record) for record in self.recorder.rows),
            save=tuple(save) if known else None,
            failure=failures[0] if failures else None,
            later=tuple(failures[1:]),
            unknowns=tuple(self.machine.unknowns),
            complete=self.complete,
            reason=self.reason,
            steps=self.machine.steps,
        )

    def _row(self, record: RowRecord) -> RowReading:
        function = record.function
        return RowReading(
            index=record.index,
            module=record.module,
            class_name=name_of(function) if record.calls else "",
            defined=function.place if isinstance(function, ClassValue) else "",
            args=tuple(plain(arg) for arg in record.args),
            keywords={key: plain(value) for key, value in record.keywords.items()},
            parameters=parameters_of(function),
            repeats=plain(record.repeats),
            calls=record.calls,
            channels=plain(record.channels),
            branch=record.branch,
            overwritten=record.overwritten,
            output=plain(record.output) if record.ran else None,
            number=plain(record.number),
            made=plain(record.made),
            unknown=record.unknown,
            unknown_class=_why_unknown(function),
        )


def _why_unknown(function: Value) -> str:
    if isinstance(function, Outside):
        return f"{function.path} is not in this repository"
    return function.reason if isinstance(function, UnknownValue) else ""


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
