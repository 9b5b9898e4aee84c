"""A history as what a replay asks of it: the visits of each state by each frame, and the tries of each visit."""

from __future__ import annotations

from typing import TypeAlias

from asl.events import BEGINS, ENDS
from asl.history import Event, History
from asl.telling import ENDED

Key: TypeAlias = "tuple[str, str]"
"""Frame path and state: together with the number of the visit, the same in every run."""

_SCHEDULED = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled", "MapRunStarted")
_TELLING = ("TaskSubmitted", "ActivityStarted")
"""What is told of a call that goes on."""


class Try:
    """One try of a Task, or one map run: how it began, what was told of it meanwhile, how it ended."""

    __slots__ = ("begun", "ended", "told")

    def __init__(self, begun: Event) -> None:
        self.begun = begun
        self.told: list[Event] = []
        self.ended: Event | None = None


class Visited:
    """One visit of a state by a frame. `begins` are the starts of its work, those of a retry or redrive too.

    `failures` are those of evaluations, `attempts` the starts and the failures that came before the work.
    """

    __slots__ = (
        "attempts",
        "begins",
        "begun",
        "entered",
        "exited",
        "failures",
        "following",
        "number",
        "tries",
    )

    def __init__(self, entered: Event, number: int) -> None:
        self.entered = entered
        self.number = number
        self.exited: Event | None = None
        self.begins: list[Event] = []
        self.attempts: list[Event] = []
        self.begun = False  # the work of the last attempt, which has not failed
        self.tries: list[Try] = []
        self.failures: list[Event] = []  # EvaluationFailed; more than one after a retry or redrive
        self.following: str | None = None  # the state that the frame entered next


class Book:
    """The visits in a history. It may grow: `follow` reads what was added since."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.visits: dict[Key, list[Visited]] = {}
        self.current: dict[str, Visited] = {}  # by path
        self.started: dict[str, int] = {}  # how often the iteration at a path was started
        self.inputs: dict[tuple[str, int], Event] = {}  # (path, nth start) -> the first state that it entered
        self.branches: dict[int, list[Event]] = {}  # ParallelStateStarted -> the first states of its branches
        self.ends: list[Event] = []  # of the execution; more than one where it was redriven
        self._read = 0
        self._begun: Event | None = None

    def follow(self) -> Book:
        """Read the events that were recorded since this was last called."""
        history = self.history
        if self._begun is not None and not self._stands(self._begun):
            self._read -= 1
            self.started[self._begun.path] -= 1
            self._begun = None
        while self._read < len(history):
            event = history[self._read]
            self._add(event)
            self._read += 1
            self._begun = event if event.type == "MapIterationStarted" else None
        return self

    def _stands(self, begun: Event) -> bool:
        """Whether the beginning of an iteration that was read last was not taken back: ItemSelector may have failed."""
        return len(self.history) >= begun.id and self.history[begun.id - 1] == begun

    def visit(self, path: str, state: str, number: int) -> Visited | None:
        """The visit of that number, from 0."""
        found = self.visits.get((path, state), ())
        return found[number] if number < len(found) else None

    def _add(self, event: Event) -> None:
        kind, path = event.type, event.path
        if kind.endswith("StateEntered"):
            self._enter(event)
            return
        if kind in ENDS:
            self.ends.append(event)
            return
        if kind == "MapIterationStarted":
            self.started[path] = self.started.get(path, 0) + 1
            self.current.pop(path, None)
            return
        visit = self.current.get(path)
        if visit is None:
            return
        if kind.endswith("StateExited"):
            visit.exited = event
            return
        if kind in BEGINS:
            visit.begins.append(event)
            visit.attempts.append(event)
            visit.begun = True
        if kind in _SCHEDULED:
            visit.tries.append(Try(event))
        elif kind == "EvaluationFailed":
            visit.failures.append(event)
            if not visit.begun:
                visit.attempts.append(event)
            visit.begun = False
        elif visit.tries:
            if kind in _TELLING:
                visit.tries[-1].told.append(event)
            elif kind in ENDED:
                visit.tries[-1].ended = event
                visit.begun = ENDED[kind] == "Succeeded"

    def _enter(self, event: Event) -> None:
        path = event.path
        before = self.history[event.previous - 1] if event.previous else None
        if before is not None and before.type == "ParallelStateStarted":
            self.branches.setdefault(before.id, []).append(event)
            self.current.pop(path, None)
        elif before is not None and before.type == "MapIterationStarted":
            self.inputs[path, self.started[path] - 1] = event
        last = self.current.get(path)
        if last is not None:
            last.following = event.name
        visits = self.visits.setdefault((path, event.name), [])
        self.current[path] = visit = Visited(event, len(visits))
        visits.append(visit)
