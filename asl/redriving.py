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
from asl.frames import NOTHING, Frame, Joining
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
    if machine.scope.events >= machine.last_event - 1:  # it needs room for ExecutionRedriven and one more
        return "Execution has exceeded the maximum history event limit"
    return None


def redrive(machine: Machine, at: int) -> None:
    """Go on with an execution that failed, timed out or was aborted. Raises `RedriveError` where that cannot be."""
    said = refusal(machine)
    if said is not None:
        raise RedriveError(said)
    scope = machine.scope
    scope.now = scope.redriven_at = max(at, scope.now)
    scope.redrives += 1
    machine.outcome = None
    number = machine.record("ExecutionRedriven", scope.events, "/", None, scope.redrives)
    if machine.program.timeout is not None:
        machine.timer(scope.now + machine.program.timeout * 1000, None, None)
    root = next(iter(machine.frames.values()))
    for frame in list(_unfinished(machine, root)):
        if (
            machine.outcome is None and frame.id in machine.frames
        ):  # nothing that went on before it failed again
            machine.settle(frame, _resume, number)


def _unfinished(machine: Machine, frame: Frame) -> Iterator[Frame]:
    """The frames that go on by themselves, in the order of their branches and iterations."""
    frame.tries = NOTHING
    broken, frame.broken = frame.broken, None
    if broken is not None and broken.error != names.DATA_LIMIT_EXCEEDED:
        frame.wait = broken.wait
        for slot, child in sorted(broken.frames.items()):
            machine.frames[child.id] = child
            broken.wait.active[slot] = child.id
    if isinstance(frame.wait, Joining) and frame.wait.active:
        for _, child_id in sorted(frame.wait.active.items()):
            yield from _unfinished(machine, machine.frames[child_id])
    else:
        yield frame


def _resume(machine: Machine, frame: Frame, redriven: int) -> None:
    """Let a frame go on where it was. `redriven` is the event that says so."""
    if isinstance(frame.wait, Joining):
        joining.go_on(machine, frame)
        return
    frame.wait = None
    if frame.fresh or not frame.entered:
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
        machine.run(frame, True, exit_after=frame.entered)
