"""Which task function serves a call: the most specific entry wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from asl.errors import AslError
from asl.frames import Call
from asl.resources.answers import NOBODY
from asl.resources.functions import Served, TaskFunction, of_task, second_parameter
from asl.resources.lambdas import Lambda, function_names, invokes, of_function
from asl.states import Target

if TYPE_CHECKING:
    from asl.face import StateMachine

Tasks: TypeAlias = "TaskFunction | Mapping[str, TaskFunction] | None"


class UnservedCall(AslError):
    """No task function serves a call; the message names the resource, the state and what there is."""


class Resources:
    """The functions that serve tasks.

    `tasks` is one function for all of them, or a mapping from a state name, a resource (its text, or the name of
    the function or activity in its ARN), the name of the Lambda function that a `lambda:invoke` invokes, or a
    pattern with `*` and `?`. The most specific entry wins, in this order; of patterns the longest that fits.

    A function takes the payload and, if it has a second positional parameter, the `Call`. It returns JSON, or raises
    `TaskError(error, cause)`; any other exception is an error of the exception's class name, with its text as
    the cause's `errorMessage`, as a Lambda function's would be.

    What the key names is what the function stands for: under a state or a resource it is the task, which gets the
    Parameters and gives the task's result; under the name of a Lambda function it is that function, which gets the
    event, and whose answer a `lambda:invoke` wraps. A `Lambda`, and a function whose second parameter is called
    `context`, is a Lambda function under any key.

    `callbacks` scripts what comes for the tokens of tasks that wait for one: under the same kinds of keys, an
    answer (JSON, an exception, an `after(…)`), a function that gives one, or None: nobody answers. The task function
    of such a state gives the first answer only; without one, that is `{}`.

    `machines` are the state machines that Tasks may start, by name or ARN. `activities` are the ARNs of the
    activities that there are; None: all that are asked for.
    """

    def __init__(
        self,
        tasks: Tasks = None,
        *,
        machines: Mapping[str, StateMachine] | None = None,
        callbacks: Mapping[str, Any] | None = None,
        activities: Iterable[str] | None = None,
    ) -> None:
        if tasks is not None and not callable(tasks):
            for name, function in tasks.items():
                if not callable(function):
                    raise TypeError(f"the task {name!r} is not a function but {type(function).__name__}")
        self._all = tasks if callable(tasks) else None
        self._named: Mapping[str, TaskFunction] = {} if tasks is None or callable(tasks) else tasks
        self._found: dict[tuple[str, ...], Served | None] = {}
        self.known: dict[Target, Callable[[Call], Any]] = {}
        """The functions that `at_once` has given for the ARN of a function: they are found once for each state."""
        self.machines: Mapping[str, StateMachine] = machines or {}
        self.activities = None if activities is None else frozenset(activities)
        self._scripts = (
            None if callbacks is None else Resources({k: _script(v) for k, v in callbacks.items()})
        )

    def function(self, call: Call) -> Served:
        """What serves the call. Raises `UnservedCall` where nothing does."""
        found = self.named(call) or self.general(call)
        if found is None:
            raise self.unserved(call)
        return found

    def at_once(self, call: Call) -> Callable[[Call], Any] | None:
        """The function that answers a call for a function's ARN, or an integration that is served by name.

        None for any other call, and where it is async. Raises as `function` does.
        """
        target = call.target
        if target.kind == "LambdaFunction":
            served = self.function(call)
            if served.is_async:
                return None
            self.known[target] = served.function
            return served.function
        if target.kind == "Task" and call.token is None:
            named = self.named(call)
            return None if named is None or named.is_async else named.function
        return None

    def named(self, call: Call) -> Served | None:
        """What serves the call under a name of its own."""
        called = function_names(call.payload) if invokes(call.target) else []
        key = (call.state, call.resource, *called)
        found = self._found.get(key)
        if found is None and key not in self._found:
            self._found[key] = found = self._named_for(call, called)
        return found

    def _named_for(self, call: Call, called: list[str]) -> Served | None:
        for name in names(call):
            if name in self._named:
                return _of(self._named[name])
        for name in called:
            if name in self._named:
                function = self._named[name]
                wants_context = not isinstance(function, Lambda) and second_parameter(function) == "context"
                return of_function(Lambda(function) if wants_context else function)
        return None

    def general(self, call: Call) -> Served | None:
        """What serves the call by a pattern, or because it serves all."""
        key = ("", call.state, call.resource)
        if key not in self._found:
            self._found[key] = self._general_for(call)
        return self._found[key]

    def _general_for(self, call: Call) -> Served | None:
        if self._all is not None:
            return _of(self._all)
        patterns = filter(is_pattern, self._named)
        for pattern in sorted(patterns, key=len)[::-1]:
            if fits(pattern, call):
                return _of(self._named[pattern])
        return None

    def callback(self, call: Call) -> Served | None:
        """The script of what comes for the call's token; None where there is none."""
        scripts = self._scripts
        return None if scripts is None else scripts.named(call) or scripts.general(call)

    def has_activity(self, arn: str) -> bool:
        """Whether the activity exists."""
        return self.activities is None or arn in self.activities

    def __getstate__(self) -> dict[str, Any]:
        """For another process: without what was found so far, which cannot be sent."""
        return {**vars(self), "_found": {}, "known": {}}

    def unserved(self, call: Call) -> UnservedCall:
        """The error that says that nothing serves the call."""
        there = ", ".join(map(repr, self._named)) or "none"
        called = function_names(call.payload) if invokes(call.target) else []
        function = f" (the function {called[0]!r})" if called else ""
        return UnservedCall(
            f"no task function serves the resource {call.resource!r} of the state {call.state!r}{function}; "
            f"registered: {there}"
        )


def is_pattern(key: str) -> bool:
    """Whether a key stands for all that fit it."""
    return "*" in key or "?" in key


def fits(pattern: str, call: Call) -> bool:
    """Whether a call is one of those for which the pattern stands: by its resource or its state."""
    return fnmatchcase(call.resource, pattern) or fnmatchcase(call.state, pattern)


def names(call: Call) -> tuple[str, ...]:
    """The names under which a call is known: its state, its resource, and the short names in an ARN."""
    return (call.state, call.resource, *_short_names(call.resource))


@lru_cache(maxsize=1024)
def _short_names(resource: str) -> tuple[str, ...]:
    parts = resource.split(":")
    if not resource.startswith("arn:") or len(parts) <= 6:
        return ()
    if parts[2] == "states" and not parts[3]:
        return (":".join(parts[5:]),)  # lambda:invoke, aws-sdk:dynamodb:putItem
    return ":".join(parts[6:]), parts[6]  # a function with its version or alias, and without


def _script(answer: Any) -> TaskFunction:
    """A callback's script as a task function."""
    if callable(answer):
        function: TaskFunction = answer
        return function
    return _Constant(NOBODY if answer is None else answer)


class _Constant:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __call__(self, payload: Any) -> Any:
        return self.answer


def _of(function: TaskFunction) -> Served:
    """What the function under a name serves: a handler that asks for a Lambda context is a Lambda function."""
    if isinstance(function, Lambda):
        return of_function(function)
    second = second_parameter(function)
    return of_function(Lambda(function)) if second == "context" else of_task(function, second)
