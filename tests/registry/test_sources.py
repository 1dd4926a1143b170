"""Templates that are not built in: where they are found, who comes first, what if one is bad."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from yamlmod.registry.sources import project_sources, user_folder


def put(folder: Path, name: str, summary: str = "mine", rule: str = "same") -> Path:
    """Write a small template folder."""
    home = folder / name.lower()
    home.mkdir(parents=True)
    (home / "manifest.toml").write_text(
        f'name = "{name}"\nclass = "{name}"\nfile = "code.py"\nversion = "1.0.0"\naliases = []\n'
        f'summary = "{summary}"\nrule = "{rule}"\npython = "3.8"\ntorch = "1.8"\n'
        "requirements = []\n[paper]\n",
        encoding="utf-8",
    )
    (home / "code.py").write_text(
        "# SPDX-License-Identifier: MIT\nimport torch.nn as nn\n\n\n"
        f"class {name}(nn.Module):\n    def __init__(self, c1):\n        super().__init__()\n",
        encoding="ascii",
    )
    return home


def put_pack(site: Path, value: str = "pack_a.modules", name: str = "one") -> None:
    """Write an installed distribution that offers a folder of templates."""
    info = site / "pack_a-2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pack-a\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(f"[yamlmod.templates]\n{name} = {value}\n")
    package = site / "pack_a"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('a pack must not be imported')\n")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder to work in, whose environment has a user folder and a site folder of its own."""
    work = tmp_path / "work" / "deep"
    work.mkdir(parents=True)
    (tmp_path / "data").mkdir()
    return work


def run(home: Path, *words: str | Path) -> tuple[int, str, str]:
    base = home.parents[1]
    done = yamlmod(
        *words, cwd=home, XDG_DATA_HOME=str(base / "data"), PYTHONPATH=str(base / "site")
    )
    return done.code, done.out.decode(), done.err


def everywhere(home: Path) -> None:
    """One template from each source, and the name Same from all of them."""
    base = home.parents[1]
    (home.parent / "yamlmod.toml").write_text('templates = ["own", "own/../single/single"]\n')
    for folder, name in ((home.parent / "own", "FromConfig"), (home.parent / "single", "Single")):
        put(folder, name)
    put(base / "data" / "yamlmod" / "templates", "FromUser")
    put_pack(base / "site")
    put(base / "site" / "pack_a" / "modules", "FromPack")
    for folder, label in (
        (home.parent / "own", "config"),
        (base / "data" / "yamlmod" / "templates", "user"),
        (base / "site" / "pack_a" / "modules", "pack"),
    ):
        put(folder, "Shared", label)
        put(folder, "SimAM", label)


@pytest.mark.skipif(user_folder().parts[-3:-2] == ("Roaming",), reason="XDG is not for Windows")
def test_all_sources_are_listed_with_their_origin_and_precedence(home: Path) -> None:
    everywhere(home)
    code, out, err = run(home, "list", "--json")
    assert code == 0
    found = {item["name"]: item for item in json.loads(out)}
    assert {
        name: found[name]["origin"] for name in found if found[name]["origin"] != "built-in"
    } == {
        "FromConfig": "yamlmod.toml: own",
        "Shared": "yamlmod.toml: own",
        "Single": "yamlmod.toml: own/../single/single",
        "FromUser": "user",
        "FromPack": "pack pack-a 2.0",
    }
    assert found["SimAM"]["origin"] == "built-in" and found["Shared"]["summary"] == "config"
    assert err.count("SimAM is hidden by a template of the same name (built-in)") == 3
    assert err.count("Shared is hidden by a template of the same name (yamlmod.toml: own)") == 2
    assert "pack pack-a 2.0" in run(home, "list")[1]
    assert "FromPack 1.0.0 (pack pack-a 2.0)" in run(home, "info", "FromPack")[1]


@pytest.mark.skipif(user_folder().parts[-3:-2] == ("Roaming",), reason="XDG is not for Windows")
def test_check_knows_the_modules_of_every_source(home: Path) -> None:
    everywhere(home)
    bad = put(home.parent / "own", "Broken") / "manifest.toml"
    bad.write_text("name =", encoding="utf-8")
    names = ("FromConfig", "FromUser", "FromPack", "Broken", "Nobody")
    for name in names:
        rows = f"  - [-1, 1, {name}, [64, 2]]\n  - [-1, 1, nn.Upsample, [None, 2, nearest]]\n"
        text = f"nc: 4\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n{rows}head:\n"
        text += "  - [[0, 2], 1, Concat, [1]]\n  - [[3], 1, Detect, [nc]]\n"
        (home / f"{name}.yaml").write_text(text, encoding="utf-8")
    code, out, _ = run(home, "check", ".", "--json", "--select", "arguments,operand-strides")
    found = {(item["file"], item["rule"]) for item in json.loads(out)["findings"]}
    # Its channels, its stride: both are known of what can be read, and nothing of what cannot.
    assert found == {
        (f"{name}.yaml", rule) for name in names[:3] for rule in ("arguments", "operand-strides")
    }
    assert code == 1


