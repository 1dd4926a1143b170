"""Options of `study` that several of its commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from yamlmod.cli.bundle import Bundle


class SlurmWords(Bundle):
    """What `sbatch` is told."""

    partition: Annotated[
        str,
        typer.Option("--partition", metavar="P", show_default=False, help="SLURM: the partition."),
    ] = ""
    gres: Annotated[
        str,
        typer.Option(
            "--gres", metavar="gpu:1", show_default=False, help="SLURM: the GPUs of one run."
        ),
    ] = ""
    time: Annotated[
        str,
        typer.Option(
            "--time",
            metavar="08:00:00",
            show_default=False,
            help="SLURM: the time limit of one job. A run that needs longer is queued again.",
        ),
    ] = ""
    array_limit: Annotated[
        int | None,
        typer.Option(
            "--array-limit",
            metavar="N",
            min=1,
            show_default=False,
            help="SLURM: runs at once, at most.",
        ),
    ] = None
    grace: Annotated[
        int | None,
        typer.Option(
            "--grace",
            metavar="SECONDS",
            min=30,
            show_default=False,
            help="SLURM: when a run is asked to stop, before the time limit: longer than an "
            "epoch takes. Default: 120.",
        ),
    ] = None
    sbatch: Annotated[
        list[str] | None,
        typer.Option(
            "--sbatch",
            metavar="OPTION",
            show_default=False,
            help="SLURM: another option, such as --sbatch=--account=lab. Can be repeated.",
        ),
    ] = None

    def words(self) -> dict[str, str]:
        """Return those that were given, by their names."""
        given = {
            "partition": self.partition,
            "gres": self.gres,
            "time": self.time,
            "array-limit": str(self.array_limit or ""),
            "grace": str(self.grace or ""),
            "sbatch": "\n".join(self.sbatch or []),
        }
        return {name: value for name, value in given.items() if value}


class EngineWords(SlurmWords):
    """Which engine starts the trainings, and what it is told."""

    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            metavar="NAME",
            help="Who starts the trainings: pool (this machine), dask, slurm, or an engine of "
            "another package.",
        ),
    ] = "pool"
    scheduler: Annotated[
        str,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            show_default=False,
            help="Dask: the scheduler, such as tls://node1:8786.",
        ),
    ] = ""
    scheduler_file: Annotated[
        str,
        typer.Option(
            "--scheduler-file",
            metavar="FILE",
            show_default=False,
            help="Dask: the file that the scheduler wrote.",
        ),
    ] = ""

    def words(self) -> dict[str, str]:
        given = {"scheduler": self.scheduler, "scheduler-file": self.scheduler_file}
        return {name: value for name, value in given.items() if value} | super().words()
