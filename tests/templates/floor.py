"""Names in a template's text that Python 3.8 or torch 1.8 does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# What came after the floor, by the dotted name under which a template would reach it.
NEWER = {
    "torch": """accelerator adjoint aminmax amp ao argwhere asarray autocast compile compiler concat
        concatenate cond corrcoef cov cumulative_trapezoid diagonal_scatter dsplit export frexp
        frombuffer func get_autocast_dtype get_default_device hsplit index_reduce inference_mode
        is_autocast_cpu_enabled is_inference is_inference_mode_enabled isin library mps mtia
        nanmean narrow_copy nested positive scatter_reduce select_scatter set_default_device
        set_float32_matmul_precision slice_scatter sym_float sym_int sym_max sym_min sym_not
        take_along_dim trapezoid unflatten vmap vsplit xpu _assert_async _check _dynamo""",
    "torch.nn": """Buffer CircularPad1d CircularPad2d CircularPad3d Dropout1d HuberLoss
        LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyInstanceNorm1d LazyInstanceNorm2d
        LazyInstanceNorm3d Mish RMSNorm ReflectionPad3d ZeroPad1d ZeroPad3d attention""",
    "torch.nn.functional": """dropout1d grouped_mm huber_loss mish rms_norm
        scaled_dot_product_attention
        scaled_grouped_mm scaled_mm""",
    "torch.nn.utils": "fusion parametrizations parametrize skip_init stateless",
    "math": "cbrt exp2 fma lcm nextafter sumprod ulp",
    "functools": "cache",
    "itertools": "batched pairwise",
}
# The reverse where nearly everything is newer.
KNOWN = {
    "torch.linalg": """cholesky cond det eigh eigvalsh inv matrix_rank norm pinv qr slogdet solve
        svd tensorinv tensorsolve"""
}
METHODS = """
    adjoint aminmax argwhere bit_count corrcoef cov get_buffer get_parameter
    get_submodule index_reduce index_reduce_ isin mH mT nanmean register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_state_dict_pre_hook removeprefix removesuffix
    scatter_reduce scatter_reduce_ select_scatter slice_scatter take_along_dim to_empty
    untyped_storage
"""
KEYWORDS = {
    "argsort": "stable",
    "checkpoint": "use_reentrant",
    "gelu": "approximate",
    "GELU": "approximate",
    "interpolate": "antialias",
    "load_state_dict": "assign",
    "meshgrid": "indexing",
    "sort": "stable",
    "std": "correction",
    "std_mean": "correction",
    "var": "correction",
    "var_mean": "correction",
    "_register_load_state_dict_pre_hook": "with_module",
    "zip": "strict",
}
GENERICS = {"list", "dict", "tuple", "set", "frozenset", "type"}


def newer(text: str) -> list[str]:
    """Every use of something newer, as "line: what"; a getattr or hasattr by name is a way out."""
    tree = ast.parse(text, feature_version=(3, 8))
    aliases, asked = _aliases(tree), _asked(tree)
    found = []
    for node in ast.walk(tree):
        for what in _uses(node, aliases):
            if what.rpartition(".")[2] not in asked and not asked & set(what.split(".")):
                found.append(f"{getattr(node, 'lineno', 0)}: {what}")
    return found


def _uses(node: ast.AST, aliases: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        name = _dotted(node, aliases)
        if name is not None and _is_newer(name):
            yield name
        elif node.attr in METHODS.split():
            yield f".{node.attr}"
    elif isinstance(node, ast.Name) and _is_newer(aliases.get(node.id, "")):
        yield aliases[node.id]
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        if node.value.id in GENERICS:
            yield f"{node.value.id}[...]"
    elif isinstance(node, ast.Call):
        yield from _in_call(node, aliases)
    for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
        if isinstance(annotation, ast.BinOp):
            yield "X | Y as an annotation"


def _in_call(node: ast.Call, aliases: dict[str, str]) -> Iterator[str]:
    name = _dotted(node.func, aliases) or ""
    last = node.func.attr if isinstance(node.func, ast.Attribute) else name.rpartition(".")[2]
    names = {keyword.arg for keyword in node.keywords}
    if KEYWORDS.get(last, "") in names:
        yield f"{last}({KEYWORDS[last]}=)"
    if name.startswith("torch.nn.") and last[:1].isupper() and names & {"device", "dtype"}:
        yield f"{last}(device= or dtype=)"
    for keyword in node.keywords:
        value = getattr(keyword.value, "value", None)
        if keyword.arg == "padding" and isinstance(value, str):
            yield f"{last}(padding={value!r})"
    if last == "squeeze" and any(isinstance(value, ast.Tuple) for value in node.args):
        yield "squeeze of several axes"
    if name == "math.gcd" and len(node.args) > 2:
        yield "math.gcd of more than two"


def _is_newer(name: str) -> bool:
    room, _, last = name.rpartition(".")
    if room in KNOWN:
        return last not in KNOWN[room].split()
    return last in NEWER.get(room, "").split()


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str | None:
    """torch.nn.functional.x for F.x; None where the base is not an imported name."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, node.id if node.id in KEYWORDS else None)
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value, aliases)
        return None if base is None else f"{base}.{node.attr}"
    return None


def _aliases(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                first = name.name.partition(".")[0]
                found[name.asname or first] = name.name if name.asname else first
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                found[name.asname or name.name] = f"{node.module}.{name.name}"
    return found


def _asked(tree: ast.Module) -> set[str]:
    """Names the text asks for before it uses them."""
    return {
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"getattr", "hasattr"}
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
        and isinstance(node.args[1].value, str)
    }
