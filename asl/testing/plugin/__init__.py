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
