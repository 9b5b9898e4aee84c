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
        if name not in self.details or self.object(f"{name}Details").get("truncated"):
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

    def object(self, name: str) -> Document:
        """An object within the details; absent, an empty one."""
        return self._of(name, dict, "object") or {}

    def text(self, name: str) -> str | None:
        """A text, such as an error or a name; absent, None."""
        found: str | None = self._of(name, str, "text")
        return found

    def number(self, name: str) -> int | None:
        """A whole number; absent, None."""
        found: int | None = self._of(name, int, "number")
        return found

    def told(self, name: str) -> str | None:
        """An error or a cause. Tools that parse JSON wherever they find it have made objects of some."""
        value = self.details.get(name)
        return value if value is None or isinstance(value, str) else to_json(value)

    def required(self, found: Any, name: str) -> Any:
        """What must be there."""
        if found is None:
            raise HistoryError(f"{self.where} has no {name}")
        return found

    def _of(self, name: str, kind: type, shown: str) -> Any:
        value = self.details.get(name)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise HistoryError(f"{self.where}: its {name} is {value!r}, which is no {shown}")
        return value


def _entered(read: Reader) -> Cells:
    return read.required(read.text("name"), "name"), read.document("input"), None


def _exited(read: Reader) -> Cells:
    assigned: Any = None
    if read.details.get("assignedVariables") is not None:
        given = read.object("assignedVariables")
        assigned = {name: read.parsed(value, f"variable {name}") for name, value in given.items()}
    return read.required(read.text("name"), "name"), read.document("output"), assigned


def _started(read: Reader) -> Cells:
    return read.text("roleArn"), read.document("input"), None


def _output(read: Reader) -> Cells:
    return None, read.document("output"), None


def _error(read: Reader) -> Cells:
    return None, read.told("error"), read.told("cause")


def _limits(read: Reader) -> Any:
    role = read.object("taskCredentials").get("roleArn")
    limits = (read.number("timeoutInSeconds"), read.number("heartbeatInSeconds"), role)
    return None if limits == (None, None, None) else limits


def _function_scheduled(read: Reader) -> Cells:
    return read.text("resource"), read.document("input"), _limits(read)


def _task_scheduled(read: Reader) -> Cells:
    name = tuple(read.text(field) for field in ("resourceType", "resource", "region"))
    return name, read.document("parameters"), _limits(read)


def _of_task(rest: Callable[[Reader], Cells]) -> Callable[[Reader], Cells]:
    def cells(read: Reader) -> Cells:
        _, data, more = rest(read)
        return (read.text("resourceType"), read.text("resource")), data, more

    return cells


def _nothing(read: Reader) -> Cells:
    return None, None, None


def _text(name: str) -> Callable[[Reader], Cells]:
    return lambda read: (None, read.text(name), None)


def _number(name: str) -> Callable[[Reader], Cells]:
    return lambda read: (None, read.number(name), None)


def _iteration(read: Reader) -> Cells:
    return read.required(read.text("name"), "name"), read.required(read.number("index"), "index"), None


def _evaluation_failed(read: Reader) -> Cells:
    return read.text("state"), (read.told("error"), read.told("cause"), read.text("location")), None


def _map_run_redriven(read: Reader) -> Cells:
    return None, read.text("mapRunArn"), read.number("redriveCount")


_CELLS: dict[str, Callable[[Reader], Cells]] = {
    "ExecutionStarted": _started,
    "ExecutionSucceeded": _output,
    "ExecutionRedriven": _number("redriveCount"),
    "LambdaFunctionScheduled": _function_scheduled,
    "LambdaFunctionSucceeded": _output,
    "ActivityScheduled": _function_scheduled,
    "ActivityStarted": _text("workerName"),
    "ActivitySucceeded": _output,
    "TaskScheduled": _task_scheduled,
    "TaskStarted": _of_task(_nothing),
    "TaskSubmitted": _of_task(_output),
    "TaskSucceeded": _of_task(_output),
    "MapStateStarted": _number("length"),
    "MapRunStarted": _text("mapRunArn"),
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
