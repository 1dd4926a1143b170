"""Networks that were rewired on purpose, as people draw them: right, and unlike any base."""

from __future__ import annotations

V11_BACKBONE = """\
[-1, 1, Conv, [64, 3, 2]]
[-1, 1, Conv, [128, 3, 2]]
[-1, 2, C3k2, [256, False, 0.25]]
[-1, 1, Conv, [256, 3, 2]]
[-1, 2, C3k2, [512, False, 0.25]]
[-1, 1, Conv, [512, 3, 2]]
[-1, 2, C3k2, [512, True]]
[-1, 1, Conv, [1024, 3, 2]]
[-1, 2, C3k2, [1024, True]]
[-1, 1, SPPF, [1024, 5]]
[-1, 2, C2PSA, [1024]]"""
DENSE_BACKBONE = """\
[-1, 1, Conv, [64, 7, 2]]
[-1, 1, nn.MaxPool2d, [3, 2, 1]]
[-1, 6, DenseBlock, [256]]
[-1, 1, DenseTransition, [128]]
[-1, 8, DenseBlock, [512]]
[-1, 1, DenseTransition, [256]]
[-1, 12, DenseBlock, [1024]]
[-1, 1, DenseTransition, [512]]
[-1, 8, DenseBlock, [1024]]
[-1, 1, SPP, [1024, [5, 9, 13]]]"""
FOCUS_BACKBONE = """\
[-1, 1, Focus, [64, 3]]
[-1, 1, Conv, [128, 3, 2]]
[-1, 3, C3, [128]]
[-1, 1, Conv, [256, 3, 2]]
[-1, 9, C3, [256]]
[-1, 1, Conv, [512, 3, 2]]
[-1, 9, C3, [512]]
[-1, 1, Conv, [1024, 3, 2]]
[-1, 1, SPP, [1024, [5, 9, 13]]]
[-1, 3, C3, [1024, False]]"""
_V5_NECK = """\
[-1, 1, Conv, [512, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, {join}, [1]]
[-1, 3, C3, [512, False]]
[-1, 1, Conv, [256, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, {join}, [1]]
[-1, 3, C3, [256, False]]
[-1, 1, Conv, [{down}, 3, 2]]
[[-1, {four}], 1, {join}, [1]]
[-1, 3, C3, [512, False]]
[{last}, 1, Conv, [{deep}, 3, 2]]
[[-1, {five}], 1, {join}, [1]]
[-1, 3, C3, [1024, False]]
[[17, 20, 23], 1, Detect, [nc, anchors]]"""
# The way up ends at stride 4, which the head does not read; the way down starts there.
_PAST_P2 = """\
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, BiFPN, [256]]
[-1, 2, C3k2, [256, False]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, BiFPN, [256]]
[-1, 2, C3k2, [256, False]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 2], 1, BiFPN, [256]]
[-1, 2, C3k2, [128, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 4, 16], 1, BiFPN, [256]]
[-1, 2, C3k2, [256, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 6, 13], 1, BiFPN, [256]]
[-1, 2, C3k2, [512, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 10], 1, BiFPN, [512]]
[-1, 2, C3k2, [1024, True]]
[[22, 25, 28], 1, Detect, [nc]]"""

