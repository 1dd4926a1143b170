"""Compose a block template: a wrapper such as C3, C2f or C3k2 with another module inside.

Two parts of the manifest choose among the parts of templates/_blocks: `block` is the outer one,
`inside` says where the inner module is (at the end of a bottleneck, for its 3x3 convolution, or for
the bottleneck). The inner code gets private names of the new class, so the block is self-contained:
it works beside the module itself, beside a class of that name in the fork, and after either is
removed.
"""

from __future__ import annotations

import ast
import re
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from yamlmod.registry.code.rename import bound_names, rewritten
from yamlmod.registry.fields import both_texts, code, line, lines
from yamlmod.registry.template import Argument, Channels, Reference, Template

_WRAPPER = "Wrapper"
_INNER = f"_{_WRAPPER}Inner"
# What the wrapper hands the inner module, by that module's rule.
_SUPPLIED = {"same": "hidden", "free": "", "conv": "hidden, hidden"}
# Further arguments of the inner module; `groups` are those of the row.
_GIVEN = re.compile(r"(?:\d+|True|False|None|groups)(?:, (?:\d+|True|False|None|groups))*")


class _Block(NamedTuple):
    """The outer part: its name in words, where it is published, what its constructor takes.

    ``side`` is that of a bottleneck's first kernel; empty where the part has bottlenecks of its
    own, which hold an attention alone. ``alike`` is the block whose own tests of parse_model a
    form joins.
    """

    words: str
    url: str
    side: str
    shortcut: str
    order: tuple[str, ...] = ("shortcut", "g", "e")
    alike: str = ""


_ULTRALYTICS = "https://github.com/ultralytics/ultralytics"
_BLOCKS = {
    "c3": _Block("C3", "https://github.com/ultralytics/yolov5", "1", "True"),
    "c2f": _Block("C2f", _ULTRALYTICS, "3", "False"),
    "c3k2": _Block("C3k2", _ULTRALYTICS, "", "True", ("c3k", "e", "attn", "g", "shortcut"), "C3k2"),
}


class _Place(NamedTuple):
    """Where the inner module is: words for the docstring, and the part that holds it."""

    title: str
    step: str
    told: str
    part: str
    variant: tuple[str, str]


_KEYS = "keys and arguments of BLOCK, so that its weights load; published BLOCK variants "
_KEYS_ZH = "键和参数与 BLOCK 相同"
_PLACES = {
    "attention": _Place(
        "an attention at the end of every bottleneck",
        "a + attention(cv2(cv1(a)))",
        "Without\n    shortcut the sums keep their second term alone. All keys but "
        "`m.K.attention.*` are those of\n    BLOCK, whose weights load. One image with a 1x1 map "
        "has no spread to train a BatchNorm on: its\n    running statistics stand in.",
        "attention.py",
        (
            _KEYS + "place the attention differently, this one at the end of each bottleneck",
            _KEYS_ZH + "，因此可以加载它的权重；公开的各种 BLOCK 变体放置注意力的位置不同，"
            "这里放在每个 Bottleneck 的末尾",
        ),
    ),
    "convolution": _Place(
        "another convolution in every bottleneck",
        "a + cv2(cv1(a))",
        "Without\n    shortcut the sums keep their second term alone. All keys but `m.K.cv2.*` "
        "are those of BLOCK. One\n    image with a 1x1 map has no spread to train a BatchNorm on: "
        "its running statistics stand in.",
        "convolution.py",
        (
            "keys and arguments of BLOCK; as in YOLO forks, cv2 of each bottleneck is the "
            "convolution",
            _KEYS_ZH + "；与 YOLO 工程中的版本一样，每个 Bottleneck 的 cv2 就是换入的卷积",
        ),
    ),
    "bottleneck": _Place(
        "other blocks for its bottlenecks",
        "block_K(a)",
        "All\n    keys but `m.*` are those of BLOCK. The blocks have their own way around, which "
        "shortcut does\n    not change. One image with a 1x1 map has no spread to train a "
        "BatchNorm on: its running\n    statistics stand in.",
        "",
        (
            "keys and arguments of BLOCK; as in YOLO forks, each bottleneck is such a block",
            _KEYS_ZH + "；与 YOLO 工程中的版本一样，每个 Bottleneck 整个换成内部的模块",
        ),
    ),
}


