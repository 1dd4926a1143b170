"""The words on a drawing, in English and Chinese."""

from __future__ import annotations

from yamlmod.picture.scene import Lang

_WORDS: dict[str, tuple[str, str]] = {
    "image": ("image", "输入图像"),
    "scale": ("scale {}", "规格 {}"),
    "layers": ("{} layers", "{} 层"),
    "channels": ("channels", "通道"),
    "legend": ("Legend", "图例"),
    "conv": ("convolution", "卷积"),
    "block": ("block", "模块"),
    "pool": ("pooling", "池化"),
    "attention": ("attention", "注意力"),
    "up": ("upsampling", "上采样"),
    "join": ("join", "拼接/相加"),
    "head": ("head", "检测头"),
    "other": ("other", "其他"),
    "group": ("folded layers", "折叠的层"),
    "added": ("added", "新增"),
    "removed": ("removed", "删除"),
    "replaced": ("replaced", "替换"),
    "moved": ("moved", "移动"),
    "changed": ("arguments changed", "参数改变"),
    "rewired": ("rewired", "改接"),
    "wrong": ("wrong connection", "错误连接"),
    "right": ("correct connection", "正确连接"),
    "dead": ("does not reach the head", "到不了检测头"),
    "error": ("error", "错误"),
    "warning": ("warning", "警告"),
    "note": ("note", "提示"),
    "before": ("before: {}", "修改前：{}"),
    "after": ("after: {}", "修改后：{}"),
    "was": ("was {}", "原为 {}"),
    "file order": (
        "Strides are not known: rows in file order (--repo reads them from a fork).",
        "步长未知：按文件顺序排列（--repo 可从代码库读取）。",
    ),
    "partly known": (
        "Some strides are not known: such a layer is below the one before it in the file.",
        "部分步长未知：这些层排在文件中前一层之后。",
    ),
    "assumed": (
        "Assumed to keep the stride: {} (--repo reads it from a fork).",
        "假定不改变步长：{}（--repo 可从代码库读取）。",
    ),
    "no differences": ("No differences.", "没有差异。"),
    "no findings": ("No findings.", "没有发现问题。"),
    "more": ("{} more", "另有 {} 条"),
    "stride": ("stride", "步长"),
    "reads": ("inputs", "输入"),
    "readers": ("used by", "被使用"),
    "args": ("args", "参数"),
    "module": ("module", "模块名"),
    "layer": ("layer", "层"),
    "number": ("n", "n"),
    "from": ("from", "from"),
    "finding": ("finding", "问题"),
    "unfold": ("Unfold all", "全部展开"),
    "fold": ("Fold", "折叠"),
    "show before": ("Before", "修改前"),
    "show after": ("After", "修改后"),
    "difference": ("Difference", "差异"),
    "fit": ("Fit", "适应窗口"),
    "zoom in": ("Zoom in", "放大"),
    "zoom out": ("Zoom out", "缩小"),
    "keys": (
        "Drag or arrow keys: move. Wheel or + and -: zoom. 0: fit. Tab: next layer. "
        "U: unfold all. B: before or after. Enter: open a folded group. Esc: close.",
        "拖动或方向键：移动；滚轮或 + -：缩放；0：适应窗口；Tab：下一层；U：全部展开；"
        "B：前后切换；Enter：展开一组；Esc：关闭。",
    ),
    "close": ("Close", "关闭"),
    "table": ("Layers", "各层"),
}


def words(name: str, lang: Lang, *values: object) -> str:
    """Return a text of the drawing in a language."""
    text = _WORDS[name][lang == "zh"]
    return text.format(*values) if values else text
