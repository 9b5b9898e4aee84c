"""What the commands that run a machine share: loading it, the result on stdout, the summary on stderr."""

from __future__ import annotations

import json
import sys
from textwrap import indent
from typing import TYPE_CHECKING

import click

import asl

from . import given, summary
from .failure import Refusal, because

if TYPE_CHECKING:
    from pathlib import Path


def load(machine: str | Path, define: dict[str, str]) -> asl.StateMachine:
    """The machine in a file."""
    try:
        return asl.load(machine, define=define)
    except asl.DefinitionError as problem:
        raise Refusal(f"{machine} cannot be run:\n{indent(str(problem), '  ')}") from problem


def remedy(machine: str | Path) -> str:
    """What to do about a task that nothing serves."""
    return (
        f"add --task 'NAME=module:function', or a function to {given.tasks_file(machine)}, "
        "where NAME is the state, the resource or the function in its ARN"
    )


def as_json(result: asl.Result) -> str:
    """The result as an object: its status, and its output or its error and cause."""
    shown: dict[str, asl.Json] = {"status": result.status}
    if result.status == "SUCCEEDED":
        shown["output"] = result.output
    else:
        shown |= {key: text for key, text in _blame(result) if text is not None}
    return json.dumps(shown, indent=2, ensure_ascii=False)


def as_text(result: asl.Result) -> str:
    """The result for people: the status, the output or the error, the states in the order entered."""
    lines = [result.status]
    if result.status == "SUCCEEDED":
        lines.append(json.dumps(result.output, indent=2, ensure_ascii=False))
    else:
        lines += [f"{key}: {text}" for key, text in _blame(result) if text is not None]
    return "\n".join([*lines, "path: " + " → ".join(result.path)])


def _blame(result: asl.Result) -> list[tuple[str, str | None]]:
    return [("error", result.error), ("cause", result.cause)]


def summarise(
    machine: asl.StateMachine, result: asl.Result, clock: str, callbacks: str | None = None
) -> None:
    """On stderr: a table where a person watches, one line anywhere else. `callbacks` is the file that may tell what
    comes for task tokens."""
    if sys.stderr.isatty():
        from . import render

        render.visits(result.visits, result.history[0].at, stderr=True)
    click.echo(f"{machine.name}: {summary.of_history(result.history, clock)}", err=True)
    for run in result.map_runs:
        click.echo(summary.of_map_run(run, result.history), err=True)
    for call in result.execution.calls.values():
        told = f"{call.path} {call.state}: still waits for the answer of {call.resource}"
        if callbacks and call.resource.endswith(".waitForTaskToken"):
            told += f"; CALLBACKS in {callbacks} can give it"
        click.echo(told, err=True)


def save(history: asl.History, file: str) -> None:
    """Write the history where `--history` says."""
    try:
        history.save(file)
    except OSError as problem:
        raise Refusal(
            f"--history: the history could not be written whole: {because(problem, file)}"
        ) from problem
