"""Turns the head's maps into boxes, and boxes into precision, recall and mAP."""

import torch

IOUS = torch.linspace(0.5, 0.95, 10)


def decoded(levels, head):
    """Return (images, boxes, x y w h objectness classes...) in pixels, with sigmoids taken."""
    found = []
    for level, anchors, stride in zip(levels, head.anchors, head.stride):
        images, _, rows, columns, size = level.shape
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        grid = torch.stack((x, y), -1)
        values = level.sigmoid()
        centre = (values[..., :2] * 2 - 0.5 + grid) * stride
        sides = (values[..., 2:4] * 2) ** 2 * anchors[:, None, None]
        found.append(torch.cat((centre, sides, values[..., 4:]), -1).view(images, -1, size))
    return torch.cat(found, 1)


def overlap(a, b):
    """Return the IoU of each box of a with each of b; x y w h."""
    low = torch.maximum((a[:, None, :2] - a[:, None, 2:4] / 2), (b[None, :, :2] - b[None, :, 2:4] / 2))
    high = torch.minimum((a[:, None, :2] + a[:, None, 2:4] / 2), (b[None, :, :2] + b[None, :, 2:4] / 2))
    common = (high - low).clamp(min=0).prod(-1)
    return common / (a[:, None, 2:4].prod(-1) + b[None, :, 2:4].prod(-1) - common + 1e-9)


def suppressed(boxes, most=30, least=0.01, iou=0.5):
    """Return the boxes of one image that stay: (x y w h score class), the best first."""
    score, kind = (boxes[:, 4:5] * boxes[:, 5:]).max(1)
    order = score.argsort(descending=True)[:60]
    order = order[score[order] > least]
    boxes, score, kind = boxes[order, :4], score[order], kind[order]
    same = ((overlap(boxes, boxes) > iou) & (kind[:, None] == kind)).tolist()
    stays = []
    for index in range(len(boxes)):
        if len(stays) < most and not any(same[index][other] for other in stays):
            stays.append(index)
    return torch.cat((boxes, score[:, None], kind[:, None].float()), 1)[stays]


def matches(boxes, labels):
    """Return for each box and each IoU whether it finds a label that no better box has found."""
    hits = torch.zeros(len(boxes), len(IOUS), dtype=torch.bool)
    if not len(boxes) or not len(labels):
        return hits
    iou = (overlap(boxes[:, :4], labels[:, 1:5]) * (boxes[:, 5:6] == labels[None, :, 0])).tolist()
    for column, least in enumerate(IOUS.tolist()):
        taken = set()
        for row, values in enumerate(iou):  # the best score first
            left = [(value, label) for label, value in enumerate(values) if label not in taken]
            best, label = max(left, default=(0.0, -1))
            if best >= least:
                taken.add(label)
                hits[row, column] = True
    return hits


def scores(found, labels, classes):
    """Return precision and recall at the best F1, mAP at IoU 0.5, and mAP from 0.5 to 0.95."""
    hits = torch.cat([matches(boxes, truth) for boxes, truth in zip(found, labels)])
    boxes, truth = torch.cat(found), torch.cat(labels)
    order = boxes[:, 4].argsort(descending=True)
    hits, kinds = hits[order].float(), boxes[order, 5]
    average, curves = [], []
    for kind in range(classes):
        total, mine = int((truth[:, 0] == kind).sum()), hits[kinds == kind]
        if not total:
            continue
        right = mine.cumsum(0)
        recall = right / total
        precision = right / torch.arange(1, len(mine) + 1)[:, None]
        envelope = precision.flip(0).cummax(0)[0].flip(0) if len(mine) else precision
        step = torch.diff(recall, dim=0, prepend=torch.zeros(1, len(IOUS)))
        average.append((envelope * step).sum(0))
        f1 = 2 * precision[:, 0] * recall[:, 0] / (precision[:, 0] + recall[:, 0] + 1e-9)
        best = int(f1.argmax()) if len(f1) else None
        curves.append((0.0, 0.0) if best is None else (float(precision[best, 0]), float(recall[best, 0])))
    table = torch.stack(average)
    p, r = torch.tensor(curves).mean(0)
    return float(p), float(r), float(table[:, 0].mean()), float(table.mean())
