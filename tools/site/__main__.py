"""Build the site into a folder, or check one that is built.

python -m tools.site -o DIR
python -m tools.site --check DIR
python -m tools.site --measure DIR
python -m tools.site --serve DIR
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
from pathlib import Path


def main() -> int:
    """Build, check or serve."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("-o", dest="out", metavar="DIR", type=Path, help="build the site here")
    what.add_argument("--check", metavar="DIR", type=Path, help="check a built site")
    what.add_argument("--measure", metavar="DIR", type=Path, help="time the playground")
    what.add_argument("--serve", metavar="DIR", type=Path, help="serve a built site on loopback")
    options = parser.parse_args()
    if options.out is not None:
        return _build(options.out)
    folder = options.check or options.measure or options.serve
    if not (folder / "index.html").is_file():
        sys.stderr.write(f"{folder} holds no built site: python -m tools.site -o {folder}\n")
        return 2
    if options.measure is not None:
        return _measure(folder)
    return _check(folder) if options.check else _serve(folder)


def _build(folder: Path) -> int:
    from tools.site.documentation import build_documentation
    from tools.site.playground import build_playground

    is_site = (folder / "playground" / "index.html").is_file()
    if folder.exists() and not is_site and not (folder.is_dir() and not any(folder.iterdir())):
        sys.stderr.write(f"{folder} is no empty folder and no built site\n")
        return 2
    missing = [name for name in ("npm", "node") if shutil.which(name) is None]
    if missing or importlib.util.find_spec("zensical") is None:
        names = ", ".join(missing) or "zensical"
        sys.stderr.write(f"not installed: {names}; docs/site.md says what a build needs\n")
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    build_documentation(folder)
    build_playground(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sys.stdout.write(f"built {folder}: {size / 1e6:.1f} MB\n")
    return 0


def _check(folder: Path) -> int:
    from tools.browser import chromium
    from tools.site.browser_checks import failures
    from tools.site.links import link_errors

    errors = link_errors(folder)
    sys.stdout.writelines(f"{line}\n" for line in errors)
    sys.stdout.write(f"links: {len(errors)} errors\n")
    program = chromium()
    if program is None:
        sys.stderr.write("no Chromium: the pages are not tested in a browser\n")
        return 1
    failed = 0
    for name, error in failures(folder, program):
        sys.stdout.write(f"{name}: {error or 'passed'}\n")
        sys.stdout.flush()
        failed += bool(error)
    return 1 if errors or failed else 0


def _measure(folder: Path) -> int:
    from tools.browser import chromium
    from tools.site.measure import table

    program = chromium()
    if program is None:
        sys.stderr.write("no Chromium\n")
        return 2
    sys.stdout.write(table(folder, program))
    return 0


def _serve(folder: Path) -> int:
    from tools.site.server import serving

    with serving(folder) as served:
        sys.stdout.write(f"{served.address}\nCtrl-C ends it\n")
        sys.stdout.flush()
        try:
            while True:
                input()
        except (KeyboardInterrupt, EOFError):
            return 0


if __name__ == "__main__":
    sys.exit(main())
