"""Model YAMLs in every spelling met or imagined, for tables of input and output."""

from __future__ import annotations

# A small net in YOLOv5's form: skips, an upsample, a two-input head.
SMALL = """\
# a comment
nc: 4  # classes
depth_multiple: 0.33
width_multiple: 0.50
anchors:
  - [10,13, 16,30, 33,23]  # P3/8
  - [30,61, 62,45, 59,119]  # P4/16

backbone:
  # [from, number, module, args]
  [[-1, 1, Conv, [64, 6, 2, 2]],  # 0-P1/2
   [-1, 1, Conv, [128, 3, 2]],  # 1-P2/4
   [-1, 1, Conv, [256, 3, 2]],  # 2-P3/8
   [-1, 3, C3, [256]],
   [-1, 1, Conv, [512, 3, 2]],  # 4-P4/16
   [-1, 1, SPPF, [512, 5]],  # 5
  ]

# the head
head:
  [[-1, 1, Conv, [256, 1, 1]],
   [-1, 1, nn.Upsample, [None, 2, 'nearest']],
   [[-1, 3], 1, Concat, [1]],  # cat backbone P3
   [-1, 3, C3, [256, False]],  # 9 (P3/8-small)

   [-1, 1, Conv, [256, 3, 2]],
   [[-1, 6], 1, Concat, [1]],  # cat head P4
#  [-1, 3, C3, [512, True]],  # 12 an old row
   [-1, 3, C3, [512, False]],  # 12 (P4/16-medium)

   [[9, 12], 1, Detect, [nc, anchors]],  # Detect(P3, P4)
  ]
"""

_HEADER = "nc: 1\nanchors: 3\n"

