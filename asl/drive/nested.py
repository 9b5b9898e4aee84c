"""What the machines of a run do to each other: executions that Tasks start, tokens that they answer.

Source: the recordings of `states:startExecution` in all its forms (sfn_task_service, base_callbacks, callback) and of
`aws-sdk:sfn`; the developer guide, "Start a new execution from a running execution".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from asl import times
from asl.drive.callbacks import CallbackError
from asl.errors import StatesError
from asl.execution import UNANSWERED, Execution
from asl.frames import Call
from asl.names import TASK_FAILED
from asl.resources import Resources, Served, Submitted
from asl.resources.metadata import REQUEST_ID, http_metadata, request_id
from asl.scope import Identity
from asl.values import Json, to_json

if TYPE_CHECKING:
    from asl.drive.hub import Hub, Run
    from asl.face import StateMachine


class Within:
    """What a function of the hub's own gives: it acts on the hub, where nothing else happens meanwhile."""

    __slots__ = ("act",)

    def __init__(self, act: Callable[[Hub, Run, Call], Any]) -> None:
        self.act = act


def serve(hub: Hub, call: Call) -> Served | None:
    """What serves a call that is for the machines and tasks of the hub themselves; None where it is not."""
    known = _ACTIONS.get(_action(call))
    if known is None:
        return None
    is_ours, act = known
    return Served(lambda call: Within(act)) if is_ours(hub, call) else None


def may_serve(resources: Resources, call: Call) -> bool:
    """Whether `serve` may serve such a call; of its payload only the fields that are known beforehand are there."""
    known = _ACTIONS.get(_action(call))
    if known is None:
        return False
    if known[0] is not _knows_machine or _machine(resources, call) is not None:
        return True
    return _field(call, "StateMachineArn") is None and bool(resources.machines)


def _action(call: Call) -> tuple[str, str]:
    target = call.target
    return (target.service or "", target.action or "") if target.sync else target.api


# ---------------------------------------------------------------------- starting executions


def _machine(resources: Resources, call: Call) -> StateMachine | None:
    """The machine that the call is for: by its ARN, its ARN without version or alias, or its name."""
    arn = _field(call, "StateMachineArn")
    if not isinstance(arn, str):
        return None
    parts = arn.split(":")
    for key in (arn, ":".join(parts[:7]), parts[6] if len(parts) > 6 else arn):
        if key in resources.machines:
            return resources.machines[key]
    return None


def _knows_machine(hub: Hub, call: Call) -> bool:
    return _machine(hub.resources, call) is not None


def _field(call: Call, name: str) -> Json:
    return call.payload.get(name) if isinstance(call.payload, dict) else None


def _document(call: Call, name: str, code: str, said: str) -> Json:
    """A field that holds a document, or the JSON text of one. Raises `StatesError` where that is none."""
    found = _field(call, name)
    if not isinstance(found, str):
        return found
    try:
        document: Json = json.loads(found)
    except ValueError as problem:
        raise _refusal(call, code, f"{said}: '{problem}'") from problem
    return document


def _start(hub: Hub, run: Run, call: Call, waiting: Any = None) -> Run:
    """Start the execution that the call asks for. Raises `StatesError` as the service would refuse it."""
    machine = _machine(hub.resources, call)
    assert machine is not None
    parent = run.execution
    given = _document(call, "Input", "InvalidExecutionInput", "Invalid State Machine Execution Input")
    name = _field(call, "Name")
    if name is None:
        seed = f"{parent.seed}:{parent.identity.name}:{call.id}"
        name = str(UUID(int=Random(seed).getrandbits(128), version=4))
    identity = _identity(str(name), parent.identity, str(_field(call, "StateMachineArn")), machine.name)
    earlier = hub.names.get(identity.execution_arn)
    if earlier is not None:
        if not earlier.ended and earlier.execution.input == ({} if given is None else given):
            return earlier  # StartExecution is idempotent while the execution runs
        said = f"Execution Already Exists: '{identity.execution_arn}'"
        raise _refusal(call, "ExecutionAlreadyExists", said)
    execution = machine.start(
        given, start_time=hub.now(), seed=parent.seed, identity=identity, quotas=parent.quotas
    )
    child = hub.add(execution, waiting)
    hub.names[identity.execution_arn] = child
    run.children.append(child)
    return child


def _identity(name: str, parent: Identity, arn: str, machine: str) -> Identity:
    """The names of a nested execution."""
    parts = arn.split(":")
    if len(parts) < 7:
        return Identity(name, machine, parent.account, parent.region, parent.role)
    return Identity(name, parts[6], parts[4], parts[3], parent.role)


def _started(child: Run, call: Call) -> dict[str, Json]:
    """The answer of StartExecution."""
    first: dict[str, Json] = {"ExecutionArn": child.execution.identity.execution_arn}
    if _of_sdk(call):
        return {**first, "StartDate": times.text(child.execution.started_at)}
    first["StartDate"] = child.execution.started_at
    headers = {
        REQUEST_ID: request_id(call),
        "connection": "keep-alive",
        "Content-Length": str(len(to_json(first))),
        "Content-Type": "application/x-amz-json-1.0",
    }
    arn = first.pop("ExecutionArn")
    return {"ExecutionArn": arn, **http_metadata(headers), **first}


