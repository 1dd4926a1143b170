"""Infer the channel rule of a user's class from its constructor signature."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from yamlmod.errors import Place, Refusal
from yamlmod.registry.code.repeats import repeats_at, repeats_behind_a_switch
from yamlmod.registry.rules import RULES, rules_with_meaning
from yamlmod.registry.template import Argument

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IN = _words(
    "c c1 ch chan chn cin c_in ch_in channel channels dim dims d_model embed_dim embed_dims "
    "feature features n_feat n_feats feat_dim fmap_channels hidden_dim in_c in_ch in_chan in_chans "
    "in_channel in_channels in_chs in_dim in_dims in_feature in_features in_filters in_nc in_plane "
    "in_planes inc inch inchannel inchannels inp inplane inplanes input_channel input_channels "
    "input_dim input_dims n_channels nc nchannels num_channels num_features planes inp_dim "
    "gate_channel gate_channels c_dim"
)
_OUT = _words(
    "c2 co cout c_out ch_out o ouc ouch oup outc outp out out_c out_ch out_chan out_chans "
    "out_channel out_channels out_chs out_dim out_dims out_feature out_features out_filters out_nc "
    "out_plane out_planes outch outchannel outchannels outplane outplanes output_channel "
    "output_channels output_dim output_dims"
)
_PLANES = _words("inplanes in_planes inplane inp")  # before `planes`, which then means output


def is_input_channels(name: str) -> bool:
    """Check whether a constructor's parameter is called as one of the input's channels."""
    return name.lower().strip("_") in _IN


def is_channels(name: str) -> bool:
    """Check whether a parameter is called as channels, of the input or of the output."""
    return name.lower().strip("_") in _IN | _OUT


@dataclass(frozen=True)
class Signature:
    """A constructor signature: its channel rule, and the remaining parameters."""

    rule: str
    arguments: tuple[Argument, ...]
    open_ended: bool
    text: str


def constructor_of(
    node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]
) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Return the ``__init__`` that runs: the class's own or that of a base in the same file."""
    seen: set[str] = set()
    queue = [node]
    while queue:
        one = queue.pop(0)
        if one.name in seen:
            continue
        seen.add(one.name)
        for inner in one.body:
            if isinstance(inner, _FUNCTIONS) and inner.name == "__init__":
                return inner
        bases = [base.id for base in one.bases if isinstance(base, ast.Name)]
        queue += [classes[name] for name in bases if name in classes]
    return None


def signature_of(
    node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], place: Place, rule: str | None = None
) -> Signature:
    """Read the signature; ``rule`` overrides the inferred rule."""
    init = constructor_of(node, classes)
    if init is None:
        return _without_constructor(node, classes, rule, place)
    spec = init.args
    names = [*spec.posonlyargs, *spec.args][1:]
    defaults: list[ast.expr | None] = [*spec.defaults]
    defaults = [*[None] * (len(names) - len(defaults)), *defaults][-len(names) :] if names else []
    text = f"({ast.unparse(spec).partition(', ')[2]})"
    demanded = [
        one.arg for one, value in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if not value
    ]
    if demanded:
        raise Refusal(
            "keyword-only",
            f"{node.name}{text} requires {', '.join(demanded)} by keyword, but parse_model passes "
            "positional arguments",
            place=place,
            hint="give it a default, or move it before the `*`",
        )
    words = [name.arg for name in names]
    required = sum(value is None for value in defaults)
    found = rule or _derived(node.name, words, required, spec.vararg is not None, text, place)
    if found == "conv" and not rule:
        found = _with_repeats(node.name, init, text, place)
    _checked(found, node.name, None if spec.vararg else len(words), place)
    rest = list(zip(words, defaults, strict=True))[RULES[found].supplied :]
    return Signature(found, tuple(_argument(*one) for one in rest), spec.vararg is not None, text)


def _without_constructor(
    node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], rule: str | None, place: Place
) -> Signature:
    """Return the signature of a class whose constructor is not here: torch's, or another file's."""
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    hidden = [name for name in bases if name not in classes and name != "Module"]
    if hidden and rule is None:
        raise Refusal(
            "unclear-rule",
            f"{node.name} has the constructor of {hidden[0]}, which is not in this file, so its "
            "rule is unclear",
            place=place,
            hint=f"say it: {rules_with_meaning()}",
        )
    count = None if hidden else 0
    return Signature(_checked(rule or "free", node.name, count, place), (), bool(hidden), "()")


def _derived(
    name: str, words: list[str], required: int, open_ended: bool, text: str, place: Place
) -> str:
    plain = [word.lower().strip("_") for word in words]
    if plain and plain[0] in _IN:
        planes = plain[0] in _PLANES and plain[1:2] == ["planes"]
        return "conv" if planes or (len(plain) > 1 and plain[1] in _OUT) else "same"
    if required == 0 and not open_ended and not any(one in _IN for one in plain):
        return "free"
    raise Refusal(
        "unclear-rule",
        f"{name}{text}: the channel parameters cannot be identified, so its rule is unclear",
        place=place,
        hint=f"say it: {rules_with_meaning()}",
    )


def _with_repeats(
    name: str, init: ast.FunctionDef | ast.AsyncFunctionDef, text: str, place: Place
) -> str:
    """Return the rule of a constructor that begins with input and output channels."""
    third = repeats_at(init, 2)
    late = repeats_behind_a_switch(init)
    if third != "unclear" and not late:
        return "csp" if third == "yes" else "conv"
    what = f"its parameter {late or init.args.args[3].arg} may be the number of repeats"
    if late:
        what = f"{late} is the number of repeats, but a parse function passes it as third argument"
    raise Refusal(
        "unclear-rule",
        f"{name}{text}: {what}, so its rule is unclear",
        place=place,
        hint="choose --rule csp (the row's number is the third argument) or --rule conv (the "
        "row's number builds that many in sequence)",
    )


def _checked(rule: str, name: str, count: int | None, place: Place) -> str:
    if rule not in RULES:
        raise Refusal(
            "bad-rule",
            f"--rule {rule!r} is not one of {', '.join(RULES)}",
            hint="choose one of them",
        )
    if count is not None and count < RULES[rule].supplied:
        raise Refusal(
            "bad-rule",
            f"--rule {rule} passes {RULES[rule].supplied} arguments to {name}, which takes {count}",
            place=place,
            hint="choose another rule",
        )
    return rule


def _argument(name: str, default: ast.expr | None) -> Argument:
    if default is None:
        return Argument(name, "any", "", "", optional=True, required=True)
    return Argument(name, "any", ast.unparse(default), "", optional=True)
