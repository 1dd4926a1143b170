"""Published forks as test input: downloaded once by pip, pinned by hash, kept outside git.

The cache folder is `$YAMLMOD_FORK_CACHE` or the user's own; archives that lie in it already are
used without a download. Without a network the tests skip, unless YAMLMOD_REQUIRE_FORKS=1.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn

import pytest

from yamlmod.registry.catalogue import catalogue
from yamlmod.registry.template import Template


@dataclass(frozen=True)
class Published:
    """One archive of the package index, and the folder in it that holds the fork."""

    archive: str
    sha256: str
    folder: str

    @property
    def is_sdist(self) -> bool:
        return self.archive.endswith(".tar.gz")


PUBLISHED = {
    "yolov5==7.0.14": Published(
        "yolov5-7.0.14-py37.py38.py39.py310-none-any.whl",
        "67d0e3f7cb055cc7ff0c9d66fc993577f7394ca83a16ab097c0343ee4db3ca4b",
        "yolov5",
    ),
    "yolov5==6.2.3": Published(
        "yolov5-6.2.3-py36.py37.py38-none-any.whl",
        "252d9a2cb9b0d771d9ba220ab3845c21392da4c5a743f80a173886a2cfd71222",
        "yolov5",
    ),
    "yolov5==6.0.7": Published(
        "yolov5-6.0.7-py36.py37.py38-none-any.whl",
        "11976935c876157f1a617447b7acf5cee1a93b36a844244194ea12c56c698a71",
        "yolov5",
    ),
    "yolov5==5.0.10": Published(
        "yolov5-5.0.10-py36.py37.py38-none-any.whl",
        "cf66fd5575dbbfadd4d5c253eb5e534d678eedda37a8c0a0e41437ba2ff70db0",
        "yolov5",
    ),
    "yolov5==4.0.14": Published(
        "yolov5-4.0.14-py36.py37.py38-none-any.whl",
        "bcab894f16b815820afd9f7ddf95bb630b9e5e35f3071e30fa6535387ccc3975",
        "yolov5",
    ),
    "yolov7detect==1.0.1": Published(
        "yolov7detect-1.0.1.tar.gz",
        "08e3c93cb2963adc7da03dd2c48c80f9c07436b0abb00c8e101d416e5cceb738",
        "yolov7",
    ),
    "yolov9pip==0.0.4": Published(
        "yolov9pip-0.0.4.tar.gz",
        "3b14c5dd040db0d38da5ae580907e716c4fada9c672cbcee98719d476a5c8336",
        "yolov9",
    ),
    "yolov5==6.1.9": Published(
        "yolov5-6.1.9-py36.py37.py38-none-any.whl",
        "9d8c9d0d8c60194da7356ef38df89121579c6cf7ccc29b8e0df04be615c7ccf6",
        "yolov5",
    ),
    "ultralytics==8.0.0": Published(
        "ultralytics-8.0.0-py3-none-any.whl",
        "e4eab106979a5b93adcdbfdc50c64a9c658fc6e2c6cf9dd0ff1520ee6a91afd1",
        "ultralytics",
    ),
    "ultralytics==8.1.0": Published(
        "ultralytics-8.1.0-py3-none-any.whl",
        "9571a74cb51f58f49f7b29e545a36b7fc79f42b43a9e3e9d93e54183d0980b0c",
        "ultralytics",
    ),
    "ultralytics==8.2.0": Published(
        "ultralytics-8.2.0-py3-none-any.whl",
        "0ef9356e8a7ac2729ba4b08edd79127949ad5f9ce12949bb4fb119085544f820",
        "ultralytics",
    ),
    "ultralytics==8.3.0": Published(
        "ultralytics-8.3.0-py3-none-any.whl",
        "3137c4921c18c8ddf610f64f1badc2dad2a9fd182e10218c2bbb29caee308b9e",
        "ultralytics",
    ),
    "ultralytics==8.3.70": Published(
        "ultralytics-8.3.70-py3-none-any.whl",
        "fb407a9feb0027e5c5ba3f24cb0ae86de3182c086609bebbf59443735ec160ef",
        "ultralytics",
    ),
    "ultralytics==8.3.91": Published(
        "ultralytics-8.3.91-py3-none-any.whl",
        "9eb38f2a39589c95e74b911e9f4e214175111e486a7f3f5911da4cbb659578ce",
        "ultralytics",
    ),
    "ultralytics==8.4.0": Published(
        "ultralytics-8.4.0-py3-none-any.whl",
        "aee243594368d1c9e2aac36e53d93a1da520f7b4223a62dfc54832d6d4bf627a",
        "ultralytics",
    ),
    "ultralytics==8.4.190": Published(
        "ultralytics-8.4.190-py3-none-any.whl",
        "bd309728efa168af64d39040136828edd2dbcb4aeceb4510bdff4f3ca0ea01b8",
        "ultralytics",
    ),
}

# pip asks an sdist for its metadata even where it only downloads. This backend hands it the
# PKG-INFO that lies there, so that nothing is built, run or downloaded besides.
_BACKEND = """
import email, os, shutil

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as file:
        told = email.message_from_file(file)
    folder = "{}-{}.dist-info".format(told["Name"], told["Version"])
    os.makedirs(os.path.join(metadata_directory, folder))
    shutil.copyfile("PKG-INFO", os.path.join(metadata_directory, folder, "METADATA"))
    return folder

