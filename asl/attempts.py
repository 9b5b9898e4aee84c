"""Tasks as the machine sees them: an attempt is a call, which a driver answers, or time does."""

from __future__ import annotations

from heapq import heappop
from sys import intern
from typing import TYPE_CHECKING, Any, TypeAlias

from asl import failing, mapruns, names
from asl.errors import HistoryFull, StatesError
from asl.frames import Call, Frame, Limits
from asl.refusals import refusal
from asl.states import Target, Task
from asl.values import Json

if TYPE_CHECKING:
    from asl.machine import Machine

Told: TypeAlias = "tuple[int | None, int | None, str | None]"
"""What the event of a Task's begin tells: TimeoutSeconds, HeartbeatSeconds, the role of its Credentials."""


def begin(machine: Machine, frame: Frame, state: Task) -> None:
    """Start an attempt of the frame's task: record it, and call."""
    target, payload, path = state.target, frame.input, frame.path
    token = limits = credentials = told = by = None
    if state.asks:
        payload, token, limits, credentials, told = _asked(machine, state, payload)
    name: Any = target.resource
    if target.kind != "LambdaFunction":
        name = by = _checked(machine, target, payload)
    number = machine.events + 2
    if target.begun is None or number >= machine.last_event:
        machine.chain(frame, target.scheduled, name, payload, told)
        if target.begun is not None:
            raise HistoryFull
    else:  # that it was scheduled and that it began, in one step
        now = machine.now
        machine.cells += (
            target.scheduled, now, frame.last, path, name, payload, told,
            target.begun, now, number - 1, path, by, None, None,
        )  # fmt: skip
        machine.events = frame.last = number
    attempt = sum(frame.tries.values()) if frame.tries else 0
    id = machine.next_call
    machine.next_call = id + 1
    frame.wait = machine.calls[id] = call = Call(
        id, path, state.name, attempt, target, payload, frame, machine, token, limits, credentials
    )
    if limits is not None and target.begun is not None:  # an activity's count from when a worker takes it
        machine.timer(limits.due, frame, call)


def _asked(
    machine: Machine, state: Task, raw: Json
) -> tuple[Json, str | None, Limits | None, Json, Told | None]:
    """What the fields of a Task come to: payload, token, limits, credentials, and what the event tells of these."""
    target, payload, token = state.target, raw, None
    if target.token or target.sync:
        token = f"{machine.stream(f'token {machine.identity.machine}').getrandbits(256):064x}"
    timeout: Any = None
    heartbeat: Any = None
    credentials: Any = None
    machine.token = token
    try:
        if state.read is not None:
            payload = state.read(raw, machine)
            machine.bounded(payload, state.name)
        if state.timeout is not None:
            timeout = state.timeout(raw, machine)
        if state.heartbeat is not None:
            heartbeat = state.heartbeat(raw, machine)
        if state.credentials is not None:
            credentials = state.credentials(raw, machine)
    finally:
        machine.token = None
    limits = told = None
    if timeout is not None or heartbeat is not None:
        limits = Limits(machine.now, timeout and timeout * 1000, heartbeat and heartbeat * 1000)
    if limits is not None or credentials is not None:
        told = (timeout, heartbeat, credentials and credentials.get("RoleArn"))
    return payload, token, limits, credentials, told


def _checked(machine: Machine, target: Target, payload: Json) -> Any:
    """The name of an activity or integration in its events. Raises States.Runtime where the service refuses it."""
    refused = refusal(target, payload, machine.activities)
    if refused is not None:
        raise StatesError(names.RUNTIME, refused)
    if target.service is None:
        return target.resource
    return target.service, target.action, machine.identity.region


def submit(machine: Machine, frame: Frame, call: Call, output: Json) -> None:
    """The job of the frame's task was accepted."""
    machine.chain(frame, "TaskSubmitted", (call.target.service, call.target.action), output)


def start(machine: Machine, frame: Frame, call: Call, worker: str | None) -> None:
    """A worker took the frame's activity task."""
    machine.chain(frame, "ActivityStarted", None, worker)
    if call.limits is not None:
        call.limits.begin(machine.now)
        machine.timer(call.limits.due, frame, call)


def beat(machine: Machine, frame: Frame, call: Call) -> None:
    """The frame's task gave a sign of life."""
    limits = call.limits
    if limits is not None and limits.heartbeat is not None:
        limits.beat(machine.now)
        machine.timer(limits.due, frame, call)


def succeed(machine: Machine, frame: Frame, call: Call, output: Json) -> None:
    """The task, or the map run, of the frame gave a result."""
    size, target = machine.gauge.bound(output), call.target
    if target.kind == mapruns.KIND:
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
    machine.finish(frame, output, size)


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

    `met` is as in `failing.state_failed`.
    """
    del machine.calls[call.id]
    frame.wait = None
    target = call.target
    name = None if target.service is None else (target.service, target.action)
    machine.chain(frame, intern(target.kind + how), name, error, cause)
    failing.state_failed(machine, frame, error, cause, met)


def fail(machine: Machine, frame: Frame, call: Call, error: str | None, cause: str | None) -> None:
    """The task, or the map run, of the frame failed."""
    if call.target.kind == mapruns.KIND:
        mapruns.fail(machine, frame, error, cause)
    else:
        _end(machine, frame, call, "Failed", error, cause)


def time_out(machine: Machine, frame: Frame, call: Call) -> None:
    """The task took too long, or was silent for too long: the service has one event and error for both."""
    assert call.limits is not None
    met = names.HEARTBEAT_TIMEOUT if call.limits.is_silent else names.TIMEOUT
    _end(machine, frame, call, "TimedOut", names.TIMEOUT, None, met)


def too_large(what: str) -> str:
    """The cause of States.DataLimitExceeded; `what` is a state, a function's ARN or an integration's service."""
    return (
        f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes "
        "service limit."
    )
