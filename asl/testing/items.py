"""Tests in YAML files as pytest sees them; imported when there is such a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asl.testing import cases
from asl.testing.cases import Case
from asl.testing.document import CaseError


class CaseFailed(Exception):
    """A test ran, but not as expected; the text says everything."""


class CaseItem(pytest.Item):
    """One test of a file."""

    def __init__(self, *, case: Case, **options: Any) -> None:
        super().__init__(**options)
        self.case = case

    def runtest(self) -> None:
        """Run the case and look at what came of it."""
        problems = self.case.check(self.case.run())
        if problems:
            raise CaseFailed("\n".join(problems))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong, without a traceback through code that the author of the test does not know."""
        problem = excinfo.value
        told = [str(problem)] if isinstance(problem, CaseFailed) else None
        if told is None and isinstance(problem, Exception):
            told = cases.failure(problem)
        if told is None:
            return super().repr_failure(excinfo)
        return "\n".join([*told, f"  test: {self.path}:{self.case.line}: {self.case.name}"])

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test stands."""
        return self.path, self.case.line - 1, self.case.name


class CaseFile(pytest.File):
    """A file with tests."""

    def collect(self) -> Iterator[CaseItem]:
        """Its tests."""
        try:
            found = cases.read(self.path)
        except CaseError as problem:
            raise self.CollectError(str(problem)) from None
        for case in found:
            yield CaseItem.from_parent(self, name=case.name, case=case)