def wrapped_folder(folder: Path, data: Mapping[str, Any]) -> Path:
    """The folder of the attention module in a block's manifest."""
    return folder.parent / _name(data, "wraps")


def composed(
    folder: Path, data: Mapping[str, Any], inner: Template, below: Path | None
) -> Template:
    """Build the template of a block around ``inner``."""
    if inner.rule not in _SUPPLIED:
        raise ValueError(
            f"wraps names {inner.name}, whose rule {inner.rule} cannot be wrapped in a block"
        )
    block, place = _choice(data, "block", _BLOCKS), _choice(data, "inside", _PLACES, "attention")
    if not block.side and place is not _PLACES["attention"]:
        raise ValueError(f"inside must be attention in the block {line(data, 'block')}")
    given = line(data, "given", "")
    if given and not _GIVEN.fullmatch(given):
        raise ValueError(f"given must be numbers and `groups`, got {reprlib.repr(given)}")
    has_groups = place is _PLACES["attention"] or "groups" in given
    names = [f"{line(data, 'block')}.py", block.side and place.part, "common.py"]
    parts = [code(folder.parent / "_blocks", name, below) for name in names if name]
    parts = _filled(parts, block, place, has_groups)
    variant, variant_zh = (text.replace("BLOCK", block.words) for text in place.variant)
    rule, rule_zh = inner.channels.rule, inner.channels.rule_zh
    limits, limits_zh = both_texts(data, "limits")
    return Template(
        name=line(data, "name"),
        class_name=line(data, "class"),
        file=f"{folder.name}/manifest.toml",
        version=line(data, "version"),
        aliases=lines(data, "aliases"),
        summary=line(data, "summary"),
        names_zh=lines(data, "names_zh", []),
        summary_zh=line(data, "summary_zh", ""),
        kind=tuple(dict.fromkeys(("block", *inner.kind))),
        rule="csp",
        python=inner.python,
        torch=inner.torch,
        requirements=inner.requirements,
        paper=inner.paper,
        arguments=_arguments(block, place, has_groups),
        wild=(),
        reference=Reference(block.url, "port", "AGPL-3.0", variant, variant_zh=variant_zh),
        alike=block.alike,
        channels=Channels(rule and f"inside: {rule}", rule_zh=rule_zh and f"内部模块：{rule_zh}"),
        limits=limits,
        limits_zh=limits_zh,
        text=_Composed(parts, line(data, "class"), inner, given, place is _PLACES["bottleneck"]),
    )


