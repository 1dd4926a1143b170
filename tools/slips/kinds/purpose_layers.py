"""On purpose: layers come, go and change, and the numbers follow (branches, scales, blocks)."""

from __future__ import annotations

import random

from tools.slips.case import Case, Make, on_purpose
from tools.slips.kinds.backbone import replace_backbone
from tools.slips.kinds.neck import take_neck
from tools.slips.kinds.p2 import add_p2
from tools.slips.program import Layer, Program, Read, insert
from tools.slips.sources import programs
from tools.slips.structure import ATTENTION, blocks, head_reads, place_for_gate, simple, strides

_PREFIX = "purpose: "


def _finish(name: str, program: Program, rng: random.Random) -> Case | None:
    for _ in range(rng.choice((0, 0, 1, 2))):
        insert(program, place_for_gate(program, rng), rng.choice(ATTENTION))
    return on_purpose(_PREFIX + name, program, rng, program.original)


def _side_branch(program: Program, rng: random.Random) -> Case | None:
    """A branch from an earlier layer of the same stride is joined into the main flow."""
    of, at = strides(program), program.places()
    main = rng.choice(blocks(program) or program.layers[2:3])
    peers = [x for x in program.layers[1 : at[main]] if of[x] is not None and of[x] == of[main]]
    if not peers:
        return None
    source = rng.choice(peers)
    branch = Layer("Conv", [64, 1, 1], 1, main.section, [Read(source, False)])
    gate = Layer(rng.choice(ATTENTION), [], 1, main.section, [Read(branch, True)])
    join = Layer("Concat", [1], 1, main.section, [Read(gate, True), Read(main, False)], True)
    for reader, slot in program.readers(main):
        reader.reads[slot].layer = join
    program.layers[at[main] + 1 : at[main] + 1] = [branch, gate, join]
    return _finish("a side branch", program, rng)


def _auxiliary_head(program: Program, rng: random.Random) -> Case | None:
    outputs = head_reads(program)
    if len(outputs) < 3 or program.head.module not in ("Detect", "IDetect"):
        return None
    extra = [Layer("Conv", [64, 1, 1], 1, "head", [Read(x, False)]) for x in outputs]
    program.layers[-1:-1] = extra
    if rng.random() < 0.5:
        program.head.module = "IAuxDetect"
        program.head.reads += [Read(x, False) for x in extra]
    else:
        twin = Layer(program.head.module, list(program.head.args), 1, "head", [], True)
        twin.reads = [Read(x, False) for x in extra]
        program.layers[-1:-1] = [twin]
    return _finish("an auxiliary head", program, rng)


def _drop_scale(program: Program, rng: random.Random) -> Case | None:
    outputs = head_reads(program)
    if len(outputs) < 3 or program.head.module not in ("Detect", "IDetect", "v10Detect", "DDetect"):
        return None
    program.head.reads.pop(rng.choice((0, len(outputs) - 1)))
    while True:
        dead = [layer for layer in program.layers[:-1] if not program.readers(layer)]
        if not dead:
            break
        program.layers.remove(dead[-1])
    return _finish("a scale dropped", program, rng)


def _add_p2(program: Program, rng: random.Random) -> Case | None:
    if add_p2(program) is None:
        return None
    if rng.random() < 0.3:  # the other end goes
        program.head.reads.pop()
        while dead := [layer for layer in program.layers[:-1] if not program.readers(layer)]:
            program.layers.remove(dead[-1])
    return _finish("P2 added", program, rng)


def _add_p6(program: Program, rng: random.Random) -> Case | None:
    outputs = head_reads(program)
    if not simple(program) or program.head.module not in ("Detect", "DDetect"):
        return None
    if outputs[-1] is not program.layers[-2]:
        return None
    down = Layer("Conv", [768, 3, 2], 1, "head", [Read(outputs[-1], True)])
    block = Layer(outputs[-1].module, list(outputs[-1].args), 1, "head", [Read(down, True)])
    program.layers[-1:-1] = [down, block]
    program.head.reads.append(Read(block, False))
    return _finish("P6 added", program, rng)


def _other_blocks(program: Program, rng: random.Random) -> Case | None:
    name = rng.choice(("C2f_DCN", "C3_Faster", "MyBlock", "C3k2_EMA", "RepBlock"))
    chosen = blocks(program)
    some = chosen if rng.random() < 0.5 else rng.sample(chosen, min(len(chosen), 2))
    for layer in some:
        if not layer.module.startswith("SPP"):
            layer.module = name
    if rng.random() < 0.4:
        program.head.module = rng.choice(("Detect_DyHead", "ASFFDetect", "MyDetect"))
    return _finish("other blocks", program, rng)


def _other_backbone(program: Program, rng: random.Random) -> Case | None:
    return _finish("another backbone", program, rng) if replace_backbone(program, rng) else None


def _other_neck(program: Program, rng: random.Random) -> Case | None:
    others = [other for other in programs() if simple(other)]
    if not simple(program) or not take_neck(program, rng.choice(others).copy()):
        return None
    return _finish("the neck of another network", program, rng)


def _longer_neck(program: Program, rng: random.Random) -> Case | None:
    """Every way up and down gets one convolution more."""
    at = program.places()
    for layer in sorted(blocks(program), key=lambda x: -at[x]):
        if layer.section == "head":
            new = insert(program, at[layer], "Conv", [256, 3, 1])
            for reader, slot in program.readers(layer):
                if reader is not new:
                    reader.reads[slot].layer = new
    return _finish("a longer neck", program, rng)


MAKES: dict[str, Make] = {
    _PREFIX + "a side branch": _side_branch,
    _PREFIX + "an auxiliary head": _auxiliary_head,
    _PREFIX + "a scale dropped": _drop_scale,
    _PREFIX + "P2 added": _add_p2,
    _PREFIX + "P6 added": _add_p6,
    _PREFIX + "other blocks": _other_blocks,
    _PREFIX + "another backbone": _other_backbone,
    _PREFIX + "the neck of another network": _other_neck,
    _PREFIX + "a longer neck": _longer_neck,
}
