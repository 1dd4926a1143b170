"""Measure networks: parameters, FLOPs, memory and latency, in total and per layer."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List, Optional

from ..answers import (
    Latency,
    LayerProfile,
    MeasuredOn,
    Profile,
    ProfileAnswer,
    ProfilePart,
    ThopProfile,
)
from ..building.builder import builder_for
from ..building.layers import layers_of, name_of
from ..refused import Refused
from ..tensors import image_channels, tensors
from .flops import Counted, count_flops
from .peaks import peak, size_of
from .thop_rules import Thop
from .timing import latencies, layer_times

_LAYER_ROUNDS = 7
_CPU_IMAGES = 2
_SMALLEST_STRIDE = 32  # YOLOv5 gives thop an image of at least this size


def answer(question: Dict[str, Any], tell: Callable[[ProfilePart], None]) -> ProfileAnswer:
    """Build every network, count each, and time all of them in turn; each is sent when counted."""
    import torch

    device = question["device"]
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
        question = dict(question, device=device)
    if device == "cuda" and not torch.cuda.is_available():
        message = "torch {} of {} finds no CUDA device".format(torch.__version__, sys.executable)
        hint = "name the Python whose torch finds one: --python PATH; or measure on --device cpu"
        raise Refused("no-cuda", message, hint)
    if question["threads"]:
        torch.set_num_threads(question["threads"])
    builder = builder_for(question)
    networks, models = [], []
    for cfg in question["cfgs"]:
        tell({"begun": "counting " + cfg["shown"]})
        network = builder.build(cfg["path"], None, cfg["head"])
        subject = _Subject(network, cfg["shown"], question)
        models.append(subject.counted())
        networks.append(subject)
        tell({"ran": {**_machine(device), **builder.run_report()}, "model": models[-1]})
    if question["rounds"]:
        runs = [subject.forward for subject in networks]
        tell({"begun": "warming up for the latency"})

        def report(rounds: int, so_far: List[Latency]) -> None:
            tell({"rounds": rounds, "latencies": so_far})

        measured = latencies(runs, question["rounds"], _waiter(device), report)
        for model, latency in zip(models, measured):
            model["latency"] = latency
    if question["layers"] and question["rounds"]:
        tell({"begun": "timing layers"})
        for model, subject in zip(models, networks):
            subject.time_layers(model["layers"])
    if question["steps"]:
        _time_steps(networks, models, question["steps"], _waiter(device))
    return {"models": models, **_machine(device), **builder.run_report()}


def _time_steps(
    subjects: List["_Subject"], models: List[Profile], rounds: int, wait: Callable[[], None]
) -> None:
    """Time a training step of every network in turn; none is timed where one fails."""
    try:
        steps = [subject.step_to_time() for subject in subjects]
        measured = latencies(steps, rounds, wait)
    except Exception as error:
        for model in models:
            model["notes"].append("a training step was not timed: {}".format(_first_line(error)))
        return
    for model, subject, step in zip(models, subjects, measured):
        model["step"], model["step_images"] = step, subject.step_images


class _Subject:
    """One network on its device, and the image it is measured with."""

    def __init__(self, network: Any, shown: str, question: Dict[str, Any]) -> None:
        import torch

        self.network, self.shown, self.question = network, shown, question
        self.device = question["device"]
        size, channels = question["imgsz"], image_channels(network)
        self._generator = torch.Generator().manual_seed(0)
        self.one = self._image(1, channels, size).to(self.device)
        self.image = self._image(question["batch"], channels, size).to(self.device)
        self._channels = channels
        self.network.to(self.device)

    @property
    def step_images(self) -> int:
        """How many images a timed step has: a GPU takes them at once, a CPU one after the other."""
        wanted: int = self.question["step_batch"]
        return wanted if self.device == "cuda" else min(wanted, _CPU_IMAGES)

    def step_to_time(self) -> Callable[[], None]:
        """Return a forward and backward in training mode, with a made-up loss."""
        image = self._image(self.step_images, self._channels, self.question["imgsz"])
        image = image.to(self.device)

        def step() -> None:
            self.network.train()
            self._backward(image)
            self.network.zero_grad(set_to_none=True)

        return step

    def _backward(self, image: Any) -> None:
        import torch

        with torch.enable_grad():
            outputs = tensors(self.network(image))
            loss: Any = sum(t.float().pow(2).mean() for t in outputs if t.is_floating_point())
            loss.backward()

    def forward(self) -> Any:
        import torch

        with torch.no_grad():
            return self.network(self.image)

    def counted(self) -> Profile:
        """Return all that needs no clock. The network is left in eval mode, fused where wished."""
        notes: List[str] = []
        trainable = [
            parameter for parameter in self.network.parameters() if parameter.requires_grad
        ]
        training = self._training(notes)  # before layers are fused
        self.network.eval()
        if self.question["fused"]:
            self._fuse()
        self._try_forward()
        counted = self._flops(notes)
        thop = self._thop(counted, notes)
        weights = size_of(self.network)
        if self.question["half"]:
            self.network.half()
            self.image = self.image.half()
            self._try_forward()
            weights = size_of(self.network)
        layers = layers_of(self.network)
        memory = self._peak(self.forward, layers, "forward", notes)
        return {
            "cfg": self.shown,
            "parameters": sum(parameter.numel() for parameter in self.network.parameters()),
            "trainable": sum(parameter.numel() for parameter in trainable),
            "weights_bytes": weights,
            "flops": counted.flops if counted else None,
            **thop,
            "counted_by": counted.by if counted else None,
            "missed": counted.missed if counted else [],
            "forward_bytes": memory.bytes if memory else None,
            "training_bytes": training,
            "latency": None,
            "step": None,
            "step_images": 0,
            "layers": self._layers(layers, counted, memory),
            "notes": notes,
        }

    def _image(self, batch: int, channels: int, size: int) -> Any:
        import torch

        return torch.rand(batch, channels, size, size, generator=self._generator)

    def _training(self, notes: List[str]) -> Optional[int]:
        self.network.train()
        step_peak = self._peak(lambda: self._backward(self.image), [], "training step", notes)
        self.network.zero_grad(set_to_none=True)
        return step_peak.bytes if step_peak else None

    def _peak(self, run: Callable[[], Any], layers: List[Any], what: str, notes: List[str]) -> Any:
        try:
            return peak(run, layers, self.device)
        except Refused as error:
            notes.append("memory of a {} was not measured: {}".format(what, error.message))
        except Exception as error:
            notes.append("memory of a {} was not measured: {}".format(what, _first_line(error)))
        return None

    def _fuse(self) -> None:
        import torch

        if not hasattr(self.network, "fuse"):
            message = "{}: this fork's networks have no fuse()".format(self.shown)
            raise Refused("not-fused", message, "leave out --fused")
        try:
            with torch.no_grad():  # weights that were loaded need none: YOLOv7 counts on it
                fused = self.network.fuse()
        except Exception as error:
            message = "{} cannot be fused: {}".format(self.shown, _first_line(error))
            raise Refused("not-fused", message, "leave out --fused") from None
        self.network = fused if hasattr(fused, "parameters") else self.network

    def _try_forward(self) -> None:
        try:
            self.forward()
        except Exception as error:
            raise Refused(
                "no-forward",
                "{} was built, but its forward at {} px fails: {}".format(
                    self.shown, self.question["imgsz"], _first_line(error)
                ),
                "its stride must divide --imgsz; half precision needs --device cuda or a new torch",
            ) from None

    def _flops(self, notes: List[str]) -> Optional[Counted]:
        try:
            counted = count_flops(self.network, self.one)
        except Refused as error:
            notes.append("no GFLOPs: {}".format(error.message))
            return None
        except Exception as error:
            notes.append("no GFLOPs: {}".format(_first_line(error)))
            return None
        if counted.missed:
            notes.append("GFLOPs do not include {}".format(", ".join(counted.missed)))
        return counted

    def _thop(self, counted: Optional[Counted], notes: List[str]) -> ThopProfile:
        """Return what YOLOv5 prints with thop: of one stride, scaled up to the size by area."""
        import torch

        size = self.question["imgsz"]
        whole = None if counted is None else counted.thop_macs
        stride = max(_stride(self.network), _SMALLEST_STRIDE)
        profile: ThopProfile = {
            "thop_flops": None,
            "thop_flops_at_size": None if whole is None else 2 * whole,
            "thop_unseen_flops": None if counted is None else counted.unseen_flops,
            "thop_stride": stride,
        }
        image = self._image(1, self._channels, stride).to(self.device)
        try:
            with Thop(self.network) as thop, torch.no_grad():
                self.network(image)
            profile["thop_flops"] = 2 * thop.total() * (size / stride) ** 2
        except Refused as error:
            notes.append("no thop GFLOPs: {}".format(error.message))
        except Exception as error:
            notes.append(
                "no thop GFLOPs: YOLOv5 gives thop an image of {} px, whose forward fails: "
                "{}".format(stride, _first_line(error))
            )
        return profile

    def _layers(
        self, layers: List[Any], counted: Optional[Counted], memory: Any
    ) -> List[LayerProfile]:
        return [
            {
                "index": index,
                "from": getattr(layer, "f", None),
                "module": name_of(layer),
                "parameters": sum(parameter.numel() for parameter in layer.parameters()),
                "flops": counted.layers[index] if counted else None,
                "thop_unseen_flops": counted.unseen[index] if counted else None,
                "shapes": counted.shapes[index] if counted else [],
                "bytes": memory.layers[index] if memory else None,
                "time_share": None,
                "milliseconds": None,
            }
            for index, layer in enumerate(layers)
        ]

    def time_layers(self, rows: List[LayerProfile]) -> None:
        """Put each layer's share of the time into its row."""
        layers = layers_of(self.network)
        times = layer_times(self.forward, layers, _LAYER_ROUNDS, _waiter(self.device))
        whole = sum(times)
        for row, milliseconds in zip(rows, times):
            row["milliseconds"] = milliseconds
            row["time_share"] = milliseconds / whole if whole else None


def _stride(network: Any) -> int:
    stride: Any = getattr(network, "stride", None)
    return int(stride.max()) if hasattr(stride, "max") else _SMALLEST_STRIDE


def _waiter(device: str) -> Callable[[], None]:
    import torch

    return torch.cuda.synchronize if device == "cuda" else lambda: None


def _machine(device: str) -> MeasuredOn:
    import torch

    name = torch.cuda.get_device_name() if device == "cuda" else _processor()
    return {"device": device, "device_name": name, "threads": torch.get_num_threads()}


def _processor() -> str:
    import platform

    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or sys.platform


def _first_line(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0][:200]
    return "{}: {}".format(type(error).__name__, text)
