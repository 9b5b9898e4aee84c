"""Coverage as a plugin of one pytest session, registered with `--asl-cov`; with pytest-xdist, of all its workers."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from asl.testing.coverage import reports
from asl.testing.coverage.collecting import Coverage
from asl.testing.coverage.selecting import select

_KEY = "asl_coverage"


class CoverageSession:
    """Collects while the tests run, and reports when they have."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.coverage = Coverage()
        self.pattern: str = config.getoption("--asl-cov")
        self.forms: list[str] = config.getoption("--asl-cov-report") or ["term"]
        self.least: float | None = config.getoption("--asl-cov-fail-under")
        self.rows: list[reports.Row] = []
        self.lines: list[str] = []
        self._watching = ExitStack()

    def pytest_sessionstart(self) -> None:
        """From now on every execution is taken in."""
        self._watching.enter_context(self.coverage.watching())

    def pytest_runtest_teardown(self) -> None:
        """A test is over, and so are its executions."""
        self.coverage.settle()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker of pytest-xdist has ended: take over what it has covered."""
        self.coverage.merge(getattr(node, "workeroutput", {}).get(_KEY, {}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports; a session that covers too little fails."""
        self._watching.close()
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[_KEY] = self.coverage.to_dict()
            return
        root = self.config.invocation_params.dir
        self.lines = select(self.coverage, self.pattern, root)
        self.rows = reports.rows(self.coverage, root)
        for form in self.forms:
            if form != "term":
                text, file = reports.render(self.rows, form)
                (root / file).write_text(text, encoding="utf-8")
                self.lines.append(f"written: {Path(file)}")
        told = reports.shortfall(self.rows, self.least)
        if told is not None:
            self.lines.append(f"FAIL: {told}")
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the table, and what else there is to tell."""
        terminalreporter.section("coverage of state machines")
        for line in [*(reports.table(self.rows) if "term" in self.forms else []), *self.lines]:
            terminalreporter.write_line(line)
