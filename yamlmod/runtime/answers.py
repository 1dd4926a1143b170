"""What the workers answer: the types that commands read, and that every answer is checked by.

A fork runs in the worker's process and can write an answer of its own. One of these shapes can only
be a lie about that fork; anything else is refused before a command sees it.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from yamlmod.runtime.shapes import AnyNumber

Count = tuple[int, int]  # of tensors, and of the parameters in them


class Stopped(TypedDict):
    """What was stood in for, and what was stopped."""

    stand_ins: list[str]
    blocked: list[str]


class Told(Stopped):
    """In every answer: what ran, too."""

    python: str
    torch: str


class VerifyAnswer(Told):
    """After the checks of one network; ``free`` where it was not tried for want of memory."""

    free: int | None
    sizes: list[str]
    rounded: list[tuple[int, int]]


class CheckPart(TypedDict):
    """One check of a network."""

    name: str
    status: Literal["pass", "fail", "skip"]
    reason: str
    seconds: float


class VerifyPart(TypedDict, total=False):
    """What is said before the answer: a check begins, or has ended."""

    begun: str
    check: CheckPart


class Stock(TypedDict):
    """What loading by name and shape alone would do."""

    right: Count
    wrong: Count
    wrong_layers: list[int]


class IdentityAnswer(TypedDict):
    """How the new layers started as the identity."""

    cannot: list[str]
    filled: list[int]
    compared: bool
    reason: str
    error: float | None


class RemapAnswer(Told):
    """Where every tensor of a checkpoint went."""

    form: str
    source: str
    notes: list[str]
    classes: int | None
    tensors: int
    parameters: int
    right: Count
    dropped: list[tuple[str, str, int]]
    new: list[tuple[str, int]]
    stock: Stock
    expected: tuple[int, int]
    identity: IdentityAnswer | None


class Latency(TypedDict):
    """Milliseconds of a forward pass."""

    median: float
    q1: float
    q3: float


LayerProfile = TypedDict(
    "LayerProfile",
    {
        "index": int,
        "from": int | str | list[int] | None,
        "module": str,
        "parameters": int,
        "flops": float | None,
        "thop_unseen_flops": float | None,
        "shapes": list[list[int]],
        "bytes": int | None,
        "time_share": float | None,
        "milliseconds": float | None,
    },
)


class Profile(TypedDict):
    """One network's numbers."""

    cfg: str
    parameters: int
    trainable: int
    weights_bytes: int
    flops: float | None
    thop_flops: float | None
    thop_flops_at_size: float | None
    thop_unseen_flops: float | None
    thop_stride: int
    counted_by: str | None
    missed: list[str]
    forward_bytes: int | None
    training_bytes: int | None
    latency: Latency | None
    layers: list[LayerProfile]
    notes: list[str]


class ProfileAnswer(Told):
    """The numbers of all networks, in the order of the question."""

    models: list[Profile]
    device: str
    device_name: str
    threads: int


class ExplainAnswer(Told):
    """A traced network: nodes (kind, inputs, outputs, modules), constants and classes."""

    nodes: list[tuple[str, list[str], list[str], list[str]]]
    constants: dict[str, tuple[int | None, AnyNumber | None]]
    classes: dict[str, str]


class ImportsAnswer(TypedDict):
    """What an interpreter says of itself and of the names on its path."""

    executable: str
    version: str
    versions: dict[str, str | None]
    here: dict[str, str | None]
    elsewhere: dict[str, str | None]
    copies: dict[str, list[str]]


class Message(TypedDict, total=False):
    """One line of a worker: a part of an answer, or the answer to the question of that number."""

    part: object
    answer: object
    number: int


class RefusedAnswer(TypedDict):
    """The worker's own refusal: code, message, hint."""

    refused: tuple[str, str, str]


class FailedAnswer(TypedDict):
    """The traceback of an error in the worker."""

    failed: str
