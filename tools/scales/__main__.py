"""Add scales and graft backbones over real files, and judge every result.

python -m tools.scales FOLDER              add, judge and drop the outer scales of every file
python -m tools.scales FOLDER --sample 60  so many files, spread evenly
python -m tools.scales --official          compare with the official P2 and P6 files
python -m tools.scales --grafts            every backbone of ultralytics under every neck
python -m tools.scales --build             build what was made with the forks' own code
python -m tools.scales --build-grafts      build grafts with ultralytics' own code
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.scales.sweep import graft_trials, model_texts, scale_trials, summary


def main(words: list[str] | None = None) -> int:
    """Run what the options name; 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--official", action="store_true")
    parser.add_argument("--grafts", action="store_true")
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--build-grafts", action="store_true")
    options = parser.parse_args(words)
    wrong = 0
    if options.folder is not None:
        texts = list(model_texts(options.folder))
        if options.sample:
            step = max(1, len(texts) // options.sample)
            texts = texts[::step]
        lines, wrong = summary(scale_trials(texts))
        sys.stdout.write("\n".join([f"{len(texts):,} files", *lines, ""]))
    if options.official:
        from tools.scales.official import official_table

        sys.stdout.write(official_table() + "\n")
    if options.grafts:
        from tools.scales.official import ultralytics_texts

        texts = ultralytics_texts()
        lines, count = summary(graft_trials(texts))
        wrong += count
        sys.stdout.write("\n".join([f"{len(texts):,} files", *lines, ""]))
    if options.build or options.build_grafts:
        from tools.scales.builds import build_all, build_grafts

        wrong += build_all(sys.stdout) if options.build else 0
        wrong += build_grafts(sys.stdout) if options.build_grafts else 0
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
