"""Plan a study: every variant proven, frozen, given weights, and every run written down."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import read_function
from yamlmod.fork.parser.parser_names import parser_names
from yamlmod.model.data_paths import with_absolute_paths
from yamlmod.model.network import Network
from yamlmod.model.parser_facts import ParserNames
from yamlmod.ops.as_name import renamed_modules
from yamlmod.ops.chain import Chains
from yamlmod.ops.recipe import edit_plan
from yamlmod.registry.catalogue import find
from yamlmod.study.environment import training_environment
from yamlmod.study.family import TrainCommand
from yamlmod.study.freeze import digest_of_code, digest_of_file
from yamlmod.study.plan_files import StudyPlan, VariantFacts, write_study_plan
from yamlmod.study.run_files import RunPlan
from yamlmod.study.variant_names import run_name
from yamlmod.study.variants import Variant, variants_of
from yamlmod.usecases.chosen_module import Choices, name_of
from yamlmod.usecases.located_fork import open_fork
from yamlmod.usecases.patch import plan_patch
from yamlmod.usecases.study_classes import other_classes
from yamlmod.usecases.study_code import apply_patch_file, freeze_tree
from yamlmod.usecases.study_figures import CHANGE, change_svg
from yamlmod.usecases.study_files import copy_files, with_files
from yamlmod.usecases.study_prepare import Prepared, existing_file, prepared
from yamlmod.usecases.study_proof import prove_variants
from yamlmod.usecases.study_seed_plan import planned_seed
from yamlmod.usecases.study_start import check_start
from yamlmod.usecases.study_times import TimeRequest, count_images, timed_variants
from yamlmod.workspace import disk
from yamlmod.workspace.files import display, exists, read_text, real_path

Say = Callable[[str], None]

_AS = re.compile(r"--as\b(?: (\w+))?")
_AS_HINT = (
    "give a module of the registry another name in its edit: `as: {}` beside `insert` or `with`; "
    "rename a class of your own in its file"
)


@dataclass(frozen=True)
class PlannedVariant:
    """A variant's network and, once it is written, where it lies."""

    variant: Variant
    model: Network
    text: str
    same_as: str = ""


def plan_study(
    file: Path, output: Path, python: str, proves: bool, say: Say, times: bool = True
) -> StudyPlan:
    """Write the folder of a study. Raises Refusal before anything is written, or writes nothing.

    With ``proves`` the fork's code is run: each variant is verified and measured, and weights are
    carried over, and with ``times`` timed. Without, a study from scratch is planned from its files
    alone.
    """
    study = prepared(file, python)
    if exists(output):
        raise Refusal(
            "exists",
            f"{display(output)} exists",
            hint="give another folder with -o; `yamlmod study run` goes on with a planned study",
        )
    if study.weights is not None and not proves:
        raise Refusal(
            "usage", "weights are carried over by running the fork's code: leave --no-run out"
        )
    planned = planned_variants(study)
    draft = output.with_name(f".{output.name}.draft-{os.getpid()}")
    try:
        plan = _write(study, planned, draft, output, proves, say, times)
        disk.replace(draft, output)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refusal("unwritable", f"{display(output)} cannot be written: {reason}") from error
    finally:
        disk.remove_draft(draft)
    return plan


def planned_variants(study: Prepared) -> list[PlannedVariant]:
    """Return each variant with its proven text; one that equals an earlier one names it."""
    seen: dict[object, str] = {}
    planned: list[PlannedVariant] = []
    sources = {"": study.base}
    chains = {"": Chains(study.base.model)}
    for variant in variants_of(study.file, study.base.model):
        check_start(study, variant)
        try:
            shown = study.file.shown
            plans = [edit_plan(e, n, shown, study.read) for n, e in enumerate(variant.edits, 1)]
            keys = [repr(edit) for edit in variant.edits]
            if variant.cfg not in sources:
                sources[variant.cfg] = study.open_model(variant.cfg)
                chains[variant.cfg] = Chains(sources[variant.cfg].model)
            source = sources[variant.cfg]
            model = chains[variant.cfg].run(keys, plans).model if plans else source.model
        except Refusal as error:
            message = f"variant {variant.name}: {error.message}"
            raise Refusal(error.code, message, place=error.place, hint=error.hint) from error
        text = model.document.text if plans else source.file.text
        key = _identity(model, variant)
        planned.append(PlannedVariant(variant, model, text, seen.get(key, "")))
        seen.setdefault(key, variant.name)
    return planned


