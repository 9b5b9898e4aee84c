"""How `asl.checks` does on definitions whose verdict others have given.

    python -m tests.validators [--definitions DIR] [--cases DIR] [--verbose]

Verdicts come from the service (recorded, or measured by third parties), from other validators' own tests, and
from the fact that a machine runs somewhere. Where ours differs, `fixtures/validators.json` says why; a
difference without a reason there is shown as new. Exit 0 if there is none.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl.checks import check
from asl.errors import DefinitionError, Problem
from asl.source import parse, read

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
SERVICE = ("recorded from the service", "measured on the service", "documented")
"""How a reason begins where the service itself contradicts the verdict given."""

REASONS = ROOT / "fixtures" / "validators.json"


@dataclass(frozen=True)
class Case:
    """A definition, the verdict given on it, and the problems the service reported (None: not known)."""

    corpus: str
    name: str
    path: Path | None
    text: str | None
    valid: bool
    type: str = "STANDARD"
    problems: tuple[tuple[str, str, str], ...] | None = None


def errors(case: Case) -> list[Problem]:
    """The errors that we find."""
    try:
        if case.path and case.path.suffix == ".txt":  # not JSON; a newline was added to what was recorded
            source = parse(case.path.read_text(encoding="utf-8").rstrip("\n"), format="json")
        else:
            source = read(case.path) if case.path else parse(case.text or "", format="json")
    except DefinitionError as error:
        return list(error.problems)
    found = [*source.problems, *check(source.document, type=case.type)]
    return [problem for problem in found if problem.severity == "ERROR"]


def agrees(case: Case, found: list[Problem]) -> bool:
    """Whether code, message and location are those of the service; an ellipsis there stands for anything."""
    if case.problems is None or len(found) != len(case.problems):
        return False
    return all(
        (problem.code, problem.location) == (code, location) and _like(problem.message, message)
        for problem, (code, message, location) in zip(found, case.problems, strict=True)
    )


def _like(ours: str, theirs: str) -> bool:
    if theirs == "(wording not recorded)":
        return True
    pattern = re.escape(theirs.replace("<partition>", "aws").strip()).replace(r"\.\.\.", ".*")
    return re.fullmatch(pattern, ours.replace("<partition>", "aws").strip(), re.DOTALL) is not None


def recorded(folder: Path) -> Iterator[Case]:
    """The cases recorded from the service: refusals, and every definition that it accepted and ran."""
    for path in sorted(folder.glob("validation/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        expected = case["expected"]
        problems = [
            (each["code"], each["message"], each.get("location", ""))
            for each in expected.get("diagnostics", ())
            if each["severity"] == "ERROR"
        ]
        problems += _refusals(expected.get("exception", {}).get("message", ""))
        yield _recorded("recorded: validation", path, case, expected["result"] == "OK", tuple(problems))
    for kind in ("execution", "express", "map_run"):
        for path in sorted(folder.glob(f"{kind}/*.json")):
            case = json.loads(path.read_text(encoding="utf-8"))
            if "definition" in case or "definition_text" in case:
                yield _recorded("recorded: accepted and run", path, case, True, None)


def _recorded(corpus: str, path: Path, case: dict[str, Any], valid: bool, problems: Any) -> Case:
    text = case.get("definition_text")
    if text is None:
        given = case["definition"]
        text = given if isinstance(given, str) else json.dumps(given)
    return Case(corpus, path.name, None, text, valid, case.get("state_machine_type") or "STANDARD", problems)


def _refusals(message: str) -> list[tuple[str, str, str]]:
    """The problems in CreateStateMachine's message: `CODE: message at /location, CODE: …`."""
    text = message.removeprefix("Invalid State Machine Definition: '").removesuffix("'")
    parts = re.split(r", (?=[A-Z_]{8,}: )", text) if text else []
    found = []
    for part in parts:
        code, _, rest = part.partition(": ")
        words, _, location = rest.rpartition(" at ")
        found.append((code, words, "" if location == "null" else location))
    return found


def listed(folder: Path) -> Iterator[Case]:
    """The definitions of `validator/INDEX.tsv`, with the verdict of the tool they come from."""
    with (folder / "INDEX.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            corpus, _, name = row["file"].partition("/")
            type = "EXPRESS" if "express" in name else "STANDARD"
            problems = None
            if corpus.startswith("aws-") and row["messages"]:
                text = row["messages"].replace(" ⏎ ", "\n").removesuffix(" [ERROR]")
                if text.startswith("Invalid State"):
                    problems = tuple(_refusals(text))
                else:
                    code, _, words = text.partition(": ")
                    problems = ((code, words, row["json_pointer"]),)
            yield Case(corpus, name, folder / row["file"], None, row["verdict"] == "valid", type, problems)


def real(folder: Path) -> Iterator[Case]:
    """Machines that people run, valid by that; twenty or so are known to be refused by AWS's editor."""
    with (folder / "INDEX.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield Case("real", row["file"], folder / row["file"], None, row["language_service"] != "invalid")


def cases(definitions: Path, recordings: Path) -> Iterator[Case]:
    """All of them."""
    yield from recorded(recordings)
    yield from listed(definitions / "validator")
    yield from real(definitions / "real")


def main(arguments: list[str] | None = None) -> int:
    """Print what agrees and what does not; 1 where a difference has no reason on record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--definitions", type=Path, default=SHARED / "definitions")
    parser.add_argument("--cases", type=Path, default=SHARED / "conformance" / "cases")
    parser.add_argument("--verbose", action="store_true", help="list the differences that have a reason, too")
    options = parser.parse_args(arguments)
    if not options.definitions.is_dir():
        print(f"skipped: there are no definitions at {options.definitions}")
        return 0
    reasons = json.loads(REASONS.read_text(encoding="utf-8")) if REASONS.exists() else {}
    total, verdicts, told, exact, contradicted, new = *(Counter[str]() for _ in range(5)), 0
    for case in cases(options.definitions, options.cases):
        found = errors(case)
        total[case.corpus] += 1
        same = case.valid == (not found)
        verdicts[case.corpus] += same
        differs = not same
        if case.problems:
            told[case.corpus] += 1
            exact[case.corpus] += agrees(case, found)
            differs = differs or not agrees(case, found)
        reason = reasons.get(f"{case.corpus}/{case.name}")
        contradicted[case.corpus] += not same and (reason or "").startswith(SERVICE)
        if differs and reason is None:
            new += 1
        if differs and (reason is None or options.verbose):
            _explain(case, found, reason)
    for corpus in total:
        known = f", {exact[corpus]}/{told[corpus]} same code, message and location" if told[corpus] else ""
        print(f"{corpus}: {verdicts[corpus]}/{total[corpus]} same verdict{known}")
    tools = [corpus for corpus in total if not corpus.startswith(("recorded", "aws-", "real"))]
    same_, all_, not_ = (sum(each[corpus] for corpus in tools) for each in (verdicts, total, contradicted))
    print(
        f"other validators together: {same_}/{all_} same verdict; {not_} of the others contradict the service,"
    )
    print(f"  without which it is {same_}/{all_ - not_} ({same_ / (all_ - not_):.1%})")
    print(f"differences without a reason: {new}")
    return 1 if new else 0


def _explain(case: Case, found: list[Problem], reason: str | None) -> None:
    print(f"\n{case.corpus}/{case.name}: given {'valid' if case.valid else 'invalid'}")
    for code, message, location in case.problems or ():
        print(f"   given {code}: {message} at {location}")
    for problem in found[:8]:
        print(f"   found {str(problem)[:300]}")
    if reason:
        print(f"   because {reason}")


if __name__ == "__main__":
    sys.exit(main())
