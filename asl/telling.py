"""Events told to people, and their fields as values: what replay, diff and their messages share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from asl.events import ENDS, Event
from asl.jsondiff import MISSING, Difference, Missing, exactly
from asl.values import to_json

_TASKS = ("Task", "LambdaFunction", "Activity", "MapRun")
_FAILED = ("Failed", "StartFailed", "SubmitFailed", "ScheduleFailed")

ENDED: dict[str, str] = {
    f"{kind}{end}": "Failed" if end in _FAILED else end
    for kind in _TASKS
    for end in ("Succeeded", "TimedOut", *_FAILED)
}
"""The events that end a try of a task, or a map run, and how: Succeeded, Failed or TimedOut."""


def sides(difference: Difference, a: str, b: str) -> Iterator[tuple[str, Any]]:
    """The two values of a difference under the names, where they are there."""
    for name, value in ((a, difference.a), (b, difference.b)):
        if not isinstance(value, Missing):
            yield name, value


def brief(value: Any) -> str:
    """A value in a few words."""
    text = repr(value) if isinstance(value, Missing) else to_json(value)
    return text if len(text) <= 80 else text[:79] + "…"


def shown(event: Event | None) -> str:
    """An event in a few words: its type, and the state or the error that it tells of."""
    if event is None:
        return "nothing"
    if event.type.endswith(("StateEntered", "StateExited")):
        return f"{event.type} `{event.name}`"
    if event.type.startswith("MapIteration"):
        return f"{event.type} {event.data} of `{event.name}`"
    if event.type in ENDED or event.type.startswith("Execution"):
        failed = event.type.endswith(("Failed", "TimedOut", "Aborted"))
        said = ": ".join(part for part in (event.data, event.more) if part) if failed else ""
        return f"{event.type} ({brief_text(said)})" if said else event.type
    return event.type


def brief_text(text: str) -> str:
    """A text cut to a line."""
    line = text.replace("\n", " ")
    return line if len(line) <= 120 else line[:119] + "…"


def change(difference: Difference) -> str:
    """A difference in words, the second value as the one that is there now."""
    pointer = difference.pointer
    was, now = brief(difference.a), brief(difference.b)
    return f"{pointer} was {was}, is {now}" if pointer else f"it was {was}, is {now}"


def unlike(a: Event, b: Event) -> Iterator[tuple[str, Any, Any]]:
    """The fields of two like events that differ."""
    if a.type == "ExecutionStarted":
        pairs = [("input", a.data, b.data)]
    elif a.type == "MapRunStarted":
        return  # its only field is a name that the service draws
    else:
        ours, theirs = fields(a), fields(b)
        keys = (*ours, *(key for key in theirs if key not in ours))
        pairs = [(key, ours.get(key, MISSING), theirs.get(key, MISSING)) for key in keys]
    for field, x, y in pairs:
        if not exactly(x, y) and not exactly(without_ids(x), without_ids(y)):
            yield field, without_ids(x), without_ids(y)


def fields(event: Event) -> dict[str, Any]:
    """The details of an event with its documents as values; of a task's events that tell how it ended, no names."""
    kind = event.type
    if kind.endswith("StateEntered"):
        return {"input": event.data}
    if kind.endswith("StateExited"):
        return {"output": event.data, **({"assignedVariables": event.more} if event.more else {})}
    if kind == "TaskScheduled":
        names = dict(zip(("resourceType", "resource", "region"), event.name, strict=False))
        return {"parameters": event.data, **names, **_limits(event)}
    if kind in ("LambdaFunctionScheduled", "ActivityScheduled"):
        return {"input": event.data, "resource": event.name, **_limits(event)}
    if kind == "EvaluationFailed":
        return dict(zip(("error", "cause", "location"), event.data, strict=True))
    if kind.endswith(("Failed", "TimedOut", "Aborted")) and (kind in ENDED or kind in ENDS):
        return {"error": event.data, "cause": event.more}
    if kind.endswith(("Succeeded", "Submitted")) and not kind.startswith(("Map", "Parallel")):
        return {"output": event.data}
    return {"length": event.data} if kind == "MapStateStarted" else {"details": event.data}


def _limits(event: Event) -> dict[str, Any]:
    names = ("timeoutInSeconds", "heartbeatInSeconds", "taskCredentials")
    return {name: value for name, value in zip(names, event.more or (), strict=False) if value is not None}


_EVENT_ID = re.compile(r"(entered at the event id #)\d+")


def without_ids(value: Any) -> Any:
    """A value in which causes do not say at which event their state was entered: that depends on other frames."""
    if isinstance(value, str):
        return _EVENT_ID.sub(r"\1…", value) if "entered at the event id #" in value else value
    if isinstance(value, dict):
        return {key: without_ids(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_ids(inner) for inner in value]
    return value