# Modules of a fork that join and resize: the row above is their second input.
_FREQ = """\
[4, 1, Conv, [256]]
[6, 1, Conv, [256]]
[9, 1, Conv, [256]]
[[11, -1], 1, FreqFusion, []]
[-1, 3, C2f, [256]]
[[10, -1], 1, FreqFusion, []]
[-1, 3, C2f, [256]]
[1, 1, Conv, [256, 3, 2]]
[[-1, 10, 16], 1, Bi_FPN, []]
[-1, 3, C2f, [256]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 11, 14], 1, Bi_FPN, []]
[-1, 3, C2f, [512]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 12], 1, Bi_FPN, []]
[-1, 3, C2f, [1024]]
[[19, 22, 25], 1, Detect, [nc]]"""
# A lateral convolution in place of each Upsample: the way down reads it.
_BIPAN = """\
[-1, 1, Conv, [256]]
[[-1, 6, 4], 1, BiFusion, [256]]
[-1, 2, RepBlock, [256]]
[-1, 1, Conv, [128]]
[[-1, 4, 2], 1, BiFusion, [128]]
[-1, 2, RepBlock, [128]]
[-1, 1, Conv, [128, 3, 2]]
[[-1, 14], 1, Concat, [1]]
[-1, 2, RepBlock, [256]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 11], 1, Concat, [1]]
[-1, 2, RepBlock, [512]]
[[16, 19, 22], 1, Detect, [nc]]"""
# A module that joins three scales, and ways up and down that start there.
_DIFFUSION = """\
[[10, 6, 4], 1, FocusFeature, []]
[11, 1, Conv, [256, 3, 2]]
[[-1, 10], 1, Concat, [1]]
[-1, 2, C3k2, [512, True]]
[11, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, Concat, [1]]
[-1, 2, C3k2, [256, False]]
[[14, 11, 17], 1, FocusFeature, []]
[18, 1, Conv, [256, 3, 2]]
[[12, 19, 14], 1, Concat, [1]]
[-1, 2, C3k2, [512, True]]
[18, 1, nn.Upsample, [None, 2, nearest]]
[[15, 22, 17], 1, Concat, [1]]
[-1, 2, C3k2, [256, False]]
[[24, 18, 21], 1, Detect, [nc]]"""
# Backbone and neck end at stride 16; two numbers are those of the network with a scale more.
_NO_P5 = """\
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 2], 1, Concat, [1]]
[-1, 3, C2f, [128]]
[-1, 1, Conv, [128, 3, 2]]
[[-1, 9], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 6], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[[12, 15, 18], 1, Detect, [nc]]"""
# A scale at stride 4; the way down reads the numbers of a backbone of three rows less.
P2_LEFT = """\
[-1, 1, Conv, [512, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 9], 1, Concat, [1]]
[-1, 3, C3, [512, False]]
[-1, 1, Conv, [256, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, Concat, [1]]
[-1, 3, C3, [256, False]]
[-1, 1, Conv, [128, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 3], 1, Concat, [1]]
[-1, 3, C3, [128, False]]
[-1, 1, Conv, [128, 3, 2]]
[[-1, 18], 1, Concat, [1]]
[-1, 3, C3, [256, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 14], 1, Concat, [1]]
[-1, 3, C3, [512, False]]
[-1, 1, Conv, [512, 3, 2]]
[[-1, 10], 1, Concat, [1]]
[-1, 3, C3, [1024, False]]
[[24, 27, 30, 33], 1, Detect, [nc, anchors]]"""
# A way up to stride 4 by other modules; the head goes past stride 32.
_UP_BY_OTHERS = """\
[-1, 1, DySample, []]
[[-1, 6], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[-1, 1, DySample, []]
[[-1, 4], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, CARAFE, []]
[[-1, 1], 1, Concat, [1]]
[-1, 3, C2f, [128]]
[-1, 1, EMA_attention, []]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 15], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, EMA_attention, []]
[-1, 1, Conv, [512, 3, 2]]
[[-1, 12], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[-1, 1, EMA_attention, []]
[[19, 23, 27], 1, Detect, [nc]]"""
# Stride 4 to 16; the way down starts behind a gate at stride 8.
_FROM_THE_MIDDLE = """\
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, MSCBAM, [256, 3]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 2], 1, Concat, [1]]
[-1, 3, C2f, [128]]
[-1, 1, MSCBAM, [128, 3]]
[12, 1, Conv, [256, 3, 2]]
[[-1, 8], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[-1, 1, MSCBAM, [512, 3]]
[[16, 12, 20], 1, Detect, [nc]]"""
_V8_BACKBONE = """\
[-1, 1, Conv, [64, 3, 2]]
[-1, 1, Conv, [128, 3, 2]]
[-1, 3, C2f, [128, True]]
[-1, 1, Conv, [256, 3, 2]]
[-1, 6, C2f, [256, True]]
[-1, 1, Conv, [512, 3, 2]]
[-1, 6, C2f, [512, True]]
[-1, 1, Conv, [1024, 3, 2]]
[-1, 3, C2f, [1024, True]]
[-1, 1, SPPF, [1024, 5]]"""


