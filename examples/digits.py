"""Write a small detection data set: scikit-learn's handwritten digits, placed into scenes.

    python examples/digits.py FOLDER [--train 64] [--val 32] [--side 96] [--classes 0-4]

Needs scikit-learn and opencv (both come with what YOLO needs). The scans of the training scenes and
those of the validation scenes are different ones. With --classes the data set has only those
digits, and class 0 is the first of them. Prints the path of the data.yaml.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from sklearn.datasets import load_digits

_SEED = 7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=64)
    parser.add_argument("--val", type=int, default=32)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--classes", type=classes, default=(0, 9), metavar="A-B")
    options = parser.parse_args()
    first, last = options.classes
    digits = load_digits()
    scans = [
        (scan, digit - first)
        for scan, digit in zip(digits.images, digits.target, strict=True)
        if first <= digit <= last
    ]
    chance = np.random.default_rng(_SEED)
    half = len(scans) // 2
    for name, count, pool in (
        ("train", options.train, scans[:half]),
        ("val", options.val, scans[half:]),
    ):
        for number in range(count):
            image, labels = scene(pool, options.side, chance)
            write(options.folder, name, f"{number:04d}", image, labels)
    data = options.folder / "data.yaml"
    root = options.folder.resolve().as_posix()
    # A list, which every version reads: YOLOv5 up to v6.1 takes the keys of a mapping for names.
    names = ", ".join(f"digit {digit}" for digit in range(first, last + 1))
    head = f"path: {root}\ntrain: images/train\nval: images/val\n"
    text = f"{head}nc: {last + 1 - first}\nnames: [{names}]\n"
    data.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{data}\n")
    return 0


def classes(text: str) -> tuple[int, int]:
    """Return the first and the last digit of ``A-B``."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) <= 9):
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of digits, such as 0-4")
    return int(first), int(last)


def scene(
    pool: list[tuple[np.ndarray, int]], side: int, chance: np.random.Generator
) -> tuple[np.ndarray, list[tuple[float, ...]]]:
    """Place two to five digits so that none hides another; labels are class, x, y, w, h of 1."""
    image = chance.integers(0, 60, (side, side)).astype(np.uint8)
    labels: list[tuple[float, ...]] = []
    taken: list[tuple[int, int, int]] = []
    for _ in range(int(chance.integers(2, 6))):
        scan, digit = pool[int(chance.integers(len(pool)))]
        size = int(chance.integers(side // 5, side // 3))
        x, y = (int(value) for value in chance.integers(0, side - size, 2))
        if any(abs(x - a) < max(size, s) and abs(y - b) < max(size, s) for a, b, s in taken):
            continue
        taken.append((x, y, size))
        drawn = cv2.resize(
            scan.astype(np.float32) / 16, (size, size), interpolation=cv2.INTER_LINEAR
        )
        place = image[y : y + size, x : x + size]
        np.maximum(place, (drawn * 255).clip(0, 255).astype(np.uint8), out=place)
        labels.append(
            (digit, (x + size / 2) / side, (y + size / 2) / side, size / side, size / side)
        )
    return np.repeat(image[:, :, None], 3, 2), labels


def write(
    folder: Path, part: str, name: str, image: np.ndarray, labels: list[tuple[float, ...]]
) -> None:
    images, texts = folder / "images" / part, folder / "labels" / part
    images.mkdir(parents=True, exist_ok=True)
    texts.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(images / f"{name}.png"), image)
    lines = (f"{int(c)} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for c, x, y, w, h in labels)
    (texts / f"{name}.txt").write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
