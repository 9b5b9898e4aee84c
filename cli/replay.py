"""`asl replay`: run a machine on a recorded history, and tell where they part."""

from __future__ import annotations

import json
from pathlib import Path

import click

import asl

from . import given, placeholders, results, summary

SAME, DIVERGED = 0, 1


@click.command()
@click.argument("history", nargs=-1, required=True, metavar="HISTORY…")
@click.option(
    "--machine", "-m", type=click.Path(path_type=Path), required=True, help="The definition to run."
)
@click.option(
    "--mode",
    type=click.Choice(["strict", "shape", "tolerant"]),
    default="strict",
    show_default=True,
    help="What must be the same: every document; the path and the status; these, but for added Pass states.",
)
@placeholders.define
@placeholders.define_file
@click.option("--history", "made", metavar="FILE", help="Write the history that the replay makes there.")
@click.option("--output", type=click.Choice(["json", "text"]), default="text", help="The form of the answer.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors.")
def replay(
    history: tuple[str, ...],
    machine: Path,
    mode: str,
    define: dict[str, str],
    define_file: dict[str, str],
    made: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Replay the execution in HISTORY (several files: its pages; - for standard input) with a machine.

    HISTORY is what `aws stepfunctions get-execution-history` printed, or asl wrote. Answers of tasks, times, and what
    was drawn at random come from it; the definition runs, and the first divergence is told with its reason. Exit
    code: 0 the same, 1 a divergence, 2 what cannot be read or used.
    """
    loaded = results.load(machine, {**define_file, **define})
    done = asl.replay([given.history(file) for file in history], loaded, mode)
    if output == "json":
        click.echo(json.dumps(_shown(done), indent=2, ensure_ascii=False))
    elif done.divergence is None:
        click.echo(f"the same: {summary.count(len(done.recorded), 'event')}, {mode}")
    else:
        click.echo(str(done.divergence))
    if not quiet and done.taken and output == "text":
        states = ", ".join(dict.fromkeys(taken.state for taken in done.taken))
        click.echo(
            f"taken from the recording: parts of what {states} made (--output json tells which)", err=True
        )
    if made is not None:
        results.save(done.history, made)
    return SAME if done.same else DIVERGED


def _shown(done: asl.Replay) -> dict[str, object]:
    return {
        "same": done.same,
        "divergence": None if done.divergence is None else done.divergence.to_dict(),
        "taken": [
            {"path": each.path, "state": each.state, "field": each.field, "pointers": list(each.pointers)}
            for each in done.taken
        ],
    }
