"""What drivers have in common: telling an execution what a task function gave."""

from __future__ import annotations

from typing import Any

from asl.execution import Execution
from asl.resources import normalised, told


def tell(execution: Execution, call: int, result: Any, at: int) -> None:
    """Answer a call with a function's result, or with the exception that it raised."""
    try:
        if isinstance(result, BaseException):
            raise result
        value = normalised(result)
    except Exception as problem:
        error = told(problem)
        execution.fail(call, error.error, error.cause, at=at)
    else:
        execution.succeed(call, value, at=at)
