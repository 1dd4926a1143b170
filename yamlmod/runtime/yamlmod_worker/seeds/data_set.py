"""Write a tiny data set: noise with boxes, as PNG files and text labels."""

from __future__ import annotations

import os
import random
import struct
import zlib

IMAGES = 24
_SIDE = 64
_CLASSES = 3


def write_data_set(folder: str) -> str:
    """Write images, labels and a dataset YAML below ``folder``. Return the YAML's path."""
    chance = random.Random(7)
    for part in ("train", "val"):
        for kind in ("images", "labels"):
            os.makedirs(os.path.join(folder, kind, part))
        for number in range(IMAGES if part == "train" else 4):
            name = "{:03d}".format(number)
            with open(os.path.join(folder, "images", part, name + ".png"), "wb") as image:
                image.write(_png(chance))
            with open(os.path.join(folder, "labels", part, name + ".txt"), "w") as labels:
                labels.write("".join(_box(chance) for _ in range(3)))
    path = os.path.join(folder, "data.yaml")
    with open(path, "w", encoding="utf-8") as file:
        for part in ("train", "val"):
            file.write("{}: '{}'\n".format(part, os.path.join(folder, "images", part)))
        names = ", ".join("kind{}".format(number) for number in range(_CLASSES))
        file.write("nc: {}\nnames: [{}]\n".format(_CLASSES, names))
    return path


def _box(chance: random.Random) -> str:
    numbers = [chance.uniform(0.3, 0.7) for _ in range(2)]
    numbers += [chance.uniform(0.15, 0.55) for _ in range(2)]
    return "{} {}\n".format(
        chance.randrange(_CLASSES), " ".join("{:.6f}".format(number) for number in numbers)
    )


def _png(chance: random.Random) -> bytes:
    """Return an image of random pixels; each differs from the others, whatever is cut from it."""
    rows = b"".join(
        b"\0" + bytes(chance.getrandbits(8) for _ in range(3 * _SIDE)) for _ in range(_SIDE)
    )
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
