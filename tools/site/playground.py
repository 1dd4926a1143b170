"""The playground: its bundle, Pyodide and the project's wheel, all served from the site itself."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.site.pages import ROOT, Language

WEB = Path(__file__).parent / "web"
EXAMPLES = {
    "wrong_insertion": "examples/models/wrong_insertion.yaml",
    "mini": "examples/minifork/models/mini.yaml",
    "ultralytics": "examples/models/ultralytics.yaml",
    "yolo11": "examples/models/yolo11.yaml",
}
# The parts of the npm package that a page loads.
_PYODIDE = ("pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
# No other host, no inline script or style. Pyodide compiles WebAssembly; the worker is a blob.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "connect-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'"
)


def build_playground(folder: Path) -> None:
    """Write playground/ and zh/playground/ into the folder of the site."""
    target = folder / "playground"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "web"
        shutil.copytree(WEB, work, ignore=shutil.ignore_patterns("node_modules"))
        archives = _archives(work)
        (work / "src" / "examples.json").write_text(_examples())
        _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], work)
        archives.append(_compiled(work, archives))
        (work / "src" / "files.json").write_text(json.dumps([path.name for path in archives]))
        _bundle(work, target)
        for path in archives:
            shutil.copy(path, target)
        for name in _PYODIDE:
            shutil.copy(work / "node_modules" / "pyodide" / name, target)
    shutil.copy(WEB / "style.css", target)
    for language, address, base in (("en", target, "./"), ("zh", folder / "zh" / "playground", "")):
        address.mkdir(parents=True, exist_ok=True)
        page = page_html("en" if language == "en" else "zh", base or "../../playground/")
        (address / "index.html").write_text(page, encoding="utf-8")


def words() -> dict[str, dict[str, str]]:
    """Return the words of the page by language."""
    data: dict[str, dict[str, str]] = json.loads(
        (WEB / "src" / "words.json").read_text(encoding="utf-8")
    )
    return data


def page_html(language: Language, base: str) -> str:
    """Return the page in a language; ``base`` leads to the folder of its parts."""
    own = words()[language]
    filled = {
        **own,
        "lang": "zh-CN" if language == "zh" else "en",
        "other": "en" if language == "zh" else "zh-CN",
        "policy": POLICY,
        "base": base,
        "docs": "../",
        "docs_word": own["docs"],
    }
    text = (WEB / "page.html").read_text(encoding="utf-8")
    for name, value in filled.items():
        text = text.replace("{{" + name + "}}", html.escape(value))
    return text


def _examples() -> str:
    texts = {key: (ROOT / path).read_text(encoding="utf-8") for key, path in EXAMPLES.items()}
    return json.dumps([{"key": key, "text": text} for key, text in texts.items()])


def _archives(work: Path) -> list[Path]:
    """Return the wheel of the project, those it needs, and the bridge, as archives."""
    wheels = work / "wheels"
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    _run([*pip, "wheel", "--no-deps", "-w", str(wheels), str(ROOT)], work)
    _run([*pip, "download", "--no-deps", "--only-binary", ":all:", "--require-hashes",
          "-d", str(wheels), "-r", str(WEB / "wheels.txt")], work)  # fmt: skip
    bridge = wheels / "bridge.zip"
    with zipfile.ZipFile(bridge, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(WEB / "src" / "bridge.py", "bridge.py")
    return sorted(wheels.iterdir())


def _compiled(work: Path, archives: list[Path]) -> Path:
    target = work / "compiled.zip"
    example = ROOT / EXAMPLES["wrong_insertion"]
    _run(["node", "compile.mjs", str(target), str(example), *map(str, archives)], work)
    return target


def _bundle(work: Path, target: Path) -> None:
    esbuild = [str(work / "node_modules" / ".bin" / "esbuild")]
    common = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=error"]
    common += ["--external:node:*", "--legal-comments=linked", f"--outdir={target}"]
    _run([*esbuild, "src/main.js", "src/worker.js", *common], work)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
