"""Official networks with rows and references damaged at random: checked, and fixed.

    python -m tools.attack damaged_wiring --cases 20000 --seconds 1200 --seed 1

Damage is what no author means: references to nowhere, below or to the row itself, empty lists,
rows deleted, doubled or swapped, other modules. A check gives findings or a refusal; what is fixed
has the rows that were there (counted by PyYAML), and fixing it again changes nothing.
"""

from __future__ import annotations

import json
import random
import time
import traceback
from typing import Any

import yaml

from tools.attack.report import Budget, Report
from yamlmod.checks.apply_fixes import mend
from yamlmod.checks.run import Options, check_text
from yamlmod.errors import YamlmodError
from yamlmod.registry.official import OfficialGraph, official_graphs

CASES = 250
SECONDS = 12.0
_SLOW = 10.0  # seconds of CPU
_MODULES = ("Conv", "C3", "Concat", "nn.Upsample", "Detect", "SPPF", "Foo", "CBFuse", "CBLinear")
_OPTIONS = Options()
Row = list[Any]


def attack(budget: Budget) -> Report:
    """Damage networks until the budget is spent."""
    report, graphs, number = Report(), official_graphs(), 0
    while not budget.spent(number):
        rng = random.Random(f"{budget.seed}/{number}")
        text = _damaged(rng, rng.choice(graphs))
        start = time.process_time()
        outcome = try_text(text)
        if time.process_time() - start > _SLOW:
            outcome = f"WRONG: it took more than {_SLOW:g} s"
        if outcome.startswith("WRONG"):
            report.fail(f"seed {budget.seed} case {number}: {outcome}\n{text}")
        else:
            report.add(outcome)
        number += 1
    return report


def try_text(text: str) -> str:
    """Check and fix one text; return how it ended, beginning with WRONG where that must not be."""
    try:
        for finding in check_text(text, "model.yaml", _OPTIONS):
            finding.lines()
            finding.as_data()
        once = mend(text, "model.yaml", _OPTIONS, unsafe=True)
        again = mend(once.text, "model.yaml", _OPTIONS, unsafe=True)
    except YamlmodError as error:
        return f"refused, {error.code}" if error.exit_code == 2 else f"WRONG: {error.message}"
    except Exception:
        return f"WRONG: {traceback.format_exc(limit=-3)}"
    if _modules(once.text) != _modules(text):
        return f"WRONG: other rows after the fix\n{once.text}"
    if again.text != once.text:
        return "WRONG: a second fix changes something"
    return "fixed" if once.text != text else "nothing to fix"


def _modules(text: str) -> list[str]:
    data = yaml.safe_load(text)
    return [row[2] for part in ("backbone", "head") for row in data[part] or ()]


def _damaged(rng: random.Random, graph: OfficialGraph) -> str:
    rows: list[Row] = [[row.source, row.repeats, row.module, list(row.args)] for row in graph.rows]
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        _damage(rng, rows)
    first, last = rows[: graph.backbone], rows[graph.backbone :]
    return f"nc: 80\nanchors: 3\nbackbone:\n{_lines(first)}head:\n{_lines(last)}"


def _lines(rows: list[Row]) -> str:
    return "".join(f"  - {json.dumps(row)}\n" for row in rows)


def _damage(rng: random.Random, rows: list[Row]) -> None:
    place, kind = rng.randrange(len(rows)), rng.random()
    if kind < 0.5:
        rows[place] = [_source(rng, rows[place][0], len(rows)), *rows[place][1:]]
    elif kind < 0.65 and len(rows) > 1:
        del rows[place]
    elif kind < 0.8:
        rows.insert(place, rng.choice(rows))
    elif kind < 0.9:
        other = rng.randrange(len(rows))
        rows[place], rows[other] = rows[other], rows[place]
    else:
        rows[place] = [*rows[place][:2], rng.choice(_MODULES), rows[place][3]]


def _source(rng: random.Random, source: int | list[int], rows: int) -> int | list[int]:
    if not isinstance(source, list) or rng.random() < 0.2:
        return rng.choice(([_number(rng, rows), _number(rng, rows)], _number(rng, rows)))
    numbers = list(source)
    change = rng.random()
    if change < 0.15:
        return []
    if change < 0.3:
        numbers.append(_number(rng, rows))
    elif numbers:
        numbers[rng.randrange(len(numbers))] = _number(rng, rows)
    return numbers


def _number(rng: random.Random, rows: int) -> int:
    return rng.choice((-1, -2, -5, -30, 0, 99, *(rng.randrange(rows + 3) for _ in range(4))))
