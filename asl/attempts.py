"""Tasks as the machine sees them: an attempt is a call, which a driver answers, or time does."""

from __future__ import annotations

from functools import partial
from sys import intern
from typing import TYPE_CHECKING, Any

from asl import mapruns, names
from asl.errors import StatesError
from asl.frames import Call, Calling, Frame
from asl.refusals import refusal
from asl.states import Map, Task
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
    deadline = None if timeout is None else scope.now + timeout * 1000
    call = make(
        machine,
        frame,
        state,
        machine.next_call,
        sum(frame.tries.values()) if frame.tries else 0,
        payload,
        deadline,
        token,
        credentials,
    )
    machine.next_call += 1
    frame.wait = wait = Calling(call, None if heartbeat is None else heartbeat * 1000, scope.now)
    if timeout is not None or heartbeat is not None:
        machine.timer(wait.due, frame, wait)


def make(
    machine: Machine,
    frame: Frame,
    state: Task,
    id: int,
    attempt: int,
    payload: Json,
    deadline: int | None,
    token: str | None,
    credentials: Json,
) -> Call:
    """A call of the frame's task, from now on outstanding."""
    context = partial(machine.scope.context_of, frame, token)
    call = Call(
        id, frame.path, state.name, attempt, state.target, payload, deadline, token, credentials, context
    )
    machine.calls[id] = call
    machine.callers[id] = frame
    machine.fresh_calls.append(call)
    return call


def register(machine: Machine, call: Call, frame: Frame) -> None:
    """The call is outstanding from now on."""
    machine.calls[call.id] = call
    machine.callers[call.id] = frame
    machine.fresh_calls.append(call)


def drop(machine: Machine, frame: Frame) -> None:
    """Nobody waits for the frame's task any more."""
    if isinstance(frame.wait, Calling):
        del machine.calls[frame.wait.call.id], machine.callers[frame.wait.call.id]


def submit(machine: Machine, frame: Frame, output: Json) -> None:
    """The job of the frame's task was accepted."""
    target = _calling(frame).call.target
    machine.chain(frame, "TaskSubmitted", (target.service, target.action), output)


def start(machine: Machine, frame: Frame, worker: str | None) -> None:
    """A worker took the frame's activity task."""
    machine.chain(frame, "ActivityStarted", None, worker)
    wait = _calling(frame)
    wait.begin(machine.scope.now)
    machine.timer(wait.due, frame, wait)


def beat(machine: Machine, frame: Frame) -> None:
    """The frame's task gave a sign of life."""
    wait = _calling(frame)
    if wait.heartbeat is not None:
        wait.beat(machine.scope.now)
        machine.timer(wait.due, frame, wait)


def _calling(frame: Frame) -> Calling:
    assert isinstance(frame.wait, Calling)
    return frame.wait


def _end(machine: Machine, frame: Frame, how: str, data: Json, cause: str | None = None) -> Task:
    """The attempt is over: record how (`Succeeded`, `Failed`, `TimedOut`), and forget the call."""
    state = frame.program.states[frame.state]
    assert isinstance(state, Task)
    drop(machine, frame)
    frame.wait = None
    target = state.target
    name = (target.service, target.action) if target.kind == "Task" else None
    machine.chain(frame, intern(target.kind + how), name, data, cause)
    return state


def succeed(machine: Machine, frame: Frame, output: Json) -> None:
    """The task, or the map run, of the frame gave a result."""
    state = frame.program.states[frame.state]
    if isinstance(state, Map):
        mapruns.succeed(machine, frame, state, output)
        return
    size = machine.gauge(output)
    if size > machine.limit:
        target = _calling(frame).call.target
        fail(machine, frame, names.DATA_LIMIT_EXCEEDED, too_large(target.service or target.resource))
    else:
        machine.deliver(frame, _end(machine, frame, "Succeeded", output), output, size)


def fail(machine: Machine, frame: Frame, error: str | None, cause: str | None) -> None:
    """The task, or the map run, of the frame failed."""
    if isinstance(frame.program.states[frame.state], Map):
        mapruns.fail(machine, frame, error, cause)
        return
    _end(machine, frame, "Failed", error, cause)
    machine.fail_state(frame, error, cause)


def time_out(machine: Machine, frame: Frame) -> None:
    """The task took too long, or was silent for too long: the service has one event and error for both."""
    _end(machine, frame, "TimedOut", names.TIMEOUT)
    machine.fail_state(frame, names.TIMEOUT, None)


def too_large(what: str) -> str:
    """The cause of States.DataLimitExceeded; `what` is a state, a function's ARN or an integration's service."""
    return (
        f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes "
        "service limit."
    )
