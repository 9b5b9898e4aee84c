"""Tasks as the machine sees them: an attempt is a call, which a driver answers, or time does."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Any

from asl import mapruns, names
from asl.errors import StatesError
from asl.frames import Call, Frame, MapRun
from asl.refusals import refusal
from asl.states import Task
from asl.values import Json

if TYPE_CHECKING:
    from asl.machine import Machine


def begin(machine: Machine, frame: Frame, state: Task) -> None:
    """Start an attempt of the frame's task: record it, and call."""
    scope, target, raw = machine.scope, state.target, frame.input
    token = None
    if target.token or target.sync:
        token = f"{scope.stream(f'token {machine.identity.machine}').getrandbits(256):064x}"
        scope.token = token
    try:
        payload = raw if state.read is None else state.read(raw, scope)
        timeout: Any = None if state.timeout is None else state.timeout(raw, scope)
        heartbeat: Any = None if state.heartbeat is None else state.heartbeat(raw, scope)
        credentials: Any = None if state.credentials is None else state.credentials(raw, scope)
    finally:
        scope.token = None
    if target.kind != "LambdaFunction":
        refused = refusal(target, payload, machine.activities)
        if refused is not None:
            raise StatesError(names.RUNTIME, refused)
    limits = None
    if timeout is not None or heartbeat is not None or credentials is not None:
        limits = (timeout, heartbeat, credentials and credentials.get("RoleArn"))
    if target.kind == "LambdaFunction":
        machine.chain(frame, "LambdaFunctionScheduled", target.resource, payload, limits)
        machine.chain(frame, "LambdaFunctionStarted")
    elif target.kind == "Activity":
        machine.chain(frame, "ActivityScheduled", target.resource, payload, limits)
    else:
        name = (target.service, target.action, machine.identity.region)
        machine.chain(frame, "TaskScheduled", name, payload, limits)
        machine.chain(frame, "TaskStarted", name)
    call = Call(
        machine.next_call,
        frame.path,
        state.name,
        sum(frame.tries.values()) if frame.tries else 0,
        target,
        payload,
        None if timeout is None else scope.now + timeout * 1000,
        token,
        credentials,
        scope.context_of,
        frame,
        None if heartbeat is None else heartbeat * 1000,
        scope.now,
    )
    machine.next_call += 1
    register(machine, frame, call)
    if limits is not None:
        machine.timer(call.due, frame, call)


def register(machine: Machine, frame: Frame, call: Call) -> None:
    """The frame waits for the call from now on."""
    frame.wait = call
    machine.calls[call.id] = call
    machine.fresh_calls.append(call)


def drop(machine: Machine, frame: Frame) -> None:
    """Nobody waits for the frame's task any more."""
    if isinstance(frame.wait, Call):
        del machine.calls[frame.wait.id]


def submit(machine: Machine, frame: Frame, call: Call, output: Json) -> None:
    """The job of the frame's task was accepted."""
    machine.chain(frame, "TaskSubmitted", (call.target.service, call.target.action), output)


def start(machine: Machine, frame: Frame, call: Call, worker: str | None) -> None:
    """A worker took the frame's activity task."""
    machine.chain(frame, "ActivityStarted", None, worker)
    call.begin(machine.scope.now)
    machine.timer(call.due, frame, call)


def beat(machine: Machine, frame: Frame, call: Call) -> None:
    """The frame's task gave a sign of life."""
    if call.heartbeat is not None:
        call.beat(machine.scope.now)
        machine.timer(call.due, frame, call)


def _end(machine: Machine, frame: Frame, call: Call, how: str, data: Json, cause: str | None = None) -> None:
    """The attempt is over: record how (`Succeeded`, `Failed`, `TimedOut`), and forget the call."""
    del machine.calls[call.id]
    frame.wait = None
    target = call.target
    name = (target.service, target.action) if target.kind == "Task" else None
    machine.chain(frame, intern(target.kind + how), name, data, cause)


def succeed(machine: Machine, frame: Frame, call: Call, output: Json) -> None:
    """The task, or the map run, of the frame gave a result."""
    size = machine.gauge(output)
    if isinstance(call, MapRun):
        mapruns.succeed(machine, frame, output, size)
    elif size > machine.limit:
        fail(machine, frame, call, names.DATA_LIMIT_EXCEEDED, too_large(call.target.service or call.resource))
    else:
        _end(machine, frame, call, "Succeeded", output)
        machine.run(frame, True, output, size)


def fail(machine: Machine, frame: Frame, call: Call, error: str | None, cause: str | None) -> None:
    """The task, or the map run, of the frame failed."""
    if isinstance(call, MapRun):
        mapruns.fail(machine, frame, error, cause)
        return
    _end(machine, frame, call, "Failed", error, cause)
    machine.fail_state(frame, error, cause)


def time_out(machine: Machine, frame: Frame, call: Call) -> None:
    """The task took too long, or was silent for too long: the service has one event and error for both."""
    _end(machine, frame, call, "TimedOut", names.TIMEOUT)
    machine.fail_state(frame, names.TIMEOUT, None)


def too_large(what: str) -> str:
    """The cause of States.DataLimitExceeded; `what` is a state, a function's ARN or an integration's service."""
    return (
        f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes "
        "service limit."
    )
