"""Tasks as the machine sees them: an attempt is a call, which a driver answers, or time does."""

from __future__ import annotations

from heapq import heappop
from sys import intern
from typing import TYPE_CHECKING, Any

from asl import mapruns, names
from asl.errors import StatesError
from asl.frames import Call, Frame, MapRun
from asl.refusals import refusal
from asl.states import Target, Task
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
    timeout: Any = None
    heartbeat: Any = None
    credentials: Any = None
    limits = None
    try:
        payload = raw
        if state.read is not None:
            payload = state.read(raw, scope)
            machine.bounded(payload, state.name)
        if state.is_limited:
            timeout = None if state.timeout is None else state.timeout(raw, scope)
            heartbeat = None if state.heartbeat is None else state.heartbeat(raw, scope)
            credentials = None if state.credentials is None else state.credentials(raw, scope)
            limits = (timeout, heartbeat, credentials and credentials.get("RoleArn"))
    finally:
        scope.token = None
    if target.kind == "LambdaFunction":
        machine.chain_begun(
            frame, "LambdaFunctionScheduled", target.resource, payload, limits, "LambdaFunctionStarted", None
        )
    else:
        _scheduled(machine, frame, target, payload, limits)
    now = scope.now
    call = Call(
        machine.next_call,
        frame.path,
        state.name,
        sum(frame.tries.values()) if frame.tries else 0,
        target,
        payload,
        None if timeout is None else now + timeout * 1000,
        token,
        credentials,
        scope.context_of,
        frame,
        None if heartbeat is None else heartbeat * 1000,
        now,
    )
    machine.next_call += 1
    register(machine, frame, call)
    if limits is not None and target.kind != "Activity":  # whose limits count from when a worker takes it
        machine.timer(call.due, frame, call)


def _scheduled(machine: Machine, frame: Frame, target: Target, payload: Json, limits: Any) -> None:
    """Record that an activity or an integration was scheduled. Raises States.Runtime where the service refuses."""
    refused = refusal(target, payload, machine.activities)
    if refused is not None:
        raise StatesError(names.RUNTIME, refused)
    if target.kind == "Activity":
        machine.chain(frame, "ActivityScheduled", target.resource, payload, limits)
    else:
        name = (target.service, target.action, machine.identity.region)
        machine.chain_begun(frame, "TaskScheduled", name, payload, limits, "TaskStarted", name)


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


def succeed(machine: Machine, frame: Frame, call: Call, output: Json) -> None:
    """The task, or the map run, of the frame gave a result."""
    size, target = machine.gauge.bound(output), call.target
    if isinstance(call, MapRun):
        mapruns.succeed(machine, frame, output, size)
        return
    if size > machine.limit and machine.gauge(output) > machine.limit:
        fail(machine, frame, call, names.DATA_LIMIT_EXCEEDED, too_large(target.service or target.resource))
        return
    del machine.calls[call.id]
    frame.wait = None
    if machine.timers and machine.timers[0][3] is call:  # the next to fire, as it mostly is
        heappop(machine.timers)
    name = (target.service, target.action) if target.service is not None else None
    machine.chain(frame, target.succeeded, name, output)
    machine.run(frame, True, output, size)


def _end(
    machine: Machine,
    frame: Frame,
    call: Call,
    how: str,
    error: str | None,
    cause: str | None,
    met: str | None = None,
) -> None:
    """The attempt is over: record how (`Failed`, `TimedOut`), forget the call, and let the state have the error.

    `met` is as in `Machine.fail_state`.
    """
    del machine.calls[call.id]
    frame.wait = None
    target = call.target
    name = None if target.service is None else (target.service, target.action)
    machine.chain(frame, intern(target.kind + how), name, error, cause)
    machine.fail_state(frame, error, cause, met)


def fail(machine: Machine, frame: Frame, call: Call, error: str | None, cause: str | None) -> None:
    """The task, or the map run, of the frame failed."""
    if isinstance(call, MapRun):
        mapruns.fail(machine, frame, error, cause)
    else:
        _end(machine, frame, call, "Failed", error, cause)


def time_out(machine: Machine, frame: Frame, call: Call) -> None:
    """The task took too long, or was silent for too long: the service has one event and error for both."""
    met = names.HEARTBEAT_TIMEOUT if call.is_silent else names.TIMEOUT
    _end(machine, frame, call, "TimedOut", names.TIMEOUT, None, met)


def too_large(what: str) -> str:
    """The cause of States.DataLimitExceeded; `what` is a state, a function's ARN or an integration's service."""
    return (
        f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes "
        "service limit."
    )
