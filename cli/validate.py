"""`asl validate`: check state machine definitions, for people and for machines that read what it says."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

import asl

from . import placeholders

VALID, INVALID, UNREADABLE = 0, 1, 2
DEFINITIONS = ("*.asl.json", "*.asl.yaml", "*.asl.yml", "*.asl")
"""The files that are taken from a folder: the names that AWS's toolkits know."""


class Report(NamedTuple):
    """What was found in one file: its problems, or why it could not be read."""

    file: str
    problems: tuple[asl.Problem, ...] = ()
    unreadable: str | None = None

    @property
    def is_valid(self) -> bool:
        return self.unreadable is None and all(problem.severity != "ERROR" for problem in self.problems)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="For people, for programs, for code scanning, or as GitHub's annotations.",
)
@placeholders.define
@placeholders.define_file
@click.option(
    "--type",
    "type_",
    type=click.Choice(["STANDARD", "EXPRESS"], case_sensitive=False),
    default="STANDARD",
    show_default=True,
    help="The type of machine that they are meant for.",
)
@click.option(
    "--severity",
    type=click.Choice(["ERROR", "WARNING"], case_sensitive=False),
    default="WARNING",
    show_default=True,
    help="The lowest severity that is shown.",
)
def validate(
    files: tuple[str, ...],
    output: str,
    define: dict[str, str],
    define_file: dict[str, str],
    type_: str,
    severity: str,
) -> None:
    """Check definitions: files (JSON or YAML), folders, globs, or - for standard input.

    Of a folder, the files named *.asl.json, *.asl.yaml, *.asl.yml and *.asl at any depth are checked. Exit
    code: 0 all are valid, 1 some are not, 2 some could not be read.
    """
    values = {**define_file, **define}
    reports = [_report(file, values, type_.upper()) for file in _expand(files)]
    if severity.upper() == "ERROR":
        reports = [
            report._replace(problems=tuple(each for each in report.problems if each.severity == "ERROR"))
            for report in reports
        ]
    _RENDERERS[output](reports)
    if any(report.unreadable for report in reports):
        raise click.exceptions.Exit(UNREADABLE)
    raise click.exceptions.Exit(VALID if all(report.is_valid for report in reports) else INVALID)


def _expand(files: Iterable[str]) -> Iterable[str]:
    """The files that arguments mean, each once; an argument that means none stands for itself."""
    found: dict[str, None] = {}
    for file in files:
        path = Path(file)
        matches: list[str] = []
        if file != "-" and path.is_dir():
            matches = [str(each) for pattern in DEFINITIONS for each in path.rglob(pattern) if each.is_file()]
        elif file != "-" and not path.exists() and any(character in file for character in "*?["):
            from glob import glob

            matches = [each for each in glob(file, recursive=True) if Path(each).is_file()]  # noqa: PTH207
        found.update(dict.fromkeys(sorted(matches) or [file]))
    return found


def _report(file: str, define: Mapping[str, str], type: str) -> Report:
    try:
        if file == "-":
            source: bytes | Path = sys.stdin.buffer.read()
        elif Path(file).is_dir():
            os.scandir(file).close()  # `rglob` passes over a folder that cannot be read
            return Report(file, unreadable=f"no definition ({', '.join(DEFINITIONS)}) in this folder")
        else:
            source = Path(file)
        return Report(file, tuple(asl.check(source, define=define, type=type)))
    except asl.DefinitionError as error:
        return Report(file, error.problems)
    except OSError as error:
        return Report(file, unreadable=(error.strerror or str(error)).lower())


def _as_text(reports: list[Report]) -> None:
    for report in reports:
        if report.unreadable:
            click.echo(f"asl: {_plain(report.file)}: {_plain(report.unreadable)}", err=True)
            continue
        for problem in report.problems:
            click.echo(_problem_text(report.file, problem))
        errors = sum(problem.severity == "ERROR" for problem in report.problems)
        warnings = len(report.problems) - errors
        counts = [
            f"{count} {word}{'s' * (count != 1)}"
            for count, word in ((errors, "error"), (warnings, "warning"))
        ]
        verdict = click.style("valid", fg="green") if not errors else click.style("not valid", fg="red")
        shown = ", ".join(text for text in counts if not text.startswith("0 "))
        click.echo(f"{_plain(report.file)}: {verdict}{f' ({shown})' if shown else ''}")


def _problem_text(file: str, problem: asl.Problem) -> str:
    place = f"{file}:{problem.line}:{problem.column}" if problem.line else file
    severity = problem.severity.lower()
    shown = click.style(severity, fg="red" if severity == "error" else "yellow", bold=True)
    text = f"{_plain(place)}: {shown} {problem.code}: {_plain(problem.told)}"
    for line in (problem.hint or "").splitlines():
        text += f"\n    {_plain(line.rstrip())}"
    return text


def _plain(text: str) -> str:
    """A text from a file, without what a terminal would obey or cannot show."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _diagnostic(problem: asl.Problem) -> dict[str, Any]:
    known = {
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "location": problem.location or None,
        "line": problem.line,
        "column": problem.column,
        "hint": problem.hint,
    }
    return {name: value for name, value in known.items() if value is not None}


def _as_json(reports: list[Report]) -> None:
    files = [
        {"file": report.file, "error": report.unreadable}
        if report.unreadable
        else {
            "file": report.file,
            "result": "OK" if report.is_valid else "FAIL",
            "diagnostics": [_diagnostic(problem) for problem in report.problems],
        }
        for report in reports
    ]
    click.echo(json.dumps({"files": files}, indent=2))


def _as_sarif(reports: list[Report]) -> None:
    """SARIF 2.1.0, as GitHub's and others' code scanning take it."""
    codes = sorted({problem.code for report in reports for problem in report.problems})
    run = {
        "tool": {"driver": {"name": "asl", "rules": [{"id": code} for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(report.file, problem, codes) for report in reports for problem in report.problems
        ],
        "invocations": [
            {
                "executionSuccessful": not any(report.unreadable for report in reports),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"{report.file}: {report.unreadable}"}}
                    for report in reports
                    if report.unreadable
                ],
            }
        ],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    click.echo(json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2))


def _result(file: str, problem: asl.Problem, codes: list[str]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": Path(file).as_posix()}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column}
    location: dict[str, Any] = {"physicalLocation": place}
    if problem.location and not problem.location.startswith("["):
        location["logicalLocations"] = [{"fullyQualifiedName": problem.location}]
    hint = f" ({problem.hint})" if problem.hint else ""
    return {
        "ruleId": problem.code,
        "ruleIndex": codes.index(problem.code),
        "level": problem.severity.lower(),
        "message": {"text": f"{problem.told}{hint}"},
        "locations": [location],
    }


def _as_github(reports: list[Report]) -> None:
    """Workflow commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""
    for report in reports:
        if report.unreadable:
            click.echo(f"::error file={_property(report.file)}::{_data(report.unreadable)}")
        for problem in report.problems:
            fields = {"file": report.file, "line": problem.line, "col": problem.column, "title": problem.code}
            shown = ",".join(f"{name}={_property(str(value))}" for name, value in fields.items() if value)
            hint = f"\n{problem.hint}" if problem.hint else ""
            click.echo(f"::{problem.severity.lower()} {shown}::{_data(problem.told + hint)}")


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return _plain(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_RENDERERS: dict[str, Callable[[list[Report]], None]] = {
    "text": _as_text,
    "json": _as_json,
    "sarif": _as_sarif,
    "github": _as_github,
}
