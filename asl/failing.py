"""Failure: what an error does to a state, to the frame that it is in, and to the frames beside that.

Which event tells of it, what hangs on what, and in which order frames are dropped: all measured on the recordings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl import names
from asl.errors import EvaluationError, StatesError, while_executing
from asl.frames import DROPPED, NOTHING, BackingOff, Broken, Frame, Joining
from asl.retry import Catcher, error_output, handling
from asl.states import Map, Task, Wait, Working
from asl.values import Json

if TYPE_CHECKING:
    from asl.machine import Machine


def raised(machine: Machine, frame: Frame, problem: StatesError) -> None:
    """An error that the frame's state raises becomes the state's error; ItemSelector's is one of the Map's state."""
    if frame.entered or frame.within is None:
        state_failed(machine, frame, problem.error, _told(machine, frame, problem, frame))
    else:  # the iteration has no input
        within = frame.within
        child_failed(machine, within, frame, problem.error, _told(machine, within.frame, problem, frame))


def _told(machine: Machine, frame: Frame, problem: StatesError, teller: Frame) -> str | None:
    """The cause as the service words it. An evaluation error leaves an event of its own, on the teller's chain.

    Where the state has done nothing yet, that event hangs on what its entry hangs on (recorded).
    """
    cause = while_executing(frame.state, frame.entered, problem)
    if isinstance(problem, EvaluationError):
        at_entry = teller.last == frame.entered and not problem.after_entry
        previous = machine.history[frame.entered - 1].previous if at_entry else teller.last
        data = (problem.error, cause, problem.location)
        teller.last = machine.record("EvaluationFailed", previous, frame.path, frame.state, data)
    return cause


def state_failed(
    machine: Machine, frame: Frame, error: str | None, cause: str | None, met: str | None = None
) -> None:
    """The frame's state failed, by itself or because a child did: retry, catch, or let the frame fail.

    The first Retrier that matches decides on a retry, then the first Catcher that matches; `met` is the name
    that they are held against where it is not the error's own (`timeout_name` says of what). A Parallel or
    Map has an event that says that it failed, but for States.Runtime, which ends everything (measured).
    """
    state = frame.program.states[frame.state]
    if not isinstance(state, Working):
        frame_failed(machine, frame, error, cause)
        return
    by = handling(state.retry, state.catch, met or error, frame.tries, lambda: machine.stream("jitter"))
    if by.retry is not None and by.delay is not None:
        frame.broken = None
        frame.tries = {**frame.tries, by.retry: frame.tries.get(by.retry, 0) + 1}
        frame.wait = wait = BackingOff(machine.now + by.delay)
        machine.timer(wait.due, frame, wait)
        return
    before = frame.last
    _record_failed(machine, frame, state, error)
    if by.catch is None:
        frame_failed(machine, frame, error, cause)
        return
    try:
        _catch(machine, frame, state, state.catch[by.catch], error, cause)
    except StatesError as problem:  # the state fails once more, from where it stood (measured)
        frame.last = before
        cause = _told(machine, frame, problem, frame)
        _record_failed(machine, frame, state, problem.error)
        frame_failed(machine, frame, problem.error, cause)


def _record_failed(machine: Machine, frame: Frame, state: Working, error: str | None) -> None:
    if not isinstance(state, Task) and error != names.RUNTIME:
        machine.chain(frame, state.entered.replace("Entered", "Failed"))


def _catch(
    machine: Machine, frame: Frame, state: Working, catcher: Catcher, error: str | None, cause: str | None
) -> None:
    given: Json = error_output(error, cause)
    output = catcher.write(frame.input, given, machine)
    assigned: Any = None
    if catcher.assign is not None:
        assigned = catcher.assign(frame.input, given, machine)
    size = machine.checked(output, state.name)
    frame.broken = None
    if assigned is not None:
        machine.assign(frame, assigned)
    machine.chain(frame, state.exited, state.name, output, assigned)
    frame.input = output
    frame.size = size
    frame.tries = NOTHING
    frame.state = catcher.next
    machine.ready.appendleft(frame)


def frame_failed(machine: Machine, frame: Frame, error: str | None, cause: str | None) -> None:
    """Nothing handles the error here: the frame ends, and the state that forked it has the error."""
    if frame.within is not None:
        child_failed(machine, frame.within, frame, error, cause)
    else:
        machine.fail(error, cause, frame.last)


def child_failed(
    machine: Machine, within: Joining, child: Frame, error: str | None, cause: str | None
) -> None:
    """A branch or iteration failed: the others are aborted, and the state that forked them has the error.

    States.Runtime ends the execution at once: no event tells of the others (measured).
    """
    parent, failure = within.frame, child.last
    left = _abort(machine, within, failure, error == names.RUNTIME, child)
    parent.broken = Broken(within, left, error)
    parent.last = failure
    parent.wait = None
    machine.frame = parent
    state_failed(machine, parent, error, cause)


def _abort(
    machine: Machine, wait: Joining, failure: int, quiet: bool, failed: Frame | None = None
) -> dict[int, Frame]:
    """Drop the frames that are still active, the one that `failed` among them, and return them by their slots.

    The events that say so hang on the failure for which it is done. They come in the order of the slots, for an
    iteration first, then for its Task, also where that is what failed (measured); innermost first otherwise.
    """
    dropped = {}
    for slot in sorted(wait.active):
        frame = dropped[slot] = wait.active[slot]
        if not frame.entered:
            frame.wait = DROPPED
            continue
        inner = frame.program.states[frame.state]
        if isinstance(wait.state, Map) and not quiet:
            how = "MapIterationFailed" if frame is failed else "MapIterationAborted"
            machine.record(how, failure, frame.path, wait.state.name, slot)
        if frame is failed:
            if isinstance(inner, Task) and not quiet:
                machine.record("TaskStateAborted", failure, frame.path)
            continue
        if isinstance(frame.wait, Joining):
            frame.broken = Broken(frame.wait, _abort(machine, frame.wait, failure, quiet))
        machine.drop(frame)
        frame.wait = DROPPED
        if isinstance(inner, Working | Wait) and not quiet:
            machine.record(inner.entered.replace("Entered", "Aborted"), failure, frame.path)
    wait.active.clear()
    return dropped
