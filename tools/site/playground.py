"""The playground: its bundle, Pyodide and the project's wheel, all served from the site itself."""

from __future__ import annotations

import hashlib
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
# The page is kept by its address, a folder; the licences are no part of it.
_NOT_KEPT = ("index.html", "service.js", "main.js.LEGAL.txt", "worker.js.LEGAL.txt")
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
    # Not what an older build left: the service worker keeps all that is here.
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "web"
        shutil.copytree(WEB, work, ignore=shutil.ignore_patterns("node_modules"))
        archives = _archives(work)
        (work / "src" / "examples.json").write_text(_examples())
        _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], work)
        archives.append(_compiled(work, archives))
        pyodide = [work / "node_modules" / "pyodide" / name for name in _PYODIDE]
        built = {"files": [p.name for p in archives], "version": _version([*archives, *pyodide])}
        (work / "src" / "files.json").write_text(json.dumps(built))
        _bundle(work, target)
        for path in archives:
            shutil.copy(path, target)
        for path in pyodide:
            shutil.copy(path, target)
    shutil.copy(WEB / "style.css", target)
    addresses: dict[Language, tuple[Path, str]] = {
        "en": (target, "./"),
        "zh": (folder / "zh" / "playground", "../../playground/"),
    }
    for language, (address, base) in addresses.items():
        address.mkdir(parents=True, exist_ok=True)
        (address / "index.html").write_text(page_html(language, base), encoding="utf-8")
    # Last: it names the files that are there, by a hash of all of them.
    for address, base in addresses.values():
        (address / "service.js").write_text(service_script(target, base), encoding="utf-8")


def service_script(target: Path, base: str) -> str:
    """Return the service worker of a page: which files it keeps, and a hash of them."""
    chinese = "../zh/playground/"
    names = sorted(path.name for path in target.iterdir() if path.name not in _NOT_KEPT)
    version = _version([target / name for name in [*names, "index.html", f"{chinese}index.html"]])
    kept = {"version": version, "base": base, "files": ["./", chinese, *names]}
    text = (WEB / "service.js").read_text(encoding="utf-8")
    return text.replace('"{{KEPT}}"', json.dumps(kept))


def _version(paths: list[Path]) -> str:
    """Return a hash of files, by which a browser tells one build from another."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


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
        "base_word": own["base"],
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