class __legacy__:
    get_requires_for_build_wheel = staticmethod(get_requires_for_build_wheel)
    prepare_metadata_for_build_wheel = staticmethod(prepare_metadata_for_build_wheel)
"""

# A download that failed is not tried again by the next test of this process.
_unavailable: dict[str, str] = {}


def fork_folder(spec: str) -> Path:
    """The folder that holds models/ (nn/ in ultralytics): the original, read-only."""
    published = PUBLISHED[spec]
    final = cache_folder() / f"{spec.replace('==', '-')}-{published.sha256[:12]}"
    if not final.is_dir():
        _unpack_once(spec, published, final)
    return final / published.folder


def fork_copy(spec: str, tmp_path: Path) -> Path:
    """A fresh copy to work on, in a folder of the package's own name.

    `from yolov5.models.common import *` finds the copy when its parent stands on sys.path.
    """
    source = fork_folder(spec)
    target = tmp_path / source.name
    ignore = shutil.ignore_patterns("__pycache__")
    # copyfile leaves the read-only mode behind.
    shutil.copytree(source, target, copy_function=shutil.copyfile, ignore=ignore)
    return target


def cache_folder() -> Path:
    """Where the forks are kept, by the platform's custom."""
    if chosen := os.environ.get("YAMLMOD_FORK_CACHE"):
        return Path(chosen).expanduser().resolve()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "yamlmod" / "forks"


def _unpack_once(spec: str, published: Published, final: Path) -> None:
    if spec in _unavailable:
        _give_up(_unavailable[spec])
    root = final.parent
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=root) as name:
        scratch = Path(name)
        archive = root / published.archive
        if not archive.is_file():
            archive = _download(spec, published, scratch)
        if (found := hashlib.sha256(archive.read_bytes()).hexdigest()) != published.sha256:
            pytest.fail(f"{archive} has sha256 {found}, not {published.sha256}", pytrace=False)
        unpacked = scratch / "unpacked"
        for path, data in archive_members(archive):
            target = unpacked / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        try:
            # The rename is the only step that others see: a fork is there as a whole or not at all.
            unpacked.rename(final)
        except OSError:
            # Another test process was first (pytest-xdist); its copy is the same by the hash.
            if not final.is_dir():
                raise


def _download(spec: str, published: Published, scratch: Path) -> Path:
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{spec} --hash=sha256:{published.sha256}\n", encoding="ascii")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--require-hashes",
        "--no-deps",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
        "--retries",
        "1",
        # Old releases exclude newer versions of Python; nothing of them is installed.
        "--ignore-requires-python",
        "--timeout",
        "20",
        "--dest",
        str(scratch),
        "--requirement",
        str(requirements),
    ]
    env = dict(os.environ)
    if published.is_sdist:
        backend = scratch / "backend" / "setuptools"
        backend.mkdir(parents=True)
        (backend / "__init__.py").touch()
        (backend / "build_meta.py").write_text(_BACKEND, encoding="ascii")
        env["PYTHONPATH"] = str(backend.parent)
        command += ["--no-binary", ":all:", "--use-pep517", "--no-build-isolation"]
    else:
        command += ["--only-binary", ":all:"]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
        told = done.stderr.strip() or "pip said nothing"
    except subprocess.TimeoutExpired:
        told = "pip download took longer than 300 s"
    if "DO NOT MATCH THE HASHES" in told:
        pytest.fail(f"{spec}: another file than the pinned one\n{told}", pytrace=False)
    archive = scratch / published.archive
    if not archive.is_file():
        _unavailable[spec] = f"{spec} can not be had: {told.splitlines()[-1]}"
        _give_up(_unavailable[spec])
    return archive


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("YAMLMOD_REQUIRE_FORKS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def archive_members(archive: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Plain files only, so that no link or absolute path leads out; an sdist's top folder goes."""
    strip = 0 if archive.suffix == ".whl" else 1
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for info in wheel.infolist():
                if not info.is_dir():
                    yield _inside(info.filename, strip), wheel.read(info)
        return
    with tarfile.open(archive) as sdist:
        for member in sdist:
            if member.isfile() and (data := sdist.extractfile(member)) is not None:
                yield _inside(member.name, strip), data.read()


def _inside(name: str, strip: int) -> PurePosixPath:
    path = PurePosixPath(*PurePosixPath(name).parts[strip:])
    assert not path.is_absolute() and ".." not in path.parts and ":" not in name, name
    return path


def lacking(fork: Path) -> list[Template]:
    """Return the modules of the registry that a fork has no class for, by its modules' text."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in fork.rglob("*.py"))
    classes = set(re.findall(r"^class (\w+)", text, re.MULTILINE))
    return [template for template in catalogue() if template.class_name not in classes]
