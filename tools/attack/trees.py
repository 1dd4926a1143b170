"""Hostile repositories: what they hold is crossed with commands that read and that write.

Each case is a tree of random parts (links to devices and out of it, pipes, sockets, sparse files,
loops, deep and closed folders, names that are no text, hostile yamlmod.toml, manifests, recipes,
journals and `.git`) and a few commands in it, run in a child with limits on memory and time. It
fails where a command hangs or overflows, ends with another code than 0, 1 or 2, shows a traceback,
or changes or makes anything outside of the tree.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import pkgutil
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

from tools.attack.report import Budget, Report

CASES = 12
SECONDS = 15.0
_ROOT = Path(__file__).parents[2]
_FORK = _ROOT / "examples" / "minifork"
_MEMORY = 1_500_000_000
_CPU = 20  # seconds of one command, and how long it may take on a busy machine
_WAIT = 120
_RIGHTS = (1, 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
_REAL = 0.03  # the share of commands that run in a process of their own
_COMMANDS = (
    "list",
    "info SimAM",
    "info Mine",
    "show models/mini.yaml",
    "check .",
    "check . --json",
    "check models --format sarif",
    "check . --fix -w",
    "check . --fix --unsafe-fixes -w",
    "check models/mini.yaml --repo .",
    "check models/mini.yaml --base models/other.yaml",
    "status .",
    "status . --check --json",
    "doctor . --python {python}",
    "insert SimAM models/mini.yaml --at 5",
    "insert SimAM models/mini.yaml --at 5 -w",
    "insert Mine models/mini.yaml --at 5 -w",
    "insert ./models/own.py:Own models/mini.yaml --at 5 -w",
    "remove models/mini.yaml 5 -w",
    "diff models/mini.yaml models/other.yaml",
    "apply recipe.yaml -w",
    "apply recipe.yaml models/mini.yaml --check",
    "patch . SimAM",
    "patch . SimAM -w",
    "patch . Mine -w",
    "unpatch . SimAM -w",
    "add SimAM --repo . --cfg models/mini.yaml --at 5 -w",
    "add SimAM --repo . --cfg models/other.yaml --at 5",
    "new Fresh",
    "new Other --rule conv",
    "undo",
    "undo -w",
    "undo --list",
    "undo --redo -w",
)
Plant = Callable[[Path, random.Random], None]


def attack(budget: Budget) -> Report:
    """Run the attack; a failure names its seed, its parts and its command."""
    report = Report()
    _load()
    done = 0
    while not budget.spent(done):
        seed = budget.seed * 1_000_003 + done
        _case(seed, report)
        done += 1
    return report


def _case(seed: int, report: Report) -> None:
    rng = random.Random(seed)
    base = Path(tempfile.mkdtemp(prefix="yamlmod-tree-"))
    try:
        clone = base / "clone"
        shutil.copytree(_FORK, clone)
        shutil.copy(clone / "models" / "mini.yaml", clone / "models" / "other.yaml")
        _outside(base)
        parts = rng.sample(sorted(_PLANTS), min(len(_PLANTS), rng.randint(1, 5)))
        for part in parts:
            _plant(part, clone, rng)
        before = _state(base, clone)
        for words in rng.sample(_COMMANDS, 6):
            trouble = _run(words, clone, base, rng.random() < _REAL, report)
            after = _state(base, clone)
            if after != before and trouble is None:
                changed = sorted(set(after.items()) ^ set(before.items()))
                trouble = f"changed outside: {changed[:2]}"
            if trouble is not None:
                report.fail(f"seed {seed}, {', '.join(parts)}, `{words}`: {trouble}")
                before = after
    finally:
        _remove(base)


def _run(words: str, clone: Path, base: Path, is_real: bool, report: Report) -> str | None:
    """Run one command and count how it ended; return what must not happen."""
    arguments = words.format(python=sys.executable).split()
    said = base.parent / f"{base.name}.txt"
    run = _real if is_real else _forked
    start = time.monotonic()
    code = run(arguments, clone, base / "home", said)
    text = said.read_bytes().decode("utf-8", "replace")
    said.unlink()
    report.add(f"{words.split()[0]}: exit {code}")
    if code in (-signal.SIGXCPU, -signal.SIGKILL) or time.monotonic() - start > _WAIT:
        return "it hangs"
    if code not in (0, 1, 2) or "Traceback" in text or "error[bug]" in text:
        return f"exit {code}: {text.strip()[-300:]}"
    return "it overflows" if "MemoryError" in text else None


def _forked(arguments: list[str], clone: Path, home: Path, said: Path) -> int:
    """Run a command in a copy of this process: the imports are done."""
    from yamlmod.cli.app import app

    child = os.fork()
    if child == 0:
        code = 99
        try:
            _limit()
            out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(out, stream)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir(clone)
            os.environ.update(_environment(home))
            sys.argv = ["yamlmod", *arguments]
            app(arguments, prog_name="yamlmod")
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    return _waited(child)


def _real(arguments: list[str], clone: Path, home: Path, said: Path) -> int:
    """Run a command as a user does."""
    with said.open("wb") as out:
        done = subprocess.Popen(
            [sys.executable, "-m", "yamlmod", *arguments],
            cwd=clone,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            preexec_fn=_limit,
            env={**os.environ, **_environment(home), "PYTHONPATH": str(_ROOT)},
        )
        done.returncode = _waited(done.pid)
    return done.returncode


def _waited(child: int) -> int:
    """Wait for a process, end it where it takes too long, and return its exit code."""
    end = time.monotonic() + _WAIT
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "s"),
    }


def _limit() -> None:
    """Limit this process, and take from root the right to enter what is closed."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU, _CPU + 1))
    if os.geteuid() == 0 and sys.platform == "linux":
        libc = ctypes.CDLL(None)
        for capability in _RIGHTS:
            libc.prctl(24, capability, 0, 0, 0)  # not to come back where a program is started
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        data = (ctypes.c_uint32 * 6)()
        libc.capget(header, data)
        for index in (0, 1):
            data[index] &= ~sum(1 << capability for capability in _RIGHTS)
        libc.capset(header, data)


