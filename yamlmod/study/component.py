"""Read the components of a study: what can be on or off."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from yamlmod.errors import one_of
from yamlmod.ops.operation import all_operations
from yamlmod.study.study_text import StudyText, kind_of, similar
from yamlmod.study.variant_names import BASE, IDENTITY, PLACEBO, STOCK

SCRATCH = "scratch"
EACH = "each"
_NAME = re.compile(r"(?![.-])[A-Za-z0-9_.-]{1,60}(?<![.-])")
# Windows opens a device by these names, whatever the folder.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_COMPONENT = (
    "a component is an edit (insert, replace, ...), `cfg`, `modules`, `patch`, `train`, or a list "
    "of them"
)


class Component(NamedTuple):
    """What can be on or off: edits of the YAML, modules, a patch of the code, options.

    ``cfg`` is a model YAML instead of the base's. ``init`` is `identity` if the layers that it
    inserts start as the identity, and `stock` if it gets the weights as they are, not remapped.
    ``is_unverified``: it is trained although `verify` finds it wrong.
    """

    name: str
    edits: tuple[Mapping[str, Any], ...] = ()
    modules: tuple[str, ...] = ()
    patch: str = ""
    train: Mapping[str, Any] | None = None
    init: str = ""
    cfg: str = ""
    is_unverified: bool = False

    @property
    def changes_network(self) -> bool:
        return bool(self.edits or self.cfg)


class ComponentsText(StudyText):
    """The components of a study file."""

    def components(self) -> tuple[Component, ...]:
        components = self.mapping("components")
        if not components:
            raise self.refusal("components is empty", "components")
        homes: dict[str, str] = {}
        for name in map(str, components):  # some file systems do not tell `A` from `a`
            if homes.setdefault(name.casefold(), name) != name:
                raise self.refusal(
                    f"components {homes[name.casefold()]} and {name} differ in case only", name
                )
        return tuple(self._component(str(name), value) for name, value in components.items())

    def _component(self, name: str, value: Any) -> Component:
        if not _NAME.fullmatch(name) or _DEVICES.fullmatch(name):
            raise self.refusal(
                f"{name[:80]!r} cannot be a component's name: it names a folder; write up to 60 "
                "letters, digits, `_`, `-` and `.`, the last two only between others",
                name,
            )
        if name.casefold() == BASE or name.casefold().endswith(f"-{PLACEBO}"):
            raise self.refusal(
                f"{name!r} cannot be a component's name: variants of a study have it", name
            )
        parts = value if isinstance(value, list) else [value]
        edits: list[Mapping[str, Any]] = []
        modules: list[str] = []
        patch, cfg, train, init, unverified = "", "", None, None, False
        for part in parts:
            if not isinstance(part, dict):
                raise self.refusal(f"component {name} is {kind_of(part)}; {_COMPONENT}", name)
            part = dict(part)
            modules += self.list_of_words(part.pop("modules", []), f"modules of {name}", name)
            patch = self.word_of(part.pop("patch", patch), f"patch of {name}", name)
            cfg = self.word_of(part.pop("cfg", cfg), f"cfg of {name}", name)
            init = part.pop("init", init)
            unverified = part.pop("unverified", unverified)
            options = part.pop("train", train)
            if options is not None:
                train = self.options(options, f"train of {name}", name)
            if part:
                edits.append(self._edit(part, name))
        if not (edits or cfg or modules or patch or train):
            raise self.refusal(f"component {name} changes nothing; {_COMPONENT}", name)
        if sum(map(is_swept, edits)) > 1:
            raise self.refusal(f"component {name} sweeps two places; one is swept at a time", name)
        self._check_init(init, edits, cfg, name)
        if not isinstance(unverified, bool):
            raise self.refusal(f"unverified of {name} is true, or is left out", "unverified")
        how = train, init or "", cfg, unverified
        return Component(name, tuple(edits), tuple(modules), patch, *how)

    def _check_init(
        self, init: Any, edits: Sequence[Mapping[str, Any]], cfg: str, name: str
    ) -> None:
        if init is None:
            return
        if init not in (IDENTITY, STOCK):
            raise self.refusal(f"init of {name} is `identity` or `stock`, or is left out", "init")
        if init == IDENTITY and (cfg or not edits or any("insert" not in edit for edit in edits)):
            raise self.refusal(
                f"init of {name}: only layers that are inserted can start as the identity", "init"
            )
        if not (edits or cfg):
            raise self.refusal(f"init of {name}: it changes no network", "init")
        if self.data.get("weights", SCRATCH) == SCRATCH:
            raise self.refusal(
                f"init of {name}: from scratch no layer has weights; give `weights`", "init"
            )

    def _edit(self, edit: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        operations = all_operations()
        named = [str(key) for key in edit if key in operations]
        if len(named) == 1:
            operation = operations[named[0]]
            self.check_keys(edit, (operation.name, *operation.options), operation.name)
            if is_swept(edit) and operation.name != "insert":
                raise self.refusal(f"{name}: only the place of an insert is swept", name)
            return edit
        if named:
            raise self.refusal(
                f"component {name} names {one_of(named)} at once; write a list of edits", name
            )
        known = (*operations, "cfg", "modules", "patch", "train", "init", "unverified")
        wrong = next(str(key) for key in edit)
        raise self.refusal(
            f"component {name} has no operation `{wrong}`{similar(wrong, known)}; {_COMPONENT}",
            wrong,
        )


def is_swept(edit: Mapping[str, Any]) -> bool:
    """Check whether an edit means one edit per place."""
    return edit.get("at") == EACH
