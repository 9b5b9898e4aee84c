"""Cases run one after the other, and what came of them: as objects, as JSON, as JUnit XML."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl.testing import cases
from asl.testing.cases import Case
from asl.testing.document import CaseError
from asl.testing.runs import Run

PASSED, FAILED, ERROR = "passed", "failed", "error"


@dataclass(frozen=True)
class Outcome:
    """What came of a case: `result` is passed, failed (it ran, but not as expected) or error (it could not run).

    `problems` are lines that say why; `seconds` is the time that it took on the clock on the wall. A file that
    cannot be read has one outcome, without a case.
    """

    file: Path
    name: str
    result: str
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    case: Case | None = None
    run: Run | None = None

    def to_dict(self) -> dict[str, Any]:
        """It as JSON."""
        shown: dict[str, Any] = {
            "file": str(self.file),
            "name": self.name,
            "result": self.result,
            "seconds": round(self.seconds, 6),
        }
        if self.case is not None:
            shown["line"] = self.case.line
        if self.run is not None:
            shown |= {"status": self.run.status, "path": self.run.path, "waited": self.run.waited}
        if self.problems:
            shown["problems"] = list(self.problems)
        return shown


def outcomes(files: Iterable[Path]) -> Iterator[Outcome]:
    """Run all cases of the files."""
    for file in files:
        try:
            found = cases.read(file)
        except (CaseError, OSError) as problem:
            yield Outcome(file, "(the file)", ERROR, tuple(cases.failure(problem) or ()))
            continue
        for case in found:
            yield outcome(case)


def outcome(case: Case) -> Outcome:
    """Run a case."""
    start = time.perf_counter()
    run: Run | None = None
    try:
        run = case.run()
        problems = case.check(run)
        result = FAILED if problems else PASSED
    except Exception as problem:
        told = cases.failure(problem)
        if told is None:
            raise
        result, problems = ERROR, told
    seconds = time.perf_counter() - start
    return Outcome(case.file, case.name, result, tuple(problems), seconds, case, run)


def counts(found: Sequence[Outcome]) -> dict[str, int]:
    """How many passed, failed, and could not run."""
    return {result: sum(each.result == result for each in found) for result in (PASSED, FAILED, ERROR)}


def to_dict(found: Sequence[Outcome]) -> dict[str, Any]:
    """All of it as JSON."""
    return {"tests": [each.to_dict() for each in found], **counts(found)}


def junit(found: Sequence[Outcome]) -> str:
    """JUnit XML, as CI servers read it: a suite for each file."""
    from xml.etree import ElementTree  # not every run wants it

    root = ElementTree.Element("testsuites", _numbers(found))
    for file in dict.fromkeys(each.file for each in found):
        mine = [each for each in found if each.file == file]
        suite = ElementTree.SubElement(root, "testsuite", {"name": str(file), **_numbers(mine)})
        for each in mine:
            attributes = {"classname": str(file), "name": _plain(each.name), "time": f"{each.seconds:.6f}"}
            if each.case is not None:
                attributes |= {"file": str(file), "line": str(each.case.line)}
            test = ElementTree.SubElement(suite, "testcase", attributes)
            if each.result != PASSED:
                kind = "failure" if each.result == FAILED else "error"
                told = ElementTree.SubElement(test, kind, {"message": _plain(each.problems[0])})
                told.text = _plain("\n".join(each.problems))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _numbers(found: Sequence[Outcome]) -> dict[str, str]:
    number = counts(found)
    return {
        "tests": str(len(found)),
        "failures": str(number[FAILED]),
        "errors": str(number[ERROR]),
        "time": f"{sum(each.seconds for each in found):.6f}",
    }


def _plain(text: str) -> str:
    """The text without the characters that XML has no place for."""
    return "".join(each if each in "\t\n" or each.isprintable() else f"\\x{ord(each):02x}" for each in text)
