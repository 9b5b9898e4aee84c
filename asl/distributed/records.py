"""What is known of a map run: its counts as DescribeMapRun has them, and its children where they are kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from asl import times
from asl.history import History
from asl.values import Json

_STATUSES = {
    "PENDING": "pending",
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timedOut",
    "ABORTED": "aborted",
}
_KEYS = (*_STATUSES.values(), "total", "resultsWritten", "failuresNotRedrivable", "pendingRedrive")


@dataclass(frozen=True)
class ChildExecution:
    """One child of a map run. `status` is as of any execution; `items` is the number of items that it worked on."""

    arn: str
    name: str
    status: str
    items: int
    input: Json
    output: Json
    error: str | None
    cause: str | None
    history: History
    map_runs: list[MapRunRecord]


@dataclass
class MapRunRecord:
    """A map run. `status` is RUNNING, SUCCEEDED, FAILED or ABORTED; times are milliseconds since the epoch."""

    arn: str
    execution_arn: str
    state_machine_arn: str
    max_concurrency: int
    tolerated_failure_count: int
    tolerated_failure_percentage: float
    started: int
    stopped: int | None = None
    status: str = "RUNNING"
    items: Counter[str] = field(default_factory=Counter)
    executions: Counter[str] = field(default_factory=Counter)
    children: list[ChildExecution] = field(default_factory=list)

    def count(self, status: str, children: int, items: int, written: bool) -> None:
        """Children have come to an end, or will not start any more; whether their results were written.

        Results that go into the state's output count as written (recorded: list_map_runs_and_describe_map_run).
        """
        for key in (_STATUSES[status], "total", *(("resultsWritten",) if written else ())):
            self.executions[key] += children
            self.items[key] += items

    def end(self, status: str, at: int) -> None:
        """The map run is over."""
        self.status, self.stopped = status, at

    def to_dict(self) -> dict[str, Any]:
        """The record as `aws stepfunctions describe-map-run` shows it."""
        return {
            "mapRunArn": self.arn,
            "executionArn": self.execution_arn,
            "status": self.status,
            **self._dates(),
            "maxConcurrency": self.max_concurrency,
            "toleratedFailurePercentage": float(self.tolerated_failure_percentage),
            "toleratedFailureCount": self.tolerated_failure_count,
            "itemCounts": {key: self.items[key] for key in _KEYS},
            "executionCounts": {key: self.executions[key] for key in _KEYS},
            "redriveCount": 0,
        }

    def listed(self) -> dict[str, Any]:
        """The record as `aws stepfunctions list-map-runs` lists it."""
        return {
            "executionArn": self.execution_arn,
            "mapRunArn": self.arn,
            "stateMachineArn": self.state_machine_arn,
            **self._dates(),
        }

    def _dates(self) -> dict[str, str]:
        dates = {"startDate": times.cli_text(self.started)}
        if self.stopped is not None:
            dates["stopDate"] = times.cli_text(self.stopped)
        return dates
