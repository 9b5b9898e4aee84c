"""`asl test`: run the tests of state machines that stand in YAML files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .failure import Refusal, because

if TYPE_CHECKING:
    from asl.testing.suite import Outcome

_COLOURS = {"passed": "green", "failed": "red", "error": "red"}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[PATH…]")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", help="The form of the result.")
@click.option("--junit", metavar="FILE", help="Write the results there as JUnit XML.")
def test(paths: tuple[Path, ...], output: str, junit: str | None) -> int:
    """Run the tests in files named *.asl-test.yaml: those at PATH, or in folders at any depth, or here.

    Exit code: 0 all passed; 1 some failed; 2 there are none, or something cannot be used, read or written.
    """
    from asl.testing import cases, suite

    files = cases.find(paths or (Path(),))
    if not files:
        where = ", ".join(map(str, paths)) or "this folder"
        raise Refusal(f"there are no tests ({', '.join(cases.PATTERNS)}) in {where}")
    found: list[Outcome] = []
    for outcome in suite.outcomes(files):
        found.append(outcome)
        if output == "text" and not sys.stdout.isatty():
            _tell(outcome)
    if output == "json":
        click.echo(json.dumps(suite.to_dict(found), indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        from . import render

        render.tests(found)
        for outcome in found:
            if outcome.problems:
                _tell(outcome)
    if output == "text":
        _sum_up(found)
    if junit is not None:
        _write(junit, suite.junit(found))
    return 0 if all(outcome.result == suite.PASSED for outcome in found) else 1


def _tell(outcome: Outcome) -> None:
    line = "" if outcome.case is None else f":{outcome.case.line}"
    result = click.style(outcome.result, fg=_COLOURS[outcome.result])
    click.echo(f"{outcome.file}{line}: {outcome.name}: {result}")
    for problem in outcome.problems:
        click.echo(f"    {problem}")


def _sum_up(found: list[Outcome]) -> None:
    from asl.testing import suite

    told = ", ".join(f"{count} {name}" for name, count in suite.counts(found).items() if count)
    click.echo(f"{told} in {sum(each.seconds for each in found):.2f} s")


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Refusal(f"--junit: {because(problem, file)}") from problem
