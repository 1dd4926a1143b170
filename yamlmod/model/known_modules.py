"""Facts on the modules that YOLO families name in their YAMLs: the one place to add one.

Facts read from the parse_model functions and constructors of YOLOv3 to v12, YOLOR, Scaled-YOLOv4,
RT-DETR and their forks. A module that is not here is unknown, and what depends on it is `?`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """How parse_model derives a layer's output channels, and what the layer does to the stride.

    channels: `scaled` (args[0] times width), `same` (those of its input), `sum` (of its inputs),
    `first`, `last` (of its list), `level0` (of the input that args[0] counts), `arg0`, `arg1` (as
    they stand), `times4`, `contract`, `expand`, `resnet`, `half`, `many` (a list of tensors),
    `head` (none).
    stride: the factor by which the stride grows: a number, or `argK` (args[K], with ``default``; 0
    is the argument before it), `upK` (divided by args[K]), `last`, `level0` (that of one input),
    `?` (not known).
    """

    channels: str
    stride: str = "1"
    default: int = 1


def template_kind(
    takes_channels: bool,
    arguments: Sequence[str],
    down: int = 1,
    up: tuple[str, int] = ("", 1),
    joins: str = "",
) -> Kind:
    """Return the kind of a registry module, by whether args[0] is its output channels.

    ``down`` is its fixed stride, ``up`` the argument by which it enlarges a map, and the default.
    ``joins`` is the rule of a module that reads a list.
    """
    if joins:
        return _JOINING[joins]
    rule = "scaled" if takes_channels else "same"
    first = int(takes_channels)  # the arguments of its manifest follow the channels
    if up[0]:
        return Kind(rule, f"up{arguments.index(up[0]) + first}", up[1])
    for name in ("stride", "s"):
        if takes_channels and name in arguments:
            return Kind(rule, f"arg{arguments.index(name) + first}")
    return Kind(rule, str(down))


_JOINING = {"concat": Kind("sum"), "add": Kind("first"), "level": Kind("level0", "level0")}
JOINS = frozenset({"sum", "first", "last", "level0"})
"""The channel rules of modules that exist to join several inputs."""
OF_ONE_INPUT = frozenset({"last", "level0"})
"""The stride rules of modules that bring inputs of other strides to that of one of them."""


class KnownModule(NamedTuple):
    """All that is known of a module, counted as a row gives it.

    parse_model puts the input channels in front of the args, and the number of repeats behind the
    first where the class takes it. Only what holds in every family that has the module is here.

    args: the fewest and the most args. switch: the second of them is True or False.
    forms: the args of a head in their order, one string for each way of its families.
    bare: it has no parameters. side_effect: it works although no layer reads it. plain_sum: it adds
    its inputs and nothing else; other sums are a class of each fork's own. single: no parse_model
    hands it the number of its row, so that as many of them stand in a row. widths: the args that
    are channels. step: its real output channels must be a multiple of it.
    """

    kind: Kind | None
    args: tuple[int, int] | None = None
    switch: bool = False
    forms: tuple[str, ...] = ()
    bare: bool = False
    side_effect: bool = False
    plain_sum: bool = False
    single: bool = False
    widths: tuple[int, ...] = (0,)
    step: int = 1


def _each(names: str, kind: Kind | None, **facts: Any) -> dict[str, KnownModule]:
    return dict.fromkeys(names.split(), KnownModule(kind, **facts))


_ATTENTION = (
    "SimAM SE SELayer SEAttention CBAM ECA ECAAttention CA CoordAtt EMA GAM GAM_Attention "
    "ShuffleAttention TripletAttention BiLevelRoutingAttention BiLevelRoutingAttention_nchw "
    "NAMAttention SKAttention SGE CrissCrossAttention LSKA LSKblock MLCA ELA CAA CPCA SEAM "
    "EffectiveSE ScConv iRMB DAttention MHSA CoTAttention GlobalContext SpatialGroupEnhance "
    "ResBlock_CBAM S2Attention ParNetAttention AxialAttention DANet DoubleAttention "
    "GlobalContextBlock PolarizedSelfAttention PSA_s PSA_p AxialImageTransformer SOCA GAMAttention"
)
ATTENTION = frozenset(_ATTENTION.split())
"""Attention layers that keep their input's shape, by the names that YAMLs give them."""
HEAD_SWITCHES = ("C3k2", "A2C2f", "C2fCIB")
"""With one of them in the file, ultralytics builds other class layers in its heads."""
SWITCHED_HEADS = frozenset({"Detect", "Segment", "Pose", "OBB", "Segment26", "Pose26", "OBB26"})