def _request_response(hub: Hub, run: Run, call: Call) -> Any:
    first = _started(_start(hub, run, call), call)
    return first if call.token is None else Submitted(first)


def _and_wait(parsed: bool, hub: Hub, run: Run, call: Call) -> Any:
    from asl.drive.hub import Waiting

    child = _start(hub, run, call, Waiting(run, call.id, partial(_ended, parsed)))
    return Submitted(_started(child, call), cancel=lambda: hub.stop(child))


def _synchronously(hub: Hub, run: Run, call: Call) -> Any:
    from asl.drive.hub import Waiting

    child = _start(hub, run, call, Waiting(run, call.id, lambda execution: described(execution, False)))
    run.jobs[call.id] = lambda: hub.stop(child)
    return UNANSWERED


def _ended(parsed: bool, execution: Execution) -> Any:
    """What the end of the nested execution is to the Task that waits for it."""
    shown = described(execution, parsed)
    if shown["Status"] == "SUCCEEDED":
        return shown
    return StatesError(TASK_FAILED, to_json(shown))


def described(execution: Execution, parsed: bool) -> dict[str, Json]:
    """An execution that has ended, as DescribeExecution tells it in a Task's result, keys in their order there.

    `parsed`: input and output are values (`.sync:2`), not JSON text (`.sync`). Times are milliseconds.
    """
    outcome = execution.outcome
    assert outcome is not None
    identity = execution.identity
    succeeded = outcome.status == "SUCCEEDED"

    def document(value: Json) -> Json:
        return value if parsed else to_json(value)

    shown: dict[str, Json] = {
        "Cause": outcome.cause,
        "Error": outcome.error,
        "ExecutionArn": identity.execution_arn,
        "Input": document(execution.input),
        "InputDetails": {"Included": True},
        "Name": identity.name,
        "Output": document(outcome.output),
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE" if succeeded else "REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": execution.started_at,
        "StateMachineArn": identity.machine_arn,
        "Status": outcome.status,
        "StopDate": execution.now,
    }
    dropped = ["Cause", "Error"] if succeeded else ["Output", "OutputDetails", "RedriveStatusReason"]
    dropped += [key for key in ("Cause", "Error") if not succeeded and shown[key] is None]
    return {key: value for key, value in shown.items() if key not in dropped}


# ---------------------------------------------------------------------- answering tokens


def _knows_token(hub: Hub, call: Call) -> bool:
    """Whether the token is one of ours; what else serves the resource may know others."""
    return hub.knows(str(_field(call, "TaskToken"))) or hub.resources.general(call) is None


def _send(send: Callable[[Hub, Call, str], None], hub: Hub, run: Run, call: Call) -> Any:
    try:
        send(hub, call, str(_field(call, "TaskToken")))
    except CallbackError as problem:
        raise _refusal(call, problem.code, str(problem)) from problem
    return {}


def _success(hub: Hub, call: Call, token: str) -> None:
    hub.send_task_success(token, _document(call, "Output", "InvalidOutput", "Invalid Output"))


def _failure(hub: Hub, call: Call, token: str) -> None:
    error, cause = _field(call, "Error"), _field(call, "Cause")
    hub.send_task_failure(token, None if error is None else str(error), None if cause is None else str(cause))


def _heartbeat(hub: Hub, call: Call, token: str) -> None:
    hub.send_task_heartbeat(token)


# ---------------------------------------------------------------------- what is whose


def _of_sdk(call: Call) -> bool:
    return (call.target.service or "").startswith("aws-sdk:")


def _refusal(call: Call, code: str, said: str) -> StatesError:
    """The service's error, in the words of the integration that calls it."""
    if _of_sdk(call):
        text = f"{said} (Service: Sfn, Status Code: 400, Request ID: {request_id(call)})"
        return StatesError(f"Sfn.{code}Exception", f"{text} (SDK Attempt Count: 1)")
    text = f"Service: AWSStepFunctions; Status Code: 400; Error Code: {code}; Request ID: {request_id(call)}"
    return StatesError(f"StepFunctions.{code}Exception", f"{said} ({text}; Proxy: null)")


_SDK = "aws-sdk:sfn"
_ACTIONS: dict[tuple[str, str], tuple[Callable[[Hub, Call], bool], Callable[[Hub, Run, Call], Any]]] = {
    ("states", "startExecution"): (_knows_machine, _request_response),
    ("states", "startExecution.sync"): (_knows_machine, partial(_and_wait, False)),
    ("states", "startExecution.sync:2"): (_knows_machine, partial(_and_wait, True)),
    (_SDK, "startExecution"): (_knows_machine, _request_response),
    (_SDK, "startSyncExecution"): (_knows_machine, _synchronously),
    (_SDK, "sendTaskSuccess"): (_knows_token, partial(_send, _success)),
    (_SDK, "sendTaskFailure"): (_knows_token, partial(_send, _failure)),
    (_SDK, "sendTaskHeartbeat"): (_knows_token, partial(_send, _heartbeat)),
}
