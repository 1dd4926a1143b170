"""The array script of a study for SLURM, as text: one element trains one run."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.workspace.files import display

OPTIONS = ("partition", "gres", "time", "array-limit", "grace", "sbatch")
GRACE = 120  # seconds before its time limit at which a run is asked to stop
CHUNK = 1000  # elements of one array, at most: SLURM's own default allows 1,001
_MARGIN = 20  # seconds of it that are left for stopping without a checkpoint
_VALUE = re.compile(r"[\w@%+=:,./*()\[\]-]+")
_TEXT = """\
#!/bin/bash
{options}
# An element trains one run of the study, the one in its line of the list. It may be submitted and
# requeued again and again: a run goes on from its last checkpoint, and one that is done is left
# alone. Before its time limit it stops at a checkpoint and is queued again.
set -u
study={study}
run=$(sed -n "$((SLURM_ARRAY_TASK_ID + ${{1:-0}} + 1))p" {list})
[ -n "$run" ] || {{ echo "the list has no line $SLURM_ARRAY_TASK_ID"; exit 1; }}
exec >> "$study/runs/$run/job.log" 2>&1
echo "$(date -u +%FT%TZ) $run on $(hostname), job ${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"

limit=0
near_limit() {{
    limit=1
    : > "$study/runs/$run/stop"
    (sleep {wait}; kill -TERM "$child") 2> /dev/null &
}}
trap near_limit USR1
{python} -m yamlmod study run "$study" "$run" --wait &
child=$!
wait "$child"
code=$?
while kill -0 "$child" 2> /dev/null; do # a signal ends the wait, not what is waited for
    wait "$child"
    code=$?
done
if [ "$limit" = 1 ]; then
    echo "$(date -u +%FT%TZ) the time limit is near: queued again"
    # By its index: the job id of the last element is that of the array, and would requeue all.
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
"""


class SlurmOptions(NamedTuple):
    """What `sbatch` is told."""

    partition: str = ""
    gres: str = ""
    time: str = ""
    array_limit: int = 0
    grace: int = GRACE
    others: tuple[str, ...] = ()


def slurm_options(words: Mapping[str, str]) -> SlurmOptions:
    """Read the options of the command line. Raises Refusal for one that fits no script."""
    others = tuple(word for word in words.get("sbatch", "").split("\n") if word)
    for name in ("partition", "gres", "time"):
        value = words.get(name, "")
        if value and not _VALUE.fullmatch(value):
            raise Refusal("usage", f"--{name} is no word for sbatch: {value[:80]!r}")
    for word in others:
        if not re.match(r"-\S", word) or not word.isprintable():
            raise Refusal(
                "usage",
                f"--sbatch is given an option of sbatch, not {word[:80]!r}",
                hint="such as --sbatch=--account=lab; repeat it for another one",
            )
    grace = int(words.get("grace", GRACE))
    if grace <= _MARGIN:
        raise Refusal("usage", f"--grace is more than {_MARGIN} seconds, not {grace}")
    return SlurmOptions(
        words.get("partition", ""),
        words.get("gres", ""),
        words.get("time", ""),
        int(words.get("array-limit", 0)),
        grace,
        others,
    )


def array_script(folder: Path, name: str, runs_file: Path, count: int, how: SlurmOptions) -> str:
    """Return the script for the runs in a list, one a line; a first argument skips as many."""
    if re.search(r"""["'\\%$`\s]""", str(folder)):
        raise Refusal(
            "bad-folder",
            f"SLURM takes no folder with spaces, quotes, % or $ in its name: {display(folder)}",
            hint="plan the study in another folder",
        )
    label = re.sub(r"[^\w.-]", "-", name)[:60]
    options = [
        f"--job-name=yamlmod-{label}",
        arrays(count, how.array_limit)[0].option,
        *([f"--partition={how.partition}"] if how.partition else []),
        *([f"--gres={how.gres}"] if how.gres else []),
        *([f"--time={how.time}"] if how.time else []),
        f"--signal=B:USR1@{how.grace}",
        "--requeue",
        "--open-mode=append",
        f"--output={folder}/slurm/%A_%a.log",
        *how.others,
    ]
    return _TEXT.format(
        options="\n".join(f"#SBATCH {option}" for option in options),
        study=shlex.quote(str(folder)),
        list=shlex.quote(str(runs_file)),
        python=shlex.quote(sys.executable),
        wait=how.grace - _MARGIN,
    )


class Array(NamedTuple):
    """A part of a list that is one array: the words of `sbatch` for it."""

    start: int
    size: int
    limit: int

    @property
    def option(self) -> str:
        return f"--array=0-{self.size - 1}" + (f"%{self.limit}" if self.limit else "")


def arrays(count: int, limit: int, size: int = CHUNK) -> list[Array]:
    """Divide a list into arrays that SLURM takes."""
    return [Array(start, min(size, count - start), limit) for start in range(0, count, size)]