# name -> (text, layer to insert behind, expected text): one spelling each.
SPELLINGS: dict[str, tuple[str, int, str]] = {
    "block list": (
        _HEADER + "backbone:\n  - [-1, 1, Conv, [8, 3, 2]]  # 0\n  - [-1, 1, C3, [8]]  # 1\n"
        "head:\n  - [[1], 1, Detect, [nc, anchors]]\n",
        0,
        _HEADER + "backbone:\n  - [-1, 1, Conv, [8, 3, 2]]  # 0\n  - [-1, 1, New, []]\n"
        "  - [-1, 1, C3, [8]]  # 2\nhead:\n  - [[2], 1, Detect, [nc, anchors]]\n",
    ),
    "spaces inside brackets": (
        _HEADER + "backbone:\n  [ [ -1, 1, Conv, [ 8, 3, 2 ] ],\n    [ -1, 1, C3, [ 8 ] ] ]\n"
        "head:\n  [ [ [ 1 ], 1, Detect, [ nc, anchors ] ] ]\n",
        0,
        _HEADER + "backbone:\n  [ [ -1, 1, Conv, [ 8, 3, 2 ] ],\n    [ -1, 1, New, [] ],\n"
        "    [ -1, 1, C3, [ 8 ] ] ]\nhead:\n  [ [ [ 2 ], 1, Detect, [ nc, anchors ] ] ]\n",
    ),
    "no spaces": (
        _HEADER + "backbone:\n  [[-1,1,Conv,[8,3,2]],\n   [-1,1,C3,[8]],]\n"
        "head: [[[1],1,Detect,[nc,anchors]]]\n",
        0,
        _HEADER + "backbone:\n  [[-1,1,Conv,[8,3,2]],\n   [-1,1,New,[]],\n   [-1,1,C3,[8]],]\n"
        "head: [[[2],1,Detect,[nc,anchors]]]\n",
    ),
    "the bracket on the key's line": (
        _HEADER + "backbone: [[-1, 1, Conv, [8, 3, 2]],  # 0\n"
        "           [-1, 1, C3, [8]]]  # 1\nhead: [[[1], 1, Detect, [nc, anchors]]]\n",
        1,
        _HEADER + "backbone: [[-1, 1, Conv, [8, 3, 2]],  # 0\n"
        "           [-1, 1, C3, [8]],  # 1\n           [-1, 1, New, []]]\n"
        "head: [[[2], 1, Detect, [nc, anchors]]]\n",
    ),
    "the bracket on a line of its own": (
        _HEADER + "backbone:\n  [\n    [-1, 1, Conv, [8, 3, 2]],\n    [-1, 1, C3, [8]]\n  ]\n"
        "head:\n  [\n    [[1], 1, Detect, [nc, anchors]]\n  ]\n",
        1,
        _HEADER + "backbone:\n  [\n    [-1, 1, Conv, [8, 3, 2]],\n    [-1, 1, C3, [8]],\n"
        "    [-1, 1, New, []]\n  ]\nhead:\n  [\n    [[2], 1, Detect, [nc, anchors]]\n  ]\n",
    ),
    "commas in front": (
        _HEADER + "backbone:\n  [ [-1, 1, Conv, [8, 3, 2]]  # 0\n  , [-1, 1, C3, [8]]  # 1\n  ]\n"
        "head:\n  [ [[1], 1, Detect, [nc, anchors]] ]\n",
        0,
        _HEADER + "backbone:\n  [ [-1, 1, Conv, [8, 3, 2]]  # 0\n  , [-1, 1, New, []]\n"
        "  , [-1, 1, C3, [8]]  # 2\n  ]\nhead:\n  [ [[2], 1, Detect, [nc, anchors]] ]\n",
    ),
    "two rows on a line": (
        _HEADER + "backbone:\n  [[-1, 1, Conv, [8, 3, 2]], [-1, 1, C3, [8]],\n"
        "   [-1, 1, C3, [8]]]\nhead:\n  [[[1, 2], 1, Detect, [nc, anchors]]]\n",
        0,
        _HEADER + "backbone:\n  [[-1, 1, Conv, [8, 3, 2]], [-1, 1, New, []], "
        "[-1, 1, C3, [8]],\n   [-1, 1, C3, [8]]]\nhead:\n  [[[2, 3], 1, Detect, [nc, anchors]]]\n",
    ),
    "a table on one line": (
        _HEADER + "backbone: [[-1, 1, Conv, [8, 3, 2]], [-1, 1, C3, [8]]]\n"
        "head: [[[1], 1, Detect, [nc, anchors]]]\n",
        1,
        _HEADER + "backbone: [[-1, 1, Conv, [8, 3, 2]], [-1, 1, C3, [8]], [-1, 1, New, []]]\n"
        "head: [[[2], 1, Detect, [nc, anchors]]]\n",
    ),
    "a row over several lines": (
        _HEADER + "backbone:\n  [[-1, 1, Conv,\n    [8, 3, 2]],  # 0\n   [-1, 1,\n    C3, [8]]]\n"
        "head:\n  [[[1], 1, Detect, [nc, anchors]]]\n",
        0,
        _HEADER + "backbone:\n  [[-1, 1, Conv,\n    [8, 3, 2]],  # 0\n   [-1, 1, New, []],\n"
        "   [-1, 1,\n    C3, [8]]]\nhead:\n  [[[2], 1, Detect, [nc, anchors]]]\n",
    ),
    "rows as block lists": (
        _HEADER + "backbone:\n  - - -1\n    - 1\n    - Conv\n    - [8, 3, 2]\n"
        "  - - -1\n    - 1\n    - C3\n    - - 8\nhead:\n  - - [1]\n    - 1\n    - Detect\n"
        "    - [nc, anchors]\n",
        0,
        _HEADER + "backbone:\n  - - -1\n    - 1\n    - Conv\n    - [8, 3, 2]\n"
        "  - [-1, 1, New, []]\n"
        "  - - -1\n    - 1\n    - C3\n    - - 8\nhead:\n  - - [2]\n    - 1\n    - Detect\n"
        "    - [nc, anchors]\n",
    ),
    "quoted names": (
        _HEADER + "backbone:\n  [[-1, 1, 'Conv', [8, 3, 2]],\n   [-1, 1, \"C3\", [8]]]\n"
        "head:\n  [[[1], 1, 'Detect', [nc, anchors]]]\n",
        0,
        _HEADER + "backbone:\n  [[-1, 1, 'Conv', [8, 3, 2]],\n   [-1, 1, New, []],\n"
        "   [-1, 1, \"C3\", [8]]]\nhead:\n  [[[2], 1, 'Detect', [nc, anchors]]]\n",
    ),
    "no final newline, block list": (
        _HEADER + "backbone:\n  - [-1, 1, Conv, [8, 3, 2]]\n  - [-1, 1, C3, [8]]\n"
        "head:\n  - [-1, 1, C3, [8]]\n  - [[1, 2], 1, Detect, [nc, anchors]]  # 3",
        2,
        _HEADER + "backbone:\n  - [-1, 1, Conv, [8, 3, 2]]\n  - [-1, 1, C3, [8]]\n"
        "head:\n  - [-1, 1, C3, [8]]\n  - [-1, 1, New, []]\n"
        "  - [[1, 3], 1, Detect, [nc, anchors]]  # 4",
    ),
    "tabs between the values": (
        _HEADER + "backbone:\n  [[-1,\t1, Conv,\t[8, 3, 2]],\n   [-1,\t1, C3,\t[8]]]\n"
        "head:\n  [[[1], 1, Detect, [nc, anchors]]]\n",
        0,
        _HEADER + "backbone:\n  [[-1,\t1, Conv,\t[8, 3, 2]],\n   [-1, 1, New, []],\n"
        "   [-1,\t1, C3,\t[8]]]\nhead:\n  [[[2], 1, Detect, [nc, anchors]]]\n",
    ),
    "CJK and emoji comments": (
        _HEADER + "# 主干 🚀\nbackbone:\n  [[-1, 1, Conv, [8, 3, 2]],  # 0 第一层\n"
        "   [-1, 1, C3, [8]],  # 1 修改\n  ]\nhead:\n  [[[1], 1, Detect, [nc, anchors]]]  # 检测\n",
        0,
        _HEADER + "# 主干 🚀\nbackbone:\n  [[-1, 1, Conv, [8, 3, 2]],  # 0 第一层\n"
        "   [-1, 1, New, []],\n   [-1, 1, C3, [8]],  # 2 修改\n  ]\n"
        "head:\n  [[[2], 1, Detect, [nc, anchors]]]  # 检测\n",
    ),
}
