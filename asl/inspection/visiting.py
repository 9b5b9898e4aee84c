"""A visit while it is explained, and its attempts: those that its own events tell of, those that its children do."""

from __future__ import annotations

from typing import Final

from asl.errors import StatesError
from asl.events import BEGINS, FORKS
from asl.history import Event
from asl.inspection.explanation import Attempt, Tried, brief
from asl.inspection.stays import Stay
from asl.recorded import HistoryError
from asl.stages import Inspection
from asl.states import Map, Task
from asl.telling import ENDED
from asl.values import Json, same


class Unknown:
    """The result of a state whose children have histories of their own."""


UNKNOWN: Final = Unknown()


class Visit:
    """A stay, and what becomes known of it. `children` are the visits in the frames that its state forked."""

    def __init__(self, stay: Stay, inspection: Inspection) -> None:
        self.stay = stay
        self.inspection = inspection
        self.children: list[Visit] = []
        self.effective: Json = None
        self.problem: StatesError | None = None
        self.attempts: list[Attempt] = []
        self.result: Json | Unknown | None = None
        self.rules: list[Tried] = []
        self.status = "RUNNING"
        self.next = stay.next
        self.error: str | None = None
        self.cause: str | None = None
        self.notes: list[str] = []

    def take(self, stage: str, value: Json, *, sure: bool = True) -> None:
        """The recorded value of a stage stands; where the definition gives another one, a note says so.

        Not `sure`: what a history does not have is known to be in it.
        """
        found = self.inspection.stages
        if stage in found and same(found[stage], value):
            return
        if sure and stage in found:
            self.notes.append(
                f"evaluated again, {stage} is {brief(found[stage])}, unlike in the history: the definition was "
                "changed since, or it reads what no history has (random numbers, names of the execution)"
            )
        found[stage] = value
        if stage == "output" and "afterOutputPath" in found:
            found["afterOutputPath"] = value


_FAILED = frozenset(kind for kind, how in ENDED.items() if how != "Succeeded")
_SUCCEEDED = frozenset(
    f"{kind}Succeeded" for kind in ("Task", "LambdaFunction", "Activity", "MapState", "ParallelState")
)


def find_attempts(visit: Visit) -> None:
    """Set the attempts of a Task, Parallel or Map, and its result where one of them succeeded."""
    attempts = visit.attempts
    forks = -1
    for event in visit.stay.events:
        kind = event.type
        if kind in BEGINS:
            attempts.append(Attempt(len(attempts) + 1, event.id, event.at))
            forks += kind in FORKS
        elif kind == "EvaluationFailed":
            if not attempts or attempts[-1].failed:
                attempts.append(Attempt(len(attempts) + 1, None, event.at))
            error, cause, _ = event.data
            _fail(attempts[-1], event.at, error, cause)
        elif kind in _FAILED or kind in _SUCCEEDED:
            if not attempts:
                raise HistoryError(f"event {event.id} ({kind}) ends what no event has begun")
            if kind in _FAILED:
                _fail(attempts[-1], event.at, event.data, event.more)
            else:
                attempts[-1].ended_at = event.at
                visit.result = _result(visit, event, forks)
    _blame_children(visit)
    _blame_definition(visit)


def _fail(attempt: Attempt, at: int, error: str | None, cause: str | None) -> None:
    attempt.failed, attempt.ended_at, attempt.error, attempt.cause = True, at, error, cause


def _result(visit: Visit, event: Event, forks: int) -> Json | Unknown:
    state = visit.inspection.plan.state
    if isinstance(state, Task):
        data: Json = event.data
        return data
    if isinstance(state, Map) and state.distributed:
        return UNKNOWN
    outputs = visit.stay.outputs[forks]
    return [outputs[slot] for slot in sorted(outputs)]


def _blame_children(visit: Visit) -> None:
    """The attempts of a Parallel or Map fail with the error of the child that failed."""
    for child in visit.children:
        if child.status == "FAILED":
            entered = child.stay.entry.id
            begun = [each for each in visit.attempts if each.event is not None and each.event < entered]
            if begun and not begun[-1].failed:
                _fail(begun[-1], child.stay.events[-1].at, child.error, child.cause)


def _blame_definition(visit: Visit) -> None:
    """An error that JSONPath raises leaves no event: what the definition raises now must tell that there was one."""
    stay, problem = visit.stay, visit.problem
    if problem is None or visit.result is not None:
        return
    if not visit.attempts and (stay.exit is not None or len(stay.events) == 1):
        visit.attempts.append(Attempt(1, None, stay.entry.at))
    elif not visit.attempts or isinstance(visit.inspection.plan.state, Task) or visit.attempts[-1].failed:
        return
    _fail(visit.attempts[-1], visit.attempts[-1].at, problem.error, problem.cause)
