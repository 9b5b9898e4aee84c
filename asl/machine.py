"""The machine inside an `Execution`: it enters states, records what happens, and lets frames wait.

The rules that a history obeys stand here, in `joining` and in `failing`: which event hangs on which, in what order
frames run, what an error does. The clock, the inputs and their checks are `Execution`'s.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple, TypeAlias

from asl import attempts, failing, joining, names, variables
from asl.errors import HistoryFull, StatesError
from asl.frames import DROPPED, NOTHING, BackingOff, Call, Frame, Sleeping
from asl.program import Program
from asl.quotas import EVENTS_BOUND, Gauge, Quotas
from asl.scope import Here, Identity
from asl.states import Choice, Fail, Map, Parallel, Pass, State, Succeed, Task, Wait
from asl.values import Json

Timer: TypeAlias = "tuple[int, int, Frame | None, Any]"
"""When it is due, its number, and whose wait it ends."""

NO_CHOICE = "Failed to transition out of the state. The state does not point to a next state."
"""What the service says where the specification has States.NoChoiceMatched (measured by others)."""


# What an execution that has ended has of these: one of each for all, never changed.
_NO_CALLS: Final[dict[int, Call]] = {}
_NO_FRAMES: Final[deque[Frame]] = deque(maxlen=0)
_NO_TIMERS: Final[list[Timer]] = []
_NO_GAUGE: Final = Gauge()


class Outcome(NamedTuple):
    """How an execution ended: SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    status: str
    output: Json = None
    error: str | None = None
    cause: str | None = None


