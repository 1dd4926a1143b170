"""Verify one network: build it with the fork's own Model and run one check after another."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Callable, Dict, List, Literal, Optional, Set

from ..answers import CheckPart, VerifyAnswer, VerifyPart
from ..building.builder import Builder, builder_for, run_facts
from ..building.faults import error_line
from ..profile.memory import available
from ..refused import Refused
from ..tensors import carried_name
from .base import BaseNetwork, same_way
from .copying import check_deepcopy, check_fuse, check_pickle, take_twin
from .created import watched
from .exporting import check_onnx, check_torchscript
from .identity import outputs, start_as_identity
from .inference import check_half, check_influence, check_sizes
from .network import BuiltNetwork, Failed, Skipped
from .training import Training, shown
from .wiring import check_wiring

_Tell = Callable[[VerifyPart], None]
_bases: Dict[str, BaseNetwork] = {}  # networks of --base, by their YAML and number of classes


def answer(question: Dict[str, Any], tell: _Tell) -> VerifyAnswer:
    """Make every check of one network; each is reported when it begins and when it ends."""
    free = available()
    if free is not None and question["needs"] > free and not question["force"]:
        return {"free": free, "sizes": [], "rounded": [], **run_facts()}
    builder = builder_for(question)
    checks = _Checks(builder, question, tell)
    net = checks.built()
    if net is not None:
        checks.all(net)
    sizes = [] if net is None else [shown(size) for size in (*net.sizes, net.small)]
    rounded = [] if net is None else net.rounded
    return {"free": None, "sizes": sizes, "rounded": rounded, **builder.run_report()}


class _Checks:
    """The checks of one network, in an order in which later ones use what earlier ones ran."""

    def __init__(self, builder: Builder, question: Dict[str, Any], tell: _Tell) -> None:
        self.builder, self.question, self.tell = builder, question, tell
        self.made: List[str] = []
        self.failed: Set[str] = set()
        self.keys: List[str] = []
        self.names = [row["module"] for row in question["rows"]]

    def built(self) -> Optional[BuiltNetwork]:
        """Build the network; None where the fork could not."""
        networks: List[BuiltNetwork] = []

        def build() -> str:
            with watched() as made:
                module = self.builder.make(
                    self.question["cfg"], self.question["classes"], self.question["head"]
                )
            self.made, self.keys = made, list(module.state_dict())
            networks.append(BuiltNetwork(module, self.question))
            count = sum(parameter.numel() for parameter in module.parameters())
            return "{}, {:,} parameters".format(type(module).__name__, count)

        self._check("build", build, again=lambda base: base.network and "")
        return networks[0] if networks else None

    def all(self, net: BuiltNetwork) -> None:
        """Make every other check."""
        question, builder = self.question, self.builder
        training = Training(net, self.made, self.keys)
        wiring = partial(check_wiring, net, builder.names, question["strides"])
        self._check("wiring", wiring, again=lambda base: base.check_wiring(builder.names))
        self._check("train", training.check_sizes, again=lambda b: b.training.check_sizes())
        self._check(
            "deterministic",
            training.check_deterministic,
            "train",
            lambda base: base.training.check_deterministic(),
        )
        self._check(
            "alive", training.check_alive, "train", lambda base: base.training.check_alive()
        )
        self._check(
            "parameters",
            training.check_created,
            "" if self.made else "train",
            lambda base: base.training.check_created(),
        )
        for parameter in net.module.parameters():
            parameter.grad = None
        take_twin(net)
        self._check("eval", partial(check_sizes, net), again=lambda b: check_sizes(b.network))
        self._check("influence", partial(check_influence, net), "eval")
        plain: Dict[str, Callable[[BuiltNetwork], str]] = {
            "deepcopy": check_deepcopy,
            "pickle": lambda one: check_pickle(one, builder),
            "bfloat16": lambda one: check_half(one, "bfloat16"),
            "float16": lambda one: check_half(one, "float16"),
            "fuse": check_fuse,
        }
        if question["export"]:
            plain.update(torchscript=check_torchscript, onnx=check_onnx)
        for name, check in plain.items():
            self._check(name, partial(check, net), "eval", partial(_on_base, check))
        if question["identity"] is not None:
            self._check("identity", lambda: self._identity(net), "eval")

    def _check(
        self,
        name: str,
        check: Callable[[], str],
        needs: str = "",
        again: Optional[Callable[[BaseNetwork], Any]] = None,
    ) -> None:
        """Run one check and report its result; without what it needs it is not run.

        What fails is done ``again`` with the base: if that fails in the same way, the edit is not
        the cause.
        """
        self.tell({"begun": name})
        start = time.perf_counter()
        status: Literal["pass", "fail", "skip"] = "pass"
        reason = cause = ""
        try:
            if needs in self.failed:
                raise Skipped("{} fails".format(needs))
            reason = check()
        except Skipped as error:
            status, reason = "skip", str(error)
        except (Exception, SystemExit) as error:
            status, reason = "fail", self._reason(error, self.names)
            cause = getattr(error, "cause", reason)
        if status == "fail" and again is not None and self._base_fails(again, cause):
            status, reason = "skip", "the base fails too: " + reason
        if status == "fail":
            self.failed.add(name)
        seconds = round(time.perf_counter() - start, 3)
        part: CheckPart = {"name": name, "status": status, "reason": reason, "seconds": seconds}
        self.tell({"check": part})

    def _reason(self, error: BaseException, names: List[str]) -> str:
        if isinstance(error, (Failed, Refused)):
            return str(error)
        return error_line(error, self.builder.fork, names)

    def _base(self) -> Optional[BaseNetwork]:
        """Return the network of --base, built once in a worker; None without one."""
        question = self.question["base"]
        if question is None:
            return None
        key = "{cfg}:{classes}".format(**question)
        if key not in _bases:
            _bases[key] = BaseNetwork(self.builder, {**self.question, **question})
        return _bases[key]

    def _base_fails(self, check: Callable[[BaseNetwork], Any], cause: str) -> bool:
        """Whether a check fails for the base as well, and for the same reason."""
        base = self._base()
        if base is None:
            return False
        try:
            check(base)
        except Skipped:
            return False
        except (Exception, SystemExit) as error:
            return same_way(cause, getattr(error, "cause", self._reason(error, base.names)))
        finally:
            base.settle()
        return False

    def _identity(self, net: BuiltNetwork) -> str:
        """Carry the base's weights over, fill the new layers, and compare the outputs."""
        base, pairs = self._base(), {int(a): int(b) for a, b in self.question["base"]["pairs"]}
        assert base is not None
        wanted = net.module.state_dict()
        carried = {}
        for name, value in base.network.module.state_dict().items():
            target = carried_name(name, pairs)
            if target in wanted and wanted[target].shape == value.shape:
                carried[target] = value
        net.module.load_state_dict(carried, strict=False)
        net.forget()
        init = self.question["identity"]
        answered = [] if init["reason"] else outputs(base.network.module)
        identity = start_as_identity(net.module, init, answered)
        if identity["error"] is None:
            raise Skipped("; ".join([*identity["cannot"], identity["reason"]]))
        filled = ", ".join(net.named(layer) for layer in identity["filled"])
        return "layer {} filled, outputs equal the base's to {:.0e}".format(
            filled, max(identity["error"], 1e-7)
        )


def _on_base(check: Callable[[BuiltNetwork], str], base: BaseNetwork) -> str:
    return check(base.network)
