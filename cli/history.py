"""`asl history`: show what happened in an execution, from the file that holds its history."""

from __future__ import annotations

import click

from . import given, summary


@click.command()
@click.argument("file")
@click.option("--events", is_flag=True, help="Show every event, not one line for each state.")
@click.option("--json", "as_json", is_flag=True, help="Write it as get-execution-history gives it.")
def history(file: str, events: bool, as_json: bool) -> None:
    """Show the history in FILE (- for stdin): a table of the states with times, tries and errors.

    FILE is what `asl run --history` writes, or the output of `aws stepfunctions get-execution-history`.
    """
    from asl import recorded
    from asl.visits import visits

    found = recorded.read(given.history(file))
    if as_json:
        click.echo(found.history.to_json())
        return
    from . import render

    if events:
        render.events(found.history)
    else:
        render.visits(visits(found.history), found.history[0].at)
    click.echo(summary.of_history(found.history))
    for place in found.absent:
        click.echo(f"not in the file: {place}", err=True)
