"""A history read as a table: which states were visited, when, how often they were tried, how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asl.events import BEGINS
from asl.history import Event
from asl.values import Json


@dataclass(slots=True)
class Visit:
    """One visit of a state by a frame. Times are milliseconds since the epoch.

    `exited_at` is None where the state was not left (it failed, or the execution ended first); `attempts`
    counts the tries of a Task, Parallel or Map. `error` and `cause` are those of the last try that failed,
    whether they were caught or not.
    """

    path: str
    state: str
    type: str
    input: Json
    entered_at: int
    exited_at: int | None = None
    output: Json = None
    assigned: dict[str, Json] | None = None
    attempts: int = 0
    error: str | None = None
    cause: str | None = None

    @property
    def waited(self) -> float | None:
        """Seconds from the entry to the exit, by the execution's clock; None where the state was not left."""
        return None if self.exited_at is None else (self.exited_at - self.entered_at) / 1000


_ERRORS = frozenset(
    {
        "TaskFailed",
        "TaskTimedOut",
        "LambdaFunctionFailed",
        "LambdaFunctionTimedOut",
        "ActivityFailed",
        "ActivityTimedOut",
    }
)


def visits(history: Sequence[Event]) -> list[Visit]:
    """The visits of states, in the order entered."""
    out: list[Visit] = []
    current: dict[str, Visit] = {}
    for event in history:
        kind, path = event.type, event.path
        if kind.endswith("StateEntered"):
            visit = Visit(path, event.name, kind.removesuffix("StateEntered"), event.data, event.at)
            current[path] = visit
            out.append(visit)
            continue
        found = current.get(path)
        if found is None:
            continue
        if kind.endswith("StateExited"):
            found.exited_at, found.output, found.assigned = event.at, event.data, event.more
        elif kind in BEGINS:
            found.attempts += 1
        elif kind in _ERRORS:
            found.error, found.cause = event.data, event.more
        elif kind == "EvaluationFailed":
            found.error, found.cause = event.data[0], event.data[1]
    _blame(out, history)
    return out


def _blame(out: list[Visit], history: Sequence[Event]) -> None:
    """The state that ended an execution without an event of its own (Fail, a path that leads nowhere)."""
    last = history[-1] if len(history) else None
    if last is not None and last.type == "ExecutionFailed":
        for visit in reversed(out):
            if visit.exited_at is None and visit.path == "/":
                visit.error, visit.cause = last.data, last.more
                return
