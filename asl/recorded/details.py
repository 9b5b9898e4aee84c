"""What an event of the service says, as the cells of our own history: name, data and more.

The other direction stands in `asl.events`; together they are inverse to each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from asl.recorded.forms import Document, HistoryError
from asl.values import to_json

Cells: TypeAlias = "tuple[Any, Any, Any]"
"""`name`, `data` and `more` of an event."""


class Reader(NamedTuple):
    """The details of one event, read field by field; `where` says which, for the messages."""

    details: Document
    where: str
    absent: list[str]
    """Where documents are not there: the history was taken without its data, or they were cut."""

    def document(self, name: str) -> Any:
        """A JSON document; the service gives it as text."""
        if name not in self.details or self.details.get(f"{name}Details", {}).get("truncated"):
            self.absent.append(f"{self.where} has no {name}")
            return None
        return self.parsed(self.details[name], name)

    def parsed(self, value: Any, name: str) -> Any:
        """A document from its text."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            shown = value if len(value) <= 60 else value[:60] + "…"
            raise HistoryError(f"{self.where}: its {name} is not JSON text: {shown}") from None

    def text(self, name: str) -> str | None:
        """A text, such as an error or a cause; absent, None."""
        value = self.details.get(name)
        return value if value is None or isinstance(value, str) else to_json(value)


def _entered(read: Reader) -> Cells:
    return read.details.get("name"), read.document("input"), None


def _exited(read: Reader) -> Cells:
    assigned = read.details.get("assignedVariables")
    if assigned is not None:
        assigned = {name: read.parsed(value, f"variable {name}") for name, value in assigned.items()}
    return read.details.get("name"), read.document("output"), assigned


def _started(read: Reader) -> Cells:
    return read.details.get("roleArn"), read.document("input"), None


def _output(read: Reader) -> Cells:
    return None, read.document("output"), None


def _error(read: Reader) -> Cells:
    return None, read.text("error"), read.text("cause")


def _limits(read: Reader) -> Any:
    role = (read.details.get("taskCredentials") or {}).get("roleArn")
    limits = (read.details.get("timeoutInSeconds"), read.details.get("heartbeatInSeconds"), role)
    return None if limits == (None, None, None) else limits


def _function_scheduled(read: Reader) -> Cells:
    return read.details.get("resource"), read.document("input"), _limits(read)


def _task_scheduled(read: Reader) -> Cells:
    name = tuple(read.details.get(field) for field in ("resourceType", "resource", "region"))
    return name, read.document("parameters"), _limits(read)


def _of_task(rest: Callable[[Reader], Cells]) -> Callable[[Reader], Cells]:
    def cells(read: Reader) -> Cells:
        _, data, more = rest(read)
        return (read.details.get("resourceType"), read.details.get("resource")), data, more

    return cells


def _nothing(read: Reader) -> Cells:
    return None, None, None


def _field(name: str) -> Callable[[Reader], Cells]:
    return lambda read: (None, read.details.get(name), None)


def _iteration(read: Reader) -> Cells:
    return read.details.get("name"), read.details.get("index"), None


def _evaluation_failed(read: Reader) -> Cells:
    said = (read.text("error"), read.text("cause"), read.text("location"))
    return read.details.get("state"), said, None


def _map_run_redriven(read: Reader) -> Cells:
    return None, read.details.get("mapRunArn"), read.details.get("redriveCount")


_CELLS: dict[str, Callable[[Reader], Cells]] = {
    "ExecutionStarted": _started,
    "ExecutionSucceeded": _output,
    "ExecutionRedriven": _field("redriveCount"),
    "LambdaFunctionScheduled": _function_scheduled,
    "LambdaFunctionSucceeded": _output,
    "ActivityScheduled": _function_scheduled,
    "ActivityStarted": _field("workerName"),
    "ActivitySucceeded": _output,
    "TaskScheduled": _task_scheduled,
    "TaskStarted": _of_task(_nothing),
    "TaskSubmitted": _of_task(_output),
    "TaskSucceeded": _of_task(_output),
    "MapStateStarted": _field("length"),
    "MapRunStarted": _field("mapRunArn"),
    "MapRunRedriven": _map_run_redriven,
    "EvaluationFailed": _evaluation_failed,
}
_CELLS |= {f"MapIteration{how}": _iteration for how in ("Started", "Succeeded", "Failed", "Aborted")}
_CELLS |= {f"Execution{how}": _error for how in ("Failed", "Aborted", "TimedOut")}
_CELLS |= {f"Task{how}": _of_task(_error) for how in ("Failed", "TimedOut", "StartFailed", "SubmitFailed")}
_CELLS |= {f"Activity{how}": _error for how in ("Failed", "TimedOut", "ScheduleFailed")}
_CELLS |= {f"LambdaFunction{how}": _error for how in ("Failed", "TimedOut", "ScheduleFailed", "StartFailed")}
_CELLS["MapRunFailed"] = _error


def cells(event: Document, absent: list[str]) -> Cells:
    """The cells of an event. Documents that the history lacks are named in `absent`; raises `HistoryError`."""
    kind = event["type"]
    found = event.get("details")  # of a log record
    if found is None:
        found = next((value for key, value in event.items() if key.endswith("EventDetails")), None)
    where = f"event {event['id']} ({kind})"
    if found is not None and not isinstance(found, dict):
        raise HistoryError(f"{where}: its details are {type(found).__name__}, not an object")
    read = Reader(found or {}, where, absent)
    if kind.endswith("StateEntered"):
        return _entered(read)
    if kind.endswith("StateExited"):
        return _exited(read)
    return _CELLS.get(kind, _nothing)(read)
