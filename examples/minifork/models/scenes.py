"""Draws scenes of squares, discs, triangles and crosses, with their boxes."""

import torch


def scenes(count, side, seed):
    """Return images (count, 3, side, side), and for each a tensor of (class, x, y, w, h) in pixels."""
    chance = torch.Generator().manual_seed(seed)
    grid = torch.arange(side) + 0.5
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    images, labels = [], []
    for _ in range(count):
        image = torch.rand(3, 1, 1, generator=chance) * 0.4 + torch.rand(3, side, side, generator=chance) * 0.2
        boxes = []
        for _ in range(int(torch.randint(1, 4, (1,), generator=chance))):
            kind = int(torch.randint(4, (1,), generator=chance))
            half = float(torch.rand(1, generator=chance)) * side * 0.1 + side * 0.08
            cx, cy = (float(v) * (side - 2 * half) + half for v in torch.rand(2, generator=chance))
            if any(abs(cx - b[1]) + abs(cy - b[2]) < half + b[3] / 2 for b in boxes):
                continue  # no shape hides another
            inside = shape(kind, (x - cx) / half, (y - cy) / half)
            colour = torch.rand(3, generator=chance) * 0.4 + 0.6
            image = torch.where(inside, colour[:, None, None], image)
            boxes.append([kind, cx, cy, 2 * half, 2 * half])
        images.append(image)
        labels.append(torch.tensor(boxes))
    return torch.stack(images), labels


def shape(kind, x, y):
    """Say which points belong to a shape that fills the square from -1 to 1."""
    square = (x.abs() <= 1) & (y.abs() <= 1)
    if kind == 1:
        return x * x + y * y <= 1
    if kind == 2:
        return square & (y >= 2 * x.abs() - 1)
    if kind == 3:
        return square & ((x.abs() <= 0.33) | (y.abs() <= 0.33))
    return square