_CONV, _SCALED, _SAME, _HEAD = Kind("scaled", "arg2"), Kind("scaled"), Kind("same"), Kind("head")
MODULES: Mapping[str, KnownModule] = {
    # args: [c2, kernel, stride, ...]
    **_each("Conv", _CONV, args=(1, 7), single=True),
    **_each("DWConv GhostConv", _CONV, args=(1, 5), single=True),
    **_each("SCDown", _CONV, args=(3, 3), single=True),
    **_each(
        "RepConv Conv2 LightConv MixConv2d RobustConv RobustConv2 RepConv_OREPA GSConv RepVGGBlock "
        "RepVGGBlockv6 GhostBottleneck CrossConv nn.Conv2d CBH ConvPlus DepthSepConv",
        _CONV,
    ),
    **_each("nn.ConvTranspose2d DWConvTranspose2d ConvTranspose", Kind("scaled", "up2")),
    # args: [c2, ...], stride untouched
    **_each("C3 C3TR C3Ghost C3x C2 C2f BottleneckCSP", _SCALED, args=(1, 4), switch=True),
    **_each("C2fCIB Bottleneck", _SCALED, args=(1, 5), switch=True),
    **_each("C3k2", _SCALED, args=(1, 6), switch=True),
    **_each("C3SPP", _SCALED, args=(1, 5)),
    **_each("A2C2f", _SCALED, args=(1, 8), step=64),
    **_each("C2PSA PSA SPP", _SCALED, args=(1, 2)),
    **_each("SPPF", _SCALED, args=(1, 4)),
    **_each("SPPELAN", _SCALED, args=(2, 3), widths=(0, 1)),
    **_each("RepNCSPELAN4", _SCALED, args=(3, 4), widths=(0, 1, 2)),
    **_each(
        "C3HB C3STR C3C2 C1 C2fAttn C2fPSA C3k RepC3 BottleneckCSP2 BottleneckCSPA BottleneckCSPB "
        "BottleneckCSPC BottleneckCSPF CSPX SPPCSP SPPCSPC SPPFCSPC GhostSPPCSPC SimSPPF ASPP "
        "RepNCSP VoVCSP VoVGSCSP BoT3 CoT3 Res ResCSPA ResCSPB ResCSPC RepRes RepResCSPA "
        "RepResCSPB RepResCSPC ResX ResXCSPA ResXCSPB ResXCSPC RepResX RepResXCSPA RepResXCSPB "
        "RepResXCSPC RepBottleneck RepBottleneckCSPA RepBottleneckCSPB RepBottleneckCSPC Ghost "
        "GhostCSPA GhostCSPB GhostCSPC Ghost_CSPA STCSPA STCSPB STCSPC ST2CSPA ST2CSPB ST2CSPC "
        "SwinTransformerBlock SwinTransformer2Block C3SE C3CBAM C3ECA C3CA CNeB",
        _SCALED,
    ),
    **_each("ELAN1", _SCALED, widths=(0, 1)),
    **_each("Focus", Kind("scaled", "2"), args=(1, 6), single=True),
    **_each("AConv ADown", Kind("scaled", "2"), args=(1, 1), single=True),
    **_each("DownC Stem GhostStem", Kind("scaled", "2")),
    **_each("StemBlock", Kind("scaled", "4")),
    # channels as they are
    **_each("nn.Identity", _SAME, bare=True),
    **_each("Silence", _SAME, args=(0, 0)),
    **_each("SP", _SAME, args=(0, 2)),
    **_each(
        "nn.BatchNorm2d nn.SiLU nn.ReLU nn.Dropout nn.LeakyReLU AIFI ImplicitA ImplicitM", _SAME
    ),
    **_each("ImagePoolingAttn", _SAME, side_effect=True),  # it writes into the text embeddings
    **_each("nn.Upsample", Kind("same", "up1"), args=(2, 5), bare=True, single=True),
    **_each("nn.MaxPool2d", Kind("same", "arg1", 0), bare=True, single=True),
    **_each("nn.AvgPool2d", Kind("same", "arg1", 0)),
    **_each("nn.ZeroPad2d", None, bare=True),
    **_each("MP", Kind("same", "arg0", 2), args=(0, 1), single=True),
    # attention layers that keep shape; in forks that list them with Conv the row says the same
    **dict.fromkeys(ATTENTION, KnownModule(_SAME)),
    **_each("SimAM", _SAME, bare=True),
    # several inputs
    **_each("Concat", Kind("sum"), args=(0, 1), bare=True),
    **_each("Chuncat", Kind("sum")),
    **_each("Shortcut Add Sum", Kind("first"), plain_sum=True),
    **_each("Add2 Weighted_Add BiFPN_Add2 BiFPN_Add3", Kind("first")),
    **_each("BiFPN_Concat2 BiFPN_Concat3", Kind("sum")),
    **_each("CBFuse", Kind("last", "last"), args=(1, 1)),
    **_each("Foldcut", Kind("half")),
    # space and depth
    **_each("ReOrg", Kind("times4", "2"), args=(0, 0)),
    **_each("space_to_depth SPD", Kind("times4", "2")),
    **_each("Contract", Kind("contract", "arg0", 2), args=(0, 1)),
    **_each("Expand", Kind("expand", "up0", 2), args=(0, 1)),
    # ultralytics
    **_each("HGStem", Kind("arg1", "4"), widths=(0, 1)),
    **_each("HGBlock", Kind("arg1"), widths=(0, 1)),
    **_each("ResNetLayer", Kind("resnet", "resnet")),
    **_each("CBLinear TorchVision", Kind("many")),
    # heads
    **_each("IDetect IAuxDetect IBin DetectX", _HEAD, forms=("nc anchors",)),
    **_each("Detect", _HEAD, forms=("nc anchors", "nc")),
    **_each("IKeypoint", _HEAD, forms=("nc anchors points",)),
    **_each("ISegment", _HEAD, forms=("nc anchors masks prototypes",)),
    **_each("Segment", _HEAD, forms=("nc anchors masks prototypes", "nc masks prototypes")),
    **_each("DSegment DualDSegment Segment26", _HEAD, forms=("nc masks prototypes",)),
    **_each("Panoptic", _HEAD, forms=("nc semantic masks prototypes",)),
    **_each("DDetect DualDDetect TripleDDetect v10Detect", _HEAD, forms=("nc",)),
    **_each("Pose Pose26", _HEAD, forms=("nc shape",)),
    **_each("OBB OBB26", _HEAD, forms=("nc angles",)),
    **_each("WorldDetect YOLOEDetect", _HEAD, forms=("nc embedding norm",)),
    **_each("YOLOESegment YOLOESegment26", _HEAD, forms=("nc masks prototypes embedding norm",)),
    **_each(
        "DualDetect RTDETRDecoder Classify ASFF_Detect Decoupled_Detect EffDecHead Depth "
        "SemanticSegment",
        _HEAD,
    ),
}

