"""The gallery: every module with its kind, cost, speed, usual places, row, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tools.site.pages import ROOT, Language
from tools.site.playground import words
from yamlmod import Model, load
from yamlmod.cli.module import module_data
from yamlmod.registry.catalogue import catalogue
from yamlmod.registry.template import Template

_BASE = ROOT / "examples" / "minifork" / "models" / "mini.yaml"
_SPEEDS = ROOT / "docs" / "benchmarks_modules.md"
_SHAPE = "256x40x40"
_TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Gallery of modules",
        "intro": "Every module of the registry: `yamlmod insert MODULE CFG` or `yamlmod replace "
        "MODULE CFG SEL` puts it into a network, the [playground]({playground}) does the same in "
        "the browser, and [Modules]({modules}) has arguments, paper and test results.\n\n"
        "Parameters and multiply-adds are those at 256 channels and 40x40 positions. Speed is how "
        "many times the module is faster than its paper's equations written down one by one, "
        "forward / forward and backward ([how it was measured]({speeds})). Places are those in "
        "public YAMLs, with the number of networks.",
        "head": "module | kind | year | parameters | million multiply-adds | speed",
        "kind": "Kind",
        "cost": "Cost: {parameters} parameters, {macs} million multiply-adds",
        "speed": "Speed: {speed}",
        "places": "Usual places: {places}",
        "none": "Usual places: none is known",
        "row": "Row after 256 channels: `{row}`",
        "more": "[Arguments, paper, tests]({link})",
        "figure": "{name}: {command}",
        "drawn": "Drawn: `{command}`",
    },
    "zh": {
        "title": "模块一览",
        "intro": "收录的全部模块：用 `yamlmod insert MODULE CFG` 或 "
        "`yamlmod replace MODULE CFG SEL` 放进网络，也可以在浏览器里用[在线检查]({playground})"
        "完成；参数、论文和测试结果见[模块页]({modules})。\n\n"
        "参数量和乘加次数按 256 通道、40x40 的特征图计算。"
        "速度是相对于逐条照写论文公式的实现快多少倍，依次为前向、前向加反向"
        "（[测量方法]({speeds})）。常见位置统计自公开的 YAML，括号内为网络个数。",
        "head": "模块 | 类别 | 年份 | 参数量 | 乘加（百万次） | 速度",
        "kind": "类别",
        "cost": "开销：{parameters} 个参数，{macs} 百万次乘加",
        "speed": "速度：{speed}",
        "places": "常见位置：{places}",
        "none": "常见位置：未统计到",
        "row": "输入 256 通道时的行：`{row}`",
        "more": "[参数、论文、测试]({link})",
        "figure": "{name}：{command}",
        "drawn": "图中的改动：`{command}`",
    },
}
_PLACES = (
    (r"before SPPF", "SPPF 之前"),
    (r"after SPPF", "SPPF 之后"),
    (r"before the head, (P\d)", r"检测头之前，\1"),
    (r"before the head", "检测头之前"),
    (r"in the neck, after (\w+)", r"颈部，\1 之后"),
    (r"in the backbone, after (\w+)", r"主干，\1 之后"),
)


class Placed(NamedTuple):
    """A network with a module in it, and the command that puts it there."""

    model: Model
    command: str


def write_gallery(docs: Path, language: Language, links: Mapping[str, str]) -> None:
    """Write gallery.md and its figures into the folder that Zensical reads."""
    (docs / "gallery.md").write_text(gallery_page(language, links), encoding="utf-8")
    figures = docs / "figures" / "gallery"
    figures.mkdir(parents=True)
    base = load(_BASE)
    for template in catalogue():
        figure = placed(template).model.draw(base=base, lang=language)
        (figures / f"{template.name}.svg").write_text(figure, encoding="utf-8")


def gallery_page(language: Language, links: Mapping[str, str]) -> str:
    """Return the page; ``links`` leads to playground, modules and speeds."""
    texts = _TEXTS[language]
    columns = texts["head"].split(" | ")
    lines = [f"# {texts['title']}", "", texts["intro"].format(**links), ""]
    lines += [f"| {texts['head']} |", f"|{'--|' * len(columns)}"]
    modules = [(template, module_data(template, 256)) for template in catalogue()]
    for template, data in modules:
        cost = cost_of(data)
        cells = (_kinds(template, language), template.paper["year"], *cost, _speed(template.name))
        link = f"[{template.name}](#{template.name.lower()})"
        lines.append(f"| {link} | {' | '.join(map(str, cells))} |")
    for template, data in modules:
        lines += _section(template, data, language, links)
    return "\n".join(lines) + "\n"


def _section(
    template: Template, data: dict[str, Any], language: Language, links: Mapping[str, str]
) -> list[str]:
    texts, command = _TEXTS[language], placed(template).command
    parameters, macs = cost_of(data)
    usual = data["usual_places"]
    named = [f"{_place(p, language)} ({n})" for p, n in (usual["places"] if usual else {}).items()]
    places = "; ".join(named).replace("; ", "；") if language == "zh" else "; ".join(named)
    colon = "：" if language == "zh" else ": "
    summary = template.summary
    if language == "zh":
        summary = f"{'、'.join(template.names_zh)}。{template.summary_zh}"
    return [
        f"\n## {template.name}\n",
        f"{summary}\n",
        f"- {texts['kind']}{colon}{_kinds(template, language)}, {template.paper['year']}",
        f"- {texts['cost'].format(parameters=parameters, macs=macs)}",
        f"- {texts['speed'].format(speed=_speed(template.name))}",
        f"- {texts['places'].format(places=places) if named else texts['none']}",
        f"- {texts['row'].format(row=data['row'])}",
        f"- {texts['more'].format(link=links['modules'] + '#' + template.name.lower())}",
        f"- {texts['drawn'].format(command=command)}\n",
        f"![{texts['figure'].format(name=template.name, command=command)}]"
        f"(figures/gallery/{template.name}.svg){{ loading=lazy }}",
    ]


def cost_of(data: dict[str, Any]) -> tuple[str, str]:
    """Return parameters and millions of multiply-adds, as the registry has measured them."""
    if data["parameters"] is None:
        return "-", "-"
    return f"{data['parameters']['256']:,}", f"{data['mmacs'][_SHAPE]:,}"


def _kinds(template: Template, language: Language) -> str:
    return " + ".join(words()[language][f"kind-{kind}"] for kind in template.kind)


def _place(place: str, language: Language) -> str:
    if language == "en":
        return place
    for pattern, chinese in _PLACES:
        if re.fullmatch(pattern, place):
            return re.sub(pattern, chinese, place)
    raise ValueError(f"no Chinese for the place {place!r}")


def _speed(name: str) -> str:
    return speeds().get(name, "-")


@cache
def speeds() -> dict[str, str]:
    """Return the measured speed of each module: forward / forward and backward."""
    part = _SPEEDS.read_text(encoding="utf-8").split("\n## Time\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines()]
    tables = [row for row in rows if len(row) > 2]
    column = tables[0].index(f"1x{_SHAPE}")
    return {row[0]: row[column] for row in tables[2:]}


def placed(template: Template) -> Placed:
    """Return a small YOLOv5 with the module where it usually goes, or takes a layer's place."""
    base, name = load(_BASE), template.name
    if template.rule == "level":
        edges = [f"{layer}:{len(base.layers) - 1}" for layer in base.layers[-1].reads]
        reads = [*reversed(base.layers[-1].reads)]
        model = base.insert(name, edge=edges, at_end=True, sources=reads)
        words = " ".join(f"--edge {edge}" for edge in edges)
        told = ",".join(map(str, reads))
        return Placed(model, f"yamlmod insert {name} mini.yaml {words} --at-end --from {told}")
    selector = _replaced(template)
    if selector:
        model = base.replace(selector, name)
        return Placed(model, f"yamlmod replace {name} mini.yaml {selector}")
    option, where = _position(template)
    model = base.insert(name, **{option: where})
    return Placed(model, f"yamlmod insert {name} mini.yaml --{option} {where}")


def _replaced(template: Template) -> str:
    """Return the layer whose place a module takes, nothing where it is inserted."""
    for kind, selector in (("upsample", "nn.Upsample#1"), ("downsample", "Conv#4"), ("block", "8")):
        if template.joins:
            return "Concat#1"
        if kind in template.kind:
            return selector
    return ""


def _position(template: Template) -> tuple[str, str]:
    from yamlmod.registry.usual_places import usual_places

    usual = usual_places(template)
    place = usual.places[0][0] if usual and usual.places else "before SPPF"
    level = re.fullmatch(r"before the head, (P\d)", place)
    if level:
        return "after", level[1]
    if place == "before the head":
        return "after", "P3"
    if place.startswith("in the neck"):
        return "after", "head.Conv#2" if place.endswith("Conv") else "head.C3#1"
    return ("before", "SPPF") if place == "before SPPF" else ("after", "SPPF")
