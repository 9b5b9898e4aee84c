"""What task functions give, and what of it may enter the machine: JSON of our own, and errors with a name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from orjson import dumps, loads

from asl.errors import StatesError
from asl.names import RUNTIME
from asl.values import Json, to_json


class After:
    """An answer that comes later; `after` makes it. `steps` are (milliseconds since the one before, answer)."""

    __slots__ = ("steps",)

    def __init__(self, ms: int, result: Any = None) -> None:
        self.steps: tuple[tuple[int, Any], ...] = ((ms, result),)

    @property
    def ms(self) -> int:
        """Milliseconds until its first answer."""
        return self.steps[0][0]

    @property
    def result(self) -> Any:
        """Its first answer."""
        return self.steps[0][1]

    def then(self, seconds: float, result: Any = None) -> After:
        """Another answer, so many seconds after the last: what follows a `HEARTBEAT`."""
        longer = After(0)
        longer.steps = (*self.steps, *after(seconds, result).steps)
        return longer

    def rest(self) -> After | None:
        """What comes after its first answer."""
        if len(self.steps) == 1:
            return None
        shorter = After(0)
        shorter.steps = self.steps[1:]
        return shorter

    def with_results(self, change: Callable[[Any], Any]) -> After:
        """The same answers at the same times, each changed; signs of life stay what they are."""
        changed = After(0)
        changed.steps = tuple(
            (ms, result if result is HEARTBEAT else change(result)) for ms, result in self.steps
        )
        return changed

    def __repr__(self) -> str:
        return "After(" + ", ".join(f"{ms} ms: {result!r}" for ms, result in self.steps) + ")"


def after(seconds: float, result: Any = None) -> After:
    """Have a task take `seconds` of the execution's time, and then give `result` (raised if an exception).

    Return it from a task function; on the virtual clock nobody waits, and a timeout or heartbeat of the state
    that comes first takes effect as it would in production. Raises `ValueError` for a negative time.
    """
    if not 0 <= seconds < math.inf:
        raise ValueError(f"a task cannot take {seconds} seconds")
    return After(round(seconds * 1000), result)


class _Heartbeat:
    def __repr__(self) -> str:
        return "asl.HEARTBEAT"


HEARTBEAT: Final = _Heartbeat()
"""An answer that is only a sign of life: the task's HeartbeatSeconds start anew, and the task goes on."""


NOBODY: Final = object()
"""An answer that never comes."""


class Submitted:
    """What a task function returns where the state waits for a callback or a job: the first answer only.

    The task goes on after it. Its result comes by its token (`Session.send_task_success`), or from `then`: a value,
    an `after(…)`, an exception, or a function of no arguments that gives one of these. `cancel` is called if the
    task ends without the result of `then`: it timed out, its execution was stopped.
    """

    __slots__ = ("cancel", "first", "then")

    def __init__(self, first: Any = None, then: Any = None, cancel: Any = None) -> None:
        self.first = {} if first is None else first
        self.then = then
        self.cancel = cancel


class NotJson(ValueError):
    """Something that JSON cannot say; `reason` says what and where."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this is not JSON: {reason}")
        self.reason = reason


_WIDEST = 13_288  # the bits of 4,000 digits: Python writes no integer of more than 4,300
_DEEPEST = 200  # what every walk through a value can do by recursion


def normalised(value: Any) -> Json:
    """A task's result as JSON of our own: tuples become arrays, subclasses of str, int … their plain selves.

    Raises `NotJson` for everything that JSON cannot say (NaN, bytes, sets, keys that are no strings, cycles).
    """
    if type(value) is dict:
        for key, item in value.items():
            kind = type(item)
            if type(key) is not str or kind not in _UNCHANGING or (kind is int and item.bit_length() > 64):
                break
        else:  # only what needs no copy, as most results are
            return value.copy()
    try:
        plain: Json = loads(dumps(value))
        if plain == value:  # orjson writes more than JSON: NaN as null, dates and enumerations as text
            return plain
    except TypeError:
        pass
    return _normalised(value, "$", 0)


_UNCHANGING = frozenset((str, int, bool, type(None)))


def _normalised(value: Any, place: str, depth: int) -> Json:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value  # type: ignore[no-any-return]
    if kind is int:
        if value.bit_length() <= _WIDEST:
            return value  # type: ignore[no-any-return]
        raise NotJson(f"{place} is an integer that has too many digits")
    if kind is float:
        if math.isfinite(value):
            return value  # type: ignore[no-any-return]
        raise NotJson(f"{place} is {value}")
    if depth > _DEEPEST:
        raise NotJson(f"{place[:60]}… is nested more than {_DEEPEST} deep, or contains itself")
    if isinstance(value, Mapping):
        out: dict[str, Json] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotJson(f"{place} has the key {key!r}, which is no string")
            out[str(key)] = _normalised(item, f"{place}.{key}", depth + 1)
        return out
    if isinstance(value, list | tuple):
        return [_normalised(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    for plain in (str, int, float):
        if isinstance(value, plain):
            return _normalised(plain(value), place, depth)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    raise NotJson(f"{place} is of the type {name}")


def copied(value: Json) -> Any:
    """A copy that a task may scribble on."""
    if type(value) is dict and _UNCHANGING.issuperset(map(type, value.values())):
        return value.copy()
    try:
        return loads(dumps(value))
    except TypeError:  # as in `values.to_json`
        return deepcopy(value)


def told(problem: BaseException) -> StatesError:
    """The error that Retry and Catch see for an exception that a task function raised."""
    if isinstance(problem, StatesError):
        return problem
    if isinstance(problem, NotJson):
        return StatesError(RUNTIME, f"The task returned a result that is not JSON: {problem.reason}.")
    name = type(problem).__name__
    return StatesError(name, to_json({"errorMessage": str(problem), "errorType": name}))
