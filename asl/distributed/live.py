"""A map run whose children run side by side in the hub of the execution, in real time or as a test steps it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from asl.distributed.children import Given, keep
from asl.distributed.run import Run
from asl.drive.hub import Hub, Waiting
from asl.drive.hub import Run as Driven
from asl.errors import StatesError
from asl.execution import Execution
from asl.frames import MapRun
from asl.resources import NOBODY
from asl.values import Json

if TYPE_CHECKING:
    from asl.distributed import MapRuns

MOST_AT_ONCE = 1000
"""Children at one time where MaxConcurrency says nothing or more: a task of each may be a thread."""


class Live:
    """One map run under way; the hub tells it when a child has ended."""

    def __init__(self, hub: Hub, parent: Driven, call: MapRun, runs: MapRuns) -> None:
        self.run = Run(call, parent.execution, hub.resources, runs)
        self._hub = hub
        self._parent = parent
        self._call = call
        self._limit = min(self.run.fields["MaxConcurrency"] or MOST_AT_ONCE, MOST_AT_ONCE)
        self._running: dict[int, Driven] = {}
        self._failed = 0
        self._dropped = False
        self._over = False

    def begin(self) -> None:
        """Start the first children."""
        self._parent.jobs[self._call.id] = self._drop
        try:
            self.run.open()
            self._fill()
        except StatesError as problem:
            self._give(self.run.fail(problem, self._hub.now()))
            return
        if not self._running:
            self._give(self._end())

    def _fill(self) -> None:
        """Start children until as many run as may, or there are no more."""
        run = self.run
        while len(self._running) < self._limit and not self._is_closed():
            number, taken = run.take(1)
            if not taken:
                return
            try:
                input = run.work.input(number, taken[0])
            except StatesError as problem:
                run.broken = problem
                return
            self._start(number, taken[0], input)

    def _is_closed(self) -> bool:
        """Whether no child starts any more."""
        run = self.run
        return self._dropped or run.tolerance.exceeded(self._failed) or run.problem is not None

    def _start(self, number: int, given: Given, input: Json) -> None:
        execution = self.run.work.execution(number, input, self._hub.now())
        reply = partial(self._ended, number, given, input)
        self._running[number] = self._hub.add(execution, Waiting(self._parent, self._call.id, reply))

    def _ended(self, number: int, given: Given, input: Json, execution: Execution) -> Any:
        """A child has ended: write it down and start others; the result of the map run, after the last."""
        run, work, outcome = self.run, self.run.work, execution.outcome
        assert outcome is not None
        self._hub.forget(self._running.pop(number))
        if self._over:
            return NOBODY
        self._parent.jobs[self._call.id] = self._drop
        try:
            told = work.tell(execution.identity, input, outcome, execution.started_at, execution.now)
            run.tell_one(number, outcome.status, given, told)
            inner = work.runs.take_those_of(execution.identity.execution_arn)
            if work.runs.keep:
                run.record.children.append(keep(execution, work.items(given), input, outcome, inner))
            if outcome.status in ("FAILED", "TIMED_OUT"):
                self._failed += work.items(given)
                if run.tolerance.exceeded(self._failed) and not work.express:
                    self._stop_children()
            self._fill()
        except StatesError as problem:
            self._over = True
            self._stop_children()
            return run.fail(problem, self._hub.now())
        return NOBODY if self._running else self._end()

    def _end(self) -> Any:
        self._over = True
        if self._dropped:
            self.run.abandon()
            self.run.record.end("ABORTED", self._hub.now())
            return NOBODY
        return self.run.end(self._hub.now(), self.run.tolerance.exceeded(self._failed))

    def _give(self, result: Any) -> None:
        self._over = True
        self._hub.give(self._parent, self._call.id, result)

    def _drop(self) -> None:
        """Nobody waits for the map run any more: its children are aborted."""
        self._dropped = True
        self._stop_children()

    def _stop_children(self) -> None:
        for child in list(self._running.values()):
            self._hub.stop(child)
