"""asl, the Amazon States Language interpreter: load → check → compile → run.

    machine = asl.load("order.asl.json")
    result = machine.run({"id": 1}, tasks={"charge": charge})
    result.status, result.output, result.path, result.history

`load` reads a definition, checks it and compiles it; `StateMachine.run` runs it on a virtual clock;
`Execution` is the machine itself, without clock or I/O, for those who write a driver of their own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from asl.checks import check as _check
from asl.checks import unresolved as _unresolved
from asl.drive.callbacks import (
    ActivityDoesNotExist,
    ActivityTask,
    CallbackError,
    InvalidToken,
    TaskDoesNotExist,
    TaskTimedOut,
)
from asl.errors import (
    AslError,
    DefinitionError,
    ExpressionError,
    Problem,
    ReplayError,
    StatesError,
)
from asl.errors import StatesError as TaskError
from asl.execution import Execution
from asl.face import InputError, Result, StateMachine
from asl.frames import Call
from asl.history import Event, History
from asl.machine import Outcome
from asl.program import Program, compile
from asl.quotas import Quotas
from asl.resources import HEARTBEAT, Lambda, Submitted, UnservedCall, after
from asl.scope import Identity
from asl.source import read
from asl.values import Json

if TYPE_CHECKING:
    from pathlib import Path

    from asl.aws import Aws
    from asl.comparing import Comparison, diff
    from asl.drive.parting import Divergence
    from asl.drive.replay import Replay, replay
    from asl.http_task import HttpTask
    from asl.inspection import explain
    from asl.rebuilding import redrive
    from asl.recorded import HistoryError
    from asl.redriving import RedriveError
    from asl.session import AsyncSession, Running, Session
    from asl.teststate import TestStateError, test_state

__all__ = [
    "HEARTBEAT",
    "ActivityDoesNotExist",
    "ActivityTask",
    "AslError",
    "AsyncSession",
    "Aws",
    "Call",
    "CallbackError",
    "Comparison",
    "DefinitionError",
    "Divergence",
    "Event",
    "Execution",
    "ExpressionError",
    "History",
    "HistoryError",
    "HttpTask",
    "Identity",
    "InputError",
    "InvalidToken",
    "Json",
    "Lambda",
    "Outcome",
    "Problem",
    "Program",
    "Quotas",
    "RedriveError",
    "Replay",
    "ReplayError",
    "Result",
    "Running",
    "Session",
    "StateMachine",
    "StatesError",
    "Submitted",
    "TaskDoesNotExist",
    "TaskError",
    "TaskTimedOut",
    "TestStateError",
    "UnservedCall",
    "after",
    "check",
    "compile",
    "diff",
    "explain",
    "load",
    "redrive",
    "replay",
    "test_state",
]

_ELSEWHERE = {
    "AsyncSession": "asl.session",
    "Aws": "asl.aws",
    "Comparison": "asl.comparing",
    "Divergence": "asl.drive.parting",
    "HistoryError": "asl.recorded",
    "HttpTask": "asl.http_task",
    "RedriveError": "asl.redriving",
    "Replay": "asl.drive.replay",
    "Running": "asl.session",
    "Session": "asl.session",
    "TestStateError": "asl.teststate",
    "diff": "asl.comparing",
    "explain": "asl.inspection",
    "redrive": "asl.rebuilding",
    "replay": "asl.drive.replay",
    "test_state": "asl.teststate",
}
"""What is imported when somebody asks for it, so that `import asl` costs what loading and running need."""


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(import_module(_ELSEWHERE[name]), name)
    raise AttributeError(f"module 'asl' has no attribute {name!r}")


def load(
    source: str | bytes | Path | dict[str, Json],
    *,
    define: Mapping[str, str] | None = None,
    type: str = "STANDARD",
) -> StateMachine:
    """Read, check and compile a definition: a path, JSON or YAML text, bytes, or a dict.

    `define` gives values to `${Name}` placeholders; `type` is STANDARD or EXPRESS. Raises `DefinitionError` with all
    the errors that the definition has, and `OSError` where a file cannot be read.
    """
    found = read(source, define=define)
    problems = found.place([*found.problems, *_check(found.document, type=type)])
    errors = [problem for problem in problems if problem.severity == "ERROR"]
    if errors := errors or found.place(_unresolved(found.document)):
        raise DefinitionError(errors)
    name = os.path.basename(found.name).split(".")[0] if found.name else "StateMachine"
    assert isinstance(found.document, dict)
    try:
        program = compile(found.document)
    except DefinitionError as refusal:
        raise DefinitionError(found.place(refusal.problems)) from None
    return StateMachine(program, tuple(problems), name, found.name)


def check(
    source: str | bytes | Path | dict[str, Json],
    *,
    define: Mapping[str, str] | None = None,
    type: str = "STANDARD",
) -> list[Problem]:
    """All that is wrong with a definition, and the warnings, each with its place. Nothing is raised for them.

    Raises `DefinitionError` only for what cannot be read as JSON or YAML at all.
    """
    found = read(source, define=define)
    return found.place([*found.problems, *_check(found.document, type=type)])
