"""The parts of the playground: both languages, the policy, and what is pinned."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

from tools.site.pages import ROOT, Language
from tools.site.playground import EXAMPLES, POLICY, WEB, page_html, service_script, words
from yamlmod import load
from yamlmod.registry.template import MODULE_KINDS


def test_both_languages_have_the_same_words() -> None:
    both = words()
    assert both.keys() == {"en", "zh"}
    assert both["en"].keys() == both["zh"].keys()
    chinese = re.compile(r"[\u4e00-\u9fff]")
    same = {"home", "language", "englishOnly", *EXAMPLES}
    for key, text in both["zh"].items():
        assert chinese.search(text) or key in same, key
        assert key == "language" or not chinese.search(both["en"][key]), key


def test_modules_are_described_in_both_languages() -> None:
    """What the form of an insertion shows; it takes the texts of the page's language."""
    answer = runpy.run_path(str(WEB / "src" / "bridge.py"))["answer"]
    modules = json.loads(answer('{"kind": "modules"}'))["modules"]
    chinese = re.compile(r"[\u4e00-\u9fff]")
    texts = [module["summary"] for module in modules]
    texts += [argument["doc"] for module in modules for argument in module["arguments"]]
    assert len(texts) > 100
    for text in texts:
        assert text["en"].isascii() and chinese.search(text["zh"]), text
    script = (WEB / "src" / "insert.js").read_text(encoding="utf-8")
    assert "module.summary[language]" in script and "argument.doc[language]" in script


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_nothing_inline(language: Language) -> None:
    page = page_html(language, "./")
    assert "{{" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r"https?://", page)


def test_the_policy_lets_nothing_out() -> None:
    rules = dict(part.strip().split(" ", 1) for part in POLICY.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["connect-src"] == rules["style-src"] == "'self'"
    assert "unsafe-inline" not in POLICY and "'unsafe-eval'" not in POLICY and "*" not in POLICY


def test_every_word_of_the_page_and_its_script_exists() -> None:
    known = words()["en"].keys()
    page = (WEB / "page.html").read_text(encoding="utf-8")
    scripts = [path.read_text(encoding="utf-8") for path in (WEB / "src").glob("*.js")]
    used = set(re.findall(r'data-word="(\w+)"', page))
    used |= {name for script in scripts for name in re.findall(r'word\("(\w+)"\)', script)}
    assert len(used) > 50 and used <= known
    # Words that a value chooses: an example, a place of an insertion, a kind of module.
    assert {*EXAMPLES, "after", "skips", "edge", "end"} <= known
    assert {f"kind-{kind}" for kind in MODULE_KINDS} == {k for k in known if "kind-" in k}


def test_every_part_that_the_scripts_name_is_in_the_page() -> None:
    page = (WEB / "page.html").read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([\w-]+)"', page)
    assert len(ids) == len(set(ids))
    for path in (WEB / "src").glob("*.js"):
        used = re.findall(r'\$\("([\w-]+)"\)', path.read_text(encoding="utf-8"))
        assert set(used) <= set(ids), path.name


def test_what_is_brought_is_pinned() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    top = lock.pop("")
    assert top["dependencies"] == package["dependencies"]
    assert top["devDependencies"] == package["devDependencies"]
    assert all(entry["integrity"].startswith("sha512-") for entry in lock.values())
    lines = (WEB / "wheels.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.search(r"^#|==[\d.]+ --hash=sha256:[0-9a-f]{64}$", line) for line in lines)


def test_what_is_kept(tmp_path: Path) -> None:
    """The page's own files, and nothing that a visitor types: no text is put into a cache."""
    target = tmp_path / "playground"
    for folder in (target, tmp_path / "zh" / "playground"):
        folder.mkdir(parents=True)
        (folder / "index.html").write_text("page")
    for name in ("main.js", "a.wasm", "main.js.LEGAL.txt", "service.js"):
        (target / name).write_text(name)
    first = service_script(target, "./")
    match = re.search(r"= (\{.*\});", first)
    assert match and "{{" not in first
    kept = json.loads(match[1])
    assert kept["base"] == "./"
    assert kept["files"] == ["./", "../zh/playground/", "a.wasm", "main.js"]
    assert service_script(target, "./") == first
    (target / "a.wasm").write_text("another build")
    assert service_script(target, "./") != first
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (WEB / "src").glob("*.js")}
    storing = {
        name for name, text in scripts.items() if re.search(r"\bcaches\b|Storage|indexedDB", text)
    }
    assert storing == {"worker.js"}
    # The one text that is asked before the snapshot is an example.
    assert scripts["main.js"].count("keepOffline(files, examples[0].text)") == 1


@pytest.mark.parametrize("key", EXAMPLES)
def test_examples_show_what_their_titles_say(key: str) -> None:
    findings = load(ROOT / EXAMPLES[key]).check()
    rules = {finding.rule for finding in findings if finding.severity != "note"}
    expected = {
        "mini": set(),
        "yolo11": set(),
        "wrong_insertion": {"wiring", "index-comment", "dead-layer"},
        "ultralytics": {"wiring", "head-inputs", "references", "dead-layer"},
    }
    assert rules == expected[key]
