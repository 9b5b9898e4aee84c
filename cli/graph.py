"""`asl graph`: a state machine drawn, with a run laid over it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import placeholders
from .failure import Refusal

_FORMATS = ("mermaid", "dot", "svg", "html", "tree")
_OF_NAMES = {
    ".svg": "svg",
    ".html": "html",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".txt": "tree",
    "": "tree",
}
"""The formats that the names of files say."""


@click.command()
@click.argument("machine", type=click.Path(path_type=Path))
@click.option(
    "--format", "-f", "form", type=click.Choice(_FORMATS), help="Without it what --output says, else a tree."
)
@click.option("--history", metavar="FILE", help="Lay the execution in this file over the drawing.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file, such as a.svg.")
@placeholders.define
@placeholders.define_file
def graph(
    machine: Path,
    form: str | None,
    history: str | None,
    output: Path | None,
    define: dict[str, str],
    define_file: dict[str, str],
) -> None:
    """Draw the definition in the file MACHINE, whether `asl validate` finds errors in it or not.

    svg and html are files that need nothing outside them; they are laid out by Graphviz, which
    `pip install 'asl-interpreter[graph]'` brings. With --history, what the execution visited is in colour, with tries,
    times and errors. FILE is what `asl run --history` writes, or the output of
    `aws stepfunctions get-execution-history`.
    """
    if form is None and output is not None:
        form = _OF_NAMES.get(output.suffix.lower())
        if form is None:
            raise click.UsageError(f"--output {output}: the name says none of the formats; add --format.")
    from asl import graph, recorded, source

    model = graph.machine(source.read(machine, define={**define_file, **define}).document)
    if not model.states:
        raise Refusal(f"{machine}: there are no states to draw")
    marks = {} if history is None else graph.marks(model, recorded.read(history).history)
    if form is None and output is None and sys.stdout.isatty():
        from . import render

        render.tree(str(machine), graph.lines(model, marks))
        return
    drawn = (
        graph.html(model, marks, machine.name)
        if form == "html"
        else graph.FORMATS[form or "tree"](model, marks)
    )
    if output is None:
        click.echo(drawn, nl=False)
    else:
        output.write_text(drawn, encoding="utf-8")
