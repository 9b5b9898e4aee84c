"""The context object that a tested state sees: the one that the request gives, or one like the service's own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias

from asl import times
from asl.face import VIRTUAL_START
from asl.scope import Identity, context_object
from asl.stages import Plan
from asl.states import Task, Working
from asl.teststate.errors import refuse
from asl.values import Json, type_name

Object: TypeAlias = "dict[str, Any]"

ALONE = "StateName"
"""What the service calls a state whose definition is given by itself (recorded), and any in the context object."""

INVALID = "Invalid Context object provided: "

_TEXT, _NUMBER, _ANY = ("string",), ("number",), ()
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "Execution": {
        "Id": _TEXT,
        "Input": _ANY,
        "Name": _TEXT,
        "RoleArn": _TEXT,
        "StartTime": _TEXT,
        "RedriveCount": _NUMBER,
        "RedriveTime": _TEXT,
    },
    "State": {"EnteredTime": _TEXT, "Name": _TEXT, "RetryCount": _NUMBER},
    "StateMachine": {"Id": _TEXT, "Name": _TEXT},
    "Task": {"Token": _TEXT},
}
"""The fields that a given context object may have, and their types."""


def given(plan: Plan, value: Json) -> Object:
    """The context object of a request, checked; it is seen exactly as given (recorded: EMPTY_OBJECTS)."""
    if not isinstance(value, dict):
        refuse(f"{INVALID}it must be an object")  # not recorded
    for name, fields in value.items():
        if name == "Map":
            refuse(f"{INVALID}'Map' field is not supported when mocking a Context object")
        if name not in FIELDS:
            refuse(f"{INVALID}Field '{name}' is not allowed")
        if name == "Task" and not _answers_later(plan):
            refuse(
                f"{INVALID}Context object contains 'Task' when state is not a Task state with a '.sync' or "
                "'.waitForTaskToken' service integration pattern"
            )
        _checked(name, fields)
    return value


def _checked(name: str, fields: Json) -> None:
    known = FIELDS[name]
    if not isinstance(fields, Mapping):
        refuse(f"{INVALID}{name} must be an object")
    for key, value in fields.items():
        if key not in known:
            refuse(f"{INVALID}Field '{key}' is not allowed")
        wanted = known[key]
        if wanted and type_name(value) not in wanted:
            refuse(f"{INVALID}{name}.{key} must be a {wanted[0]}")


def _answers_later(plan: Plan) -> bool:
    state = plan.state
    return isinstance(state, Task) and (state.target.sync or state.target.token)


def default(plan: Plan, input: Json, role: str | None, retries: int, *, within_map: bool) -> Object:
    """The context object of a test that gives none: an execution of an Express machine (recorded).

    The names are the same every time, the state's among them, wherever it stands; without a role there is none
    (measured by others, September 2026). The account is that of the role. Within a Map the input is the first item:
    so the guide has it, though the context object that was measured as a whole has no Map.
    """
    random = Random("teststate")
    machine, execution = (str(uuid.UUID(int=random.getrandbits(128), version=4)) for _ in range(2))
    who = Identity(execution, machine)
    if account := re.match(r"arn:[\w-]+:iam::(\d{12}):", role or ""):
        who = replace(who, account=account[1])
    state: Object = {"Name": ALONE, "EnteredTime": times.text(VIRTUAL_START)}
    if isinstance(plan.state, Working):
        state["RetryCount"] = retries
    token = isinstance(plan.state, Task) and plan.state.target.token
    execution_of: Object = {
        "Id": who.execution_arn.replace(":execution:", ":express:"),
        "Input": input,
        "Name": execution,
        "RoleArn": role,
        "StartTime": times.text(VIRTUAL_START),
    }
    about: Object = {"Execution": execution_of, "StateMachine": {"Id": who.machine_arn, "Name": who.machine}}
    return context_object(
        about,
        state,
        f"{random.getrandbits(256):064x}" if token else None,
        {"Index": 0, "Value": input} if within_map else None,
    )