def _load() -> None:
    """Import what the commands import, so that no case pays for it."""
    import yamlmod

    for found in pkgutil.walk_packages(yamlmod.__path__, "yamlmod."):
        if "__main__" not in found.name and "yamlmod_worker" not in found.name:
            with contextlib.suppress(ImportError):  # what an extra brings
                importlib.import_module(found.name)


def _outside(base: Path) -> None:
    """What lies beside the tree and must stay as it is."""
    (base / "home" / "deep").mkdir(parents=True)
    # The first write would make the key of journals there.
    state = base / "home" / "s" / "yamlmod"
    state.mkdir(parents=True, mode=0o700)
    (state / "journal.key").write_bytes(bytes(range(32)))
    (state / "journal.key").chmod(0o600)
    (base / "empty").mkdir()
    shutil.copytree(_FORK, base / "fork")
    (base / "mine.yaml").write_text(_wrong(), encoding="utf-8")
    (base / "secret.py").write_text("SECRET = 1\nclass Mine: pass\n", encoding="utf-8")


@cache
def _wrong() -> str:
    """Return a model with references that `check --fix` mends."""
    import yamlmod

    model = yamlmod.load(_FORK / "models" / "mini.yaml").insert("ACmix", before="SPPF")
    return model.to_text().replace("[-1, 15]", "[-1, 14]").replace("[-1, 11]", "[-1, 10]")


def _state(base: Path, clone: Path) -> dict[str, str]:
    """Return everything beside the tree: kinds, modes and contents."""
    state = {}
    for folder, folders, names in os.walk(base):
        folders[:] = [name for name in folders if Path(folder, name) != clone]
        for name in (*folders, *names):
            path = Path(folder, name)
            content = sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            state[str(path.relative_to(base))] = f"{path.lstat().st_mode:o} {content}"
    return state


def _plant(part: str, clone: Path, rng: random.Random) -> None:
    try:
        _PLANTS[part](clone, rng)
    except OSError:  # two parts wanted the same place
        return


