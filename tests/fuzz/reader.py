"""Coverage-guided fuzzing of the reader and of the edits on what it read.

    pip install atheris
    python -m tests.fuzz.reader --seconds 300 [SEED_FILE_OR_FOLDER...]

Needs atheris, which has wheels for Linux on x86-64 only, so it is in no extra. Seeds are the
samples of tests/engine and any model YAMLs named. Each kind of failure is kept once in --found (and
does not stop the run); a minimal form of it belongs into tests/fuzz/crashes/. Exits 1 if there
was one.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path

from tests.ops import samples

_CRASHES = Path(__file__).parent / "crashes"
_MAX_LENGTH = 4_000
_WORDS = (
    "backbone:",
    "head:",
    "nc: 4",
    "anchors: 3",
    "scales:",
    "  - ",
    "- - ",
    "[-1, 1, Conv, [8]]",
    "[[-1, 0], 1, Concat, [1]]",
    "[[], 1, Detect, [nc, anchors]]",
    "ImagePoolingAttn",
    "CBLinear",
    "na*(nc+5)",
    ",",
    "]",
    "# 3",
    "&a",
    "*a",
    "<<: *a",
    "!!str",
    "!!set",
    "!!binary",
    "!x",
    "? ",
    ".nan",
    ".inf",
    "0x1f",
    "1_000",
    "2001-01-01",
    "null",
    "~",
    "%YAML 1.1",
    "---",
    "...",
    "| ",
    ">-",
    "'",
    "\\xef\\xbb\\xbf",
    "\\xc2\\x85",
    "\\x0d\\x0a",
    "\\x09",
)


def main() -> int:
    """Run the fuzzer in a child process, which libFuzzer ends, and report what it kept."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("seeds", type=Path, nargs="*", help="model YAMLs, or folders of them")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    parser.add_argument("--random", type=int, default=0, help="libFuzzer's seed; 0: any")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        fuzz(options.child, options.found, options.seconds, options.random)
    options.found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder) / "seeds"
        seeds.mkdir()
        for text in seed_texts(options.seeds):
            name = hashlib.sha256(text).hexdigest()[:16]
            (seeds / name).write_bytes(text[:_MAX_LENGTH])
        lines = (f'"{word}"\n' for word in _WORDS)
        (Path(folder) / "words").write_text("".join(lines), encoding="ascii")
        arguments = ["--child", folder, "--found", str(options.found.resolve())]
        arguments += ["--seconds", str(options.seconds), "--random", str(options.random)]
        done = subprocess.run([sys.executable, "-m", "tests.fuzz.reader", *arguments], check=False)
    found = sorted(path.name for path in options.found.glob("*.yaml"))
    sys.stdout.write(f"{len(found)} kinds of failure in {options.found}\n")
    return 1 if found or done.returncode else 0


def seed_texts(paths: Iterable[Path]) -> Iterable[bytes]:
    """Yield the samples of the tests, the saved crashes, and the files named."""
    yield samples.SMALL.encode()
    for before, _, after in samples.SPELLINGS.values():
        yield before.encode()
        yield after.encode()
    for path in [_CRASHES, *paths]:
        files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        for file in files:
            yield file.read_bytes()


def fuzz(folder: Path, found: Path, seconds: int, seed: int) -> None:
    """Let libFuzzer run; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["yamlmod", "ruamel.yaml"]):
        from tests.fuzz.contract import BrokenContractError, check

    kept: set[str] = set()

    def one_input(data: bytes) -> None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return  # the workspace refuses it
        try:
            check(text)
        except BrokenContractError as error:
            kind = kind_of(error)
            if kind not in kept:
                kept.add(kind)
                name = hashlib.sha256(kind.encode()).hexdigest()[:12]
                (found / f"{name}.yaml").write_bytes(data)
                (found / f"{name}.txt").write_text(
                    kind + "\n" + "".join(traceback.format_exception(error)), encoding="utf-8"
                )
                sys.stderr.write(f"FOUND {name}: {kind}\n")

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if dice.random() < 0.5:
            return bytes(atheris.Mutate(data, max_size))
        return mutated(data, dice)[:max_size]

    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        "-timeout=60",
        f"-max_len={_MAX_LENGTH}",
        f"-seed={seed}",
        f"-dict={folder / 'words'}",
        "-verbosity=0",
        "-print_final_stats=1",
        f"-artifact_prefix={found}{os.sep}",  # else slow units land in the current folder
        str(folder / "seeds"),
    ]
    atheris.Setup(arguments, one_input, custom_mutator=mutate)
    atheris.Fuzz()


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Return a text with a few words of YAML put in, or pieces of it taken out or repeated."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randint(0, len(data))
        stop = min(len(data), start + dice.choice((0, 0, 1, 2, 8, 30)))
        word = dice.choice(_WORDS).encode().decode("unicode_escape").encode("latin-1")
        piece = dice.choice((word, word, b"\n" + word, b"", data[start:stop] * 2))
        data = data[:start] + piece + data[stop:]
    return data


def kind_of(error: BaseException) -> str:
    """Return what tells one failure from another: its type and where it was raised."""
    cause = error.__cause__ or error
    frames = traceback.extract_tb(cause.__traceback__)
    where = next((f for f in reversed(frames) if "/yamlmod/" in f.filename), frames[-1])
    message = "".join(letter for letter in str(cause)[:40] if not letter.isdigit())
    return f"{type(cause).__name__} {Path(where.filename).name}:{where.lineno} {message}"


if __name__ == "__main__":
    sys.exit(main())
