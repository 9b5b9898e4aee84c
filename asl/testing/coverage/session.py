"""Coverage as a plugin of one pytest session, registered with `--asl-cov`; with pytest-xdist, of all its workers."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from asl.testing.coverage import reports
from asl.testing.coverage.collecting import Coverage

_KEY = "asl_coverage"


class CoverageSession:
    """Collects while the tests run, and reports when they have."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.coverage = Coverage()
        self.pattern: str = config.getoption("--asl-cov")
        self.forms: list[str] = config.getoption("--asl-cov-report") or ["term"]
        self.least: float | None = config.getoption("--asl-cov-fail-under")
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

        def write(file: str, text: str) -> None:
            (root / file).write_text(text, encoding="utf-8")

        self.lines, is_enough = reports.report(
            self.coverage, self.pattern, self.forms, self.least, root, write
        )
        if not is_enough and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the table, and what else there is to tell."""
        terminalreporter.section("coverage of state machines")
        for line in self.lines:
            terminalreporter.write_line(line)