def _identity(model: Network, variant: Variant) -> object:
    rows = model.document.rows
    graph = tuple((row.module, repr(row.repeats), repr(row.args)) for row in rows)
    modules = tuple(sorted(set(variant.modules)))
    options = repr(sorted(variant.train.items())), variant.init, variant.is_unverified
    # A YAML of its own may differ in anchors or width alone.
    settings = repr(sorted(model.document.settings.items()))
    return graph, model.wiring.inputs, settings, modules, variant.patches, options


def _write(
    study: Prepared,
    planned: list[PlannedVariant],
    draft: Path,
    output: Path,
    proves: bool,
    say: Say,
    times: bool,
) -> StudyPlan:
    final = real_path(output.parent) / output.name
    names = parser_names(study.located.fork.graph, read_function(*study.located))
    base = {row.module for row in study.base.model.document.rows}
    added = {row.module for item in planned for row in item.model.document.rows} - base
    for line in other_classes(study.located, names, added):
        say(line)
    codes: dict[_Changes, Path] = {}
    homes: dict[str, Path] = {}
    for item in planned:
        folder = draft / "variants" / item.variant.name
        code = folder / study.code
        modules = _modules(study, item, names)
        changes = modules, renamed_modules(item.variant.edits), item.variant.patches
        if changes in codes:  # many variants of a sweep have the same code
            disk.copy_folder(codes[changes], code)
        else:
            freeze_tree(study.located.tree, code, final)
            with _named(study, item, code):
                _patch(study, changes, code)
            codes[changes] = code
        homes[item.variant.name] = codes[changes]
        disk.write_draft(folder / study.cfg_name, item.text.encode("utf-8"))
        figure = "" if item.same_as else change_svg(planned[0].model, item.model, study.cfg_name)
        if figure:
            disk.write_draft(folder / CHANGE, figure.encode("utf-8"))
    data = _write_data(study, draft, final)
    files = copy_files(study.files, draft)
    facts = (
        prove_variants(study, planned, draft, say)
        if proves
        else [plain_facts(item) for item in planned]
    )
    timed = None
    if proves and times:
        images = None if data is None else count_images(draft / "data" / data.name)
        options = with_files(study.file.train, study.files)
        where = study.python, study.cfg_name, study.code, draft
        request = TimeRequest(*where, options, images, homes, study.file.target)
        facts, timed = timed_variants(request, planned, facts, say)
    seed_facts = planned_seed(study, draft, proves)
    runs = []
    trained = [item for item in planned if not item.same_as]
    hashes = {item.variant.name: _hashes(study, item, draft, data, files) for item in trained}
    final_files = {word: final / path for word, path in files.items()}
    for seed in study.file.seeds:  # all variants with one seed before the next seed
        for item in trained:
            run = _run(study, item, seed, final, data, final_files, hashes[item.variant.name])
            folder = draft / "runs" / run.name
            disk.write_draft(folder / "run.json", run.text().encode("utf-8"))
            runs.append(run.name)
    plan = StudyPlan(
        name=study.file.name,
        family=study.family.name,
        components=[component.name for component in study.file.components],
        seeds=list(study.file.seeds),
        variants=[
            fact._replace(cfg=study.cfg_name, epochs=_epochs(study, item))
            for item, fact in zip(planned, facts, strict=True)
        ],
        runs=runs,
        timed=timed,
        seed=seed_facts,
    )
    write_study_plan(draft, plan)
    return plan


def plain_facts(item: PlannedVariant) -> VariantFacts:
    variant = item.variant
    return VariantFacts(variant.name, variant.components, variant.control_of, item.same_as, "", 0)


def _epochs(study: Prepared, item: PlannedVariant) -> int:
    return int({**study.file.train, **item.variant.train}["epochs"])


