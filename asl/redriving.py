"""Redrive: an execution that ended without success goes on from the states that did not succeed.

As RedriveExecution does it (developer guide, "Restarting state machine executions with redrive"): what succeeded is not
run again, a failed or aborted state starts again on the same input with its retries and timeouts unused, a Parallel
or Map keeps the branches and iterations that came to their end. No state is entered anew: what follows hangs on the
entry of old, and a Fail state only fails again (measured on the service, September 2026).
"""

from __future__ import annotations

from collections.abc import Iterator

from asl import joining, names
from asl.errors import AslError
from asl.frames import BETWEEN, NOTHING, Frame, Joining
from asl.machine import Machine
from asl.states import Fail, Wait, Working


class RedriveError(AslError):
    """An execution that cannot be redriven; the message says why, as the service's `redriveStatusReason` does."""


def refusal(machine: Machine) -> str | None:
    """Why the execution cannot be redriven; None where it can."""
    if machine.identity.run is not None or machine.identity.synchronous:
        return "This operation is not supported by this type of state machine"
    status = "RUNNING" if machine.outcome is None else machine.outcome.status
    if status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {status} and cannot be redriven"
    if machine.events >= machine.last_event - 1:  # it needs room for ExecutionRedriven and one more
        return "Execution has exceeded the maximum history event limit"
    return None


def redrive(machine: Machine, at: int) -> None:
    """Go on with an execution that failed, timed out or was aborted. Raises `RedriveError` where that cannot be."""
    said = refusal(machine)
    if said is not None:
        raise RedriveError(said)
    machine.now = machine.redriven_at = max(at, machine.now)
    machine.redrives += 1
    machine.reopen()
    number = machine.record("ExecutionRedriven", machine.events, "/", None, machine.redrives)
    if machine.program.timeout is not None:
        machine.timer(machine.now + machine.program.timeout * 1000, None, None)
    assert machine.root is not None
    for frame in list(_unfinished(machine.root)):
        if machine.outcome is None and frame.is_active:  # nothing that went on before it failed again
            machine.settle(frame, _resume, number)


def _unfinished(frame: Frame) -> Iterator[Frame]:
    """The frames that go on by themselves, in the order of their branches and iterations."""
    frame.tries = NOTHING
    broken, frame.broken = frame.broken, None
    if broken is not None and broken.error != names.DATA_LIMIT_EXCEEDED:
        frame.wait = broken.wait
        broken.wait.active |= broken.frames
    if isinstance(frame.wait, Joining) and frame.wait.active:
        for _, child in sorted(frame.wait.active.items()):
            yield from _unfinished(child)
    else:
        yield frame


def _resume(machine: Machine, frame: Frame, redriven: int) -> None:
    """Let a frame go on where it was. `redriven` is the event that says so."""
    if isinstance(frame.wait, Joining):
        joining.go_on(machine, frame.wait)
        return
    frame.wait = None
    if frame.entered in (0, BETWEEN):
        machine.ready.append(frame)
        return
    state = frame.program.states[frame.state]
    # Recorded: a Task's next try hangs on the entry of its state, another failure of a Fail state on the redrive.
    if frame.parent is not None or isinstance(state, Working | Wait):
        frame.last = frame.entered
    else:
        frame.last = redriven
    if isinstance(state, Working | Wait | Fail):
        machine.begin_work(frame, state)
    else:  # a Pass, Choice or Succeed state that failed before it was left
        machine.run(frame, frame.entered)
