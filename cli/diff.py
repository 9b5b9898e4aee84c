"""`asl diff`: what two executions did differently."""

from __future__ import annotations

import json
from pathlib import Path

import click

from . import given, placeholders, results

SAME, DIFFERENT = 0, 1


@click.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--machine",
    "-m",
    type=click.Path(path_type=Path),
    help="The definition that both ran, to tell branches apart for sure.",
)
@placeholders.define
@placeholders.define_file
@click.option("--output", type=click.Choice(["json", "text"]), default="text", help="The form of the answer.")
def diff(
    a: str,
    b: str,
    machine: Path | None,
    define: dict[str, str],
    define_file: dict[str, str],
    output: str,
) -> int:
    """Compare the histories in the files A and B (one of them - for standard input).

    First where the paths differ, frame by frame; then, of the states that both went through, the documents that
    differ where the difference arises, by JSON pointers. Exit code: 0 the same, 1 different, 2 unreadable.
    """
    import asl

    program = None if machine is None else results.load(machine, {**define_file, **define}).program
    found = asl.diff(given.history(a), given.history(b), program)
    if output == "json":
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        click.echo(str(found) if not found.same else "the same")
    return SAME if found.same else DIFFERENT