def _anywhere(clone: Path, rng: random.Random) -> Path:
    """Return a place where a command looks: a known file, or a new name."""
    known = [
        "yamlmod.toml",
        "recipe.yaml",
        "models/mini.yaml",
        "models/other.yaml",
        "models/yolo.py",
        "models/common.py",
        "models/own.py",
        "models/__init__.py",
        "requirements.txt",
        "own/mine/manifest.toml",
        "own/mine/code.py",
        ".yamlmod/pending.json",
        ".yamlmod/000001.json",
        ".yamlmod/lock",
        ".yamlmod/.gitignore",
        ".yamlmod",
        "yamlmod_templates",
        "models",
        "own",
    ]
    new = [f"models/new{ending}" for ending in (".yaml", ".yaml", ".py")]
    path = clone / rng.choice([*known, *new])
    if "own" in path.parts:
        (clone / "yamlmod.toml").write_text('templates = ["own"]\n', encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()
    return path


def _device(clone: Path, rng: random.Random) -> None:
    _anywhere(clone, rng).symlink_to(rng.choice(["/dev/zero", "/dev/random", "/dev/full", "/dev"]))


def _proc(clone: Path, rng: random.Random) -> None:
    names = ["/proc/self/mem", "/proc/kmsg", "/proc/self/fd/0", "/proc/self/root", "/proc/kcore"]
    _anywhere(clone, rng).symlink_to(rng.choice(names))


def _fifo(clone: Path, rng: random.Random) -> None:
    os.mkfifo(_anywhere(clone, rng))


def _socket(clone: Path, rng: random.Random) -> None:
    path = _anywhere(clone, rng)
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _out(clone: Path, rng: random.Random) -> None:
    outside = [
        "mine.yaml",
        "mine.yaml",
        "mine.yaml",
        "secret.py",
        "empty",
        "fork",
        "fork/models",
        "home",
        "not-there.yaml",
    ]
    target = clone.parent / rng.choice(outside)
    path = _anywhere(clone, rng)
    path.symlink_to(rng.choice([str(target), os.path.relpath(target, path.parent)]))


def _loop(clone: Path, rng: random.Random) -> None:
    path = _anywhere(clone, rng)
    path.symlink_to(rng.choice([path.name, "..", ".", "../models"]))
    (clone / "models" / "round").symlink_to("..")


def _sparse(clone: Path, rng: random.Random) -> None:
    with _anywhere(clone, rng).open("wb") as file:
        file.truncate(rng.choice([1 << 24, 1 << 32, 1 << 42]))


def _large(clone: Path, rng: random.Random) -> None:
    unit = rng.choice([b"a\n", b"- [-1, 1, Conv, [64]]\n", b"[", b"{a: ", b"x = 1\n", b"\0", b"a."])
    _anywhere(clone, rng).write_bytes(
        unit * (rng.choice([60_000, 400_000, 1_900_000]) // len(unit))
    )


def _noise(clone: Path, rng: random.Random) -> None:
    _anywhere(clone, rng).write_bytes(rng.randbytes(rng.randint(0, 3000)))


def _names(clone: Path, rng: random.Random) -> None:
    raw = [
        b"\xff\xfe",
        b"a\nb",
        b"\x1b]0;x\x07",
        b"::error::x",
        b"-w",
        b"--fix",
        b" ",
        b"\xe2\x80\xae",
    ]
    folder = Path(os.fsdecode(os.fsencode(clone / "models") + b"/" + rng.choice(raw)))
    folder.mkdir(exist_ok=True)
    for name in rng.sample(raw, 3):
        for ending in (b".yaml", b".py"):
            path = os.fsencode(folder) + b"/" + name + ending
            shutil.copy(_FORK / "models" / "mini.yaml", path)


def _deep(clone: Path, rng: random.Random) -> None:
    folder = clone / "models"
    for _ in range(rng.choice([30, 70, 400])):
        folder = folder / "d"
        folder.mkdir()
    shutil.copy(_FORK / "models" / "mini.yaml", folder)


def _wide(clone: Path, rng: random.Random) -> None:
    folder = clone / "wide"
    folder.mkdir()
    for index in range(rng.choice([500, 5000])):
        (folder / f"{index}{rng.choice(['.yaml', '.py', '.txt', '.tmp'])}").touch()


def _closed(clone: Path, rng: random.Random) -> None:
    choices = [path for path in clone.rglob("*") if not path.is_symlink()]
    rng.choice(sorted(choices)).chmod(rng.choice([0, 0o200, 0o400, 0o100]))


def _config(clone: Path, rng: random.Random) -> None:
    base = clone.parent
    words = [
        str(base / "empty"),
        "..",
        "../fork",
        "own",
        "/",
        "/dev",
        "~root",
        "~nobody-here",
        "\\u001b[31m",
        "x" * 5000,
        "own/../../empty",
        "../../../../../../etc",
        "",
    ]
    named = ", ".join(f'"{word}"' for word in rng.choices(words, k=rng.randint(1, 6)))
    forms = [f"templates = [{named}]", f"templates = [{named}", "templates = {}", "a." * 20_000]
    weights = [8, 1, 1, 1]
    (clone / "yamlmod.toml").write_text(rng.choices(forms, weights)[0] + "\n", encoding="utf-8")


def _manifest(clone: Path, rng: random.Random) -> None:
    folder = clone / "own" / rng.choice(["mine", "other", "a\nb"])
    folder.mkdir(parents=True, exist_ok=True)
    (clone / "yamlmod.toml").write_text('templates = ["own"]\n', encoding="utf-8")
    values = {
        "name": '"Mine"',
        "class": '"Mine"',
        "file": '"code.py"',
        "version": '"1"',
        "aliases": "[]",
        "summary": '"s"',
        "rule": '"same"',
        "python": '"3.8"',
        "torch": '"1.8"',
        "requirements": "[]",
        "paper": "{}",
    }
    wild = [
        "5",
        "[]",
        '"../../../secret.py"',
        '"/dev/zero"',
        "[[[[]]]]",
        "inf",
        '"\\u0000"',
        "{a=1}",
    ]
    wild += [
        '"a\\nb"',
        "1979-05-27",
        '"SimAM"',
        "[5]",
        "true",
        '"' + "x" * 9000 + '"',
        '["a", "b"]',
    ]
    for key in rng.sample(sorted(values), rng.randint(0, 3)):
        values[key] = rng.choice(wild)
    if rng.random() < 0.2:
        values["wraps"], values["block"] = rng.choice(wild), rng.choice(wild)
    lines = [f"{key} = {value}" for key, value in values.items()]
    (folder / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    code = "import torch.nn as nn\nclass Mine(nn.Module):\n    def __init__(self, c1): pass\n"
    bad = ["x = " + "-" * 50_000 + "1", "x = y" + ".a" * 50_000, "(" * 5000, "\0", "a\n" * 90_000]
    (folder / "code.py").write_text(code + rng.choice(["", "", *bad]), encoding="utf-8")


def _recipe(clone: Path, rng: random.Random) -> None:
    base = clone.parent
    cfgs = ["models/mini.yaml", str(base / "mine.yaml"), "../mine.yaml", "~/x.yaml", "/dev/zero"]
    cfgs += ["models/../../mine.yaml", "../fork/models/mini.yaml", "models", "", "'\\0'"]
    edits = ["insert: SimAM\n    at: 5", "remove: [5]", "insert: Mine\n    after: P3", "a: [[[["]
    text = f"yamlmod: 1\ncfg: {rng.choice(cfgs)}\nedits:\n  - {rng.choice(edits)}\n"
    (clone / "recipe.yaml").write_text(text, encoding="utf-8")


def _journal(clone: Path, rng: random.Random) -> None:
    folder = clone / ".yamlmod"
    folder.mkdir(exist_ok=True)
    paths = ["../mine.yaml", str(clone.parent / "secret.py"), ".git/hooks/x", "models/mini.yaml"]
    entry = {
        "format": rng.choice([1, 1, 1, 2, None]),
        "number": rng.choice([1, 10**30, "x"]),
        "when": "",
        "command": ["yamlmod", "\x1b[31m"],
        "kind": rng.choice(["write", "undo", "redo", 5]),
        "of": rng.choice([None, 1]),
        "files": [
            {
                "path": rng.choice(paths),
                "before": rng.choice([None, "eJwDAAAAAAE="]),
                "after": rng.choice([None, "0" * 64]),
                "mode": rng.choice([None, 0o755]),
                "temporary": ".yamlmod-00000000-0.tmp",
                "kept": True,
            }
        ],
        "made": [rng.choice(["../empty", str(clone.parent / "empty"), "x"])],
        "gone": [rng.choice(["../empty", "../other", "x"])],
    }
    name = rng.choice(["pending.json", "000001.json", "999999999999.json"])
    (folder / name).write_text(json.dumps(entry), encoding="utf-8")


def _git(clone: Path, rng: random.Random) -> None:
    git = clone / ".git"
    form = rng.choice(["file", "folder", "pipe", "link", "config"])
    if form == "file":
        git.write_text(
            f"gitdir: {rng.choice(['/dev/zero', '../fork', '.git'])}\n", encoding="utf-8"
        )
    elif form == "pipe":
        os.mkfifo(git)
    elif form == "link":
        git.symlink_to(rng.choice(["/dev/zero", "../empty", ".git"]))
    else:
        for name in ("objects", "refs", "hooks"):
            (git / name).mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        touch = f"touch {clone.parent}/PLANTED"
        config = (
            f"[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {touch}\n\tpager = {touch}\n"
        )
        config += f"\tsshCommand = {touch}\n\tworktree = ../empty\n[alias]\n\tls-tree = !{touch}\n"
        config += f'[remote "o"]\n\turl = ext::{touch}\n\tpromisor = true\n'
        config += "[include]\n\tpath = /dev/zero\n" if rng.random() < 0.2 else ""
        if form == "config":
            (git / "config").write_text(config, encoding="utf-8")


_PLANTS: dict[str, Plant] = {
    "device": _device,
    "proc": _proc,
    "pipe": _fifo,
    "socket": _socket,
    "link out": _out,
    "link out again": _out,
    "loop": _loop,
    "sparse": _sparse,
    "large": _large,
    "noise": _noise,
    "names": _names,
    "deep": _deep,
    "wide": _wide,
    "closed": _closed,
    "closed again": _closed,
    "yamlmod.toml": _config,
    "manifest": _manifest,
    "manifest again": _manifest,
    "recipe": _recipe,
    "journal": _journal,
    "git": _git,
}


def _remove(base: Path) -> None:
    for folder, folders, names in os.walk(base):
        for name in (*folders, *names):
            path = Path(folder, name)
            if not path.is_symlink() and path.is_dir():
                path.chmod(0o700)
    shutil.rmtree(base, ignore_errors=True)
