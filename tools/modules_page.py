"""The page of all modules, in English and Chinese, from what `info` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from yamlmod.registry.measured import BADGES

_ENGLISH: Mapping[str, str] = {
    "suffix": "",
    "title": "# Modules\n\n",
    "other": "[中文](modules.zh-CN.md)\n\n",
    "intro": "Badges are test results, measured by `python -m tools.badges`:\n\n",
    "head": "| module | rule | row | badges | paper | also called |",
    "unmeasured": "not measured",
    "all": "all",
    "all but": "all but {names}",
    "kind official": "official",
    "kind port": "a port by others",
    "kind none": "none was published",
    "no licence": "no licence stated",
    "licence": "licence {name}",
    "interface": "- Interface of: <{url}> ({kind}, {licence}){variant}",
    "variant": "; {text}",
    "channels": "- Channels: {text}",
    "refused": "- Refused channels: {text}",
    "parameters": "- Parameters: {counts} channels",
    "count": "{count:,} at {at}",
    "macs": "- Multiply-adds (convolutions, matrix products): {counts}",
    "million": "{count:,} million at {at}",
    "badges": "- Badges: {names}",
    "limit": "- No {name}: {reason}",
    "weights": "- Published weights: {text}",
    "other code": "- {alias} elsewhere: {note}",
    "fp16": "- Largest error in float16: {errors}",
    "error": "{error:.2%} at standard deviation {spread}",
    "elsewhere": " In published code: {text}.",
    "identity": "- Identity start: fill {fills}",
    "paper": "- Paper: [{title}]({url}), {venue} {year}",
    "row": "- Row: `{row}` after 64 channels; needs {needs}",
    "code": "- Code: `templates/{file}`, version {version}",
    "registered": "- Registered by:\n",
    "arguments": "| argument | type | default | meaning |",
    "or none": " or None",
    "wild": "| args in published YAMLs | what they mean here | write |",
}
_CHINESE: Mapping[str, str] = {
    "suffix": "_zh",
    "title": "# 模块\n\n",
    "other": "[English](modules.md)\n\n",
    "intro": "badge 是 `python -m tools.badges` 测得的结果：\n\n",
    "head": "| 模块 | 规则 | 行 | badge | 论文 | 别名 |",
    "unmeasured": "未测",
    "all": "全部",
    "all but": "除 {names} 外全部",
    "kind official": "官方",
    "kind port": "他人移植",
    "kind none": "没有公开的实现",
    "no licence": "未注明许可证",
    "licence": "许可证 {name}",
    "interface": "- 接口依据：<{url}>（{kind}，{licence}）{variant}",
    "variant": "；{text}",
    "channels": "- 通道数：{text}",
    "refused": "- 不接受的通道数：{text}",
    "parameters": "- 参数量：{counts}（通道数）",
    "count": "{count:,} / {at}",
    "macs": "- 乘加次数（卷积与矩阵乘法，百万次）：{counts}",
    "million": "{count:,} / {at}",
    "badges": "- badge：{names}",
    "limit": "- 没有 {name}：{reason}",
    "weights": "- 公开的权重：{text}",
    "other code": "- 别处的 {alias}：{note}",
    "fp16": "- float16 的最大误差：{errors}",
    "error": "{error:.2%}（标准差 {spread}）",
    "elsewhere": "公开代码中：{text}。",
    "identity": "- 恒等初始化：填入 {fills}",
    "paper": "- 论文：[{title}]({url})，{venue} {year}",
    "row": "- 输入 64 通道时的行：`{row}`；需要 {needs}",
    "code": "- 代码：`templates/{file}`，版本 {version}",
    "registered": "- 登记方式：\n",
    "arguments": "| 参数 | 类型 | 默认值 | 含义 |",
    "or none": " 或 None",
    "wild": "| 公开 YAML 中的参数 | 在这里的含义 | 应写成 |",
}
_BADGES_ZH = {
    "fp16": "CPU 上的 float16，标准差为 1 和 8 的特征图与 float64 的误差在 1 % 以内",
    "bf16": "CPU 上的 bfloat16",
    "onnx": "ONNX opset 12 和 17（TorchScript 导出）、18 及更高（dynamo 导出），误差 1e-4",
    "dynamic": "任一导出器的一个 ONNX 文件可用于多种尺寸",
    "deterministic": "可以在 torch.use_deterministic_algorithms 下训练",
    "trace": "torch.jit.trace，且 trace 可用于其他尺寸",
    "script": "torch.jit.script",
    "compile": "torch.compile",
    "compile_dynamic": "torch.compile，所有尺寸共用一个图（后端 aot_eager）",
    "export": "torch.export，边长可变，也可以使用具名维度",
    "fx": "torch.fx.symbolic_trace，且图可用于其他尺寸",
    "quantize": "线性层的动态量化，误差在 10 % 以内",
    "channels_last": "保持 channels_last 特征图的内存布局",
    "identity": "可以从恒等映射开始",
}


def modules_pages(note: str, modules: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the page in both languages by its name in docs/."""
    return {
        "modules.md": _page(note, modules, _ENGLISH, BADGES),
        "modules.zh-CN.md": _page(note, modules, _CHINESE, _BADGES_ZH),
    }


