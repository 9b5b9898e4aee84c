"""One event of a history: the cells it is recorded in, and how GetExecutionHistory shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from asl import times
from asl.values import to_json

Cells: TypeAlias = "list[Any]"

WIDTH = 7
TYPE, AT, PREVIOUS, PATH, NAME, DATA, MORE = range(WIDTH)
"""The cells of an event. What the last three hold depends on the type; the tables below say it."""

ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionAborted": "ABORTED",
    "ExecutionTimedOut": "TIMED_OUT",
}
"""The events that end an execution, and the status that it has then."""

FORKS = ("MapStateStarted", "ParallelStateStarted")
"""The events after which branches and iterations begin."""

BEGINS = frozenset(("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled", *FORKS))
"""The events that begin an attempt of a state."""

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