# One more input of the way down, as in BiFPN.
_THREE_JOINED = """\
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 12, 6], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[-1, 1, Conv, [512, 3, 2]]
[[-1, 9], 1, Concat, [1]]
[-1, 3, C2f, [1024]]
[[15, 18, 21], 1, Detect, [nc]]"""
# Stride 4 comes in by a convolution of its own.
_DOWN_FROM_FOUR = """\
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, Concat, [1]]
[-1, 2, C3k2, [512, False]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[2, 1, Conv, [256, 3, 2]]
[[-2, 4, -1], 1, Concat, [1]]
[-1, 2, C3k2, [256, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 13], 1, Concat, [1]]
[-1, 2, C3k2, [512, False]]
[-1, 1, Conv, [512, 3, 2]]
[[-1, 10], 1, Concat, [1]]
[-1, 2, C3k2, [1024, True]]
[[17, 20, 23], 1, Detect, [nc]]"""
# All scales are gathered and given back.
_GATHERED = """\
[[-1, 6, 4, 2], 1, LowFAM, []]
[-1, 1, LowIFM, [96, 3]]
[-1, 1, Split, [512, 256]]
[[9, 6, 4], 1, LowLAF, [512]]
[[-1, 12], 1, Inject, [512, 0]]
[[6, 4, 2], 1, LowLAF, [256]]
[[-1, 12], 1, Inject, [256, 1]]
[[9, 14, 16], 1, HighFAM, []]
[-1, 1, HighIFM, [192, 1]]
[-1, 1, Split, [1024, 512]]
[[9, 14], 1, HighLAF, [1024]]
[[-1, 19], 1, Inject, [1024, 0]]
[[14, 16], 1, HighLAF, [512]]
[[-1, 19], 1, Inject, [512, 1]]
[[16, 23, 21], 1, Detect, [nc]]"""

# The last row of the backbone is a branch of its own; the neck starts at the row above.
_BRANCH = """\
[10, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, Concat, [1]]
[-1, 2, C3k2, [512, False]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 11], 1, Concat, [1]]
[-1, 2, C3k2, [256, False]]
[-1, 1, Wavelet, [256]]
[[-1, 14], 1, Concat, [1]]
[-1, 2, C3k2, [512, False]]
[-1, 1, Wavelet, [512]]
[[-1, 10], 1, Concat, [1]]
[-1, 2, C3k2, [1024, True]]
[[17, 20, 23], 1, Detect, [nc]]"""


def model_text(backbone: str, head: str) -> str:
    rows = ["".join(f"  - {row}\n" for row in rows.split("\n")) for rows in (backbone, head)]
    anchors = "anchors: 3\n" if "anchors" in head else ""
    return f"nc: 4\n{anchors}backbone:\n{rows[0]}head:\n{rows[1]}"


def v5_model(backbone: str, **words: object) -> str:
    usual = {"join": "Concat", "down": 256, "four": 14, "five": 10, "last": -1, "deep": 512}
    return model_text(backbone, _V5_NECK.format(**{**usual, **words}))


RIGHT = {
    "a backbone of unknown modules": v5_model(DENSE_BACKBONE),
    "a row that goes past the block above it": v5_model(
        FOCUS_BACKBONE, join="Sum", four="13, 6", five=9, last=-2, down=512, deep=1024
    ),
    "a head past the scale at stride 4": model_text(V11_BACKBONE, _PAST_P2),
    "the row above as the second input": model_text(_V8_BACKBONE, _FREQ).replace(
        "anchors: 3\n", ""
    ),
    "a scale less": model_text(
        "\n".join([*_V8_BACKBONE.split("\n")[:6], "[-1, 3, CustomTR, [512]]"]), _NO_P5
    ),
    "a way up by other modules": model_text(_V8_BACKBONE, _UP_BY_OTHERS).replace(
        "anchors: 3\n", ""
    ),
    "a way down from the middle": model_text(
        "\n".join(
            [
                *_V8_BACKBONE.replace("C2f", "C2fDMSC").split("\n")[:7],
                "[-1, 1, SPPF, [512, 5]]",
                "[-1, 3, C3TR, [512, True]]",
            ]
        ),
        _FROM_THE_MIDDLE,
    ),
    "joins of three": model_text(_V8_BACKBONE, _THREE_JOINED),
    "a way down from stride 4": model_text(V11_BACKBONE, _DOWN_FROM_FOUR),
    "gathered and given back": model_text(_V8_BACKBONE, _GATHERED),
    "a branch at the end of the backbone": model_text(
        V11_BACKBONE.replace("Conv", "PSD") + "\n[4, 1, GGMix, [512]]", _BRANCH
    ),
    "a lateral convolution": model_text(V11_BACKBONE, _BIPAN),
    "ways that start in the middle": model_text(V11_BACKBONE, _DIFFUSION).replace(
        "anchors: 3\n", ""
    ),
}
