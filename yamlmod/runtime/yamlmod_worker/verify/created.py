"""Find parameters that are created in forward: no optimizer made before will train them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Set, Tuple


@contextmanager
def watched() -> Iterator[List[str]]:
    """Give a list that gets what modules take on while they run; forks run one to learn strides."""
    from torch.nn.modules import module as hooks

    names: List[str] = []
    before: Dict[int, Set[str]] = {}

    def start(module: Any, inputs: Any) -> None:
        before[id(module)] = _own(module)

    def end(module: Any, inputs: Any, output: Any) -> None:
        for name in sorted(_own(module) - before.pop(id(module), set())):
            names.append("{}.{}".format(type(module).__name__, name))

    handles = [
        hooks.register_module_forward_pre_hook(start),
        hooks.register_module_forward_hook(end),
    ]
    try:
        yield names
    finally:
        for handle in handles:
            handle.remove()


def _own(module: Any) -> Set[str]:
    return {*module._parameters, *module._buffers, *module._modules}


def strangers(outputs: List[Any], network: Any, image: Any) -> List[Tuple[int, ...]]:
    """Return the shapes of what would be trained and is no parameter of the network.

    They are found where gradients end: a layer that makes a convolution in forward and throws it
    away has new weights in every pass.
    """
    known = {id(image), *(id(parameter) for parameter in network.parameters())}
    seen: Set[Any] = set()
    waiting = [part.grad_fn for part in outputs if part.grad_fn is not None]
    shapes = []
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None and id(leaf) not in known:
            shapes.append(tuple(leaf.shape))
        waiting += [above for above, _ in node.next_functions if above is not None]
    return shapes
