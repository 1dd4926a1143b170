"""Hold a built network beside its rows, with what the checks ask of it."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ..tensors import finite, image_channels, tensors

Size = Tuple[int, int]
_STRIDE = 32  # where a head has none
_SMALL = 3  # steps of the largest stride: the least odd number at which no map is one place


class Failed(Exception):
    """A check does not hold, and why; ``cause`` is what a message in short leaves out."""

    def __init__(self, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.cause = cause or message


class Skipped(Exception):
    """A check cannot be made here, and why."""


class BuiltNetwork:
    """One network under verification; ``rows`` say what its YAML says of every layer."""

    def __init__(self, module: Any, question: Dict[str, Any]) -> None:
        self.module = module
        self.rows: List[Dict[str, Any]] = question["rows"]
        self.inserted: List[int] = question["inserted"]
        self.stride = _largest_stride(module)
        self.sizes, self.small = self._sizes(question["sizes"])
        pairs = zip(question["sizes"], self.sizes)
        self.rounded: List[Size] = [(a[0], a[1]) for a, b in pairs if tuple(a) != b]
        self._seen: Dict[Size, List[Any]] = {}
        self.twin: Any = None  # a copy made in training, or why there is none
        self.spare: List[Any] = []  # copies that were found equal, for checks that change one

    def _sizes(self, wanted: List[List[int]]) -> Tuple[List[Size], Size]:
        step = self.stride
        small = (_SMALL * step, _SMALL * step)
        if wanted:
            # Forks round what a user asks for up to the stride in the same way.
            return [(-(-h // step) * step, -(-w // step) * step) for h, w in wanted], small
        wide = step <= _STRIDE
        square = (8 if wide else 4) * step
        return [
            (square, square),
            small,
            (4 * step, 7 * step) if wide else (2 * step, 3 * step),
        ], small

    @property
    def names(self) -> List[str]:
        return [row["module"] for row in self.rows]

    def named(self, layer: int) -> str:
        names = self.names
        return "{} {}".format(layer, names[layer]) if layer < len(names) else str(layer)

    def image(self, size: Size) -> Any:
        """Return the image that every pass of one size gets."""
        import torch

        return torch.rand(
            1, image_channels(self.module), *size, generator=torch.Generator().manual_seed(0)
        )

    def answer(self, size: Size) -> List[Any]:
        """Return the network's output in evaluation mode, computed once for each size."""
        if size not in self._seen:
            self._seen[size] = run(self.module, self.image(size))
        return self._seen[size]

    def copy(self) -> Any:
        """Return a copy that may be changed."""
        return self.spare.pop() if self.spare else copy.deepcopy(self.module)

    def forget(self) -> None:
        """Forget what was answered: the weights are no longer the same."""
        self._seen.clear()


def run(module: Any, image: Any) -> List[Any]:
    """Return every tensor of a network's output in evaluation mode."""
    import torch

    with torch.no_grad():
        return tensors(module.eval()(image))


def run_with_head(module: Any, image: Any, got: List[Any]) -> List[Any]:
    """Run a network in evaluation mode and keep what its head gets, in ``got``."""
    head = module.model[-1]

    def hook(layer: Any, inputs: Any) -> None:
        got.extend(part.clone() for part in tensors(inputs))

    handle = head.register_forward_pre_hook(hook)
    try:
        return run(module, image)
    finally:
        handle.remove()


@contextmanager
def listening(module: Any, hear: Callable[[int, Any], Optional[Any]]) -> Iterator[None]:
    """Give ``hear`` every layer's output; what it returns replaces the output."""

    def hook(index: int) -> Any:
        return lambda layer, inputs, output: hear(index, output)

    hooks = [layer.register_forward_hook(hook(i)) for i, layer in enumerate(module.model)]
    try:
        yield
    finally:
        for hook_handle in hooks:
            hook_handle.remove()


def first_bad(net: BuiltNetwork, module: Any, image: Any) -> str:
    """Say which layer is the first whose output is not finite."""
    import torch

    bad: List[int] = []

    def hear(index: int, output: Any) -> None:
        if not bad and not finite(tensors(output)):
            bad.append(index)

    with torch.no_grad(), listening(module, hear):
        module(image)
    return "the first is layer {}".format(net.named(bad[0])) if bad else "a second run was finite"


def _largest_stride(module: Any) -> int:
    import torch

    strides = getattr(module, "stride", None)
    try:
        largest = int(torch.as_tensor(strides).max()) if strides is not None else _STRIDE
    except (TypeError, ValueError, RuntimeError):
        largest = _STRIDE
    return max(largest, _STRIDE)
