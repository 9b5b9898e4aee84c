"""From a recorded history back to the execution that it is of, so far as a redrive needs it.

Nothing is run again: what the states that were left gave stands in the history, and what waits or failed is put where
it was. So a machine that was mended can go on with an execution that the old one could not finish.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asl.drive.replay import identity
from asl.errors import StatesError
from asl.events import ENDS, FORKS, Event
from asl.execution import Execution
from asl.frames import BETWEEN, Broken, Frame, Joining
from asl.machine import Machine, Outcome
from asl.names import RUNTIME
from asl.program import Program
from asl.quotas import Quotas
from asl.recorded import HistoryError, Recording, read
from asl.redriving import RedriveError
from asl.scope import Identity
from asl.states import Map, Parallel
from asl.values import Json

if TYPE_CHECKING:
    from asl.face import Result, StateMachine
    from asl.resources import Tasks


def redrive(
    history: Any,
    machine: StateMachine | Program,
    *,
    tasks: Tasks = None,
    machines: Mapping[str, StateMachine] | None = None,
    callbacks: Mapping[str, Any] | None = None,
    at: int | None = None,
    seed: int = 0,
    identity: Identity | None = None,
    quotas: Quotas | None = None,
) -> Result:
    """Go on with the recorded execution from the states that did not succeed, on the virtual clock.

    The machine may be a mended one, as long as it has those states. `tasks`, `machines` and `callbacks` serve its calls
    as in `StateMachine.run`. `at` is the time of the redrive in
    milliseconds since the epoch, by default that of the last event. Raises `RedriveError` where the execution
    cannot be redriven with this machine, `HistoryError` as `recorded.read` does, and `UnservedCall` where no task
    function serves a Task.
    """
    from asl.drive import atonce
    from asl.face import result_of
    from asl.resources import Resources

    execution = rebuilt(history, machine, seed=seed, identity=identity, quotas=quotas)
    execution.redrive(at=execution.now if at is None else at)
    resources = Resources(tasks, machines=machines, callbacks=callbacks)
    return result_of(execution, atonce.run(execution, resources))


def rebuilt(
    history: Any,
    machine: StateMachine | Program,
    *,
    seed: int = 0,
    identity: Identity | None = None,
    quotas: Quotas | None = None,
) -> Execution:
    """The execution that a history is of, as it ended. Raises as `redrive` does, but for tasks."""
    program = machine if isinstance(machine, Program) else machine.program
    recording = read(history, program)
    if recording.absent:
        raise HistoryError(f"{recording.absent[0]}: a redrive needs the documents of every event")
    return Execution.of(_Rebuilding(recording, program, seed, identity, quotas or Quotas()).machine)


class _Spot:
    """Where a frame is at the end of a history."""

    __slots__ = (
        "aborted", "assigned", "children", "exited", "failed", "fork", "last", "length", "lost", "path", "state"
    )  # fmt: skip

    def __init__(self, path: str) -> None:
        self.path = path
        self.state: Event | None = None  # its entry into the state that it has not left
        self.exited: Event | None = None  # its last exit
        self.assigned: dict[str, Json] = {}
        self.children: dict[int, _Spot] | None = None  # of the fork that it is in
        self.length = 0  # of that fork, where it is a Map's
        self.fork = 0  # the event with which it began
        self.last = 0
        self.failed = False  # an event says that its Parallel or Map failed for good
        self.lost = False  # one says that it failed itself
        self.aborted = 0  # the failure on which the event hangs that says it was aborted

    def recover(self) -> None:
        """Nothing in it has failed any more."""
        self.failed = self.lost = False
        self.aborted = 0
        for child in (self.children or {}).values():
            child.recover()

    def is_backing_off(self) -> bool:
        """Whether its Parallel or Map has failed and was to be tried again, when the execution ended.

        Then a child has failed, but no event says so of the state. Children that were aborted together with
        the frame itself have not.
        """
        return not self.failed and any(
            child.lost
            or child.failed
            or child.aborted not in (0, self.aborted)
            or (child.state is not None and child.state.type == "FailStateEntered")
            for child in (self.children or {}).values()
        )


class _Rebuilding:
    def __init__(
        self, recording: Recording, program: Program, seed: int, who: Identity | None, quotas: Quotas
    ) -> None:
        self.history = history = recording.history
        first, last = history[0], history[-1]
        if first.type != "ExecutionStarted":
            raise HistoryError(f"the history begins with {first.type}, not with ExecutionStarted")
        status = ENDS.get(last.type)
        if status is None:
            raise RedriveError("Execution is RUNNING and cannot be redriven")
        self.machine = machine = Machine(
            program, first.data, first.at, who or identity(recording), seed, quotas
        )
        self.error: str | None = None if status == "SUCCEEDED" else last.data
        machine.cells += history.cells
        machine.events, machine.now = len(history), last.at
        redrives = [event for event in history if event.type == "ExecutionRedriven"]
        machine.redrives = len(redrives)
        machine.redriven_at = redrives[-1].at if redrives else None
        machine.next_call = 1 + sum(event.type.endswith("Scheduled") for event in history)
        if status == "SUCCEEDED":
            machine.outcome = Outcome(status, last.data)
            return
        machine.outcome = Outcome(status, None, last.data, last.more)
        machine.root = self._frame(_spots(history), program, first.data)

    def _frame(
        self, spot: _Spot, program: Program, input: Json, within: Joining | None = None, slot: int = 0
    ) -> Frame:
        """The frame at a spot, with what is left within it."""
        machine = self.machine
        frame = Frame(spot.path, program, input, machine.gauge.bound(input), within, slot)
        frame.variables = {**frame.variables, **spot.assigned}
        if spot.state is None and spot.exited is None:
            return frame  # it was to begin
        frame.last = spot.last
        frame.entered = BETWEEN
        if spot.state is None:
            self._between(frame, spot)
            return frame
        entered = spot.state
        if entered.name not in program.states:
            raise RedriveError(
                f"the machine has no state `{entered.name}`{_within(spot.path)}, where the execution would go on"
            )
        frame.state, frame.input, frame.size = entered.name, entered.data, machine.gauge.bound(entered.data)
        frame.entered = entered.id
        if spot.children is not None and (self.error == RUNTIME or not spot.is_backing_off()):
            self._join(frame, spot, spot.children)
        return frame

    def _between(self, frame: Frame, spot: _Spot) -> None:
        """The execution was stopped when the frame had left one state and not entered the next."""
        assert spot.exited is not None
        name = spot.exited.name
        state = frame.program.states.get(name)
        if state is None or state.next is None:
            raise RedriveError(f"the machine does not say what follows `{name}`{_within(spot.path)}")
        frame.state, frame.input = state.next, spot.exited.data
        frame.size = self.machine.gauge.bound(frame.input)

    def _join(self, frame: Frame, spot: _Spot, children: dict[int, _Spot]) -> None:
        """Put the children of a fork back: results of those that came to their end, frames of the others."""
        state = frame.program.states[frame.state]
        self.machine.frame = frame
        try:
            if isinstance(state, Parallel):
                joining, parts = self._branches(frame, state)
            elif isinstance(state, Map) and not state.distributed:
                joining, parts = self._iterations(frame, state, spot)
            else:
                return
        except StatesError as problem:
            where = f"`{frame.state}`{_within(frame.path)}"
            raise RedriveError(f"the input of {where} cannot be made again: {problem}") from None
        last, frame.last = frame.last, spot.fork  # what has not begun hangs on the fork
        left: dict[int, Frame] = {}
        for slot, (program, input) in enumerate(parts):
            child = children.get(slot)
            if child is not None and _has_ended(child, program):
                assert child.exited is not None
                joining.results[slot] = child.exited.data
                joining.size += self.machine.gauge.bound(child.exited.data)
                continue
            spot = child or _Spot(f"{joining.prefix}{slot}")
            left[slot] = self._frame(spot, program, input, joining, slot)
        frame.last = last
        if left or joining.started < len(joining.results):
            frame.broken = Broken(joining, left, self.error)

    def _branches(self, frame: Frame, state: Parallel) -> tuple[Joining, list[tuple[Program, Json]]]:
        input = frame.input if state.read is None else state.read(frame.input, self.machine)
        joining = Joining(frame, state, len(state.branches))
        joining.started = len(state.branches)
        return joining, [(branch, input) for branch in state.branches]

    def _iterations(
        self, frame: Frame, state: Map, spot: _Spot
    ) -> tuple[Joining, list[tuple[Program, Json]]]:
        """The iterations that were started; the others follow as these come to their end."""
        assert state.items is not None and spot.children is not None
        machine = self.machine
        effective = frame.input if state.read is None else state.read(frame.input, machine)
        items: Any = state.items(effective, machine)
        if len(items) != spot.length:
            raise RedriveError(
                f"`{frame.state}`{_within(frame.path)} iterates over {len(items)} items now; it was {spot.length}"
            )
        joining = Joining(frame, state, len(items), effective, items, machine.gauge.bound(items))
        most = machine.quotas.concurrency or len(items)
        limit: Any = state.limit(effective, machine)
        at_once = min(limit or most, most, len(items))
        joining.started = max(at_once, max(spot.children, default=-1) + 1)
        return joining, [(state.processor, items[slot]) for slot in range(joining.started)]


def _within(path: str) -> str:
    return "" if path == "/" else f" in {path}"


def _has_ended(spot: _Spot, program: Program) -> bool:
    """Whether a branch or iteration came to its end: it has left a state after which there is none."""
    if spot.state is not None or spot.exited is None:
        return False
    state = program.states.get(spot.exited.name)
    return state is None or (state.next is None and spot.exited.type != "ChoiceStateExited")


def _spots(history: Any) -> _Spot:
    """Where each frame is when the history ends; the root, with the others below."""
    root = _Spot("/")
    spots: dict[str, _Spot] = {"/": root}
    for event in history:
        kind, path = event.type, event.path
        if kind in FORKS:
            spots[path].children = {}
            spots[path].length = event.data or 0
            spots[path].fork = event.id
        elif kind == "MapIterationStarted" or path not in spots or _begins_branch(history, event):
            stem, _, slot = path.rpartition("/")
            parent = next(spots[above] for above in _above(stem) if above in spots)
            if parent.children is None:
                parent.children = {}
            spots[path] = parent.children[int(slot)] = _Spot(path)
        spot = spots[path]
        if kind == "ExecutionRedriven":
            root.recover()
        elif kind.endswith("Aborted"):
            spot.aborted = event.previous
        elif kind in ("MapStateFailed", "ParallelStateFailed"):
            spot.failed = True
        elif kind == "MapIterationFailed" or (kind == "EvaluationFailed" and _is_instant(spot)):
            spot.lost = True
        elif kind in FORKS:
            spot.failed = False
        elif kind.endswith("StateEntered"):
            spot.state, spot.children = event, None
        elif kind.endswith("StateExited"):
            spot.state, spot.children, spot.exited, spot.failed = None, None, event, False
            spot.assigned |= event.more or {}
        spot.last = event.id
    return root


def _is_instant(spot: _Spot) -> bool:
    """Whether the frame is in a state that has neither Retry nor Catch."""
    return spot.state is not None and not spot.state.type.startswith(("Task", "Map", "Parallel"))


def _begins_branch(history: Any, event: Event) -> bool:
    return event.type.endswith("StateEntered") and (
        event.previous > 0 and history[event.previous - 1].type == "ParallelStateStarted"
    )


def _above(stem: str) -> list[str]:
    """The paths that the frame which forked at a path without its slot can have, the nearest first."""
    found = []
    while stem:
        stem = stem.rpartition("/")[0]
        found.append(stem or "/")
    return found
