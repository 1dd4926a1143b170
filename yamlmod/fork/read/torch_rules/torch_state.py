"""torch's global state in a first forward pass on the CPU; autograd operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.values import (
    MISSING,
    Builtin,
    ClassValue,
    FunctionValue,
    GradMode,
    Instance,
    TensorValue,
    UnknownValue,
    Value,
    Wrapped,
)

# No one traces, scripts, compiles or exports a network while its class builds it.
_NEVER = (
    "torch.jit.is_scripting",
    "torch.jit.is_tracing",
    "torch.onnx.is_in_onnx_export",
    "torch.compiler.is_compiling",
    "torch.compiler.is_dynamo_compiling",
    "torch.compiler.is_exporting",
    "torch._dynamo.is_compiling",
    "torch._utils.is_compiling",
    "torch._C._is_tracing",
    "torch.is_autocast_enabled",
    "torch.is_inference_mode_enabled",
    "torch.are_deterministic_algorithms_enabled",
    "torch.is_deterministic_algorithms_warn_only_enabled",
)


def _always(value: Value) -> Callable[..., Value]:
    return lambda machine, *args, **keywords: value


def _mode(enabled: bool) -> Callable[..., Value]:
    def call(machine: Machine, function: Value = None, **keywords: Value) -> Value:
        # `@torch.no_grad` without brackets: the function stays what it is.
        return GradMode(enabled) if function is None else function

    return call


def _set_mode(machine: Machine, mode: Value) -> Value:
    before = machine.gradients
    machine.gradients = mode if isinstance(mode, bool) else UnknownValue("whether there is a grad")
    return GradMode(machine.gradients, before)


STATE: Mapping[str, Callable[..., Value]] = {
    **dict.fromkeys(_NEVER, _always(False)),
    "torch._C._get_tracing_state": _always(None),
    "torch.is_grad_enabled": lambda machine: machine.gradients,
    "torch.no_grad": _mode(False),
    "torch.inference_mode": _mode(False),
    "torch.autograd.no_grad": _mode(False),
    "torch.enable_grad": _mode(True),
    "torch.set_grad_enabled": _set_mode,
    "torch.autograd.set_grad_enabled": _set_mode,
}


def requires_grad(machine: Machine, tensor: TensorValue) -> Value:
    """Check whether a tensor hangs on parameters that learn."""
    if tensor.is_parameter:
        return True
    if tensor.kind in ("int", "bool"):
        return False
    if machine.gradients is True and not machine.learned:
        return UnknownValue("whether a tensor needs a gradient")
    return machine.gradients


def apply_of(machine: Machine, cls: ClassValue) -> Value:
    """Return `apply` of a torch.autograd.Function: its forward, run without gradients."""

    def call(machine: Machine, *args: Value, **keywords: Value) -> Value:
        if keywords:
            return UnknownValue(f"{cls.name}.apply with keyword arguments")
        forward = cls.find("forward")
        if isinstance(forward, Wrapped):
            forward = forward.function
        if not isinstance(forward, FunctionValue):
            return UnknownValue(f"the forward of {cls.name}")
        given = list(args) if cls.find("setup_context") is not MISSING else [_context(), *args]
        before, machine.gradients = machine.gradients, False
        try:
            with machine.nested(f"{cls.name}.forward"):
                return machine.call(forward, given)
        finally:
            machine.gradients = before

    return Builtin(f"{cls.name}.apply", call)


def _context() -> Instance:
    cls = ClassValue("FunctionCtx", (), {}, None, is_open=True)
    return Instance(cls, hidden="what an operation of autograd keeps")
