"""The record of an execution: cheap to write, rendered as GetExecutionHistory when somebody reads it.

Seven cells an event lie flat in one list, so that recording allocates no object that the garbage collector
has to visit, and documents are kept by reference. JSON text, ISO timestamps and the service's field names
come into being in `to_dict`, `to_json` and `Event.details`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from asl import times
from asl.values import to_json

Cells: TypeAlias = "list[Any]"

WIDTH = 7
TYPE, AT, PREVIOUS, PATH, NAME, DATA, MORE = range(WIDTH)
"""The cells of an event. What the last three hold depends on the type; the tables below say it."""

Details: TypeAlias = "dict[str, Any]"
_WHOLE = {"truncated": False}


def _entered(name: Any, data: Any, more: Any) -> Details:
    return {"name": name, "input": to_json(data), "inputDetails": _WHOLE}


def _exited(name: Any, data: Any, more: Any) -> Details:
    details: Details = {"name": name, "output": to_json(data), "outputDetails": _WHOLE}
    if more is not None:
        details["assignedVariables"] = {key: to_json(value) for key, value in more.items()}
        details["assignedVariablesDetails"] = _WHOLE
    return details


def _started(name: Any, data: Any, more: Any) -> Details:
    return {"input": to_json(data), "inputDetails": _WHOLE, "roleArn": name}


def _output(name: Any, data: Any, more: Any) -> Details:
    return {"output": to_json(data), "outputDetails": _WHOLE}


def _error(name: Any, data: Any, more: Any) -> Details:
    return {key: text for key, text in (("error", data), ("cause", more)) if text is not None}


def _limits(more: Any) -> Details:
    timeout, heartbeat, role = more or (None, None, None)
    fields = (("timeoutInSeconds", timeout), ("heartbeatInSeconds", heartbeat))
    details: Details = {key: seconds for key, seconds in fields if seconds is not None}
    if role is not None:
        details["taskCredentials"] = {"roleArn": role}
    return details


def _function_scheduled(name: Any, data: Any, more: Any) -> Details:
    return {"resource": name, "input": to_json(data), "inputDetails": _WHOLE, **_limits(more)}


def _task_scheduled(name: Any, data: Any, more: Any) -> Details:
    kind, resource, region = name
    return {
        "resourceType": kind,
        "resource": resource,
        "region": region,
        "parameters": to_json(data),
        **_limits(more),
    }


def _task(rest: Callable[[Any, Any, Any], Details]) -> Callable[[Any, Any, Any], Details]:
    def details(name: Any, data: Any, more: Any) -> Details:
        return {"resourceType": name[0], "resource": name[1], **rest(name, data, more)}

    return details


def _nothing(name: Any, data: Any, more: Any) -> Details:
    return {}


def _worker(name: Any, data: Any, more: Any) -> Details:
    return {} if data is None else {"workerName": data}


def _length(name: Any, data: Any, more: Any) -> Details:
    return {"length": data}


def _iteration(name: Any, data: Any, more: Any) -> Details:
    return {"name": name, "index": data}


def _map_run(name: Any, data: Any, more: Any) -> Details:
    return {"mapRunArn": data}


def _evaluation_failed(name: Any, data: Any, more: Any) -> Details:
    error, cause, location = data
    details = {"error": error, "cause": cause, "location": location, "state": name}
    return {key: text for key, text in details.items() if text is not None}


def _redriven(name: Any, data: Any, more: Any) -> Details:
    return {"redriveCount": data}


def _map_run_redriven(name: Any, data: Any, more: Any) -> Details:
    return {"mapRunArn": data, "redriveCount": more}


_DETAILS: dict[str, Callable[[Any, Any, Any], Details]] = {
    "ExecutionStarted": _started,
    "ExecutionSucceeded": _output,
    "ExecutionFailed": _error,
    "ExecutionAborted": _error,
    "ExecutionTimedOut": _error,
    "ExecutionRedriven": _redriven,
    "LambdaFunctionScheduled": _function_scheduled,
    "LambdaFunctionSucceeded": _output,
    "LambdaFunctionFailed": _error,
    "LambdaFunctionTimedOut": _error,
    "LambdaFunctionScheduleFailed": _error,
    "LambdaFunctionStartFailed": _error,
    "ActivityScheduled": _function_scheduled,
    "ActivityStarted": _worker,
    "ActivitySucceeded": _output,
    "ActivityFailed": _error,
    "ActivityTimedOut": _error,
    "ActivityScheduleFailed": _error,
    "TaskScheduled": _task_scheduled,
    "TaskStarted": _task(_nothing),
    "TaskSubmitted": _task(_output),
    "TaskSucceeded": _task(_output),
    "TaskFailed": _task(_error),
    "TaskTimedOut": _task(_error),
    "TaskStartFailed": _task(_error),
    "TaskSubmitFailed": _task(_error),
    "MapStateStarted": _length,
    "MapIterationStarted": _iteration,
    "MapIterationSucceeded": _iteration,
    "MapIterationFailed": _iteration,
    "MapIterationAborted": _iteration,
    "MapRunStarted": _map_run,
    "MapRunFailed": _error,
    "MapRunRedriven": _map_run_redriven,
    "EvaluationFailed": _evaluation_failed,
}

# The service shares two keys among all states; every other key is the event type's own name.
_ENTERED_KEY, _EXITED_KEY = "stateEnteredEventDetails", "stateExitedEventDetails"


class Event(NamedTuple):
    """One event of a history, as recorded.

    `id` counts from 1; `at` is milliseconds since the epoch; `path` is the frame's (`/Each/17`). What `name`,
    `data` and `more` hold depends on the type (a state's name, its input or output, assigned variables …);
    `details()` gives them the service's names.
    """

    id: int
    type: str
    at: int
    previous: int
    path: str
    name: Any
    data: Any
    more: Any

    @property
    def details_key(self) -> str:
        """The key under which GetExecutionHistory shows the details of this type of event."""
        if self.type.endswith("StateEntered"):
            return _ENTERED_KEY
        if self.type.endswith("StateExited"):
            return _EXITED_KEY
        return f"{self.type[0].lower()}{self.type[1:]}EventDetails"

    def details(self) -> Details:
        """The event's details with the service's names; documents in them are JSON text. May be empty."""
        if self.type.endswith("StateEntered"):
            return _entered(self.name, self.data, self.more)
        if self.type.endswith("StateExited"):
            return _exited(self.name, self.data, self.more)
        return _DETAILS.get(self.type, _nothing)(self.name, self.data, self.more)

    def to_dict(self) -> dict[str, Any]:
        """The event as GetExecutionHistory shows it (the CLI's form: an ISO timestamp, payloads as text)."""
        shown: dict[str, Any] = {
            "timestamp": times.cli_text(self.at),
            "type": self.type,
            "id": self.id,
            "previousEventId": self.previous,
        }
        details = self.details()
        if details or self.type in _DETAILS:
            shown[self.details_key] = details
        return shown


class History(Sequence[Event]):
    """The events of an execution, oldest first, as a sequence of `Event` made on demand."""

    __slots__ = ("cells",)

    def __init__(self, cells: Cells | None = None) -> None:
        self.cells: Cells = [] if cells is None else cells

    def __len__(self) -> int:
        return len(self.cells) // WIDTH

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return Event(place + 1, *self.cells[place * WIDTH : (place + 1) * WIDTH])

    def __iter__(self) -> Iterator[Event]:
        rows = [iter(self.cells)] * WIDTH
        return (Event(*row) for row in zip(range(1, len(self) + 1), *rows, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The whole history in the shape of `aws stepfunctions get-execution-history`."""
        return {"events": [event.to_dict() for event in self]}

    def to_json(self) -> str:
        """The text of `to_dict()`, compact; several times faster than building the dictionaries first."""
        return '{"events":[' + ",".join(_rendered(self)) + "]}"

    def save(self, path: str | Path) -> None:
        """Write the history to a file, one event a line, as `get-execution-history` would give it.

        Raises `OSError` when the file cannot be written.
        """
        with Path(path).open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write('{"events": [\n')
            for number, text in enumerate(_rendered(self)):
                file.write(",\n" + text if number else text)
            file.write("\n]}\n")


def _rendered(events: Iterable[Event]) -> Iterator[str]:
    """Each event as JSON text. A document that is the previous event's too is written only once."""
    instant, timestamp, document, text = -1, "", object(), ""
    for number, kind, at, previous, _, name, data, more in events:
        if at != instant:
            instant, timestamp = at, times.cli_text(at)
        head = f'{{"timestamp":"{timestamp}","type":"{kind}","id":{number},"previousEventId":{previous}'
        if kind.endswith("StateEntered"):
            if data is not document:
                document, text = data, encode_basestring(to_json(data))
            yield (
                f'{head},"{_ENTERED_KEY}":{{"name":{encode_basestring(name)},"input":{text}'
                ',"inputDetails":{"truncated":false}}}'
            )
        elif kind.endswith("StateExited") and more is None:
            if data is not document:
                document, text = data, encode_basestring(to_json(data))
            yield (
                f'{head},"{_EXITED_KEY}":{{"name":{encode_basestring(name)},"output":{text}'
                ',"outputDetails":{"truncated":false}}}'
            )
        else:
            event = Event(number, kind, at, previous, "", name, data, more)
            details = event.details()
            if details or kind in _DETAILS:
                yield f'{head},"{event.details_key}":{to_json(details)}}}'
            else:
                yield head + "}"