class Machine(Here):
    """The frames of one execution and everything that happens to them. It is the scope of its expressions."""

    __slots__ = (
        "_timer_order",
        "activities",
        "calls",
        "gauge",
        "held",
        "horizon",
        "last_event",
        "limit",
        "most_held",
        "next_call",
        "outcome",
        "program",
        "quotas",
        "ready",
        "root",
        "taken",
        "timers",
    )

    def __init__(
        self, program: Program, input: Json, at: int, identity: Identity, seed: int, quotas: Quotas
    ) -> None:
        Here.__init__(self, identity, input, seed, at)
        self.program = program
        self.quotas = quotas
        self.outcome: Outcome | None = None
        self.root: Frame | None = None
        self.calls: dict[int, Call] = {}
        self.next_call = 1
        self.taken = 1  # the calls from this one on have not been given to a driver
        self.ready: deque[Frame] = deque()
        self.timers = _NO_TIMERS
        self._timer_order = 0
        self.gauge = Gauge()
        self.limit = quotas.payload or 1 << 62
        self.last_event = quotas.events or EVENTS_BOUND
        self.most_held = quotas.variables or 1 << 62
        # No less than the bytes of all variables; one that goes on knows no better.
        self.held = self.most_held
        self.activities: Collection[str] | None = None
        self.horizon = 0  # time may jump over a Wait that ends before, if nothing else goes on

    def begin(self) -> None:
        """Start the execution and run it until everything waits."""
        self.held = 0
        input = self.input
        self.record("ExecutionStarted", 0, "/", self.identity.role, input)
        if self.program.timeout is not None:
            self.timer(self.started_at + self.program.timeout * 1000, None, None)
        self.root = root = Frame("/", self.program, input, self.gauge.bound(input))
        self.ready.append(root)
        self.settle()

    # ------------------------------------------------------------------ recording

    def record(
        self, kind: str, previous: int, path: str, name: Any = None, data: Any = None, more: Any = None
    ) -> int:
        """Append an event and return its id. The end of the execution may be the last that the quota allows."""
        number = self.events + 1
        if number >= self.last_event and not kind.startswith("Execution"):
            raise HistoryFull
        self.cells += (kind, self.now, previous, path, name, data, more)
        self.events = number
        return number

    def chain(self, frame: Frame, kind: str, name: Any = None, data: Any = None, more: Any = None) -> None:
        """Append an event to the frame's own chain: `record`, without the call, since most events are these."""
        number = self.events + 1
        if number >= self.last_event:
            raise HistoryFull
        self.cells += (kind, self.now, frame.last, frame.path, name, data, more)
        self.events = frame.last = number

    def timer(self, due: int | None, frame: Frame | None, wait: Any) -> None:
        """Wake up at `due` for what the frame waits for; None is never."""
        if due is not None:
            self._timer_order += 1
            if self.timers is _NO_TIMERS:
                self.timers = []
            heapq.heappush(self.timers, (due, self._timer_order, frame, wait))

    # ------------------------------------------------------------------ settling

    def settle(self, frame: Frame | None = None, act: Callable[..., None] | None = None, *given: Any) -> None:
        """Let a frame act, then run every frame that can run, until all wait.

        `act` is a function of the machine, the frame and what is given. The order is part of the contract:
        children start in their order and queue at the back; a frame that got its result goes to the front.
        """
        ready = self.ready
        try:
            if frame is not None and act is not None:
                self.frame = frame
                try:
                    act(self, frame, *given)
                except StatesError as problem:
                    failing.raised(self, frame, problem)
            while ready:
                self.frame = frame = ready.popleft()
                try:
                    if frame.wait is None:
                        self.run(frame)
                    elif frame.wait is not DROPPED:  # since it became ready
                        joining.complete(self, frame)
                except StatesError as problem:
                    failing.raised(self, frame, problem)
        except HistoryFull:
            cause = f"The execution reached the maximum number of history events ({self.last_event})."
            self.fail(names.RUNTIME, cause, self.events)
        self.generator = None  # what comes next is another moment

    def run(self, frame: Frame, exit_after: int = 0) -> None:
        """Step the frame through states that need nothing from outside, until one does or the frame ends.

        Where `exit_after` is an event, the frame has entered its state before, and the exit hangs on that.

        This loop is what a transition costs, so it keeps what it can in local variables.
        """
        if not frame.entered and frame.within is not None and frame.program.iterates:
            joining.open(self, frame, frame.within)
        cells, last_event = self.cells, self.last_event
        steps, path, now = frame.program.steps, frame.path, self.now
        while True:
            name = frame.state
            entry, exit, following, state = steps[name]
            raw = frame.input
            before = exit_after
            if not before:
                before = self.events + 1
                if before >= last_event:
                    raise HistoryFull
                cells += (entry, now, frame.last, path, name, raw, None)
                self.events = frame.entered = frame.last = before
            if type(state) is Pass:
                result = raw if state.result is None else state.result(raw, self)
                output = result if state.write is None else state.write(raw, result, self)
                if state.growth is not None:
                    times, more = state.growth
                    size = times * frame.size + more
                elif state.write is None or state.extra is None:
                    size = self.gauge.bound(output)
                else:
                    size = frame.size + self.gauge.bound(result) + state.extra
                assign = state.assign
            elif type(state) is Choice:
                result = raw if state.read is None else state.read(raw, self)
                rule = state.default
                for candidate in state.rules:
                    if candidate.test(result, self):
                        rule = candidate
                        break
                if rule.next is None:
                    raise StatesError(names.RUNTIME, NO_CHOICE)
                following, assign = rule.next, rule.assign
                output = result if rule.output is None else rule.output(result, self)
                size = frame.size if output is raw else self.gauge.bound(output)
            elif type(state) is Task:
                attempts.begin(self, frame, state)
                return
            elif type(state) is Succeed:
                result, assign = raw, None
                output = raw if state.output is None else state.output(raw, self)
                size = frame.size if state.output is None else self.gauge.bound(output)
            elif type(state) is Wait:
                if not exit_after:
                    until: Any = state.until(raw, self)
                    if not self.horizon or not self._may_jump(until):
                        self._sleep(frame, until)
                        return
                    now = self.now = until  # by way of the driver a Wait takes three times as long
                    self.generator = None
                result = output = raw if state.output is None else state.output(raw, self)
                assign = state.assign
                size = frame.size if state.output is None else self.gauge.bound(output)
            else:
                self.begin_work(frame, state)
                return
            if size > self.limit:
                size = self.checked(output, name)
            assigned = None
            if assign is not None:
                assigned = assign(raw, result, self)
                self.assign(frame, assigned)
            exited = self.events + 1
            if exited >= last_event:
                raise HistoryFull
            cells += (exit, now, before, path, name, output, assigned)
            self.events = frame.last = exited
            frame.size = size
            frame.input = output
            if following is None:
                if frame.within is not None:
                    joining.joined(self, frame.within, frame, output)
                else:
                    self._succeed(frame, output)
                return
            frame.state = following
            exit_after = 0

    def finish(self, frame: Frame, result: Json, size: int, exit_after: int = 0) -> None:
        """Leave a Task, Parallel or Map state with its result, of so many bytes, and go on.

        The exit hangs on `exit_after`, else on the frame's last event, as an error does (measured).
        """
        state: Any = frame.program.states[frame.state]
        raw = frame.input
        output = state.write(raw, result, self)
        size = self.gauge.bound(output) if state.extra is None else size + frame.size + state.extra
        if size > self.limit:
            size = self.checked(output, state.name)
        assigned = None
        if state.assign is not None:
            assigned = state.assign(raw, result, self)
            self.assign(frame, assigned)
        if exit_after:
            frame.last = exit_after
        self.chain(frame, state.exited, state.name, output, assigned)
        frame.input = output
        frame.size = size
        frame.tries = NOTHING
        if state.next is not None:
            frame.state = state.next
            self.run(frame)
        elif frame.within is not None:
            joining.joined(self, frame.within, frame, output)
        else:
            self._succeed(frame, output)

    def _succeed(self, frame: Frame, output: Json) -> None:
        self.root = None
        self.end("ExecutionSucceeded", Outcome("SUCCEEDED", output), frame.last)

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

    def assign(self, frame: Frame, assigned: dict[str, Json]) -> None:
        """Give the frame variables, for what follows. Raises States.DataLimitExceeded where they are too much."""
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
            self._sleep(frame, state.until(frame.input, self))
        else:
            assert isinstance(state, Fail)
            error: Any = state.error(frame.input, self)
            cause: Any = state.cause(frame.input, self)
            failing.frame_failed(self, frame, error, cause)

    def wake(self, frame: Frame) -> None:
        """The time of a Wait, or of a back-off, is over."""
        state = frame.program.states[frame.state]
        wait, frame.wait = frame.wait, None
        if isinstance(wait, BackingOff):
            self.begin_work(frame, state)
            return
        self.run(frame, frame.last)

    def drop(self, frame: Frame) -> None:
        """Nobody waits for the frame's task any more."""
        if isinstance(frame.wait, Call):
            del self.calls[frame.wait.id]

    def fail(self, error: str | None, cause: str | None, previous: int) -> None:
        """End the execution with an error that nothing has handled."""
        self.end("ExecutionFailed", Outcome("FAILED", None, error, cause), previous)

    def end(self, kind: str, outcome: Outcome, previous: int) -> None:
        """End the execution. Its frames stay as they are: a redrive goes on from them."""
        if outcome.status == "SUCCEEDED":
            self.record(kind, previous, "/", None, outcome.output)
        else:
            self.record(kind, previous, "/", None, outcome.error, outcome.cause)
        self.outcome = outcome
        self.frame = None
        self.ready.clear()
        # Results are kept, often by the thousand: these would be a third of what the garbage collector finds in each.
        self.calls, self.ready, self.timers, self.gauge = _NO_CALLS, _NO_FRAMES, _NO_TIMERS, _NO_GAUGE

    def reopen(self) -> None:
        """Take back that the execution has ended."""
        self.outcome = None
        self.calls, self.ready, self.gauge = {}, deque(), Gauge()