def test_a_template_of_a_pack_is_patched_in_and_out(home: Path) -> None:
    everywhere(home)
    fork = Path(__file__).parents[2] / "examples" / "minifork"
    shutil.copytree(fork, home / "fork")
    before = snapshot(home / "fork")
    code, _, err = run(home, "patch", "fork", "FromPack", "-w")
    assert code == 0, err
    after = snapshot(home / "fork")
    assert b"# SPDX-License-Identifier: MIT\nclass FromPack" in after["models/common.py"]
    assert run(home, "patch", "fork", "FromPack", "-w")[0] == 0
    assert snapshot(home / "fork") == after
    assert run(home, "unpatch", "fork", "FromPack", "-w")[0] == 0
    assert snapshot(home / "fork") == before


def test_chinese_texts_are_optional(home: Path) -> None:
    (home / "yamlmod.toml").write_text('templates = ["own"]\n')
    folder = put(home / "own", "Mine")
    english = (
        '[reference]\nvariant = "newer"\n[channels]\nrule = "even"\n'
        '[limits]\nonnx = "a loop"\nscript = "a list"\n[other_code]\nIts = "has a bias"\n'
    )
    with (folder / "manifest.toml").open("a", encoding="utf-8") as file:
        file.write(english)
    data = json.loads(run(home, "info", "Mine", "--json")[1])
    assert data["limits"] == {"onnx": "a loop", "script": "a list"} and data["limits_zh"] == {}
    assert data["reference"]["variant_zh"] == data["channels"]["rule_zh"] == ""
    text = (folder / "manifest.toml").read_text(encoding="utf-8")
    text = text.replace('"newer"', '"newer"\nvariant_zh = "较新"')
    text = text.replace('"even"', '"even"\nrule_zh = "偶数"')
    text = text.replace('"a list"', '"a list"\nscript_zh = "列表"')
    text = text.replace('"has a bias"', '"has a bias"\nIts_zh = "带偏置"')
    (folder / "manifest.toml").write_text(text, encoding="utf-8")
    data = json.loads(run(home, "info", "Mine", "--json")[1])
    assert data["limits"].keys() == {"onnx", "script"} and data["limits_zh"] == {"script": "列表"}
    assert data["other_code"] == {"Its": "has a bias"}
    assert data["other_code_zh"] == {"Its": "带偏置"}
    assert data["reference"]["variant_zh"] == "较新" and data["channels"]["rule_zh"] == "偶数"


@pytest.mark.parametrize(
    ("manifest", "code", "says"),
    [
        ('rule = "same"\n', None, "missing key 'file'"),
        ("x = = 1", None, "Invalid value"),
        (None, "class Other: pass\n", "defines no class Mine"),
        (None, "class Mine(\n", "not valid Python"),
        (None, b"# \xff\nclass Mine: pass\n", "can't decode byte"),
    ],
)
def test_a_broken_template_breaks_nothing_else(
    home: Path, manifest: str | None, code: str | bytes | None, says: str
) -> None:
    (home / "yamlmod.toml").write_text('templates = ["own"]\n')
    folder = put(home / "own", "Mine")
    put(home / "own", "Good")
    if manifest is not None:
        (folder / "manifest.toml").write_text(manifest)
    if code is not None:
        (folder / "code.py").write_bytes(code.encode() if isinstance(code, str) else code)
    status, out, err = run(home, "list")
    assert status == 0 and "Good" in out and "SimAM" in out
    assert err.startswith("warning: yamlmod.toml: own: ") and says in err and err.count("\n") == 1
    assert run(home, "info", "Good")[0] == 0
    assert run(home, "info", "SimAM")[2] == ""
    status, _, err = run(home, "info", "mine" if manifest else "Mine")
    assert status == 2 and says in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("templates = 3\n", "must be a list of folders"),
        ("templates = [\n", "yamlmod.toml"),
        ('templates = ["gone"]\n', "names gone, which is not a folder"),
    ],
)
def test_a_broken_config_is_a_warning(home: Path, config: str, says: str) -> None:
    (home / "yamlmod.toml").write_text(config)
    status, out, err = run(home, "list")
    assert status == 0 and "SimAM" in out and says in err and "Traceback" not in err
    status, _, err = run(home, "info", "Nowhere")
    assert status == 2 and says in err


def test_a_pack_that_is_gone_is_a_warning(home: Path) -> None:
    put_pack(home.parents[1] / "site", value="nowhere.at.all", name="two")
    status, _, err = run(home, "list")
    assert status == 0 and "the pack two names nowhere.at.all, which is not a package" in err


def test_the_nearest_config_counts(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "yamlmod.toml").write_text('templates = ["far"]\n')
    assert [one.origin for one in project_sources(tmp_path / "a" / "b")] == ["yamlmod.toml: far"]
    (tmp_path / "a" / "yamlmod.toml").write_text('templates = ["near"]\n')
    assert [one.origin for one in project_sources(tmp_path / "a" / "b")] == ["yamlmod.toml: near"]
