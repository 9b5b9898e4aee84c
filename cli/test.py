"""`asl test`: run the tests of state machines that stand in YAML files."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .failure import UNUSABLE, Refusal, because

if TYPE_CHECKING:
    from asl.testing.suite import Outcome

_COLOURS = {"passed": "green", "failed": "red", "error": "red"}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[PATH…]")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", help="The form of the result.")
@click.option("--junit", metavar="FILE", help="Write the results there as JUnit XML.")
@click.option(
    "--cov",
    is_flag=False,
    flag_value="",
    metavar="[GLOB]",
    help="Measure what the tests cover: of all machines that run, or of the files that GLOB names.",
)
@click.option(
    "--cov-report",
    multiple=True,
    metavar="FORM[:FILE]",
    help="term, html, json or lcov; may be given several times.",
)
@click.option("--cov-fail-under", type=float, metavar="PERCENT", help="Fail where less than that is covered.")
def test(
    paths: tuple[Path, ...],
    output: str,
    junit: str | None,
    cov: str | None,
    cov_report: tuple[str, ...],
    cov_fail_under: float | None,
) -> int:
    """Run the tests in files named *.asl-test.yaml: those at PATH, or in folders at any depth, or here.

    Exit code: 0 all passed; 1 some failed, or too little is covered; 2 some could not be run (an error), there are
    none, or something cannot be used, read or written.
    """
    if cov is None and (cov_report or cov_fail_under is not None):
        raise click.UsageError("--cov-report and --cov-fail-under are for --cov: add that.")
    from asl.testing import cases, suite

    files = cases.find(paths or (Path(),))
    if not files:
        where = ", ".join(map(str, paths)) or "this folder"
        raise Refusal(f"there are no tests ({', '.join(cases.PATTERNS)}) in {where}")
    found: list[Outcome] = []
    coverage = None if cov is None else _Coverage(cov, cov_report, cov_fail_under)
    with nullcontext() if coverage is None else coverage.found.watching():
        for outcome in suite.outcomes(files):
            found.append(outcome)
            if output == "text" and not sys.stdout.isatty():
                _tell(outcome)
    if output == "json":
        click.echo(json.dumps(suite.to_dict(found), indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        from . import render

        render.tests(found, _COLOURS)
        for outcome in found:
            if outcome.problems:
                _tell(outcome)
    if output == "text":
        _sum_up(found)
    if junit is not None:
        _write(junit, suite.junit(found), "--junit")
    enough = coverage is None or coverage.report(to_stderr=output == "json")
    number = suite.counts(found)
    if number[suite.ERROR]:
        return UNUSABLE
    return 0 if enough and not number[suite.FAILED] else 1


class _Coverage:
    """What `--cov` and the options beside it ask for."""

    def __init__(self, pattern: str, forms: tuple[str, ...], least: float | None) -> None:
        from asl.testing.coverage import Coverage, reports, selecting

        if (told := selecting.misfit(pattern, "--cov")) is not None:
            raise click.UsageError(told)
        self.found = Coverage()
        self.pattern = pattern
        self.forms = forms or ("term",)
        self.least = least
        for form in self.forms:
            if (told := reports.misfit(form)) is not None:
                raise click.UsageError(f"--cov-report {form}: {told}")

    def report(self, *, to_stderr: bool) -> bool:
        """Show and write the reports; False where too little is covered."""
        from asl.testing.coverage import reports

        def write(file: str, text: str) -> None:
            _write(file, text, "--cov-report")

        lines, is_enough = reports.report(self.found, self.pattern, self.forms, self.least, Path.cwd(), write)
        for line in ["", *lines] if "term" in self.forms else lines:
            click.echo(line, err=to_stderr)
        return is_enough


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


def _write(file: str, text: str, option: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Refusal(f"{option}: {because(problem, file)}") from problem
