"""Task functions: which of them serves a call, and what of theirs may enter the machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from inspect import Parameter, iscoroutinefunction, signature
from typing import Any, NamedTuple, TypeAlias

from asl.errors import AslError, StatesError
from asl.frames import Call
from asl.values import Json, to_json

TaskFunction: TypeAlias = Callable[..., Any]
Tasks: TypeAlias = "TaskFunction | Mapping[str, TaskFunction] | None"


class UnservedCall(AslError):
    """No task function serves a call; the message names the resource, the state and what there is."""


class Served(NamedTuple):
    """A task function made into a function of the call; `is_async` where it gives a coroutine."""

    function: Callable[[Call], Any]
    is_async: bool


class Resources:
    """The functions that serve tasks.

    `tasks` is one function for all of them, or a mapping from a resource (its text, or the name of the function
    or activity in its ARN), a state name, or a pattern with `*` and `?`. The most specific entry wins: the
    state's name, the resource, the name in the ARN, then the longest pattern that fits.

    A function takes the payload and, if it has a second positional parameter, the `Call`. It returns JSON, or raises
    `TaskError(error, cause)`; any other exception is an error of the exception's class name, with its text as
    the cause's `errorMessage`, as a Lambda function's would be.
    """

    def __init__(self, tasks: Tasks = None) -> None:
        if tasks is not None and not callable(tasks):
            for name, function in tasks.items():
                if not callable(function):
                    raise TypeError(f"the task {name!r} is not a function but {type(function).__name__}")
        self._all = tasks if callable(tasks) else None
        self._named: Mapping[str, TaskFunction] = {} if tasks is None or callable(tasks) else tasks
        self._patterns = sorted((name for name in self._named if "*" in name or "?" in name), key=len)[::-1]
        self._found: dict[tuple[str, str], Served] = {}

    def function(self, call: Call) -> Served:
        """What serves the call. Raises `UnservedCall` where nothing does."""
        key = (call.state, call.resource)
        found = self._found.get(key)
        if found is None:
            self._found[key] = found = _of_call(self._find(call))
        return found

    def _find(self, call: Call) -> TaskFunction:
        if self._all is not None:
            return self._all
        for name in (call.state, call.resource, *_short_names(call.resource)):
            if name in self._named:
                return self._named[name]
        for pattern in self._patterns:
            if fnmatchcase(call.resource, pattern) or fnmatchcase(call.state, pattern):
                return self._named[pattern]
        there = ", ".join(map(repr, self._named)) or "none"
        raise UnservedCall(
            f"no task function serves the resource {call.resource!r} of the state {call.state!r}; "
            f"registered: {there}"
        )


def _short_names(resource: str) -> Iterable[str]:
    """The names under which an ARN's function, activity or integration is also known."""
    parts = resource.split(":")
    if resource.startswith("arn:") and len(parts) > 6:
        if parts[2] == "states" and not parts[3]:
            yield ":".join(parts[5:])  # lambda:invoke, aws-sdk:dynamodb:putItem
        else:
            yield ":".join(parts[6:])  # a function with its version or alias
            yield parts[6]


def _of_call(function: TaskFunction) -> Served:
    is_async = iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
    return Served(_with_arguments(function), is_async)


def _with_arguments(function: TaskFunction) -> Callable[[Call], Any]:
    """The function called with the payload and, if it has a second parameter, the call."""
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell
        return lambda call: function(copied(call.payload))
    positional = [
        p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    ]
    wants_call = len([p for p in positional if p.default is Parameter.empty]) > 1
    if wants_call:
        return lambda call: function(copied(call.payload), call)
    return lambda call: function(copied(call.payload))


def copied(value: Json) -> Any:
    """A copy that a task may scribble on."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


class After(NamedTuple):
    """What a task function returns for an answer that comes later: `after` makes it."""

    ms: int
    result: Any


def after(seconds: float, result: Any = None) -> After:
    """Have a task take `seconds` of the execution's time, and then give `result` (raised if an exception).

    Return it from a task function; on the virtual clock nobody waits, and a timeout or heartbeat of the state
    that comes first takes effect as it would in production. Raises `ValueError` for a negative time.
    """
    if seconds < 0:
        raise ValueError(f"a task cannot take {seconds} seconds")
    return After(round(seconds * 1000), result)


class NotJson(ValueError):
    """A task returned something that JSON cannot say; the message says what and where."""


_DEEPEST = 200  # what every walk through a value can do by recursion


def normalised(value: Any, place: str = "$", depth: int = 0) -> Json:
    """A task's result as JSON of our own: tuples become arrays, subclasses of str, int … their plain selves.

    Raises `NotJson` for everything that JSON cannot say (NaN, bytes, sets, keys that are no strings, cycles).
    """
    kind = type(value)
    if kind is str or value is None or kind is bool or kind is int:
        return value  # type: ignore[no-any-return]
    if kind is float:
        if math.isfinite(value):
            return value  # type: ignore[no-any-return]
        raise NotJson(f"{place} is {value}, which JSON has no number for")
    if depth > _DEEPEST:
        raise NotJson(f"{place[:60]}… is nested more than {_DEEPEST} deep, or contains itself")
    if isinstance(value, Mapping):
        out: dict[str, Json] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotJson(f"{place} has the key {key!r}, which is no string")
            out[str(key)] = normalised(item, f"{place}.{key}", depth + 1)
        return out
    if isinstance(value, list | tuple):
        return [normalised(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    for plain in (str, int, float):
        if isinstance(value, plain):
            return normalised(plain(value), place, depth)
    raise NotJson(f"{place} is a {kind.__module__}.{kind.__qualname__}, which is not JSON")


def told(problem: BaseException) -> StatesError:
    """The error that Retry and Catch see for an exception that a task function raised."""
    if isinstance(problem, StatesError):
        return problem
    if isinstance(problem, NotJson):
        return StatesError("States.Runtime", f"The task returned a result that is not JSON: {problem}.")
    name = type(problem).__name__
    return StatesError(name, to_json({"errorMessage": str(problem), "errorType": name}))