KNOWN: Mapping[str, Kind] = {
    name: module.kind for name, module in MODULES.items() if module.kind is not None
}
# Heads that take each scale several times: for training, and for what is left of them after it.
INPUT_GROUPS: Mapping[str, int] = {
    "IAuxDetect": 2,
    "DualDetect": 2,
    "DualDDetect": 2,
    "DualDSegment": 2,
    "TripleDetect": 3,
    "TripleDDetect": 3,
}
SIDE_EFFECT = frozenset(name for name, module in MODULES.items() if module.side_effect)
PLAIN_SUMS = frozenset(name for name, module in MODULES.items() if module.plain_sum)
SINGLE = frozenset(name for name, module in MODULES.items() if module.single)
BARE = frozenset(name for name, module in MODULES.items() if module.bare)
MANY_OUTPUTS = frozenset(name for name, kind in KNOWN.items() if kind.channels == "many")
"""Their output is a list or a tuple of tensors, which no attention layer takes."""
FIVE_SIZES = frozenset({"BottleneckCSP", "Focus", "SPPF"})
"""Blocks of networks that come in YOLOv5's five sizes, as do those whose name begins with C3."""
ONE_SIZE = frozenset(
    {
        *("IDetect", "IAuxDetect", "IBin", "IKeypoint", "ISegment", "SPPCSPC", "SPPCSP", "ReOrg"),
        *("BottleneckCSP2", "VoVCSP", "RepNCSPELAN4", "ELAN1", "DDetect", "DualDDetect"),
        *("TripleDDetect", "DualDSegment", "Panoptic"),
    }
)
"""Blocks and heads of networks that have YOLOv5's keys, and no other size than the file's own."""
