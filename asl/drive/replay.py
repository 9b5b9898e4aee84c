"""Replay: the machine runs again on what was recorded, and is held against the recording.

The answers of tasks, the time of every answer, of every Wait's end and of every retry come from the history, and so do
the values that only the recording knows (`taking`). Everything else is what the definition makes of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from asl.drive.book import Book, Try, Visited
from asl.drive.parting import Divergence, part
from asl.drive.taking import Taken, Taking
from asl.drive.wrapping import wrapped
from asl.errors import ReplayError
from asl.events import DATA, ENDS, PATH, WIDTH, Event
from asl.execution import Execution
from asl.frames import BackingOff, Call, Frame, Limits, MapRun, Sleeping, innermost, lines
from asl.history import History
from asl.machine import Machine
from asl.names import HEARTBEAT_TIMEOUT
from asl.program import Program
from asl.quotas import Gauge, Quotas
from asl.recorded import HistoryError, Recording, read
from asl.retry import timeout_name
from asl.scope import Identity
from asl.telling import ENDED

if TYPE_CHECKING:
    from asl.face import StateMachine

_Act: TypeAlias = "Callable[[int], bool]"
"""What happens at a time; False where the replay cannot go on."""

MODES = ("strict", "shape", "tolerant")


@dataclass(frozen=True)
class Replay:
    """What a replay came to. `divergence` is the first place where the machine parts from the recording, or None.

    `history` is the history that the machine made, `taken` lists the documents of which parts were taken from
    the recording, `execution` is the execution as it stands now.
    """

    divergence: Divergence | None
    recorded: History
    history: History
    taken: tuple[Taken, ...]
    execution: Execution

    @property
    def same(self) -> bool:
        """Whether the machine does what was recorded."""
        return self.divergence is None

    def check(self) -> Replay:
        """The replay itself; raises `ReplayError` where it diverges."""
        if self.divergence is not None:
            raise ReplayError(self.divergence)
        return self


def replay(
    history: Any, machine: StateMachine | Program, mode: str = "strict", *, quotas: Quotas | None = None
) -> Replay:
    """Run a machine on a recorded history, and find where they part.

    `history` is anything that `recorded.read` takes. `mode` says what must be the same: in `strict` every event
    and document, in `shape` the states that are entered and the status, in `tolerant` as in `shape`, but the
    machine may pass through additional Pass states. Events of branches and iterations may interleave in any order.

    `quotas` are the service's by default; a recording that went over them had none. Raises `HistoryError` for what
    is no history, or has not the documents that a replay needs, and `ValueError` for another mode.
    """
    if mode not in MODES:
        raise ValueError(f"no such mode: {mode!r}; there are {', '.join(MODES)}")
    program = machine if isinstance(machine, Program) else machine.program
    recording = read(history, program)
    if recording.absent:
        raise HistoryError(
            f"{recording.absent[0]}: a replay needs the documents of every event; "
            "was the history taken with --no-include-execution-data?"
        )
    replayer = Replayer(recording, program, quotas)
    replayer.run()
    made = replayer.execution.history
    divergence = part(replayer.recorded, replayer.now.follow(), program, mode)
    return Replay(divergence, recording.history, made, tuple(replayer.taking.taken), replayer.execution)


def identity(recording: Recording) -> Identity:
    """The names of the execution, as far as the recording has them."""
    names: dict[str, Any] = {}
    for event in recording.history:
        if event.type == "ExecutionStarted" and event.name:
            names["role"] = event.name
            account = event.name.split(":")[4:5]
            if account and account[0]:
                names["account"] = account[0]
        elif event.type == "TaskScheduled":
            names["region"] = event.name[2]
            break
    parts = (recording.arn or "").split(":")
    if len(parts) > 7:
        names |= {"region": parts[3], "account": parts[4], "machine": parts[6], "name": parts[7]}
    return Identity(names.pop("name", "replay"), **names)


class Replayer:
    """An execution of a program that is fed from a recording."""

    def __init__(self, recording: Recording, program: Program, quotas: Quotas | None) -> None:
        history = recording.history
        first = history[0]
        if first.type != "ExecutionStarted":
            raise HistoryError(f"the history begins with {first.type}, not with ExecutionStarted")
        self.recorded = Book(history).follow()
        self.taking = Taking(self.recorded)
        limits = quotas or _quotas(history)
        self._machine = Machine(
            wrapped(program, self.taking), first.data, first.at, identity(recording), 0, limits
        )
        self.now = self.taking.now = Book(self._machine.history)
        self._machine.begin()
        self.execution = Execution.of(self._machine)
        self._due: list[tuple[int, int, _Act]] = []  # what the recording has next: (event, order, what to do)
        self._order = 0
        self._is_whole = history[-1].type in ENDS  # else nobody knows how long it went on
        for event in history:
            if event.type in _OUTSIDE:
                self._expect(event, partial(self._from_outside, event))
        self._waits: dict[str, Any] = {}  # what each frame waits for, as far as its end is expected
        self._cells_known = 0
        self._is_redriven = False

    def run(self) -> None:
        """Feed the recording until it ends, or the machine wants what it does not have."""
        while self._step():
            pass

    def _step(self) -> bool:
        """Let the next thing happen: a timer of which the recording knows nothing, or what was recorded next."""
        execution = self.execution
        for call in execution.take_calls():
            self._expect_answers(call)
        for frame in self._touched():
            if self._waits.get(frame.path) is not frame.wait:
                self._waits[frame.path] = frame.wait
                self._expect_end(frame)
        wake = execution.wake_at if self._due or self._is_whole else None
        event = self.recorded.history[self._due[0][0] - 1] if self._due else None
        if wake is not None and (event is None or wake <= event.at):
            execution.advance(at=wake)
            return True
        if event is None:
            return False
        _, _, act = heapq.heappop(self._due)
        return act(max(event.at, execution.now))

    def _touched(self) -> list[Frame]:
        """The frames that may wait for something else since this was last asked."""
        root, cells = self._machine.root, self._machine.cells
        if root is None:
            return []
        if self._is_redriven:
            self._is_redriven = False
            return list(lines(root))
        paths = set(cells[self._cells_known + PATH :: WIDTH])
        self._cells_known = len(cells)
        found: dict[str, Frame] = {}
        for path in paths:
            frame: Frame | None = innermost(root, path)
            while frame is not None and frame.path not in found:  # a failure may let what forked it wait
                found[frame.path] = frame
                frame = frame.parent
        return list(found.values())

    def _expect(self, event: Event, act: _Act) -> None:
        self._order += 1
        heapq.heappush(self._due, (event.id, self._order, act))

    # ------------------------------------------------------------------ inputs

    def _expect_answers(self, call: Call) -> None:
        """Queue what was recorded of this try."""
        tried = self._try(call.path)
        if tried is None:
            return
        if isinstance(call, MapRun):
            self._take_arn(call, tried)
        for event in (*tried.told, *([tried.ended] if tried.ended else [])):
            if ENDED.get(event.type) != "TimedOut":
                self._expect(event, partial(self._tell, call.id, event))

    def _try(self, path: str) -> Try | None:
        """The recorded try that is the one under way."""
        visit, current = self._visits(path)
        if visit is None or current is None:
            return None
        number = len(current.tries) - 1
        return visit.tries[number] if number < len(visit.tries) else None

    def _visits(self, path: str) -> tuple[Visited | None, Visited | None]:
        """The recorded visit and the present one of the state that the frame is in."""
        current = self.now.follow().current.get(path)
        if current is None:
            return None, None
        return self.recorded.visit(path, current.entered.name, current.number), current

    def _tell(self, call: int, event: Event, at: int) -> bool:
        execution = self.execution
        if event.type == "ActivityStarted":
            execution.start(call, event.data, at=at)
        elif event.type == "TaskSubmitted":
            execution.submit(call, event.data, at=at)
        elif ENDED[event.type] == "Succeeded":
            execution.succeed(call, event.data, at=at)
        else:
            execution.fail(call, event.data, event.more, at=at)
        return True

    def _from_outside(self, event: Event, at: int) -> bool:
        """Somebody stopped or redrove the execution. False where the machine has no reason to be redriven."""
        execution = self.execution
        if event.type == "ExecutionAborted":
            execution.stop(event.data, event.more, at=at)
        elif execution.outcome is None or execution.outcome.status == "SUCCEEDED":
            return False
        else:
            execution.redrive(at=at)
            self._is_redriven = True
        return True

    def _take_arn(self, call: MapRun, tried: Try) -> None:
        """The map run goes by its recorded name."""
        assert call.frame is not None
        call.arn = tried.begun.data
        self._machine.cells[(call.frame.last - 1) * WIDTH + DATA] = call.arn

    # ------------------------------------------------------------------ times

    def _expect_end(self, frame: Frame) -> None:
        """Let what the frame waits for end when the recorded wait did; where it did not end, never."""
        wait = frame.wait
        visit, current = self._visits(frame.path)
        if visit is None or current is None or not isinstance(wait, Sleeping | BackingOff | Call):
            return
        end = _end(wait, visit, current)
        if end is None and isinstance(wait, Sleeping) and self.taking.failure(frame) is not None:
            end = self.taking.failed(frame)  # what came after the wait failed
        if isinstance(wait, Call):  # no history has the signs of life
            wait.limits = None
        else:
            wait.due = None
        if end is not None:
            missed = isinstance(wait, Call) and _is_missed(self._try(frame.path), end)
            self._expect(end, partial(self._end_wait, frame, wait, missed))

    def _end_wait(self, frame: Frame, wait: Sleeping | BackingOff | Call, missed: bool, at: int) -> bool:
        if frame.wait is wait and self.execution.outcome is None:
            if not isinstance(wait, Call):
                wait.due = at
            else:
                wait.limits = Limits(at, None, 0) if missed else Limits(at, 0, None)
            self._machine.timer(at, frame, wait)
            self.execution.advance(at=at)
        return True


def _quotas(history: History) -> Quotas:
    """The service's, but for those that the recording went over."""
    usual = Quotas()
    gauge = Gauge()
    events, payload = usual.events, usual.payload
    if events is not None and len(history) > events:
        events = None
    documents = (event.data for event in history if event.type.endswith(("StateExited", "Succeeded")))
    if payload is not None and any(gauge(document) > payload for document in documents):
        payload = None
    return Quotas(payload, events)


def _end(wait: Sleeping | BackingOff | Call, visit: Visited, current: Visited) -> Event | None:
    """The recorded event with which a wait ended by itself."""
    if isinstance(wait, Sleeping):
        return visit.exited
    if isinstance(wait, BackingOff):
        number = len(current.attempts)
        return visit.attempts[number] if number < len(visit.attempts) else None
    number = len(current.tries) - 1
    ended = visit.tries[number].ended if number < len(visit.tries) else None
    return ended if ended is not None and ENDED[ended.type] == "TimedOut" else None


def _is_missed(tried: Try | None, end: Event) -> bool:
    """Whether it was the heartbeat that the try timed out for."""
    if tried is None:
        return False
    begun = next((event for event in tried.told if event.type == "ActivityStarted"), tried.begun)
    return timeout_name(tried.begun.more, end.at - begun.at) == HEARTBEAT_TIMEOUT


_OUTSIDE = ("ExecutionAborted", "ExecutionRedriven")
"""What somebody does to an execution."""