def _modules(study: Prepared, item: PlannedVariant, names: ParserNames) -> tuple[str, ...]:
    """Return the modules that the fork needs for a variant: its own, and those of the registry."""
    used = {row.module for row in item.model.document.rows}
    own = [str(study.folder / word) if ".py" in word else word for word in item.variant.modules]
    given = {name_of(word) for word in own}
    known = (name for name in sorted(used) if find(name) and not names.has(name))
    return (*own, *(name for name in known if name not in given))


_Changes: TypeAlias = tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, ...]]
"""Modules, those under a new name with that name first, and patch files."""


def _patch(study: Prepared, changes: _Changes, code: Path) -> None:
    """Put modules into a variant's copy of the code, then apply its patch files."""
    modules, renamed, patches = changes
    asked = [(list(modules), Choices())] if modules else []
    # One at a time: each is planned with what the one before has written.
    for words, choices in (*asked, *(([word], Choices(as_name=name)) for name, word in renamed)):
        for change in plan_patch(open_fork(code, study.file.target), words, choices).changes():
            disk.write_draft(change.path, change.after or b"")
    for patch in patches:
        apply_patch_file(existing_file(study.file, "patch", patch, (study.folder,)), code)


@contextlib.contextmanager
def _named(study: Prepared, item: PlannedVariant, code: Path) -> Iterator[None]:
    """Let a refusal name the variant, and the fork's file instead of that of its copy."""
    try:
        yield
    except Refusal as error:
        copy, own = f"{display(code)}/", f"{study.located.shown}/"
        message = f"variant {item.variant.name}: {error.message.replace(copy, own)}"
        place = error.place and error.place._replace(file=error.place.file.replace(copy, own))
        name = _AS.search(error.hint)
        hint = error.hint if name is None else _AS_HINT.format(name[1] or "NAME")
        raise Refusal(error.code, message, place=place, hint=hint) from error


def _write_data(study: Prepared, draft: Path, final: Path) -> Path | None:
    """Write the dataset YAML beside the variants, with absolute paths; return where it will be."""
    if study.data is None:
        return None
    folders = (study.located.tree.root, study.data.parent, study.folder)
    text = read_text(study.data).text
    target = draft / "data" / study.data.name
    text = with_absolute_paths(text, display(study.data), folders)
    disk.write_draft(target, text.encode("utf-8"))
    return final / "data" / study.data.name


def _run(
    study: Prepared,
    item: PlannedVariant,
    seed: int,
    final: Path,
    data: Path | None,
    files: Mapping[str, Path],
    hashes: Mapping[str, str],
) -> RunPlan:
    variant, family = item.variant, study.family
    home = final / "variants" / variant.name
    name = run_name(variant.name, seed)
    options = with_files({**study.file.train, **variant.train}, files)
    if data is not None:
        options["data"] = str(data)
    has_weights = study.weights is not None
    training = TrainCommand(
        cfg=str(home / study.cfg_name),
        weights=str(home / "weights.pt") if has_weights else "",
        seed=seed,
        run=str(final / "runs" / name),
        options=options,
        script=study.file.script or family.script,
    )
    return RunPlan(
        variant=variant.name,
        seed=seed,
        family=family.name,
        epochs=int(options["epochs"]),
        argv=[study.python, *family.start(training)],
        resume=[study.python, *family.resume(training)],
        cwd=str(home / study.code),
        environment=training_environment(str(home / "code")),
        last=family.last,
        results=list(family.results),
        gpus=1,
        hashes=hashes,
    )


def _hashes(
    study: Prepared,
    item: PlannedVariant,
    draft: Path,
    data: Path | None,
    files: Mapping[str, Path],
) -> dict[str, str]:
    home = f"variants/{item.variant.name}"
    names = [f"{home}/{study.cfg_name}", f"{home}/weights.pt"]
    names += [f"data/{data.name}"] if data is not None else []
    options = {**study.file.train, **item.variant.train}.values()
    names += [path.as_posix() for word, path in files.items() if word in options]
    hashes = {name: digest_of_file(draft / name) for name in names if (draft / name).is_file()}
    return hashes | {f"{home}/code": digest_of_code(draft / home / "code")}
