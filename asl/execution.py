"""An execution as plain data that is told what happens and says what it needs.

It reads no clock, calls no task and starts no thread. Inputs: `succeed`, `fail`, `submit`, `start`, `beat`,
`advance` and `stop`, each with `at=`. Outputs: `take_calls()`, `wake_at`, `history` and `outcome`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping
from itertools import takewhile
from typing import Any, Final

from asl import attempts, names
from asl.frames import Call, Frame, lines
from asl.history import History
from asl.machine import Machine, Outcome
from asl.program import Program
from asl.quotas import Quotas
from asl.scope import Identity
from asl.values import Json

UNANSWERED: Final = object()
"""What a function gives for a call whose answer comes another way, or never."""

_DEFAULT_QUOTAS = Quotas()


class Execution:
    """One run of a `Program`.

    `at` is the time of its start, and every later `at=` the time of that input, in milliseconds since the
    epoch; time never goes back. Before an input acts, the timers due by its time fire, each at its own time:
    a timeout due at the same instant beats the answer. `seed` decides all that is random.
    `activities` are the ARNs of the activities that exist; None: all do.

    A call id names one attempt of a task. An answer to an attempt that is over (timed out, or dropped because
    a sibling failed) changes nothing, and the input that brings it returns False.
    """

    def __init__(
        self,
        program: Program,
        input: Json,
        at: int = 0,
        identity: Identity | None = None,
        seed: int = 0,
        quotas: Quotas = _DEFAULT_QUOTAS,
        activities: Collection[str] | None = None,
    ) -> None:
        self._machine = Machine(program, input, at, identity or Identity("execution"), seed, quotas)
        self._machine.activities = activities
        self._machine.begin()

    # ------------------------------------------------------------------ outputs

    @property
    def outcome(self) -> Outcome | None:
        """How the execution ended; None while it runs."""
        return self._machine.outcome

    @property
    def history(self) -> History:
        """The events so far."""
        return self._machine.history

    @property
    def identity(self) -> Identity:
        """The names of the execution."""
        return self._machine.identity

    @property
    def program(self) -> Program:
        """What is executed."""
        return self._machine.program

    @property
    def seed(self) -> int:
        """What decides all that is random."""
        return self._machine.seed

    @property
    def quotas(self) -> Quotas:
        """What the execution may use."""
        return self._machine.quotas

    @property
    def input(self) -> Json:
        """What it was started with."""
        return self._machine.input

    @property
    def started_at(self) -> int:
        """When it began, in milliseconds since the epoch."""
        return self._machine.started_at

    @property
    def now(self) -> int:
        """The execution's own time: that of its last input or timer, in milliseconds since the epoch."""
        return self._machine.now

    @property
    def calls(self) -> Mapping[int, Call]:
        """The calls that are outstanding, by id. One that is gone from here needs no answer any more."""
        return self._machine.calls

    @property
    def frames(self) -> list[Frame]:
        """The lines of control that have not come to their end, outer ones first: where each is, what it waits for."""
        root = self._machine.root
        return [] if root is None else list(lines(root))

    @property
    def wake_at(self) -> int | None:
        """When the machine next acts by itself: a Wait, a back-off, a timeout. None: only an answer moves it."""
        machine = self._machine
        timers = machine.timers
        while timers:
            due, _, frame, wait = timers[0]
            if frame is None or frame.waits_for(wait, due):
                return due
            heapq.heappop(timers)
        return None

    def take_calls(self) -> list[Call]:
        """The calls made since this was last asked, in the order made; each wants one answer."""
        machine = self._machine
        first, calls = machine.taken, machine.calls
        machine.taken = machine.next_call
        if not calls or next(iter(calls)) >= first:  # as mostly: nothing older is outstanding
            return list(calls.values())
        fresh = takewhile(lambda call: call.id >= first, reversed(calls.values()))
        return list(fresh)[::-1]

    @property
    def has_fresh_calls(self) -> bool:
        """Whether `take_calls` has something to give."""
        machine = self._machine
        return next(reversed(machine.calls), 0) >= machine.taken

    # ------------------------------------------------------------------ inputs

    def succeed(self, call: int, output: Json, *, at: int) -> bool:
        """The task gave a result: JSON, and the machine's from now on (do not change it afterwards)."""
        return self._tell(call, at, attempts.succeed, output)

    def answer(self, serve: Callable[[Call], Any]) -> None:
        """Have a function answer the calls as soon as they are made, in their order, and those that follow.

        It gives the result, as for `succeed`, or `UNANSWERED` where it has told the execution itself, or somebody
        will. No time passes. In place of `take_calls`, for a driver that answers most calls at once.
        """
        machine = self._machine
        settle, succeed = machine.settle, attempts.succeed
        while (id := machine.taken) < machine.next_call:
            machine.taken = id + 1
            call = machine.calls.get(id)
            if call is None:
                continue
            output = serve(call)
            if output is UNANSWERED:
                continue
            if machine.timers and machine.timers[0][0] <= machine.now:
                self.advance(at=machine.now)
            if id in machine.calls:  # and what was asked, or time, has not ended it
                settle(call.frame, succeed, call, output)

    def fail(self, call: int, error: str | None, cause: str | None = None, *, at: int) -> bool:
        """The task failed, with an error name and a cause as Retry and Catch see them."""
        return self._tell(call, at, attempts.fail, error, cause)

    def submit(self, call: int, output: Json, *, at: int) -> bool:
        """A `.sync` or `.waitForTaskToken` task was accepted, with this first answer; the call goes on."""
        return self._tell(call, at, attempts.submit, output)

    def start(self, call: int, worker: str | None = None, *, at: int) -> bool:
        """A worker took the activity task; the call goes on, and its time limits count from now (measured)."""
        return self._tell(call, at, attempts.start, worker)

    def beat(self, call: int, *, at: int) -> bool:
        """The task gave a sign of life: its heartbeat starts anew."""
        return self._tell(call, at, attempts.beat)

    def advance(self, *, at: int, over: int = 0) -> None:
        """Time passes: every timer due by `at` fires, in order, at its own time.

        Where nothing but a Wait goes on then, time jumps over it, and over the next, as long as they end before
        `over`: what a driver on a virtual clock would do next in any case.
        """
        machine = self._machine
        if not machine.timers:
            if at > machine.now:
                machine.now = at
            return
        machine.horizon = over
        while (due := self.wake_at) is not None and due <= at:
            _, _, frame, wait = heapq.heappop(machine.timers)
            machine.now = max(due, machine.now)
            if frame is None:
                machine.end("ExecutionTimedOut", Outcome("TIMED_OUT", None, names.TIMEOUT), 0)
            elif isinstance(wait, Call):
                machine.settle(frame, attempts.time_out, wait)
            else:
                machine.settle(frame, Machine.wake)
        machine.horizon = 0
        machine.now = max(at, machine.now)

    def stop(self, error: str | None = None, cause: str | None = None, *, at: int) -> None:
        """Abort the execution, as StopExecution does; one that has ended stays as it is."""
        self.advance(at=at)
        if self.outcome is None:
            self._machine.end("ExecutionAborted", Outcome("ABORTED", None, error, cause), 0)

    def redrive(self, *, at: int) -> None:
        """Go on with an execution that failed, timed out or was aborted, as RedriveExecution does.

        What succeeded is not run again, also in a Parallel or Map; retries and timeouts begin anew; the history
        goes on with `ExecutionRedriven`. Raises `RedriveError` for one that runs, or has succeeded.
        """
        from asl import redriving  # as checkpoint below, imported where it is used: most runs never need it

        redriving.redrive(self._machine, at)

    def _tell(self, call: int, at: int, act: Callable[..., None], *given: Any) -> bool:
        machine = self._machine
        if at > machine.now or machine.timers:
            self.advance(at=at)
        found = machine.calls.get(call)
        if found is None:
            return False
        machine.settle(found.frame, act, found, *given)
        return True

    # ------------------------------------------------------------------ checkpoints

    def snapshot(self) -> dict[str, Any]:
        """The whole execution as JSON, for `restore`. Take it between two inputs."""
        from asl import checkpoint

        return checkpoint.save(self._machine)

    @classmethod
    def restore(
        cls, program: Program, snapshot: dict[str, Any], quotas: Quotas = _DEFAULT_QUOTAS
    ) -> Execution:
        """The execution that goes on from a snapshot with the same program, as if it had never stopped.

        `calls` has what was outstanding; `take_calls` gives them again, since the old driver's are lost.
        """
        from asl import checkpoint

        return cls.of(checkpoint.load(program, snapshot, quotas))

    @classmethod
    def of(cls, machine: Machine) -> Execution:
        """The execution whose machine this is, which has begun."""
        execution = cls.__new__(cls)
        execution._machine = machine
        return execution
