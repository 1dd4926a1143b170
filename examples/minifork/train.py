"""Trains a network on scenes of shapes, with the options and the files of YOLOv5's train.py."""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from models.scenes import scenes
from models.scores import decoded, overlap, scores, suppressed
from models.yolo import Model, read_yaml

KEYS = (
    *("train/box_loss", "train/obj_loss", "train/cls_loss"),
    *("metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95"),
    *("val/box_loss", "val/obj_loss", "val/cls_loss", "x/lr0", "x/lr1", "x/lr2"),
)


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cfg", default="models/mini.yaml")
    parser.add_argument("--weights", default="", help="a checkpoint to start from")
    parser.add_argument("--data", default="data/shapes.yaml")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--imgsz", type=int, default=64)
    parser.add_argument("--lr", type=float, default=0.004)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--project", default="runs/train")
    parser.add_argument("--name", default="exp")
    parser.add_argument("--exist-ok", action="store_true")
    parser.add_argument("--resume", default="", help="the last.pt of a run that was cut off")
    return parser.parse_args()


def targets(level, labels, anchors, stride):
    """Return which cells and anchors answer for which labels: those of a similar size."""
    images = torch.cat([torch.full((len(boxes),), n) for n, boxes in enumerate(labels)])
    boxes = torch.cat(labels)
    ratio = boxes[:, None, 3:5] / anchors
    fits, anchor = (torch.maximum(ratio, 1 / ratio).amax(-1) < 4).nonzero(as_tuple=True)
    cell = (boxes[fits, 1:3] / stride).long()
    cell[:, 0].clamp_(0, level.shape[3] - 1)
    cell[:, 1].clamp_(0, level.shape[2] - 1)
    return (images[fits], anchor, cell[:, 1], cell[:, 0]), boxes[fits], cell


def losses(levels, labels, head):
    """Return the losses of boxes, objectness and classes."""
    box = objectness = kinds = torch.zeros(())
    for level, anchors, stride in zip(levels, head.anchors, head.stride):
        wanted = torch.zeros(level.shape[:-1])
        places, truth, cell = targets(level, labels, anchors, stride)
        if len(truth):
            mine = level[places]
            centre = (mine[:, :2].sigmoid() * 2 - 0.5 + cell) * stride
            sides = (mine[:, 2:4].sigmoid() * 2) ** 2 * anchors[places[1]]
            iou = overlap(torch.cat((centre, sides), 1), truth[:, 1:5]).diagonal()
            far = ((centre - truth[:, 1:3]) / truth[:, 3:5]).square().sum(1)
            box = box + (1 - iou + far).mean()
            wanted[places] = iou.detach()
            classes = F.one_hot(truth[:, 0].long(), mine.shape[1] - 5).float()
            kinds = kinds + F.binary_cross_entropy_with_logits(mine[:, 5:], classes)
        objectness = objectness + F.binary_cross_entropy_with_logits(level[..., 4], wanted)
    return torch.stack((box, objectness * 20, kinds))


@torch.no_grad()
def validated(model, images, labels):
    model.eval()
    head = model.model[-1]
    levels = model(images)
    lost = losses(levels, labels, head)
    found = [suppressed(boxes) for boxes in decoded(levels, head)]
    model.train()
    return scores(found, labels, head.no - 5), lost.tolist()


def start(opt, model):
    """Take over the weights of a checkpoint whose names and sizes fit."""
    if not opt.weights:
        return
    saved = torch.load(opt.weights, map_location="cpu", weights_only=False)["model"]
    saved = saved.float().state_dict() if isinstance(saved, torch.nn.Module) else saved
    own = model.state_dict()
    # As in YOLOv5 with --cfg, the anchors are those of the YAML.
    fits = {
        k: v
        for k, v in saved.items()
        if k in own and own[k].shape == v.shape and "anchor" not in k
    }
    model.load_state_dict(fits, strict=False)
    print(f"Transferred {len(fits)}/{len(own)} items from {opt.weights}")


def train(opt):
    saved = None
    if opt.resume:
        saved = torch.load(opt.resume, map_location="cpu", weights_only=False)
        assert saved["epoch"] >= 0, f"{opt.resume} training is finished, nothing to resume."
        opt = argparse.Namespace(**saved["opt"])
    folder = Path(opt.project, opt.name)
    if saved is None and folder.exists() and not opt.exist_ok:
        raise SystemExit(f"{folder} exists; --exist-ok goes on in it")
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    torch.manual_seed(opt.seed)
    torch.set_num_threads(1)  # the network is small: more only wait for each other
    data = read_yaml(opt.data)
    model = Model(opt.cfg, nc=data["nc"])
    start(opt, model)
    images, labels = scenes(data["train"], opt.imgsz, data["seed"])
    unseen = scenes(data["val"], opt.imgsz, data["seed"] + 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=opt.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, opt.epochs, opt.lr / 20)
    first = best = 0
    if saved is not None:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        first, best = saved["epoch"] + 1, saved["best"]
    for epoch in range(first, opt.epochs):
        began, total = time.time(), torch.zeros(3)
        # Each epoch has a generator of its own, so that a resumed run sees what it would have seen.
        chance = torch.Generator().manual_seed(opt.seed * 1_000_003 + epoch)
        batches = torch.randperm(len(images), generator=chance).split(opt.batch_size)
        for batch in batches:
            flips = bool(torch.rand((), generator=chance) < 0.5)
            x, y = images[batch], [labels[index].clone() for index in batch]
            if flips:
                x = x.flip(-1)
                for boxes in y:
                    boxes[:, 1] = opt.imgsz - boxes[:, 1]
            lost = losses(model(x), y, model.model[-1])
            optimizer.zero_grad()
            lost.sum().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()
            total += lost.detach()
        rate = schedule.get_last_lr()[0]
        schedule.step()
        metrics, val = validated(model, *unseen)
        if not torch.isfinite(total).all():
            raise SystemExit("loss is nan")
        row = [*(total / len(batches)).tolist(), *metrics, *val, rate, rate, rate]
        write_row(folder / "results.csv", epoch, row)
        fitness = 0.1 * metrics[2] + 0.9 * metrics[3]
        state = {
            "epoch": epoch, "best": max(best, fitness), "opt": vars(opt), "model": model.state_dict(),
            "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
        }
        torch.save(state, folder / "weights" / "last.pt")
        if fitness >= best:
            best = fitness
            torch.save(state, folder / "weights" / "best.pt")
        print(f"{epoch}/{opt.epochs - 1} mAP50 {metrics[2]:.3f} mAP50-95 {metrics[3]:.3f} {time.time() - began:.1f} s")
    for name in ("last.pt", "best.pt"):
        strip(folder / "weights" / name)


def write_row(path, epoch, values):
    """Append a row; every column is 20 wide, as YOLOv5 writes it."""
    head = "" if path.exists() else ",".join(f"{key:>20s}" for key in ("epoch", *KEYS)) + "\n"
    with open(path, "a", encoding="utf-8") as file:
        file.write(head + f"{epoch:20d}," + ",".join(f"{value:20.5g}" for value in values) + "\n")


def strip(path):
    """Leave the weights alone: the training is finished."""
    state = torch.load(path, map_location="cpu", weights_only=False)
    torch.save({**state, "epoch": -1, "optimizer": None, "schedule": None}, path)


if __name__ == "__main__":
    train(options())
