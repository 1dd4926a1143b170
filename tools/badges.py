"""Measure every template's badges and cost, and write or check `templates/*/measured.toml`.

    python -m tools.badges [NAME...]            measure and write
    python -m tools.badges --check [NAME...]    measure and compare; exits 1 where something differs
    python -m tools.badges --check --sample 3   those whose code or torch changed, and three more
    python -m tools.badges --only fx,export     these badges alone, where the code did not change

A badge that is not held needs a reason in the manifest's [limits]; a reason for a badge that is
held is an error. The sample changes with the code of the templates, so that all have their turn.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from yamlmod.registry.catalogue import catalogue, get
from yamlmod.registry.measured import BADGES, Measured, measured
from yamlmod.registry.template import Template

_ROOT = Path(__file__).resolve().parents[1] / "templates"


def main() -> int:
    """Measure what was asked for; report by module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="modules; all without")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.add_argument("--sample", type=int, metavar="N", help="changed modules and N others")
    parser.add_argument("--only", metavar="BADGE,...", help="keep the others, as measured before")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    templates = [get(name) for name in options.names] or list(catalogue())
    if options.sample is not None:
        templates = sample(templates, options.sample)
    only = tuple(options.only.split(",")) if options.only else ()
    if any(name not in BADGES for name in only):
        parser.error(f"--only: the badges are {', '.join(BADGES)}")
    wrong = 0
    context = _clean_processes()
    with ProcessPoolExecutor(options.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        asked = [only if only and current(template) else () for template in templates]
        results = pool.map(_measure, [_folder(template) for template in templates], asked)
        for template, (found, cost) in zip(templates, results, strict=True):
            found = kept(template, found)
            problems = limits(template, found)
            text = render(template, found, cost)
            path = _ROOT / _folder(template) / "measured.toml"
            if options.check:
                problems += differences(measured(template), template, found, cost)
            elif not problems:
                path.write_text(text, encoding="utf-8", newline="\n")
            wrong += bool(problems)
            held = ", ".join(name for name, problem in found.items() if problem is None)
            print(f"{template.name}: {held}", *problems, sep="\n  ", flush=True)
    return 1 if wrong else 0


def _clean_processes() -> BaseContext:
    """A new process for each module; where they can be forked, with the imports done once."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    compilers = ("torch._dynamo", "torch._inductor.compile_fx", "torch.onnx", "onnxscript")
    context.set_forkserver_preload(["tests.templates.badges", "tests.templates.cost", *compilers])
    return context


def sample(templates: list[Template], number: int) -> list[Template]:
    """Those that changed since they were measured, and a few that the registry's code picks."""
    import torch

    release = torch.__version__.partition("+")[0]
    changed = [t for t in templates if not current(t, release)]
    everything = "".join(template.digest for template in templates)

    def place(template: Template) -> str:
        return hashlib.sha256((everything + template.name).encode()).hexdigest()

    rest = sorted((t for t in templates if t not in changed), key=place)
    return [*changed, *rest[:number]]


def current(template: Template, release: str | None = None) -> bool:
    """Tell whether the file speaks of this code (and of this torch)."""
    known = measured(template)
    return (
        known is not None
        and known.digest == template.digest
        and (release is None or known.torch == release)
    )


def kept(template: Template, found: dict[str, str | None]) -> dict[str, str | None]:
    """What was measured, and for other badges what the file says of this very code."""
    known = measured(template)
    before = {} if known is None else known.badges
    return {name: found[name] if name in found else _said(before.get(name)) for name in BADGES}


def _said(held: bool | None) -> str | None:
    return None if held else "was not measured again"


def limits(template: Template, found: dict[str, str | None]) -> list[str]:
    """What the manifest leaves unsaid about these badges, or says wrongly."""
    problems = []
    for name, problem in found.items():
        if problem is not None and name not in template.limits:
            problem = " ".join(problem.split())[:400]
            problems.append(f"{name} is not held and [limits] does not say why: {problem}")
        if problem is None and name in template.limits:
            problems.append(f"{name} is held, but [limits] says {template.limits[name]!r}")
    unknown = set(template.limits) - set(BADGES)
    return problems + [f"[limits] names {name!r}, which is no badge" for name in sorted(unknown)]


def differences(
    known: Measured | None, template: Template, found: dict[str, str | None], cost: dict[str, Any]
) -> list[str]:
    """Where the file on the disk is no longer true."""
    if known is None:
        return ["was never measured: run python -m tools.badges " + template.name]
    badges = {name: problem is None for name, problem in found.items()}
    problems = [
        f"{name}: the file says {known.badges.get(name)}, measured {held}: {found[name] or 'held'}"
        for name, held in badges.items()
        if known.badges.get(name) != held
    ]
    if known.digest != template.digest:
        problems.append("the code changed since it was measured")
    if dict(known.parameters) != cost["parameters"] or dict(known.mmacs) != cost["mmacs"]:
        problems.append(f"the cost is now {cost}")
    far = [s for s, error in cost["fp16"].items() if not _is_near(error, known.fp16.get(s, 0.0))]
    if far:
        problems.append(f"float16: the file says {dict(known.fp16)}, measured {cost['fp16']}")
    return problems


def _is_near(error: float, before: float) -> bool:
    """Another processor adds in another order."""
    return error < 1.5 * before + 0.001


def render(template: Template, found: dict[str, str | None], cost: dict[str, Any]) -> str:
    """Return the text of measured.toml."""
    import torch

    lines = [
        f"# Written by `python -m tools.badges {template.name}`; do not edit.",
        f'digest = "{template.digest}"',
        f'torch = "{torch.__version__.partition("+")[0]}"',
        "",
        "[badges]",
        *(f"{name} = {'true' if problem is None else 'false'}" for name, problem in found.items()),
        "",
        "[parameters]  # by channels",
        *(f"{channels} = {count}" for channels, count in cost["parameters"].items()),
        "",
        "[mmacs]  # millions of multiply-adds in convolutions and matrix products, by shape",
        *(f"{shape} = {count}" for shape, count in cost["mmacs"].items()),
        "",
        "[fp16]  # largest error relative to the largest value, by the map's standard deviation",
        *(f"{spread} = {error}" for spread, error in cost["fp16"].items()),
    ]
    return "\n".join(lines) + "\n"


def _folder(template: Template) -> str:
    return template.file.partition("/")[0]


def _measure(folder: str, only: tuple[str, ...]) -> tuple[dict[str, str | None], dict[str, Any]]:
    """In a process of its own: compilers and exporters leave traces."""
    # A failing compiler prints whole graphs; what matters is in the exception.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    from tests.templates import badges, cost

    errors = {"fp16": badges.fp16_errors(folder)}
    return badges.measure(folder, only), {**cost.measure(folder), **errors}


if __name__ == "__main__":
    sys.exit(main())
