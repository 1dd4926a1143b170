"""Networks as they are published, to be changed by the tests."""

from __future__ import annotations

from tests.checks.rewired import FOCUS_BACKBONE, model_text

V8 = model_text(
    """\
[-1, 1, Conv, [64, 3, 2]]
[-1, 1, Conv, [128, 3, 2]]
[-1, 3, C2f, [128, True]]
[-1, 1, Conv, [256, 3, 2]]
[-1, 6, C2f, [256, True]]
[-1, 1, Conv, [512, 3, 2]]
[-1, 6, C2f, [512, True]]
[-1, 1, Conv, [1024, 3, 2]]
[-1, 3, C2f, [1024, True]]
[-1, 1, SPPF, [1024, 5]]""",
    """\
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 12], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[-1, 1, Conv, [512, 3, 2]]
[[-1, 9], 1, Concat, [1]]
[-1, 3, C2f, [1024]]
[[15, 18, 21], 1, Detect, [nc]]""",
)

# YOLOv5 with a scale at stride 4 and joins of three inputs, as drawn by hand, behind one new layer.
V5_THREE_JOINED = model_text(
    FOCUS_BACKBONE + "\n[-1, 1, {gate}, [1024]]",
    """\
[-1, 1, Conv, [512, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, Concat, [1]]
[-1, 3, C3, [512, False]]
[-1, 1, Conv, [256, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, Concat, [1]]
[-1, 3, C3, [256, False]]
[-1, 1, Conv, [128, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 2], 1, Concat, [1]]
[-1, 3, C3, [128, False]]
[-1, 1, Conv, [128, 3, 2]]
[[-1, 4, {three}], 1, Concat, [1]]
[-1, 3, C3, [256, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 6, {four}], 1, Concat, [1]]
[-1, 3, C3, [512, False]]
[-1, 1, Conv, [512, 3, 2]]
[[-1, {five}], 1, Concat, [1]]
[-1, 3, C3, [1024, False]]
[[22, 25, 28, 31], 1, Detect, [nc, anchors]]""",
)
