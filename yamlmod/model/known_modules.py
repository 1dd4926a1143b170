"""What is known of the modules that YOLO families name in their YAMLs: channels and stride.

Facts read from the parse_model functions and constructors of YOLOv3 to v12, YOLOR, Scaled-YOLOv4,
RT-DETR and their forks. A module that is not here is unknown, and what depends on it is `?`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Kind(NamedTuple):
    """How parse_model derives a layer's output channels, and what the layer does to the stride.

    channels: `scaled` (args[0] times width), `same` (those of its input), `sum` (of its inputs),
    `first`, `last` (of its list), `arg0`, `arg1` (as they stand), `times4`, `contract`, `expand`,
    `resnet`, `half`, `many` (a list of tensors), `head` (none).
    stride: the factor by which the stride grows: a number, or `argK` (args[K], with ``default``),
    `upK` (divided by args[K]), `?` (not known).
    """

    channels: str
    stride: str = "1"
    default: int = 1


def template_kind(takes_channels: bool, arguments: Sequence[str]) -> Kind:
    """Return the kind of a registry module, by whether args[0] is its output channels."""
    if not takes_channels:
        return Kind("same")
    # The arguments of its manifest follow the channels.
    return Kind("scaled", f"arg{arguments.index('stride') + 1}" if "stride" in arguments else "1")


JOINS = frozenset({"sum", "first", "last"})
"""The channel rules of modules that exist to join several inputs."""


def _each(names: str, kind: Kind) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


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


KNOWN: Mapping[str, Kind] = {
    # args: [c2, kernel, stride, ...]
    **_each(
        "Conv DWConv GhostConv RepConv Conv2 LightConv MixConv2d RobustConv RobustConv2 "
        "RepConv_OREPA SCDown GSConv RepVGGBlock RepVGGBlockv6 GhostBottleneck CrossConv "
        "nn.Conv2d CBH ConvPlus DepthSepConv",
        Kind("scaled", "arg2"),
    ),
    **_each("nn.ConvTranspose2d DWConvTranspose2d ConvTranspose", Kind("scaled", "up2")),
    # args: [c2, ...], stride untouched
    **_each(
        "C3 C3TR C3SPP C3Ghost C3x C3HB C3STR C3C2 C1 C2 C2f C2fAttn C2fCIB C2fPSA C2PSA C3k C3k2 "
        "A2C2f RepC3 PSA Bottleneck BottleneckCSP BottleneckCSP2 BottleneckCSPA BottleneckCSPB "
        "BottleneckCSPC BottleneckCSPF CSPX SPP SPPF SPPCSP SPPCSPC SPPFCSPC GhostSPPCSPC SPPELAN "
        "SimSPPF ASPP RepNCSPELAN4 RepNCSP ELAN1 VoVCSP VoVGSCSP BoT3 CoT3 Res ResCSPA ResCSPB "
        "ResCSPC RepRes RepResCSPA RepResCSPB RepResCSPC ResX ResXCSPA ResXCSPB ResXCSPC RepResX "
        "RepResXCSPA RepResXCSPB RepResXCSPC RepBottleneck RepBottleneckCSPA RepBottleneckCSPB "
        "RepBottleneckCSPC Ghost GhostCSPA GhostCSPB GhostCSPC Ghost_CSPA STCSPA STCSPB STCSPC "
        "ST2CSPA ST2CSPB ST2CSPC SwinTransformerBlock SwinTransformer2Block C3SE C3CBAM C3ECA C3CA "
        "CNeB",
        Kind("scaled"),
    ),
    **_each("Focus AConv ADown DownC", Kind("scaled", "2")),
    **_each("StemBlock", Kind("scaled", "4")),
    **_each("Stem GhostStem", Kind("scaled", "2")),
    # channels as they are
    **_each(
        "nn.Identity nn.BatchNorm2d nn.SiLU nn.ReLU nn.Dropout nn.LeakyReLU Silence AIFI SP "
        "ImplicitA ImplicitM ImagePoolingAttn",
        Kind("same"),
    ),
    **_each("nn.Upsample", Kind("same", "up1")),
    **_each("nn.MaxPool2d nn.AvgPool2d", Kind("same", "arg1")),
    **_each("MP", Kind("same", "arg0", 2)),
    # attention layers that keep shape; in forks that list them with Conv the row says the same
    **dict.fromkeys(ATTENTION, Kind("same")),
    # several inputs
    **_each("Concat Chuncat", Kind("sum")),
    **_each("Shortcut Add Add2 Sum Weighted_Add BiFPN_Add2 BiFPN_Add3", Kind("first")),
    **_each("CBFuse", Kind("last", "last")),
    **_each("Foldcut", Kind("half")),
    # space and depth
    **_each("ReOrg", Kind("times4", "2")),
    **_each("space_to_depth SPD", Kind("times4", "2")),
    **_each("Contract", Kind("contract", "arg0", 2)),
    **_each("Expand", Kind("expand", "up0", 2)),
    # ultralytics
    **_each("HGStem", Kind("arg1", "4")),
    **_each("HGBlock", Kind("arg1")),
    **_each("ResNetLayer", Kind("resnet", "resnet")),
    **_each("CBLinear TorchVision", Kind("many")),
    # heads
    **_each(
        "Detect IDetect IAuxDetect IBin IKeypoint ISegment Segment DetectX DDetect DualDDetect "
        "TripleDDetect DualDetect DSegment Panoptic DualDSegment v10Detect RTDETRDecoder Classify "
        "Pose OBB WorldDetect YOLOEDetect YOLOESegment Segment26 Pose26 OBB26 YOLOESegment26 "
        "ASFF_Detect Decoupled_Detect EffDecHead Depth SemanticSegment",
        Kind("head"),
    ),
}
