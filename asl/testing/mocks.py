"""Scripted tasks: functions that answer for a Task as a test says, and keep what they were called with.

    tasks = {
        "Reserve": returns({"price": 31}),
        "Charge": in_turn(raises("BankBusy"), returns({"receipt": 7}, takes="4s")),
        "Email": first_of(raises("Bounced", when={"to": "nobody"}), returns(None)),
    }
    machine.run(order, tasks=tasks)
    tasks["Charge"].calls[0].payload

A mock is a task function like any other. One that has no answer to a call fails the execution with States.Runtime,
which nothing can catch, so that a hole in a script cannot pass for an error of the machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from asl import names
from asl.errors import AslError, StatesError
from asl.frames import Call
from asl.resources import HEARTBEAT, After, Submitted, TaskFunction, after, normalised
from asl.resources.functions import is_async, second_parameter
from asl.testing.durations import Duration, seconds
from asl.testing.matching import Pattern, fits
from asl.values import Json, to_json

Give: TypeAlias = "Callable[[Any, Call], Any]"
Fitting: TypeAlias = "Callable[[Any, Call], bool]"


class MockError(AslError):
    """A mock that cannot be used, or that was asked for what it does not have."""


class MockFailure(StatesError):
    """A mock has no answer to a call, or none that may be given: States.Runtime, with the reason as the cause."""

    def __init__(self, cause: str) -> None:
        super().__init__(names.RUNTIME, cause)


class Called(NamedTuple):
    """A call that a mock has served.

    `path` is the frame's (`/`, `/Each/3`), `attempt` counts from 0 in each visit of the state, `item` is the index of
    the Map item that it is for. Under the name of a Lambda function the payload is the event.
    """

    payload: Json
    state: str
    path: str
    attempt: int
    resource: str
    item: int | None


class Mock:
    """A task function with a script; `calls` has what it was called with, oldest first.

    A mock that serves several executions goes on counting: make a new one for each.
    """

    def __init__(self, give: Give, has_answer: Fitting, told: str) -> None:
        self._give = give
        self._told = told
        self.has_answer = has_answer
        self.calls: list[Called] = []

    def __repr__(self) -> str:
        return self._told

    def __call__(self, payload: Any, call: Call) -> Any:
        said = Called(
            normalised(payload), call.state, call.path, call.attempt, call.resource, map_index(call)
        )
        self.calls.append(said)
        if not self.has_answer(payload, call):
            raise MockFailure(
                f"the mock of {call.state!r} has no answer to its call number {len(self.calls)} ({_about(said)}); "
                f"it has {self._told}"
            )
        return self._give(payload, call)


def _about(call: Called) -> str:
    where = "" if call.path == "/" else f" in {call.path}"
    payload = to_json(call.payload)
    return f"attempt {call.attempt}{where}, payload {payload if len(payload) <= 200 else payload[:199] + '…'}"


def returns(
    value: Any = None,
    *,
    takes: Duration | None = None,
    beats: Duration | None = None,
    submitted: Any = None,
    when: Pattern = None,
    item: int | None = None,
) -> Mock:
    """A mock that gives a value, which is JSON.

    It `takes` a time of the execution's clock (`4`, `"4s"`, `"1h30m"`), so that timeouts can be tested, and gives a
    sign of life every `beats`. Where the state waits for a token or a job, `submitted` is the first
    answer, of the call itself. `when` is what the payload must have (JSON whose objects may have more
    keys, or a function), `item` the index in an inline Map of the item that is worked on; to other calls it has no
    answer.
    Raises `ValueError` for what is no JSON or no duration.
    """
    given = normalised(value)
    told = _call("returns", to_json(given), takes=takes, beats=beats, when=when, item=item)
    return Mock(_timed(lambda payload, call: given, takes, beats, submitted), _fitting(when, item), told)


def raises(
    error: str | None,
    cause: Any = None,
    *,
    takes: Duration | None = None,
    beats: Duration | None = None,
    submitted: Any = None,
    when: Pattern = None,
    item: int | None = None,
) -> Mock:
    """A mock that fails with an error name and a cause, as Retry and Catch see them.

    A cause that is no text becomes JSON text, as that of a Lambda function is. The rest is as for `returns`.
    """
    text = cause if cause is None or isinstance(cause, str) else to_json(normalised(cause))
    problem = StatesError(error, text)
    shown = repr(error) if text is None else f"{error!r}, {text!r}"
    told = _call("raises", shown, takes=takes, beats=beats, when=when, item=item)
    return Mock(_timed(lambda payload, call: problem, takes, beats, submitted), _fitting(when, item), told)


def calls(
    function: TaskFunction,
    *,
    takes: Duration | None = None,
    beats: Duration | None = None,
    submitted: Any = None,
    when: Pattern = None,
    item: int | None = None,
) -> Mock:
    """A mock that gives what a task function gives, a function of the payload or of the payload and the call.

    The rest is as for `returns`.
    """
    wants_call = second_parameter(function) is not None

    def give(payload: Any, call: Call) -> Any:
        try:
            result = function(payload, call) if wants_call else function(payload)
            if is_async(function):
                import asyncio  # slow to import, and most task functions are not async

                return asyncio.run(result)
        except Exception as problem:
            return problem
        return result

    name = getattr(function, "__qualname__", repr(function))
    told = _call("calls", name, takes=takes, beats=beats, when=when, item=item)
    return Mock(_timed(give, takes, beats, submitted), _fitting(when, item), told)


def in_turn(*mocks: Mock | TaskFunction) -> Mock:
    """A mock whose answers come one after the other, one a call.

    Retries count on, and so do later visits of the state; every branch and every Map iteration begins anew. After
    the last there is no answer: `first_of(in_turn(…), returns(…))` goes on.
    """
    answers = _mocks(mocks)
    used: Counter[str] = Counter()

    def has_answer(payload: Any, call: Call) -> bool:
        turn = used[call.path]
        return turn < len(answers) and answers[turn].has_answer(payload, call)

    def give(payload: Any, call: Call) -> Any:
        used[call.path] += 1
        return answers[used[call.path] - 1](payload, call)

    return Mock(give, has_answer, _call("in_turn", ", ".join(map(repr, answers))))


def first_of(*mocks: Mock | TaskFunction) -> Mock:
    """A mock that gives the first answer that fits the call."""
    answers = _mocks(mocks)

    def found(payload: Any, call: Call) -> Mock | None:
        return next((each for each in answers if each.has_answer(payload, call)), None)

    def has_answer(payload: Any, call: Call) -> bool:
        return found(payload, call) is not None

    def give(payload: Any, call: Call) -> Any:
        answer = found(payload, call)
        assert answer is not None
        return answer(payload, call)

    return Mock(give, has_answer, _call("first_of", ", ".join(map(repr, answers))))


def _mocks(given: tuple[Mock | TaskFunction, ...]) -> list[Mock]:
    if not given:
        raise TypeError("there is no answer in it")
    return [each if isinstance(each, Mock) else calls(each) for each in given]


def _call(name: str, *parts: str, **options: Any) -> str:
    """A mock as it is written."""
    said = [f"{key}={value!r}" for key, value in options.items() if value is not None]
    return f"{name}({', '.join([*parts, *said])})"


def _fitting(when: Pattern, item: int | None) -> Fitting:
    def has_answer(payload: Any, call: Call) -> bool:
        if item is not None and map_index(call) != item:
            return False
        return when is None or fits(when, payload)

    return has_answer


def map_index(call: Call) -> int | None:
    """The index of the Map item that a call is for; None outside of Map states."""
    found: Any = call.context().get("Map")
    return None if found is None else found["Item"]["Index"]


def _timed(give: Give, takes: Duration | None, beats: Duration | None, submitted: Any) -> Give:
    """The answer, raised if it is an exception, after its time and with what comes before it."""
    total = None if takes is None else seconds(takes)
    pulse = None if beats is None else seconds(beats)
    if pulse is not None and (pulse == 0 or total is None):
        raise ValueError("beats are for a task that takes longer than that: say takes=… too")
    first = normalised(submitted)

    def answer(payload: Any, call: Call) -> Any:
        result = give(payload, call)
        if total is not None:
            result = _later(total, pulse, result)
        if submitted is not None:
            return Submitted(first, result)
        if isinstance(result, BaseException):
            raise result
        return result

    return answer


def _later(total: float, pulse: float | None, result: Any) -> After:
    """The result after `total` seconds, with a heartbeat every `pulse` of them."""
    if pulse is None or pulse >= total:
        return after(total, result)
    beats = int(total / pulse - 1e-9)
    answer = after(pulse, HEARTBEAT)
    for _ in range(beats - 1):
        answer = answer.then(pulse, HEARTBEAT)
    return answer.then(total - beats * pulse, result)
