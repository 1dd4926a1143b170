"""Find the lines that `study seeds --fix` added to a fork, and plan their removal."""

from __future__ import annotations

from collections.abc import Mapping

from yamlmod.errors import Place, Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.patch.plan import Plan, Step
from yamlmod.fork.python.source import parse
from yamlmod.fork.seeds.marks import marked_lines, without_marks

# What unpatch calls these lines.
NAME = "seed"


def seed_lines(paths: Mapping[str, str]) -> tuple[str, ...]:
    """Return where the lines are; ``paths`` are the fork's Python files with their texts."""
    return tuple(
        f"{path}:{line}" for path, text in sorted(paths.items()) for line in marked_lines(text)
    )


def plan_seed_removal(files: Files, paths: Mapping[str, str]) -> Plan:
    """Plan what takes the lines out again. Raises Refusal where there are none, or others now."""
    texts: dict[str, str | None] = {}
    steps: list[Step] = []
    for path, text in sorted(paths.items()):
        numbers = marked_lines(text)
        if not numbers:
            continue
        shown = files.shown(path)
        rest = without_marks(text, parse(path, shown, text).tree)
        if rest is None:
            raise Refusal(
                "edited",
                f"{shown}: a line of yamlmod's has been changed since it was written",
                place=Place(shown, numbers[0]),
                hint="undo the formatting or the edit, or take the lines out by hand",
            )
        texts[path] = rest
        lines = ", ".join(map(str, numbers))
        steps.append(Step("seed", path, numbers[0], f"{path}:{lines}: take the seed's lines out"))
    if not texts:
        raise Refusal("not-patched", f"{files.shown('.')} has no line of `study seeds --fix`")
    return Plan(texts, tuple(steps))
