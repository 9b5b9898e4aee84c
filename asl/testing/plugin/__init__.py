"""The pytest plugin: fixtures, tests in YAML files, options. Everything has the prefix `asl`.

The folder installs as `asl_pytest`: pytest imports its plugins wherever it runs, and a module within `asl` would bring
all of asl with it. Here nothing is imported but pytest until it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from asl.testing import Machine
    from asl.testing.snapshots import Snapshots

_CASES = (".asl-test.yaml", ".asl-test.yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("asl", "state machines (asl)")
    group.addoption("--asl-update", action="store_true", help="write the snapshots of asl_snapshot anew")
    group.addoption(
        "--asl-cov",
        nargs="?",
        const="",
        metavar="GLOB",
        help="measure what the tests cover of state machines: of all that run, or of the files that GLOB names",
    )
    group.addoption(
        "--asl-cov-report",
        action="append",
        metavar="FORM",
        help="term, html, json or lcov, or html:FILE …; may be given several times (term)",
    )
    group.addoption(
        "--asl-cov-fail-under", type=float, metavar="PERCENT", help="fail where less than that is covered"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Measure coverage where it is asked for."""
    forms = config.getoption("--asl-cov-report")
    pattern = config.getoption("--asl-cov")
    if pattern is None:
        if forms or config.getoption("--asl-cov-fail-under") is not None:
            raise pytest.UsageError("--asl-cov-report and --asl-cov-fail-under are for --asl-cov: add that")
        return
    from asl.testing.coverage import reports, selecting
    from asl.testing.coverage.session import CoverageSession

    if (told := selecting.misfit(pattern, "--asl-cov")) is not None:
        raise pytest.UsageError(told)
    for form in forms or ():
        if (told := reports.misfit(form)) is not None:
            raise pytest.UsageError(f"--asl-cov-report={form}: {told}")
    config.pluginmanager.register(CoverageSession(config), "asl-coverage")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Files with tests of state machines."""
    if not file_path.name.endswith(_CASES):
        return None
    from asl.testing.items import CaseFile

    return CaseFile.from_parent(parent, path=file_path)


@pytest.fixture
def asl_machine(request: pytest.FixtureRequest) -> Callable[..., Machine]:
    """Load a state machine: `asl_machine("order.asl.json")`, or a dict; then `.run(input, mocks={…})`.

    A path is looked for beside the test first. Options are those of `asl.load`: `define`, `type`.
    """
    from asl.testing import load

    def machine(source: Any, **options: Any) -> Machine:
        __tracebackhide__ = True
        if isinstance(source, str | Path) and not str(source).lstrip().startswith("{"):
            beside = request.path.parent / str(source)
            source = beside if "\n" not in str(source) and beside.exists() else source
        return load(source, **options)

    return machine


@pytest.fixture
def asl_snapshot(request: pytest.FixtureRequest) -> Snapshots:
    """Compare a history with the one in a file: `asl_snapshot(run)`; `--asl-update` writes it.

    Times and ids are normalised. Several in one test have names: `asl_snapshot(run, "retried")`.
    """
    from asl.testing.snapshots import Snapshots

    name = request.node.nodeid.partition("::")[2].replace("::", ".")
    folder = request.path.parent / "snapshots" / request.path.stem
    return Snapshots(folder, name, update=request.config.getoption("--asl-update"))