def _page(
    note: str,
    modules: Sequence[dict[str, Any]],
    words: Mapping[str, str],
    badges: Mapping[str, str],
) -> str:
    colon = "：" if words is _CHINESE else ": "
    text = note + words["title"] + words["other"] + words["intro"]
    text += "".join(f"- `{name}`{colon}{badges[name]}\n" for name in BADGES)
    text += f"\n{words['head']}\n|--|--|--|--|--|--|\n"
    for module in modules:
        paper = module["paper"]
        text += (
            f"| [{module['name']}](#{module['name'].lower()}) | {module['rule']} "
            f"| `{module['row']}` | {_badges(module, words)} | {paper['venue']} {paper['year']} "
            f"| {', '.join(module['aliases']) or '-'} |\n"
        )
    return text + "".join(_module(module, words) for module in modules)


def _badges(module: dict[str, Any], words: Mapping[str, str]) -> str:
    if module["badges"] is None:
        return words["unmeasured"]
    missing = [name for name, held in module["badges"].items() if not held]
    return words["all but"].format(names=", ".join(missing)) if missing else words["all"]


def _facts(module: dict[str, Any], words: Mapping[str, str]) -> list[str]:
    """Reference, cost and badges, a line each."""
    told, channels, suffix = module["reference"], module["channels"], words["suffix"]
    none = told["licence"] == "none"
    licence = words["no licence"] if none else words["licence"].format(name=told["licence"])
    variant = told[f"variant{suffix}"]
    variant = words["variant"].format(text=variant) if variant else ""
    kind = words[f"kind {told['kind']}"]
    facts = {"url": told["url"], "kind": kind, "licence": licence, "variant": variant}
    lines = [words["interface"].format(**facts)]
    if told["weights"]:
        lines.append(words["weights"].format(text=told[f"weights{suffix}"]))
    other = module[f"other_code{suffix}"].items()
    lines += [words["other code"].format(alias=alias, note=note) for alias, note in other]
    if channels["rule"]:
        lines.append(words["channels"].format(text=channels[f"rule{suffix}"]))
    if channels["refused"]:
        lines.append(words["refused"].format(text=", ".join(map(str, channels["refused"]))))
    if module["badges"] is not None:
        for key, one, counts in (
            ("parameters", "count", module["parameters"]),
            ("macs", "million", module["mmacs"]),
        ):
            texts = [words[one].format(count=count, at=at) for at, count in counts.items()]
            lines.append(words[key].format(counts=", ".join(texts)))
        held = [name for name, is_held in module["badges"].items() if is_held]
        lines.append(words["badges"].format(names=", ".join(held)))
        errors = module["fp16_error"].items()
        if errors:
            texts = [words["error"].format(error=e, spread=spread) for spread, e in errors]
            lines.append(words["fp16"].format(errors=", ".join(texts)))
    limits = module[f"limits{suffix}"].items()
    lines += [words["limit"].format(name=name, reason=reason) for name, reason in limits]
    if module["identity"]:
        fills = ", ".join(f"`{key}` = {value:g}" for key, value in module["identity"].items())
        lines.append(words["identity"].format(fills=fills))
    return lines


def _module(module: dict[str, Any], words: Mapping[str, str]) -> str:
    needs = [f"Python {module['python']}", f"torch {module['torch']}", *module["requirements"]]
    english = f"{module['summary']}\n\n" if words is _ENGLISH else ""
    lines = [
        f"\n## {module['name']}\n",
        f"{english}{'、'.join(module['names_zh'])}。{module['summary_zh']}\n",
        words["paper"].format(**module["paper"]),
        *_facts(module, words),
        words["row"].format(row=module["row"], needs=", ".join(needs)),
        words["code"].format(file=module["file"], version=module["version"]),
        words["registered"],
        "```python",
        module["branch"].rstrip(),
        "```\n",
    ]
    if module["arguments"]:
        lines += [words["arguments"], "|--|--|--|--|"]
        for item in module["arguments"]:
            kind = item["type"] + (words["or none"] if item["optional"] else "")
            doc = item[f"doc{words['suffix']}"]
            elsewhere = item.get(f"elsewhere{words['suffix']}")
            doc += words["elsewhere"].format(text=elsewhere) if elsewhere else ""
            lines.append(f"| {item['name']} | {kind} | `{item['default']}` | {doc} |")
    if module["wild"]:
        lines += ["", words["wild"], "|--|--|--|"]
        for row in module["wild"]:
            meaning = row[f"meaning{words['suffix']}"]
            lines.append(f"| `{row['args']}` | {meaning} | `{row['write']}` |")
    return "\n".join(lines) + "\n"
