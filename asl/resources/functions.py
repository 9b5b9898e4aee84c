"""Task functions as functions of a call: what they are given, and whether they are async."""

from __future__ import annotations

from collections.abc import Callable
from inspect import CO_COROUTINE, Parameter, iscoroutinefunction, signature
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias

from asl.frames import Call
from asl.resources.answers import copied

TaskFunction: TypeAlias = Callable[..., Any]


class Served(NamedTuple):
    """A task function made into a function of the call; `is_async` where it gives a coroutine."""

    function: Callable[[Call], Any]
    is_async: bool = False


def second_parameter(function: TaskFunction) -> str | None:
    """The name of the second positional parameter that the function requires; None where it has none."""
    if type(function) is FunctionType and not hasattr(function, "__wrapped__"):
        code = function.__code__  # what `signature` would say, in a twentieth of the time
        required = code.co_argcount - len(function.__defaults__ or ())
        return code.co_varnames[1] if required > 1 else None
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell
        return None
    names = [
        p.name
        for p in parameters
        if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        and p.default is Parameter.empty
    ]
    return names[1] if len(names) > 1 else None


def is_async(function: TaskFunction) -> bool:
    """Whether calling the function gives a coroutine."""
    if type(function) is FunctionType and not function.__dict__:  # nothing marks it as what it is not
        return bool(function.__code__.co_flags & CO_COROUTINE)
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def of_task(function: TaskFunction, second: str | None) -> Served:
    """The function called with the payload and, if it has a `second` parameter, the call."""
    if second is None:
        return Served(lambda call: function(copied(call.payload)), is_async(function))
    return Served(lambda call: function(copied(call.payload), call), is_async(function))
