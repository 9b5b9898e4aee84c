"""Mocks held against a machine: which of them serves which Task, and that each of them serves one.

A script maps keys to task functions. A key is a state in a frame (`/Each/3/Charge`, `/Each/*/Charge`, at the top
`/Charge`), or what `tasks` of a run takes: a state's name, a resource, the name of a function, a pattern. The most
specific entry wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from asl.frames import Call
from asl.program import Program
from asl.resources import (
    HEARTBEAT,
    After,
    Resources,
    Submitted,
    TaskFunction,
    Tasks,
    UnservedCall,
    normalised,
)
from asl.resources.keys import TaskState, call_of, misfit, stands_for, tasks_of
from asl.resources.matching import names
from asl.states import Task
from asl.testing.mocks import Mock, MockError, MockFailure

Script: TypeAlias = "Mapping[str, TaskFunction]"


def scripted(
    script: Script,
    *programs: Program,
    others: Tasks = None,
    strict: bool = False,
    note: Callable[[str], object] = lambda told: None,
) -> dict[str, TaskFunction]:
    """The script as the `tasks` of a run of the first of the programs, which may start executions of the others.

    `others` serve what the script leaves out. With `strict`, every answer that stands for an API's is checked against
    the API's response model, in TestState's words. What a mock has no answer for is told to `note` too, since the
    machine may make anything of that. Raises `MockError` for a key that stands for no Task of theirs.
    """
    states = tasks_of(*programs)
    for key, function in script.items():
        if not callable(function):
            raise MockError(
                f"the mock of {key!r} is no task function but {type(function).__name__}: {function!r}; "
                "write returns(…), raises(…) or calls(…)"
            )
        if not any(_is_place_of(key, each.state.name) or stands_for(key, each) for each in states):
            raise MockError(f"the mock of {key!r} {misfit(key, *programs)}")
    if strict:
        script = {key: _strict(key, function, states) for key, function in script.items()}
    script = {key: _noting(function, note) for key, function in script.items()}
    found: dict[str, TaskFunction] = {"*": others} if callable(others) else dict(others or {})
    found |= {key: function for key, function in script.items() if not _is_place(key)}
    rest = Resources(dict(found))
    for name in (each.state.name for each in states):
        places = {key: function for key, function in script.items() if _is_place_of(key, name)}
        if places:
            found[name] = _noting(Mock(_by_place(places, rest), lambda payload, call: True, name), note)
    return found


# ---------------------------------------------------------------------- states in frames


def _is_place(key: str) -> bool:
    return key.startswith("/")


def _is_place_of(key: str, state: str) -> bool:
    return _is_place(key) and key.endswith(f"/{state}")


def _by_place(places: Script, rest: Resources) -> TaskFunction:
    """A task function that looks at the frame; where no entry fits, `rest` serves the call."""
    ordered = sorted(places, key=lambda key: (key.count("*") + key.count("?"), -len(key)))
    functions = [(key, Resources(places[key])) for key in ordered]

    def serve(payload: Any, call: Call) -> Any:
        place = f"{call.path.rstrip('/')}/{call.state}"
        found = next((each for key, each in functions if key == place or fnmatchcase(place, key)), rest)
        try:
            served = found.function(call)
        except UnservedCall:
            there = ", ".join(map(repr, ordered))
            raise MockFailure(f"no mock stands for the Task {place!r}; there are {there}") from None
        if served.is_async:
            import asyncio  # slow to import, and most task functions are not async

            return asyncio.run(served.function(call))
        return served.function(call)

    return serve


# ---------------------------------------------------------------------- strict mocks


def _strict(key: str, function: TaskFunction, states: list[TaskState]) -> TaskFunction:
    """The function with its answers checked. One that stands for a Lambda function gives what that likes."""
    by_name = {each.state.name: each.state for each in states}
    of_api = _is_place(key) or any(
        key == name or fnmatchcase(name, key) for each in states for name in names(call_of(each))
    )
    if not of_api or not isinstance(function, Mock):
        return function

    def check(result: Any, state: Task) -> None:
        from asl.teststate import responses

        if isinstance(result, After):
            for _, later in result.steps:
                check(later, state)
        elif isinstance(result, Submitted):
            check(result.then, state)
        elif result is not HEARTBEAT and not isinstance(result, BaseException):
            wrong = responses.problem(state, normalised(result))
            if wrong is not None:
                raise MockFailure(wrong)

    def give(payload: Any, call: Call) -> Any:
        result = function(payload, call)
        check(result, by_name[call.state])
        return result

    return Mock(give, function.has_answer, repr(function))


def _noting(function: TaskFunction, note: Callable[[str], object]) -> TaskFunction:
    """The mock, with what it has no answer for told to `note`. Other task functions are what they are."""
    if not isinstance(function, Mock):
        return function

    def serve(payload: Any, call: Call) -> Any:
        try:
            return function(payload, call)
        except MockFailure as problem:
            note(f"state {call.state!r}: {problem.cause}")
            raise

    return serve
