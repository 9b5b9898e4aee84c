"""`asl redrive`: go on with a failed execution from the states that did not succeed."""

from __future__ import annotations

from pathlib import Path

import click

import asl

from . import given, placeholders, results, serving
from .failure import Refusal


@click.command()
@click.argument("history", nargs=-1, required=True, metavar="HISTORY…")
@click.option(
    "--machine", "-m", type=click.Path(path_type=Path), required=True, help="The definition, mended."
)
@click.option(
    "--task", "-t", multiple=True, metavar="NAME=MODULE:FUNCTION", help="Serves the tasks of that name."
)
@placeholders.define
@placeholders.define_file
@click.option("--at", metavar="TIME", help="When it is redriven; at the time of the last event without it.")
@click.option("--seed", type=int, default=0, help="Decides all that is random: UUIDs, numbers, jitter.")
@click.option("--history", "whole", metavar="FILE", help="Write the history there, with what was recorded.")
@click.option("--output", type=click.Choice(["json", "text"]), default="json", help="The form of the result.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors.")
def redrive(
    history: tuple[str, ...],
    machine: Path,
    task: tuple[str, ...],
    define: dict[str, str],
    define_file: dict[str, str],
    at: str | None,
    seed: int,
    whole: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Redrive the failed, aborted or timed-out execution in HISTORY (several files: its pages; - for stdin).

    As RedriveExecution does, but with the machine that is given: what succeeded is not run again, also in a Parallel or
    Map; what failed starts again on the same input. Tasks call Python functions, and CALLBACKS answer them, as in
    `asl run`. Exit code: 0 succeeded; 1 failed again, or still waiting; 2 what cannot be redriven, read or written.
    """
    placed = {**define_file, **define}
    loaded = results.load(machine, placed)
    found = serving.serving(str(machine), task, placed)
    machines = [loaded, *found.machines.values()]
    if task:
        given.fit(task, machines)
    if found.callbacks and not quiet:
        serving.warn(given.stray_callbacks(str(machine), found.callbacks, machines))
    moment = given.moment(at, "--at")
    try:
        result = asl.redrive(
            [given.history(file) for file in history], loaded, **found._asdict(), at=moment, seed=seed
        )
    except asl.UnservedCall as problem:
        raise Refusal(f"{problem}; {results.remedy(machine)}") from problem
    click.echo(results.as_json(result) if output == "json" else results.as_text(result))
    if not quiet:
        results.summarise(loaded, result, "virtual", given.tasks_file(machine))
    if whole is not None:
        results.save(result.history, whole)
    return 0 if result.status == "SUCCEEDED" else 1
