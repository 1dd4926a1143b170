"""Time the variants of a study: latency in turn with the base, and what a training will cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.model.parse import load_plain
from yamlmod.study.plan_files import TimedOn, VariantFacts
from yamlmod.usecases.fork_run import open_run
from yamlmod.usecases.profile import Settings, TimedSteps, profile
from yamlmod.workspace.files import read_bytes, read_text
from yamlmod.workspace.walk import Walk

if TYPE_CHECKING:
    from yamlmod.usecases.study_plan import PlannedVariant

ROUNDS = 20
_STEPS = 3
# Networks at once in one process, beside the base.
_TOGETHER = 6
_STRIDE = 32
_USUAL_BATCH = 16
_SIZES = ("imgsz", "img-size", "img_size", "img")
_BATCHES = ("batch-size", "batch_size", "batch")
_IMAGES = (".bmp", ".dng", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp", ".pfm")


class TimeRequest(NamedTuple):
    """Where the variants are, and with what they will be trained.

    ``codes`` names, for each variant, one of those that have the same code.
    """

    python: str
    cfg: str
    code: Path
    draft: Path
    options: Mapping[str, Any]
    images: int | None
    codes: Mapping[str, Path]
    target: str = ""

    def home(self, name: str) -> Path:
        return self.draft / "variants" / name


def timed_variants(
    request: TimeRequest,
    planned: Sequence[PlannedVariant],
    facts: Sequence[VariantFacts],
    say: Callable[[str], None],
) -> tuple[list[VariantFacts], TimedOn | None]:
    """Return the facts with times. Those of a variant whose code is patched are its own alone.

    Variants with the same code are timed together with the base's YAML, in turn, in one process.
    """
    base = planned[0].variant
    groups: dict[Path, list[PlannedVariant]] = defaultdict(list)
    for item in planned:
        if not item.same_as and not item.variant.patches:
            groups[request.codes[item.variant.name]].append(item)
    times: dict[str, VariantFacts] = {}
    timed: TimedOn | None = None
    for items in groups.values():
        others = [item.variant.name for item in items if item.variant.name != base.name]
        for start in range(0, max(len(others), 1), _TOGETHER):
            part = others[start : start + _TOGETHER]
            home = items[0].variant.name
            try:
                measured, timed = _measure(request, home, base.name, part)
            except Refusal as error:
                say(f"not timed: {', '.join(part) or base.name}: {error.message}")
                continue
            times = {**measured, **times}
    return [_with_times(fact, times) for fact in facts], timed


def _with_times(fact: VariantFacts, times: Mapping[str, VariantFacts]) -> VariantFacts:
    known = times.get(fact.same_as or fact.name)
    if known is None:
        return fact
    return fact._replace(latency=known.latency, base_latency=known.base_latency, step=known.step)


def _measure(
    request: TimeRequest, home: str, base: str, names: Sequence[str]
) -> tuple[dict[str, VariantFacts], TimedOn]:
    code = request.home(home) / request.code
    run = open_run(code, request.python, True, request.target)
    size = image_size(request.options)
    settings = Settings(size, 1, "auto", False, False, ROUNDS, 0, False)
    steps = TimedSteps(_STEPS, batch_size(request.options))
    cfgs = [request.home(name) / request.cfg for name in (base, *names)]
    answer = profile(run, cfgs, None, settings, steps=steps).answer
    first, *_ = answer["models"]
    facts = {}
    for name, model in zip((base, *names), answer["models"], strict=True):
        step = model["step"]["median"] / model["step_images"] if model["step"] else None
        own, others = _three(model["latency"]), _three(first["latency"])
        fact = VariantFacts(name, (), "", "", "", 0, latency=own, step=step)
        facts[name] = fact if name == base else fact._replace(base_latency=others)
    on = TimedOn(
        answer["device"],
        answer["device_name"],
        size,
        ROUNDS,
        max(model["step_images"] for model in answer["models"]),
        request.images,
    )
    return facts, on


def _three(latency: Mapping[str, float] | None) -> tuple[float, ...]:
    return () if latency is None else (latency["median"], latency["q1"], latency["q3"])


def image_size(options: Mapping[str, Any]) -> int:
    """Return the size of the study's images, as strides need it."""
    size = _first_number(options, _SIZES) or 640
    return max(-(-size // _STRIDE) * _STRIDE, 2 * _STRIDE)


def batch_size(options: Mapping[str, Any]) -> int:
    """Return the images of a step; what the fork chooses itself is taken for its usual one."""
    return _first_number(options, _BATCHES) or _USUAL_BATCH


def _first_number(options: Mapping[str, Any], names: Sequence[str]) -> int | None:
    for name in names:
        value = options.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if type(value) is int and value > 0:
            return value
    return None


def count_images(data: Path | None) -> int | None:
    """Count the training images of a dataset YAML; None where they are not on this machine."""
    if data is None:
        return None
    try:
        content = load_plain(read_text(data).text, data.name)
    except Refusal:
        return None
    if not isinstance(content, dict):
        return None
    root, train = content.get("path"), content.get("train")
    above = data.parent / root if isinstance(root, str) else data.parent
    counts = [_count(above, entry) for entry in (train if isinstance(train, list) else [train])]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _count(folder: Path, entry: object) -> int | None:
    if not isinstance(entry, str) or "\0" in entry:
        return None
    path = folder / entry
    if path.is_dir():
        endings = (*_IMAGES, *(ending.upper() for ending in _IMAGES))
        return sum(1 for _ in Walk().files(path, lambda _, name: True, endings)) or None
    if path.suffix != ".txt" or not path.is_file():
        return None
    try:
        lines = read_bytes(path, path.name).splitlines()
    except Refusal:
        return None
    return sum(bool(line.strip()) for line in lines) or None