class _Composed:
    """The code of a block, composed when it is first asked for: a list of modules needs none."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self.text = ""

    def __call__(self) -> str:
        self.text = self.text or _source(*self.parts)
        return self.text


def _arguments(block: _Block, place: _Place, has_groups: bool) -> tuple[Argument, ...]:
    """The arguments behind the channels and the number of repeats: those of the block."""
    told = _SHORTCUT_UNUSED if place is _PLACES["bottleneck"] else _SHORTCUT
    groups = _GROUPS if has_groups else _NO_GROUPS
    most = () if has_groups else (("max", 1.0),)
    wide = (("exclusive_min", 0.0), ("max", 4.0))
    known = (
        Argument("shortcut", "bool", block.shortcut, told[0], doc_zh=told[1]),
        Argument("g", "int", "1", groups[0], bounds=(("min", 1.0), *most), doc_zh=groups[1]),
        Argument("e", "float", "0.5", _HIDDEN[0], bounds=wide, doc_zh=_HIDDEN[1]),
        Argument("c3k", "bool", "False", _C3K[0], doc_zh=_C3K[1]),
        Argument("attn", "bool", "False", _ATTN[0], refused=(True,), doc_zh=_ATTN[1]),
    )
    by_name = {argument.name: argument for argument in known}
    return tuple(by_name[name] for name in block.order)


_SHORTCUT = (
    "Add the input of each bottleneck to its output.",
    "每个 Bottleneck 的输出加上它的输入。",
)
_SHORTCUT_UNUSED = (
    "Changes nothing: the blocks inside have their own residual connection.",
    "不起作用：内部的模块有自己的残差连接。",
)
_GROUPS = ("Groups of the 3x3 convolutions.", "3x3 卷积的组数。")
_NO_GROUPS = ("Always 1: no groups inside.", "总是 1：内部没有分组。")
_C3K = (
    "C3k blocks of two bottlenecks inside; ultralytics sets it for the scales m, l and x.",
    "内部使用含两个 Bottleneck 的 C3k；ultralytics 在 m、l、x 尺寸下会设置它。",
)
_ATTN = (
    "Always False; True means PSA blocks inside, which C3k2 alone has.",
    "总是 False；True 表示内部使用 PSA 模块，只有 C3k2 才有。",
)
_HIDDEN = (
    "Hidden channels relative to the output channels.",
    "隐藏通道数与输出通道数之比。",
)


_Chosen = TypeVar("_Chosen")


def _choice(
    data: Mapping[str, Any], key: str, known: Mapping[str, _Chosen], default: str = ""
) -> _Chosen:
    word = line(data, key, default) if default else line(data, key)
    if word not in known:
        raise ValueError(f"{key} must be one of {', '.join(known)}, got {word[:60]!r}")
    return known[word]


def _filled(parts: list[str], block: _Block, place: _Place, has_groups: bool) -> list[str]:
    """Put the words of a form into the parts of the wrapper."""
    words = {
        "TITLE": place.title,
        "STEP": place.step,
        "TOLD": place.told,
        "BLOCK": block.words,
        "SIDE": block.side,
    }
    if not has_groups:
        words["int(c2 * e) % g"] = "g > 1"
        words["gives no channels that g={g} divides"] = "gives none, or g={g} is not 1"
    for old, new in words.items():
        parts = [part.replace(old, new) for part in parts]
    return parts


def _name(data: Mapping[str, Any], key: str) -> str:
    """Return the name of a folder or a block beside the manifest's own folder."""
    name = line(data, key)
    if not name.isidentifier():
        raise ValueError(f"{key} must be a name, got {name[:60]!r}")
    return name


def _source(wrapper: list[str], name: str, inner: Template, given: str, whole: bool) -> str:
    """Join the parts of the wrapper and the inner module into one self-contained file."""
    paper = inner.paper
    said = f"{paper['title']},\n    {paper['venue']} {paper['year']}, {paper['url']}"
    supplied = ", ".join(filter(None, [_SUPPLIED[inner.rule], given]))
    parts = [part.replace("PAPER", said) for part in wrapper]
    if whole:
        call = f"_{_WRAPPER}Bottleneck(hidden, shortcut, g)"
        parts = [part.replace(call, f"{_INNER}(hidden)") for part in parts]
    parts = [part.replace(f"{_INNER}(hidden)", f"_{name}Inner({supplied})") for part in parts]
    parts = [re.sub(rf"(?<![A-Za-z])(_?){_WRAPPER}", rf"\g<1>{name}", part) for part in parts]
    tree = ast.parse(inner.source)
    names = {
        old: _inner_name(old, inner.class_name, name)
        for node in tree.body
        for old in bound_names(node)
    }
    parts.append(rewritten(inner.source, tree, names, ""))
    imports = sorted({line for part in parts for line in _imports(part)}, key=_import_order)
    bodies = [_after_imports(part) for part in parts]
    return "\n".join(
        ["# SPDX-License-Identifier: 0BSD", *imports, "", "", "\n\n\n".join(bodies) + "\n"]
    )


def _inner_name(name: str, old: str, new: str) -> str:
    if name == old:
        return f"_{new}Inner"
    return f"_{new}Inner_{name.removeprefix(f'_{old}').lstrip('_')}"


def _imports(source: str) -> list[str]:
    nodes = ast.parse(source).body
    return [ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]


def _import_order(line: str) -> tuple[bool, bool, str]:
    root = line.split()[1].partition(".")[0]
    return root == "torch", line.startswith("from"), line


def _after_imports(source: str) -> str:
    nodes = ast.parse(source).body
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    last = max(node.end_lineno or 0 for node in imports)
    return "\n".join(source.split("\n")[last:]).strip("\n")
