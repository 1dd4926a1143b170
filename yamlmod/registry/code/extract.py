"""Extract a class from a user's file as a template, without running it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.registry.class_names import check_class_name
from yamlmod.registry.code.digest import digest_of
from yamlmod.registry.code.extract_needs import Cut, cut_out
from yamlmod.registry.code.signature import signature_of
from yamlmod.registry.template import Template
from yamlmod.syntax_offsets import SyntaxOffsets

_MODULES = [
    "Module",
    "Sequential",
    "ModuleList",
    "ModuleDict",
    "Conv2d",
    "Linear",
    "BatchNorm2d",
    "LayerNorm",
    "Identity",
]
_NO_MODULES = [
    "object",
    "int",
    "float",
    "str",
    "list",
    "dict",
    "tuple",
    "set",
    "type",
    "Enum",
    "IntEnum",
    "ABC",
    "Exception",
    "NamedTuple",
    "TypedDict",
    "Protocol",
    "Dataset",
    "Function",
    "Optimizer",
]


def own_template(
    text: str, shown: str, class_name: str | None = None, rule: str | None = None
) -> Template:
    """Build the template of a class in ``text``; a Refusal says why it is impossible.

    Without a name, the one public nn.Module that no other class of the file uses is meant.
    """
    text = text.replace("\r\n", "\n")
    tree = _parsed(text, shown)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    node = _chosen(shown, text, classes, class_name)
    check_class_name(node.name, "class")
    notes = _refuse_no_module(shown, text, node, classes)
    signature = signature_of(node, classes, _place(shown, text, node), rule)
    cut = cut_out(text, shown, node.name)
    origin = "from --rule" if rule else "from its signature"
    notes = [f"{node.name}{signature.text} has the rule {signature.rule}, {origin}", *notes]
    return Template(
        name=node.name,
        class_name=node.name,
        file=shown,
        version=f"0+{digest_of(cut.code)[:8]}",
        aliases=(),
        summary=_summary(node),
        rule=signature.rule,
        python="?",
        torch="?",
        requirements=(),
        paper={},
        arguments=signature.arguments,
        wild=(),
        text=cut.source,
        origin="file",
        license="",
        uses=cut.uses,
        notes=(*notes, *cut.notes, *_code_notes(cut)),
        open_ended=signature.open_ended,
    )


def _parsed(text: str, shown: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        line, column = error.lineno or 1, max(error.offset or 1, 1)
        lines = text.split("\n")
        excerpt = lines[line - 1] if line <= len(lines) else ""
        raise Refusal(
            "syntax-error",
            f"not valid Python: {error.msg}",
            place=Place(shown, line, column, excerpt),
            hint="fix the file first",
        ) from error
    except (ValueError, RecursionError) as error:
        raise Refusal("syntax-error", str(error), place=Place(shown)) from error


def _chosen(
    shown: str, text: str, classes: Mapping[str, ast.ClassDef], name: str | None
) -> ast.ClassDef:
    if name is not None:
        if name in classes:
            return classes[name]
        known = one_of(list(classes)) or "none"
        raise Refusal(
            "no-such-class",
            f"{shown} defines no class {name!r} at its top level",
            hint=f"classes there: {known}",
        )
    modules = [one for one in classes.values() if _is_module(one, classes) is True]
    public = [module for module in modules if not module.name.startswith("_")]
    if len(public) == 1:
        return public[0]
    if not public:
        raise Refusal(
            "no-such-class",
            f"{shown} defines no public nn.Module at its top level",
            hint=f"classes there: {one_of(list(classes)) or 'none'}; name one: {shown}:CLASS",
        )
    raise Refusal(
        "several-classes",
        f"{shown} defines {len(public)} modules: {one_of([node.name for node in public])}",
        place=_place(shown, text, public[1]),
        hint=f"name the one you mean: {shown}:{public[0].name}",
    )


def _is_module(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool | None:
    """Check whether a class is an nn.Module; None where its bases come from elsewhere."""
    seen: set[str] = set()
    queue, unknown = [node], False
    while queue:
        one = queue.pop()
        if one.name in seen:
            continue
        seen.add(one.name)
        for base in one.bases:
            last = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
            if isinstance(base, ast.Name) and last in classes:
                queue.append(classes[last])
            elif last in _MODULES or (
                isinstance(base, ast.Attribute) and ast.unparse(base.value) in ("nn", "torch.nn")
            ):
                return True
            elif last not in _NO_MODULES:
                unknown = True
    return None if unknown else False


def _refuse_no_module(
    shown: str, text: str, node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]
) -> list[str]:
    known = _is_module(node, classes)
    bases = ", ".join(map(ast.unparse, node.bases))
    if known is False:
        what = f"derives from {bases}" if bases else "has no base class"
        raise Refusal(
            "not-a-module",
            f"{node.name} {what} and is not an nn.Module",
            place=_place(shown, text, node),
            hint=f"write class {node.name}(nn.Module)",
        )
    if known is None:
        return [f"{node.name} derives from {bases}, which is assumed to be an nn.Module"]
    return []


def _summary(node: ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "").strip().split("\n")[0]


def _place(shown: str, text: str, node: ast.ClassDef) -> Place:
    start = SyntaxOffsets(text).at(node.lineno, 0)
    head = text[start : text.find("\n", start)]
    return Place.at(shown, text, start, start + len(head))


def _code_notes(cut: Cut) -> list[str]:
    """Note what may fail on some machines; the code is used unchanged."""
    notes = []
    if not cut.code.isascii():
        at = next(i for i, char in enumerate(cut.code) if not char.isascii())
        line = cut.code[cut.code.rfind("\n", 0, at) + 1 :].split("\n", 1)[0].strip()
        notes.append(
            f"the code is not ASCII ({line[:60]!r}): YOLOv5 opens files with the platform's "
            "encoding, which fails on some Windows machines"
        )
    try:
        ast.parse(cut.source, feature_version=(3, 8))
    except SyntaxError as error:
        notes.append(f"the code needs a newer Python than 3.8, YOLOv5's floor: {error.msg}")
    else:
        newer = _newer_annotation(ast.parse(cut.source))
        if newer:
            notes.append(f"the annotation `{newer}` needs a newer Python than 3.8, YOLOv5's floor")
    return notes


def _newer_annotation(tree: ast.Module) -> str:
    """Return the first annotation that Python 3.8 cannot evaluate."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            for part in ast.walk(getattr(node, name, None) or ast.Pass()):
                union = isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr)
                generic = isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name)
                if union or (
                    generic and ast.unparse(part).split("[")[0] in ("list", "dict", "tuple", "set")
                ):
                    return ast.unparse(part)
    return ""
