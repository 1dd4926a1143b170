"""The Chinese pages of the modules' speed and memory, from the English ones with the results."""

from __future__ import annotations

import re
from pathlib import Path

_CLOCKS = {"wall time": "实际用时", "processor time of all threads": "全部线程的处理器时间"}
_TITLES = {"Time": "时间", "Peak memory": "峰值内存"}
_TYPES = re.compile(r"forward / forward\+backward, (.*?)\. Above 1")
_MACHINE = re.compile(r"^Machine: (.*)\. Time is ([^.]*)\.(?: Measured on (\S+)\.)?$", re.MULTILINE)
_APART = re.compile(r"^Rows measured apart, by (.*): (.*)\.$", re.MULTILINE)


def speeds_pages(note: str, docs: Path) -> dict[str, str]:
    """Return the Chinese page by its name, for each English one that is in docs/."""
    texts = {path.stem: path.read_text("utf-8") for path in docs.glob("benchmarks_modules*.md")}
    return {
        f"{stem}.zh-CN.md": speeds_page(note, english, f"{stem}.md")
        for stem, english in sorted(texts.items())
        if not stem.endswith(".zh-CN")
    }


def speeds_page(note: str, english: str, name: str) -> str:
    """Return the Chinese page of an English one of this name."""
    head, *tables = english.split("\n## ")
    gpu = "（GPU）" if "of the modules on a GPU" in head else ""
    types = "、".join(_TYPES.findall(head)[0].split(" and "))
    text = f"{note}# 模块的速度与内存{gpu}\n\n[English]({name})\n\n"
    text += "每个模板比直接照论文公式写出的实现快多少倍、峰值内存小多少倍；"
    text += f"前向 / 前向+反向，{types}。\n大于 1 表示模板更快或更小。"
    text += "成对测量的，括号内是四分位数。" if "in brackets" in head else ""
    text += "测量方法见 `benchmarks/modules.py`。\n\n"
    for machine, clock, date in _MACHINE.findall(head):
        cores = re.sub(r"(\d+) cores, (\d+) threads", r"\1 核，\2 线程", machine)
        text += f"机器：{cores.replace(', ', '，')}。时间为{_CLOCKS[clock]}。"
        text += f"测量日期 {date}。\n" if date else "\n"
    for clock, names in _APART.findall(head):
        text += f"单独测量、按{_CLOCKS[clock]}计的行：{names.replace(', ', '、')}。\n"
    for table in tables:
        title, _, rows = table.partition("\n")
        kind, _, dtype = title.partition(", ")
        rows = rows.replace("| module |", "| 模块 |").replace(" refused ", " 拒绝 ")
        text += f"\n## {_TITLES[kind]}{dtype and '，'}{dtype}\n{rows.rstrip()}\n"
    return text


def english_intro(english: str) -> str:
    """Return what the Chinese page has in words of its own: the text before the machine."""
    return english.partition("\nMachine: ")[0]
