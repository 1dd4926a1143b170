"""The sentences that numbers are put into, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Words(NamedTuple):
    """One language, and the page of examples/evidence that its results go into."""

    page: str
    spread: str
    difference: str
    shown: str
    not_shown: str
    against: Mapping[str, str]
    seeds: str
    plots: Sequence[str]
    columns: Sequence[str]
    machine: str
    machine_of: str
    p_words: Mapping[str, str]  # what the report spells out, in this language
    total: str
    missing: str


ENGLISH = Words(
    page="page.md",
    spread="The base varies by {:.2f} points of mAP50-95 between {} seeds (standard deviation).",
    difference="{} against {}: {:+.2f} points (95 % interval {:+.2f} to {:+.2f}, corrected p "
    "{}): {}.",
    shown="a difference is shown",
    not_shown="no difference is shown",
    against={"base": "the base", "placebo": "its placebo"},
    seeds="Standard deviation between seeds: {:.2f} points with the fork's own seed, {:.2f} points "
    "with the lines of `--fix`.",
    plots=("Every seed's mAP50-95", "Learning curves"),
    columns=("study", "runs", "hours of training", "days", "hashes of the base"),
    machine="{}, {} cores, no GPU. {}.",
    machine_of="Machine of {}: {}",
    p_words={},
    total="| all | {} | {:.2f} | two at a time: {:.1f} hours | |",
    missing="Not measured yet.",
)
CHINESE = Words(
    page="page.zh-CN.md",
    spread="基线在 {1} 个种子之间的 mAP50-95 标准差为 {0:.2f} 个点。",
    difference="{} 与{}相比：{:+.2f} 个点（95 % 置信区间 {:+.2f} 到 {:+.2f}，校正后 p {}）：{}。",
    shown="显示出差异",
    not_shown="未显示出差异",
    against={"base": "基线", "placebo": "其安慰剂"},
    seeds="种子之间的标准差：使用 fork 自带的种子时为 {:.2f} 个点，"
    "加上 `--fix` 的代码行后为 {:.2f} 个点。",
    plots=("每个种子的 mAP50-95", "学习曲线"),
    columns=("实验", "训练次数", "训练小时", "日期", "基线的哈希"),
    machine="{}，{} 核，无 GPU。{}。",
    machine_of="{} 的机器：{}",
    p_words={"below 0.001": "小于 0.001", "just below 0.05": "略小于 0.05"},
    total="| 合计 | {} | {:.2f} | 同时两个：{:.1f} 小时 | |",
    missing="尚未测量。",
)
