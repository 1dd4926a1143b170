"""Define the shapes of answers: written by the worker, checked by yamlmod.

Both sides import this file: the worker for its annotations, yamlmod to check every answer by. A
fork runs in the worker's process and can write an answer of its own. One of these shapes can only
be a lie about that fork; anything else is refused before a command sees it.
"""

from __future__ import annotations

from typing import Dict, List, Literal, NewType, Optional, Tuple, TypedDict, Union

Count = Tuple[int, int]  # of tensors, and of the parameters in them
# A number that may also be NaN or infinite: constants of a network are.
AnyNumber = NewType("AnyNumber", float)


class Stopped(TypedDict):
    """The packages replaced by stand-ins, and the calls that were stopped."""

    stand_ins: List[str]
    blocked: List[str]


class Told(Stopped):
    """In every answer: what ran, too."""

    python: str
    torch: str


class VerifyAnswer(Told):
    """After the checks of one network; ``free`` where it was not tried for want of memory."""

    free: Optional[int]
    sizes: List[str]
    rounded: List[Tuple[int, int]]


class CheckPart(TypedDict):
    """One check of a network."""

    name: str
    status: Literal["pass", "fail", "skip"]
    reason: str
    seconds: float


class VerifyPart(TypedDict, total=False):
    """A part sent before the answer: a check begins, or has ended."""

    begun: str
    check: CheckPart


class Stock(TypedDict):
    """The result of loading by name and shape only."""

    right: Count
    wrong: Count
    wrong_layers: List[int]


class IdentityAnswer(TypedDict):
    """The result of starting new layers as the identity."""

    cannot: List[str]
    filled: List[int]
    compared: bool
    reason: str
    error: Optional[float]


class RemapAnswer(Told):
    """The target of every tensor of a checkpoint."""

    form: str
    source: str
    notes: List[str]
    classes: Optional[int]
    tensors: int
    parameters: int
    right: Count
    dropped: List[Tuple[str, str, int]]
    new: List[Tuple[str, int]]
    stock: Stock
    expected: Tuple[int, int]
    transfers: List[Tuple[Optional[int], int, int]]  # classes, and the numbers of `Transferred`
    identity: Optional[IdentityAnswer]


class Latency(TypedDict):
    """Milliseconds of a forward pass, or of a training step."""

    median: float
    q1: float
    q3: float


LayerProfile = TypedDict(
    "LayerProfile",
    {
        "index": int,
        "from": Union[int, str, List[int], None],
        "module": str,
        "parameters": int,
        "flops": Optional[float],
        "thop_unseen_flops": Optional[float],
        "shapes": List[List[int]],
        "bytes": Optional[int],
        "time_share": Optional[float],
        "milliseconds": Optional[float],
    },
)


class ThopProfile(TypedDict):
    """The numbers that YOLOv5 prints with thop."""

    thop_flops: Optional[float]
    thop_flops_at_size: Optional[float]
    thop_unseen_flops: Optional[float]
    thop_stride: int


class Profile(ThopProfile):
    cfg: str
    parameters: int
    trainable: int
    weights_bytes: int
    flops: Optional[float]
    counted_by: Optional[str]
    missed: List[str]
    forward_bytes: Optional[int]
    training_bytes: Optional[int]
    latency: Optional[Latency]
    step: Optional[Latency]
    step_images: int
    layers: List[LayerProfile]
    notes: List[str]


class MeasuredOn(TypedDict):
    """The machine and the device of the measurement."""

    device: str
    device_name: str
    threads: int


class ProfileAnswer(Told, MeasuredOn):
    models: List[Profile]


class ProfileRun(Told, MeasuredOn):
    """What runs, and where it is measured."""


class ProfilePart(TypedDict, total=False):
    """A part sent before the answer: what begins, a counted network, or the latency so far."""

    begun: str
    ran: ProfileRun
    model: Profile
    rounds: int
    latencies: List[Latency]


class RemapPart(TypedDict, total=False):
    """A part sent before the answer: what begins, the answer so far, or that OUT is written."""

    begun: str
    answer: RemapAnswer
    written: bool


Node = Tuple[str, List[str], List[str], List[str]]  # kind, inputs, outputs, modules
Constant = Tuple[Optional[int], Optional[AnyNumber]]  # how many numbers, and the number of one


class TracedNetwork(TypedDict):
    nodes: List[Node]
    constants: Dict[str, Constant]
    classes: Dict[str, str]


class ExplainAnswer(Told, TracedNetwork):
    """A traced network, and what ran."""


class Trial(TypedDict):
    """The hashes of one training's batches and of the names in them, by epoch; or why not."""

    epochs: List[str]
    orders: List[str]
    batches: int
    workers: int
    failed: str


class TrialPart(TypedDict):
    """A trial of that number has ended."""

    trial: int


class SeedsAnswer(Told):
    """The batches of each trial of a training."""

    trials: List[Trial]


class ImportsAnswer(TypedDict):
    """An interpreter's version, its packages, and the names on its path."""

    executable: str
    version: str
    versions: Dict[str, Optional[str]]
    here: Dict[str, Optional[str]]
    elsewhere: Dict[str, Optional[str]]
    copies: Dict[str, List[str]]


class PackageAnswer(TypedDict):
    """Where an installed package is, and which distribution brought it; None: not installed.

    ``site`` is the folder whose .pth files that Python reads.
    """

    site: str
    name: Optional[str]
    folder: Optional[str]
    distribution: Optional[str]
    version: Optional[str]


class Message(TypedDict, total=False):
    """One line of a worker: a part of an answer, or the answer to the question of that number."""

    part: object
    answer: object
    number: int


class RefusedAnswer(TypedDict):
    """The worker's own refusal: code, message, hint."""

    refused: Tuple[str, str, str]


class FailedAnswer(TypedDict):
    """The traceback of an error in the worker."""

    failed: str
