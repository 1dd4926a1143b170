"""The Chinese page of the speed and memory of the modules, from the results on the English page."""

from __future__ import annotations

import re

_INTRO = """\
# 模块的速度与内存

[English](benchmarks_modules.md)

每个模板比直接照论文公式写出的实现快多少倍、峰值内存小多少倍；前向 / 前向+反向，float32。
大于 1 表示模板更快或更小。测量方法见 `benchmarks/modules.py`；成对测量的数字在括号中给出四分位数。

"""
_CLOCKS = {"wall time": "实际用时", "processor time of all threads": "全部线程的处理器时间"}
_TITLES = {"Time": "时间", "Peak memory": "峰值内存"}
_MACHINE = re.compile(r"^Machine: (.*)\. Time is ([^.]*)\.(?: Measured on (.*)\.)?$", re.MULTILINE)
_APART = re.compile(r"^Rows measured apart, by (.*): (.*)\.$", re.MULTILINE)


def speeds_page(note: str, english: str) -> str:
    """Return the page docs/benchmarks_modules.zh-CN.md."""
    head, *tables = english.split("\n## ")
    text = note + _INTRO
    for machine, clock, day in _MACHINE.findall(head):
        processor, _, rest = machine.partition(", ")
        counts = re.sub(r"(\d+) cores, (\d+) threads", r"\1 核，\2 线程", rest).replace(", ", "，")
        measured = f"测量日期：{day}。" if day else ""
        text += f"机器：{processor}，{counts}。时间为{_CLOCKS[clock]}。{measured}\n"
    for clock, names in _APART.findall(head):
        text += f"单独测量、按{_CLOCKS[clock]}计的行：{names.replace(', ', '、')}。\n"
    for table in tables:
        title, _, rows = table.partition("\n")
        rows = rows.replace("| module |", "| 模块 |").replace(" refused ", " 拒绝 ")
        text += f"\n## {_TITLES[title]}\n{rows.rstrip()}\n"
    return text


def english_intro(english: str) -> str:
    """Return what the Chinese page has in words of its own: the text before the machine."""
    return english.partition("\nMachine: ")[0]
