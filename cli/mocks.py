"""`asl mocks`: write the beginning of a test, from a definition or from the history of an execution."""

from __future__ import annotations

import json
from pathlib import Path

import click

import asl

from . import given, placeholders, results

_SKELETON = "A first test: fill in the input, what the Tasks answer, and what is to come of it."
_PLACE = "machine.asl.json"


@click.command()
@click.argument("machine", type=click.Path(path_type=Path), required=False)
@click.option("--from-history", "history", metavar="FILE", help="The history to make a test of; - for stdin.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "config"]),
    default="yaml",
    help="A test for asl test, or a MockConfigFile.json.",
)
@placeholders.define
@placeholders.define_file
def mocks(
    machine: Path | None, history: str | None, form: str, define: dict[str, str], define_file: dict[str, str]
) -> int:
    """Write a test of the definition in the file MACHINE to stdout.

    It has an answer for every Task, to be filled in. With --from-history it has what the Tasks answered in a recorded
    execution, its input, and the path and the result that it came to: `asl test` then goes the same way again. FILE is
    what `asl run --history` writes, or the output of `aws stepfunctions get-execution-history`.
    """
    if machine is None and history is None:
        raise click.UsageError("Name a definition, or a history with --from-history, or both.")
    values = {**define_file, **define}
    loaded = None if machine is None else results.load(machine, values)
    if history is not None:
        if form != "yaml":
            raise click.UsageError("A history gives a test (--format yaml), with its input and its path.")
        _from_history(history, machine, loaded, values)
        return 0
    assert machine is not None and loaded is not None
    from asl.testing import skeleton, writing

    if form == "config":
        click.echo(json.dumps(skeleton.config_of(loaded.program, loaded.name), indent=2, ensure_ascii=False))
    else:
        test = skeleton.test_of(loaded.program)
        click.echo(writing.test_file(machine.as_posix(), "happy path", test, _SKELETON, values), nl=False)
    return 0


def _from_history(
    file: str, machine: Path | None, loaded: asl.StateMachine | None, define: dict[str, str]
) -> None:
    from asl.testing import load, recording, writing

    test, notes = recording.test_of(given.history(file), None if loaded is None else load(loaded))
    name = "recorded" if file == "-" else Path(file).name.split(".")[0]
    heading = "What was recorded of an execution: its input, what its Tasks answered, and what came of it."
    place = _PLACE if machine is None else machine.as_posix()
    click.echo(writing.test_file(place, name, test, heading, define), nl=False)
    if machine is None:
        click.echo(
            f"write the place of the definition for {_PLACE}, or name it: asl mocks MACHINE …", err=True
        )
    for note in notes:
        click.echo(note, err=True)
