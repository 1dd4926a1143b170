"""What every template's text and manifest must be, so that pasting it anywhere is safe."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from typing import Any

import pytest

from yamlmod.registry.manifest import read_template

from . import floor, support

each = pytest.mark.parametrize("folder", support.folders())
# Channel arguments that a row writes itself.
NOMINAL = {"free": 0, "same": 0, "conv": 1, "csp": 1, "concat": 0, "add": 0, "level": 0}
WRONG = {"int": ("x", 1.5, True), "float": ("x", True), "bool": ("x", 2, 1024, None)}
WRONG["ints"] = ("x", 1.5, True, [], [1.5], [True], [0])


def tree_of(folder: str) -> ast.Module:
    text = support.source(folder).read_text(encoding="ascii")
    return ast.parse(text, feature_version=(3, 8))


def arguments() -> list[Any]:
    return [
        pytest.param(folder, argument, id=f"{folder}-{argument['name']}")
        for folder in support.folders()
        for argument in support.manifest(folder).get("arguments", [])
    ]


def wild_rows() -> list[Any]:
    """Rows that reach a constructor; one without its nominal channels fails in the parser."""
    return [
        pytest.param(folder, row, id=f"{folder}-{row['args']}")
        for folder in support.folders()
        for row in support.manifest(folder).get("wild", [])
        if len(ast.literal_eval(row["args"])) >= NOMINAL[support.manifest(folder)["rule"]]
    ]


def test_there_are_templates() -> None:
    assert support.folders()


@each
def test_text_is_ascii_short_and_licensed(folder: str) -> None:
    raw = support.source(folder).read_bytes()
    assert raw.isascii() and b"\r" not in raw and b"\t" not in raw and raw.endswith(b"\n")
    lines = raw.decode("ascii").splitlines()
    assert lines[0] == "# SPDX-License-Identifier: 0BSD"
    assert max(map(len, lines)) <= 100


@each
def test_nothing_is_newer_than_the_floor(folder: str) -> None:
    assert (support.manifest(folder)["python"], support.manifest(folder)["torch"]) == ("3.8", "1.8")
    assert floor.newer(support.source(folder).read_text(encoding="ascii")) == []


@each
def test_only_imports_classes_functions_and_constants(folder: str) -> None:
    tree, seen_code = tree_of(folder), False
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not seen_code, "the text after the imports is what gets pasted"
            names = (
                [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            )
            for name in names:
                root = str(name).partition(".")[0]
                assert root != "__future__" and root in {"torch", *sys.stdlib_module_names}
        else:
            seen_code = True
            assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign)


@each
def test_only_the_class_is_public(folder: str) -> None:
    entry = support.manifest(folder)["class"]
    names: list[str] = []
    for node in tree_of(folder).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [
                part.id for part in ast.walk(ast.Tuple(targets)) if isinstance(part, ast.Name)
            ]
    assert [name for name in names if not name.startswith("_" + entry)] == [entry]
    assert len(set(names)) == len(names)


@each
def test_class_is_described(folder: str) -> None:
    manifest = support.manifest(folder)
    text = inspect.getdoc(support.load_class(folder)) or ""
    assert manifest["paper"]["url"] in text and manifest["paper"]["title"] in " ".join(text.split())
    assert "(N, C" in text


def test_templates_can_share_one_file() -> None:
    owners: dict[str, str] = {}
    for folder in support.all_folders():
        manifest = support.manifest(folder)
        names = {manifest["name"], manifest["class"], *manifest["aliases"]}
        for name in names | set(manifest["names_zh"]):
            assert owners.setdefault(name.lower(), folder) == folder
    rooms: dict[str, str] = {}
    for folder in support.all_folders():
        for local, full in floor._aliases(tree_of(folder)).items():
            assert rooms.setdefault(local, full) == full, f"{local} means two things"


# Half-width punctuation beside a Chinese character.
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,.;:!?()]|[,.;:!?(][\u4e00-\u9fff]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_NUMBER = re.compile(r"\d+")


@pytest.mark.parametrize("folder", support.all_folders())
def test_summaries_in_both_languages(folder: str) -> None:
    manifest = support.manifest(folder)
    english, chinese = manifest["summary"], manifest["summary_zh"]
    assert english.isascii() and english.endswith(".") and english[0].isupper()
    assert chinese.endswith("。") and not _HALF_WIDTH.search(chinese)
    assert manifest["names_zh"] and all(not name.isascii() for name in manifest["names_zh"])


@pytest.mark.parametrize("folder", support.all_folders())
def test_texts_of_arguments_in_both_languages(folder: str) -> None:
    """No text lacks its Chinese, and both have the same numbers."""
    manifest = support.manifest(folder)
    pairs = [
        (key, item)
        for table in ("arguments", "wild")
        for item in manifest.get(table, [])
        for key in ("doc", "elsewhere", "meaning")
        if key in item
    ]
    for key, item in pairs:
        _check_translation(item[key], item.get(f"{key}_zh", ""))
        assert item[f"{key}_zh"].endswith("。") == (key == "doc"), item


@pytest.mark.parametrize("folder", support.all_folders())
def test_notes_in_both_languages(folder: str) -> None:
    """As the texts of arguments; those that a block form takes from its parts, too."""
    template = read_template(support.ROOT / folder)
    known, channels = template.reference, template.channels
    pairs = [
        (known.variant, known.variant_zh),
        (known.weights, known.weights_zh),
        (channels.rule, channels.rule_zh),
    ]
    for english, chinese in (
        (template.limits, template.limits_zh),
        (template.other_code, template.other_code_zh),
    ):
        assert list(english) == list(chinese)
        pairs += zip(english.values(), chinese.values(), strict=True)
    for text, translation in pairs:
        assert bool(text) == bool(translation)
        if text:
            _check_translation(text, translation)
            assert not translation.endswith("。"), translation


def _check_translation(english: str, chinese: str) -> None:
    assert english.isascii() and _CHINESE.search(chinese), english
    assert not _HALF_WIDTH.search(chinese), chinese
    assert sorted(_NUMBER.findall(english)) == sorted(_NUMBER.findall(chinese)), chinese


@each
def test_manifest_tells_the_constructor(folder: str) -> None:
    manifest = support.manifest(folder)
    parameters = list(inspect.signature(support.load_class(folder)).parameters.values())
    own = parameters[support.CHANNEL_ARGUMENTS[manifest["rule"]] :]
    told = manifest.get("arguments", [])
    assert [value.name for value in own] == [argument["name"] for argument in told]
    for value, argument in zip(own, told, strict=True):
        if "default" in argument:
            default = ast.literal_eval(argument["default"])
            assert value.default == default and type(value.default) is type(default)
        else:
            assert value.default is inspect.Parameter.empty
        assert argument["doc"] and "optional" in argument


@pytest.mark.parametrize(("folder", "argument"), arguments())
def test_bad_values_are_refused_with_the_row_to_write(
    folder: str, argument: dict[str, Any]
) -> None:
    bad: list[Any] = list(WRONG.get(argument["type"], ()))
    if argument["optional"]:
        support.build(folder, 64, *before(folder, argument), None)
        bad = [value for value in bad if value is not None]
    elif argument["type"] != "bool":
        bad.append(None)
    step = 1 if argument["type"] == "int" else 1e-3
    bad += [argument["min"] - step] if "min" in argument else []
    bad += [argument["max"] + step] if "max" in argument else []
    bad += [argument[key] for key in ("exclusive_min", "exclusive_max") if key in argument]
    for value in bad:
        with pytest.raises((TypeError, ValueError)) as refusal:
            support.build(folder, 64, *before(folder, argument), value)
        message = str(refusal.value)
        assert support.row_start(folder) in message, message
        assert message.endswith("]"), message


def before(folder: str, argument: dict[str, Any]) -> list[Any]:
    """The defaults of the arguments in front of this one."""
    told = support.manifest(folder)["arguments"]
    front = told[: told.index(argument)]
    usual = [*support.usual(folder)]
    return [
        ast.literal_eval(other["default"]) if "default" in other else usual[place]
        for place, other in enumerate(front)
    ]


@pytest.mark.parametrize(("folder", "row"), wild_rows())
def test_wild_rows_mean_what_the_manifest_says(folder: str, row: dict[str, Any]) -> None:
    manifest = support.manifest(folder)
    assert row["verdict"] in {"ok", "refused"} and row["meaning"]
    nominal = NOMINAL[manifest["rule"]]
    written = ast.literal_eval(row["args"])[nominal:]
    support.build(folder, 64, *ast.literal_eval(row["write"])[nominal:])
    if row["verdict"] == "ok":
        support.build(folder, 64, *written)
    else:
        with pytest.raises((TypeError, ValueError)) as refusal:
            support.build(folder, 64, *written)
        start = f"write the row {support.row_start(folder)}"
        end = f"{support.row_start(folder)}{row['write'].removeprefix('[')}]"
        # Where channels are supplied, the advice may depend on them.
        exact = manifest["rule"] == "free"
        assert (end if exact else start) in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ntorch.compile(1)",
        "import torch.nn.functional as F\nF.scaled_dot_product_attention(1)",
        "from torch.nn.functional import scaled_dot_product_attention as s\ns(1)",
        "import torch\ntorch.nn.functional.rms_norm(1)",
        "import torch\ntorch.func.vmap(1)",
        "import torch\ntorch.linalg.vector_norm(1)",
        "import torch\ntorch.meshgrid(1, indexing='ij')",
        "import torch.nn as nn\nnn.Mish()",
        "import torch.nn as nn\nnn.Conv2d(1, 1, 3, padding='same')",
        "import torch.nn as nn\nnn.Linear(1, 1, dtype=None)",
        "x = 1\nx.mT",
        "x = 1\nx.var(0, correction=0)",
        "x = 1\nx.squeeze((0, 1))",
        "def f(a: list[int]): pass",
        "def f(a) -> int | None: pass",
        "list(zip([], strict=True))",
        "import math\nmath.lcm(1, 2)",
    ],
)
def test_the_floor_check_sees(text: str) -> None:
    assert floor.newer(text)


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nx = getattr(torch, 'compile', None)",
        "import torch\nif hasattr(torch, 'compile'):\n    torch.compile(1)",
        "import torch\ntorch.linalg.norm(torch.nn.functional.pad(1))",
        "import torch\ntorch.meshgrid(1, 2)",
        "import math\nmath.gcd(1, 2)",
    ],
)
def test_the_floor_check_lets_pass(text: str) -> None:
    assert floor.newer(text) == []
