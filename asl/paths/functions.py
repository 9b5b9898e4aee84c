"""Jayway's path functions, by name: `$.lines.length()`, `$.sum($..price)`, `$.tags.concat("-")`.

Each takes the value before it (the document, for `$.sum(...)`) and the values of its parameters. Numbers are
added up as doubles, as in Java. Raises `PathError`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from asl.errors import PathError
from asl.paths.failures import OutOfBounds
from asl.paths.messages import java_text
from asl.values import Json

Function = Callable[[Any, Sequence[Any]], Json]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(values: Iterable[Any]) -> list[float]:
    try:
        return [float(value) for value in values if _is_number(value)]
    except OverflowError:
        return [math.inf]


def _members(parameters: Sequence[Any]) -> list[Any]:
    # The parameters, those that are lists laid open.
    found: list[Any] = []
    for parameter in parameters:
        if isinstance(parameter, list):
            found += parameter
        else:
            found.append(parameter)
    return found


def _aggregate(result: Callable[[list[float]], float]) -> Function:
    def aggregate(value: Any, parameters: Sequence[Any]) -> Json:
        own = value if isinstance(value, list) else ()
        numbers = _numbers(own) + _numbers(_members(parameters))
        if not numbers:
            raise PathError("Aggregation function attempted to calculate value using empty array")
        found = result(numbers)
        if not math.isfinite(found):
            raise PathError("Aggregation function attempted to calculate a value that is no JSON number")
        return found

    return aggregate


def _sum(numbers: list[float]) -> float:
    total = 0.0
    for number in numbers:  # in order, unlike `sum`, which compensates from Python 3.12 on
        total += number
    return total


def _average(numbers: list[float]) -> float:
    return _sum(numbers) / len(numbers)


def _deviation(numbers: list[float]) -> float:
    count = len(numbers)
    total = _sum(numbers)
    variance = _sum([number * number for number in numbers]) / count - total * total / count / count
    return math.sqrt(variance) if variance >= 0 else math.nan


def _largest(numbers: list[float]) -> float:
    return max(5e-324, *numbers)  # Double.MIN_VALUE, from which Jayway starts, is the smallest above zero


def _concat(value: Any, parameters: Sequence[Any]) -> Json:
    own = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    return "".join(own + [java_text(item) for item in _members(parameters) if item is not None])


def _keys(value: Any, parameters: Sequence[Any]) -> Json:
    return list(value) if isinstance(value, dict) else None


def _append(value: Any, parameters: Sequence[Any]) -> Json:
    return [*value, *parameters] if isinstance(value, list) else value


def _length(value: Any, parameters: Sequence[Any]) -> Json:
    # A parameter stands for what is inside the value that it names.
    if parameters and isinstance(parameters[0], list):
        return len(parameters[0])
    return len(value) if isinstance(value, list | dict) else None


def _item(value: Any, index: int) -> Json:
    if not isinstance(value, list):
        raise PathError("Aggregation function attempted to calculate value using empty array")
    if index >= 0:
        if index >= len(value):
            raise OutOfBounds(f"Index {index} out of bounds for length {len(value)}")
        return value[index]  # type: ignore[no-any-return]
    if len(value) + index <= 0:  # as Jayway: the first element cannot be reached from the end
        raise PathError(f"Target index:{index} larger than object count:{len(value)}")
    return value[index]  # type: ignore[no-any-return]


def _index(value: Any, parameters: Sequence[Any]) -> Json:
    numbers = [number for number in _members(parameters) if _is_number(number)]
    if isinstance(value, list) and not numbers:
        raise OutOfBounds("Index 0 out of bounds for length 0")
    return _item(value, int(numbers[0]) if numbers else 0)


FUNCTIONS: dict[str, Function] = {
    "min": _aggregate(min),
    "max": _aggregate(_largest),
    "avg": _aggregate(_average),
    "sum": _aggregate(_sum),
    "stddev": _aggregate(_deviation),
    "concat": _concat,
    "keys": _keys,
    "append": _append,
    "length": _length,
    "size": _length,
    "first": lambda value, parameters: _item(value, 0),
    "last": lambda value, parameters: _item(value, -1),
    "index": _index,
}
