"""Check forward and backward: gradients of each layer and each parameter."""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple

from ..tensors import finite, layer_of, tensors
from .created import strangers
from .network import BuiltNetwork, Failed, Size, listening


class Training:
    """Training passes over images of several sizes, one image at a time, and what was seen."""

    def __init__(self, net: BuiltNetwork, made: List[str], fork_keys: List[str]) -> None:
        self.net, self.made, self.keys = net, made, fork_keys
        self.reached: Set[int] = set()
        self.unused: List[str] = []
        self.strangers: List[Tuple[int, ...]] = []
        self.gradients: Dict[str, Any] = {}

    def check_sizes(self) -> str:
        """Run every size forward and backward."""
        for size in self.net.sizes:
            self._pass(size)
        return "forward and backward, batch 1"

    def check_deterministic(self) -> str:
        """Run the small size twice from one seed, where only deterministic algorithms may run.

        The first of these passes is also the one in which layers and parameters are looked at.
        """
        import torch

        _only_deterministic(True)
        try:
            first = self._pass(self.net.small, look=True)
            second = self._pass(self.net.small)
        finally:
            _only_deterministic(False)
        odd = [name for name, grad in first.items() if not torch.equal(grad, second[name])]
        if odd:
            raise Failed("two passes with one seed give different gradients: {}".format(odd[0]))
        return "two passes with one seed give the same gradients (on the CPU)"

    def look(self) -> None:
        """Make the pass that looks, where the deterministic mode did not let it end."""
        if not self.gradients:
            self._pass(self.net.small, look=True)

    def check_alive(self) -> str:
        """Every layer's output must receive a gradient."""
        self.look()
        net = self.net
        side = {row["index"] for row in net.rows if row["side_effect"]}
        dead = [i for i in range(len(net.rows) - 1) if i not in self.reached | side]
        if dead:
            named = [net.named(i) for i in dead]
            text = "no gradient reaches the output of layer {}"
            raise Failed(text.format(", ".join(named[:6])), text.format(", ".join(named)))
        unused = [name for name in self.unused if layer_of(name) in net.inserted]
        if unused:
            raise Failed("never used in forward: {}".format(", ".join(unused[:4])))
        return "a gradient reaches every layer"

    def check_created(self) -> str:
        """No parameter may be created in forward."""
        if self.made:
            made = list(dict.fromkeys(self.made))
            text = "created in forward, so an optimizer does not train it: {}"
            raise Failed(text.format(", ".join(made[:4])), text.format(", ".join(made)))
        self.look()
        new = [name for name in self.net.module.state_dict() if name not in set(self.keys)]
        if new or len(self.net.module.state_dict()) != len(self.keys):
            text = "the state dict has different keys after a pass: {}"
            raise Failed(text.format(", ".join(new[:4])), text.format(", ".join(new)))
        if self.strangers:
            raise Failed(
                "weights that are trained but are no parameters, created anew in every pass: "
                "{} of them, the first of shape {}".format(
                    len(self.strangers), list(self.strangers[0])
                )
            )
        return "{} before and after the first pass".format(len(self.keys))

    def _pass(self, size: Size, look: bool = False) -> Dict[str, Any]:
        """Run one image forward and backward; return the gradients."""
        import torch

        module, image = self.net.module.train(), self.net.image(size)
        for parameter in module.parameters():
            parameter.grad = None
        torch.manual_seed(0)

        def hear(index: int, output: Any) -> None:
            for part in tensors(output) if look else ():
                if part.requires_grad:
                    part.register_hook(lambda grad: self._felt(index, grad))

        with listening(module, hear):
            outputs = tensors(module(image.requires_grad_(look)))
        if not finite(outputs):
            raise Failed("{}: the output is not finite".format(shown(size)))
        floating = [part for part in outputs if part.requires_grad]
        if look:
            self.strangers = strangers(floating, module, image)
        weights = torch.Generator().manual_seed(1)
        loss = sum((p * torch.rand(p.shape, generator=weights)).sum() for p in floating)
        if not floating:
            raise Failed("the output in training mode has no gradient")
        loss.backward()
        named = {n: p.grad for n, p in module.named_parameters() if p.requires_grad}
        gradients = {name: grad for name, grad in named.items() if grad is not None}
        bad = [name for name, grad in gradients.items() if not finite([grad])]
        if bad:
            raise Failed("{}: the gradient of {} is not finite".format(shown(size), bad[0]))
        if look:
            self.unused = [name for name, grad in named.items() if grad is None]
            self.gradients = gradients
        return gradients

    def _felt(self, index: int, gradient: Any) -> None:
        if bool(gradient.any()):
            self.reached.add(index)


def _only_deterministic(wanted: bool) -> None:
    import torch

    if hasattr(torch, "set_deterministic_debug_mode"):
        # The usual function imports the compiler's settings first: seconds, in new torch.
        torch.set_deterministic_debug_mode(2 if wanted else 0)
    else:
        torch.use_deterministic_algorithms(wanted)


def shown(size: Size) -> str:
    """Return a size as it is written: 192x320."""
    return "{}x{}".format(*size)
