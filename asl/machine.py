"""The machine inside an `Execution`: it enters states, records what happens, and lets frames wait.

The rules that a history obeys stand here and in `joining`: which event hangs on which, in what order frames
run, what an error does. The clock, the inputs and their checks are `Execution`'s.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from asl import attempts, joining, names, variables
from asl.errors import EvaluationError, StatesError, while_executing
from asl.frames import NOTHING, BackingOff, Call, Frame, Sleeping
from asl.history import History
from asl.program import Program
from asl.quotas import EVENTS_BOUND, Gauge, Quotas
from asl.retry import Catcher, error_output, handling
from asl.scope import Here, Identity
from asl.states import Choice, Fail, Map, Parallel, Pass, State, Succeed, Task, Wait, Working
from asl.values import Json

NO_CHOICE = "Failed to transition out of the state. The state does not point to a next state."
"""What the service says where the specification has States.NoChoiceMatched (measured by others)."""


class Outcome(NamedTuple):
    """How an execution ended: SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    status: str
    output: Json = None
    error: str | None = None
    cause: str | None = None


class HistoryFull(Exception):
    """The next event would be one too many."""


class Machine:
    """The frames of one execution and everything that happens to them."""

    def __init__(
        self, program: Program, input: Json, at: int, identity: Identity, seed: int, quotas: Quotas
    ) -> None:
        self.program = program
        self.quotas = quotas
        self.identity = identity
        self.started_at = at
        self.scope = Here(identity, input, seed, at)
        self.history = History()
        self.outcome: Outcome | None = None
        self.frames: dict[int, Frame] = {}
        self.calls: dict[int, Call] = {}
        self.fresh_calls: deque[Call] = deque()
        self.next_frame = 0
        self.next_call = 1
        self.ready: deque[Frame] = deque()
        self.timers: list[tuple[int, int, Frame | None, Any]] = []
        self._timer_order = 0
        self.gauge = Gauge()
        self.limit = quotas.payload or 1 << 62
        self.last_event = quotas.events or EVENTS_BOUND
        self.most_held = quotas.variables or 1 << 62
        self.held = (
            self.most_held
        )  # no less than the bytes of all variables; one that goes on knows no better
        self.activities: Collection[str] | None = None
        self.horizon = 0  # time may jump over a Wait that ends before, if nothing else goes on

    def begin(self) -> None:
        """Start the execution and run it until everything waits."""
        self.held = 0
        input = self.scope.input
        self.record("ExecutionStarted", 0, "/", self.identity.role, input)
        if self.program.timeout is not None:
            self.timer(self.started_at + self.program.timeout * 1000, None, None)
        self.frames[0] = frame = Frame(0, "/", self.program, input, None, 0, self.gauge.bound(input))
        self.next_frame = 1
        self.ready.append(frame)
        self.settle()

    # ------------------------------------------------------------------ recording

    def record(
        self, kind: str, previous: int, path: str, name: Any = None, data: Any = None, more: Any = None
    ) -> int:
        """Append an event and return its id. The end of the execution may be the last that the quota allows."""
        scope = self.scope
        number = scope.events + 1
        if number >= self.last_event and not kind.startswith("Execution"):
            raise HistoryFull
        self.history.cells += (kind, scope.now, previous, path, name, data, more)
        scope.events = number
        return number

    def chain(self, frame: Frame, kind: str, name: Any = None, data: Any = None, more: Any = None) -> None:
        """Append an event to the frame's own chain: `record`, without the call, since most events are these."""
        scope = self.scope
        number = scope.events + 1
        if number >= self.last_event:
            raise HistoryFull
        self.history.cells += (kind, scope.now, frame.last, frame.path, name, data, more)
        scope.events = frame.last = number

    def chain_begun(
        self, frame: Frame, kind: str, name: Any, data: Any, more: Any, begun: str, by: Any
    ) -> None:
        """Append two events of one moment to the frame's chain: `chain` of what was scheduled, and that it began."""
        scope = self.scope
        number = scope.events + 2
        if number >= self.last_event:
            self.chain(frame, kind, name, data, more)
            raise HistoryFull
        now, path = scope.now, frame.path
        self.history.cells += (
            kind, now, frame.last, path, name, data, more,
            begun, now, number - 1, path, by, None, None,
        )  # fmt: skip
        scope.events = frame.last = number

    def timer(self, due: int | None, frame: Frame | None, wait: Any) -> None:
        """Wake up at `due` for what the frame waits for; None is never."""
        if due is not None:
            self._timer_order += 1
            heapq.heappush(self.timers, (due, self._timer_order, frame, wait))

    # ------------------------------------------------------------------ settling

    def settle(self, frame: Frame | None = None, act: Callable[..., None] | None = None, *given: Any) -> None:
        """Let a frame act, then run every frame that can run, until all wait.

        `act` is a function of the machine, the frame and what is given. The order is part of the contract:
        children start in their order and queue at the back; a frame that got its result goes to the front.
        """
        scope, ready, frames, run = self.scope, self.ready, self.frames, self.run
        try:
            if frame is not None and act is not None:
                scope.frame = frame
                try:
                    act(self, frame, *given)
                except StatesError as problem:
                    self._fail(frame, problem)
            while ready and self.outcome is None:
                next_up = ready.popleft()
                if next_up.id not in frames:  # it was aborted since
                    continue
                scope.frame = next_up
                try:
                    run(next_up)
                except StatesError as problem:
                    self._fail(next_up, problem)
        except HistoryFull:
            cause = f"The execution reached the maximum number of history events ({self.last_event})."
            self.end("ExecutionFailed", Outcome("FAILED", None, names.RUNTIME, cause), self.scope.events)
        scope.generator = None  # what comes next is another moment

    def _fail(self, frame: Frame, problem: StatesError) -> None:
        """An error that the frame's state raises becomes the state's error."""
        if frame.entered or frame.parent is None:
            self.fail_state(frame, problem.error, self.told(frame, problem, frame))
        else:
            joining.unselected(self, frame.parent, frame, problem)

    def told(self, frame: Frame, problem: StatesError, teller: Frame) -> str | None:
        """The cause as the service words it. An evaluation error leaves an event of its own, on the teller's chain.

        Where the state has done nothing yet, that event hangs on what its entry hangs on (recorded).
        """
        cause = while_executing(frame.state, frame.entered, problem)
        if isinstance(problem, EvaluationError):
            at_entry = teller.last == frame.entered and not problem.after_entry
            previous = self.history[frame.entered - 1].previous if at_entry else teller.last
            data = (problem.error, cause, problem.location)
            teller.last = self.record("EvaluationFailed", previous, frame.path, frame.state, data)
        return cause

    def run(
        self, frame: Frame, is_done: bool = False, result: Json = None, size: int = 0, exit_after: int = 0
    ) -> None:
        """Step the frame through states that need nothing from outside, until one does or the frame ends.

        Where `is_done`, the frame has entered its state before: what there was to wait for is over and, of a Task,
        Parallel or Map, this is the `result`, of so many bytes. The exit of the state hangs on `exit_after`, else
        on the frame's last event, as an error does (measured).

        This loop is what a transition costs, so it keeps what it can in local variables.
        """
        if not is_done:
            if frame.fresh:
                frame.fresh = False
                if frame.parent is not None and frame.program.iterates:
                    joining.open(self, frame, frame.parent)
            elif frame.wait is not None:
                joining.complete(self, frame)
                return
        scope, cells, bound = self.scope, self.history.cells, self.gauge.bound
        limit, last_event = self.limit, self.last_event
        steps, path, now = frame.program.steps, frame.path, scope.now
        while True:
            name = frame.state
            entry, exit, following, state = steps[name]
            raw = frame.input
            if is_done:
                before = exit_after or frame.last
            else:
                before = scope.events + 1
                if before >= last_event:
                    raise HistoryFull
                cells += (entry, now, frame.last, path, name, raw, None)
                scope.events = frame.entered = frame.last = before
                frame.entered_at = now
            if isinstance(state, Pass):
                result = raw if state.result is None else state.result(raw, scope)
                output = result if state.write is None else state.write(raw, result, scope)
                if state.growth is not None:
                    times, more = state.growth
                    size = times * frame.size + more
                elif state.write is None or state.extra is None:
                    size = bound(output)
                else:
                    size = frame.size + bound(result) + state.extra
                assign = state.assign
            elif isinstance(state, Choice):
                result = raw if state.read is None else state.read(raw, scope)
                rule = state.default
                for candidate in state.rules:
                    if candidate.test(result, scope):
                        rule = candidate
                        break
                if rule.next is None:
                    raise StatesError(names.RUNTIME, NO_CHOICE)
                following, assign = rule.next, rule.assign
                output = result if rule.output is None else rule.output(result, scope)
                size = frame.size if output is raw else bound(output)
            elif isinstance(state, Working):
                if not is_done:
                    if isinstance(state, Task):
                        attempts.begin(self, frame, state)
                    else:
                        self.begin_work(frame, state)
                    return
                output = state.write(raw, result, scope)
                size = bound(output) if state.extra is None else size + frame.size + state.extra
                assign = state.assign
            elif isinstance(state, Succeed):
                result, assign = raw, None
                output = raw if state.output is None else state.output(raw, scope)
                size = frame.size if state.output is None else bound(output)
            elif isinstance(state, Wait):
                if not is_done:
                    until: Any = state.until(raw, scope)
                    if not self.horizon or not self._may_jump(until):
                        self._sleep(frame, until)
                        return
                    now = scope.now = until  # by way of the driver a Wait takes three times as long
                    scope.generator = None
                result = output = raw if state.output is None else state.output(raw, scope)
                assign = state.assign
                size = frame.size if state.output is None else bound(output)
            else:
                self.begin_work(frame, state)
                return
            if size > limit:
                size = self.checked(output, name)
            assigned = None
            if assign is not None:
                assigned = assign(raw, result, scope)
                self._assign(frame, assigned)
            exited = scope.events + 1
            if exited >= last_event:
                raise HistoryFull
            cells += (exit, now, before, path, name, output, assigned)
            scope.events = frame.last = exited
            frame.size = size
            frame.input = output
            if following is None:
                if frame.parent is not None:
                    joining.joined(self, frame.parent, frame, output)
                else:
                    del self.frames[frame.id]
                    self.end("ExecutionSucceeded", Outcome("SUCCEEDED", output), exited)
                return
            frame.state = following
            if is_done:
                is_done = False
                frame.tries = NOTHING

    def _may_jump(self, until: int) -> bool:
        """Whether time may jump: nothing happens up to then, by itself or from outside, but the frame's Wait."""
        if until >= self.horizon or self.ready or self.calls:
            return False
        return not self.timers or self.timers[0][0] > until

    def _sleep(self, frame: Frame, until: Any) -> None:
        frame.wait = Sleeping(until)
        self.timer(until, frame, frame.wait)

    def bounded(self, value: Json, name: str) -> int:
        """No less than the size of a value; raises States.DataLimitExceeded where it is over the quota."""
        size = self.gauge.bound(value)
        return size if size <= self.limit else self.checked(value, name)

    def checked(self, output: Json, name: str) -> int:
        """The exact size of an output; raises States.DataLimitExceeded where it is over the quota."""
        size = self.gauge(output)
        if size > self.limit:
            raise StatesError(names.DATA_LIMIT_EXCEEDED, attempts.too_large(name))
        return size

    def _assign(self, frame: Frame, assigned: dict[str, Json]) -> None:
        more = self.gauge.bound(assigned)
        self.held += more
        if more > self.limit or self.held > self.most_held:
            variables.check(self, frame, assigned)
        frame.variables = {**frame.variables, **assigned}

    # ------------------------------------------------------------------ states that take their time

    def begin_work(self, frame: Frame, state: State) -> None:
        """Do what a state does once it was entered, or after a back-off."""
        if isinstance(state, Task):
            attempts.begin(self, frame, state)
        elif isinstance(state, Map):
            joining.fork_map(self, frame, state)
        elif isinstance(state, Parallel):
            joining.fork_parallel(self, frame, state)
        elif isinstance(state, Wait):
            self._sleep(frame, state.until(frame.input, self.scope))
        else:
            assert isinstance(state, Fail)
            error: Any = state.error(frame.input, self.scope)
            cause: Any = state.cause(frame.input, self.scope)
            self._fail_frame(frame, error, cause)

    def wake(self, frame: Frame) -> None:
        """The time of a Wait, or of a back-off, is over."""
        state = frame.program.states[frame.state]
        wait, frame.wait = frame.wait, None
        if isinstance(wait, BackingOff):
            self.begin_work(frame, state)
            return
        self.run(frame, True)

    def end(self, kind: str, outcome: Outcome, previous: int) -> None:
        """End the execution. Its frames stay as they are: a redrive goes on from them."""
        if outcome.status == "SUCCEEDED":
            self.record(kind, previous, "/", None, outcome.output)
        else:
            self.record(kind, previous, "/", None, outcome.error, outcome.cause)
        self.outcome = outcome
        self.scope.frame = None
        self.calls.clear()
        self.ready.clear()
        self.timers.clear()

    # ------------------------------------------------------------------ errors

    def fail_state(self, frame: Frame, error: str | None, cause: str | None, met: str | None = None) -> None:
        """The frame's state failed, by itself or because a child did: retry, catch, or let the frame fail.

        The first Retrier that matches decides on a retry, then the first Catcher that matches; `met` is the name
        that they are held against where it is not the error's own (`timeout_name` says of what). A Parallel or
        Map has an event that says that it failed, but for States.Runtime, which ends everything (measured).
        """
        state = frame.program.states[frame.state]
        if not isinstance(state, Working):
            self._fail_frame(frame, error, cause)
            return
        by = handling(
            state.retry, state.catch, met or error, frame.tries, lambda: self.scope.stream("jitter")
        )
        if by.retry is not None and by.delay is not None:
            frame.broken = None
            frame.tries = {**frame.tries, by.retry: frame.tries.get(by.retry, 0) + 1}
            frame.wait = wait = BackingOff(self.scope.now + by.delay)
            self.timer(wait.due, frame, wait)
            return
        before = frame.last
        self._record_failed(frame, state, error)
        if by.catch is None:
            self._fail_frame(frame, error, cause)
            return
        try:
            self._catch(frame, state, state.catch[by.catch], error, cause)
        except StatesError as problem:  # the state fails once more, from where it stood (measured)
            frame.last = before
            cause = self.told(frame, problem, frame)
            self._record_failed(frame, state, problem.error)
            self._fail_frame(frame, problem.error, cause)

    def _record_failed(self, frame: Frame, state: Working, error: str | None) -> None:
        if not isinstance(state, Task) and error != names.RUNTIME:
            self.chain(frame, state.entered.replace("Entered", "Failed"))

    def _catch(
        self, frame: Frame, state: Working, catcher: Catcher, error: str | None, cause: str | None
    ) -> None:
        given: Json = error_output(error, cause)
        output = catcher.write(frame.input, given, self.scope)
        assigned: Any = None
        if catcher.assign is not None:
            assigned = catcher.assign(frame.input, given, self.scope)
        size = self.checked(output, state.name)
        frame.broken = None
        if assigned is not None:
            self._assign(frame, assigned)
        self.chain(frame, state.exited, state.name, output, assigned)
        frame.tries = NOTHING
        frame.input = output
        frame.size = size
        frame.state = catcher.next
        self.ready.appendleft(frame)

    def _fail_frame(self, frame: Frame, error: str | None, cause: str | None) -> None:
        """Nothing handles the error here: the frame ends, and its parent's state has the error."""
        if frame.parent is not None:
            joining.child_failed(self, frame.parent, frame, error, cause)
        else:
            self.end("ExecutionFailed", Outcome("FAILED", None, error, cause), frame.last)
