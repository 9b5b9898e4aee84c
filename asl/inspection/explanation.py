"""What there is to say about one visit of a state: its stages, what decided, and sentences of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from asl import times
from asl.names import RUNTIME
from asl.stages import Reading, Stages
from asl.values import Json, to_json

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule of a Choice state that was asked. `index` is None for Default; `reads` are the values it read."""

    index: int | None
    matched: bool
    next: str | None
    reads: tuple[Reading, ...]


class Replaced(NamedTuple):
    """What ResultPath did to the state's input: the field at `path` was there (with `before`) or not."""

    path: str
    was_there: bool
    before: Json
    after: Json


@dataclass(slots=True)
class Attempt:
    """One try of a Task, Parallel or Map.

    `event` is the id of the event that began it (None where the state failed before), `at` its time and `ended_at`
    that of its end, in milliseconds. `retry` and `catch` are the indexes of the entries that met the error;
    `delay` is the milliseconds until the next try, None where there was none.
    """

    number: int
    event: int | None
    at: int
    ended_at: int | None = None
    failed: bool = False
    error: str | None = None
    cause: str | None = None
    retry: int | None = None
    delay: int | None = None
    catch: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One visit of a state.

    `visit` counts the visits of this state from 1, `event` is the id of its entry, times are milliseconds since the
    epoch. `stages` are by the names of TestState's inspectionData, and `output`. `status` is SUCCEEDED,
    CAUGHT_ERROR, FAILED, RETRIABLE (it waits for its next attempt), RUNNING, or ABORTED (the execution ended
    while it ran). `variables` are those at entry, `assigned` those that the state set.
    """

    state: str
    type: str
    path: str
    visit: int
    event: int
    entered_at: int
    exited_at: int | None
    status: str
    stages: Stages
    next: str | None
    error: str | None
    cause: str | None
    rules: tuple[Tried, ...]
    attempts: tuple[Attempt, ...]
    replaced: Replaced | None
    variables: dict[str, Json]
    assigned: dict[str, Json]
    notes: tuple[str, ...]

    @property
    def why(self) -> list[str]:
        """What decided, in sentences."""
        return [
            *_told_rules(self.rules),
            *_told_attempts(self),
            *_told_replacement(self.replaced),
            *_told_assignments(self),
            *self.notes,
        ]

    def to_dict(self) -> Shown:
        """The explanation as JSON; `inspectionData` has JSON values where TestState has JSON text."""
        shown: Shown = {
            "state": self.state,
            "type": self.type,
            "path": self.path,
            "visit": self.visit,
            "event": self.event,
            "enteredAt": times.text(self.entered_at),
            "exitedAt": None if self.exited_at is None else times.text(self.exited_at),
            "status": self.status,
            "nextState": self.next,
            "error": self.error,
            "cause": self.cause,
            "inspectionData": self.stages,
            "variables": {"before": self.variables, "after": {**self.variables, **self.assigned}},
            "rules": [_rule(each) for each in self.rules],
            "attempts": [_attempt(each) for each in self.attempts],
            "replaced": self.replaced and _replaced(self.replaced),
            "why": self.why,
        }
        return {key: value for key, value in shown.items() if value is not None and value != []}


def _rule(tried: Tried) -> Shown:
    reads = [
        {
            "place": each.place,
            "path": each.text,
            **({"value": each.value} if each.found else {"missing": True}),
        }
        for each in tried.reads
    ]
    return {"index": tried.index, "matched": tried.matched, "next": tried.next, "reads": reads}


def _attempt(attempt: Attempt) -> Shown:
    shown: Shown = {
        "number": attempt.number,
        "event": attempt.event,
        "at": times.text(attempt.at),
        "endedAt": None if attempt.ended_at is None else times.text(attempt.ended_at),
        "error": attempt.error,
        "cause": attempt.cause,
        "retryIndex": attempt.retry,
        "retryBackoffIntervalSeconds": None if attempt.delay is None else attempt.delay / 1000,
        "catchIndex": attempt.catch,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _replaced(replaced: Replaced) -> Shown:
    before = {"before": replaced.before} if replaced.was_there else {}
    return {"path": replaced.path, **before, "after": replaced.after}


_LONGEST = 120


def brief(value: Json) -> str:
    """A value as JSON text, cut to a line."""
    text = to_json(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _told_rules(rules: tuple[Tried, ...]) -> Iterator[str]:
    for tried in rules:
        if tried.index is None:
            yield f"no rule matched: Default, on to {tried.next}"
        else:
            yield _told_rule(tried)
    if rules and not rules[-1].matched:
        yield "no rule matched, and there is no Default"


def _told_rule(tried: Tried) -> str:
    reads = ", ".join(
        f"{each.text} = {brief(each.value)}" if each.found else f"{each.text} is not there"
        for each in tried.reads
    )
    how = f"matched, on to {tried.next}" if tried.matched else "did not match"
    return f"Choices[{tried.index}] {how}" + (f": {reads}" if reads else "")


def _told_attempts(explanation: Explanation) -> Iterator[str]:
    for attempt in explanation.attempts:
        if not attempt.failed:
            continue
        text = f"attempt {attempt.number} failed with {attempt.error or 'no error name'}"
        if attempt.delay is not None:
            text += f": Retry[{attempt.retry}] had it tried again after {attempt.delay / 1000:g} s"
        else:
            if attempt.retry is not None:
                text += f": Retry[{attempt.retry}] had no attempts left"
            if attempt.catch is not None:
                joined = ", " if attempt.retry is not None else ": "
                text += f"{joined}Catch[{attempt.catch}] took it, on to {explanation.next}"
            elif attempt.retry is None:
                text += f": {_unhandled(attempt.error)}" if explanation.status == "FAILED" else ""
        yield text


def _unhandled(error: str | None) -> str:
    return "beyond Retry and Catch" if error == RUNTIME else "neither Retry nor Catch has it"


def _told_replacement(replaced: Replaced | None) -> Iterator[str]:
    if replaced is None:
        return
    after = brief(replaced.after)
    if replaced.was_there:
        yield f"ResultPath replaced {replaced.path}, which was {brief(replaced.before)}, by {after}"
    else:
        yield f"ResultPath added {replaced.path}: {after}"


def _told_assignments(explanation: Explanation) -> Iterator[str]:
    for name, value in explanation.assigned.items():
        was = f", which was {brief(explanation.variables[name])}" if name in explanation.variables else ""
        yield f"Assign set ${name} = {brief(value)}{was}"
