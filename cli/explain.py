"""`asl explain`: why a run went as it did, state by state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import asl
from asl.values import Json, to_json

from . import given, placeholders, results

if TYPE_CHECKING:
    from asl.inspection import Explanation

_LONGEST = 160
"""Characters that are shown of a document; `--json` shows it whole."""

_COLOURS = {"FAILED": "red", "ABORTED": "red", "CAUGHT_ERROR": "yellow", "RETRIABLE": "yellow"}


@click.command()
@click.argument("history")
@click.option(
    "--machine", "-m", type=click.Path(path_type=Path), required=True, help="The definition that ran."
)
@click.option("--state", "-s", metavar="NAME", help="Only the visits of this state.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@placeholders.define
@placeholders.define_file
def explain(
    history: str,
    machine: Path,
    state: str | None,
    as_json: bool,
    define: dict[str, str],
    define_file: dict[str, str],
) -> int:
    """Explain the execution in the file HISTORY (- for stdin), from get-execution-history or asl.

    Shows for every visit of a state each stage of its data flow, by the names of TestState's inspectionData, and what
    decided: which Choice rule matched and the values that it read, which Retrier or Catcher took an error, which
    field ResultPath replaced, which variables were assigned.
    """
    loaded = results.load(machine, {**define_file, **define})
    explanations = asl.explain(given.history(history), loaded, state)
    if as_json:
        shown: list[Any] = [each.to_dict() for each in explanations]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        show(explanations)
    return 0


def show(explanations: Sequence[Explanation], *, err: bool = False) -> None:
    """Print explanations for people, to stdout or stderr."""
    if not explanations:
        click.echo("the run did not come to it", err=err)
    for number, each in enumerate(explanations):
        if number:
            click.echo(err=err)
        for line in _lines(each):
            click.echo(line, err=err)


def _lines(explanation: Explanation) -> Iterator[str]:
    """One visit: what it was, its stages, what decided."""
    where = "" if explanation.path == "/" else f" in {explanation.path}"
    again = f", visit {explanation.visit}" if explanation.visit > 1 else ""
    name = click.style(explanation.state, bold=True, fg=_COLOURS.get(explanation.status))
    ended = explanation.status
    if explanation.error is not None:
        ended += f" {explanation.error}"
    if explanation.next is not None:
        ended += f" → {explanation.next}"
    yield f"{name} ({explanation.type}){where}{again}, event {explanation.event}: {ended}"
    if explanation.cause:
        yield f"  {_cut(explanation.cause)}"
    width = max(map(len, explanation.stages))
    seen: dict[str, Json] = {}
    for stage, value in explanation.stages.items():
        # What a stage leaves as it was is said by the name of the stage before, not told again.
        same = next((each for each, earlier in seen.items() if earlier is value and stage != each), None)
        yield f"  {stage:{width}}  " + (f"= {same}" if same and _is_long(value) else _cut(to_json(value)))
        seen.setdefault(stage, value)
    for sentence in explanation.why:
        yield f"  {click.style('·', dim=True)} {sentence}"


def _is_long(value: Json) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _cut(text: str) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"
