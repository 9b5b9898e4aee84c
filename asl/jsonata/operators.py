"""Operators as closures: arithmetic as JavaScript does it, comparison, equality, concatenation, ranges.

Numbers are doubles. An int stands for the double of the same value, which is exact up to 2^53; every result
that is an integer in that range is an int again, so that it is written as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from asl.jsonata.errors import JsonataError, memory
from asl.jsonata.limits import MAX_ITEMS
from asl.jsonata.sequences import SAFE_INTEGER, UNDEFINED, Function, Sequence
from asl.jsonata.text import string

Closure = Callable[[Any, list[Any]], Any]
"""A compiled node: (context item, frame) -> value. frame[0] is the enclosing frame, frame[1] the Runtime."""

Operation = Callable[[Any, Any], Any]


def tidy(number: float) -> float:
    """A double as we keep it: an int when it is one and JavaScript holds it exactly."""
    if number.is_integer() and -SAFE_INTEGER <= number <= SAFE_INTEGER:
        return int(number)
    return number


def check_number(value: Any, code: str) -> bool:
    """False when there is no value. JsonataError unless it is a finite number."""
    kind = type(value)
    if kind is int:
        return True
    if kind is float and value == value:
        if value in (math.inf, -math.inf):
            raise JsonataError("D1001", value=value)
        return True
    if value is UNDEFINED:
        return False
    raise JsonataError(code, value=value)


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _slow(a: Any, b: Any, operation: Callable[[float, float], float]) -> Any:
    """Arithmetic on operands that may be anything; `operation` is applied to two doubles."""
    left, right = check_number(a, "T2001"), check_number(b, "T2002")
    if not (left and right):
        return UNDEFINED
    result = operation(_double(a), _double(b))
    return tidy(result) if math.isfinite(result) else result


def _add(a: float, b: float) -> float:
    return a + b


def _subtract(a: float, b: float) -> float:
    return a - b


def _multiply(a: float, b: float) -> float:
    return a * b


def _divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _modulo(a: float, b: float) -> float:
    return math.fmod(a, b) if b and math.isfinite(a) else math.nan


def add(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int and -SAFE_INTEGER <= (result := a + b) <= SAFE_INTEGER:
        return result
    return _slow(a, b, _add)


def subtract(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int and -SAFE_INTEGER <= (result := a - b) <= SAFE_INTEGER:
        return result
    return _slow(a, b, _subtract)


def multiply(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int and -SAFE_INTEGER <= (result := a * b) <= SAFE_INTEGER:
        return result
    return _slow(a, b, _multiply)


def divide(a: Any, b: Any) -> Any:
    return _slow(a, b, _divide)


def modulo(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int and b and -SAFE_INTEGER <= a <= SAFE_INTEGER:
        return int(math.fmod(a, b))
    return _slow(a, b, _modulo)


def negate(value: Any) -> Any:
    kind = type(value)
    if kind is int or (kind is float and math.isfinite(value)):
        return -value
    if value is UNDEFINED:
        return UNDEFINED
    if kind is float and value == value:
        raise JsonataError("D1001", value=value)
    raise JsonataError("D1002", value=value)


def _comparable(kind: type) -> bool:
    return kind is int or kind is float or kind is str


def compare(a: Any, b: Any) -> bool:
    """Whether two values can be ordered (False: one is nothing). JsonataError T2010, T2009."""
    left, right = type(a), type(b)
    if not (_comparable(left) or a is UNDEFINED) or not (_comparable(right) or b is UNDEFINED):
        raise JsonataError("T2010", value=b if _comparable(left) else a)
    if a is UNDEFINED or b is UNDEFINED:
        return False
    if (left is str) is not (right is str):
        raise JsonataError("T2009", value=a, value2=b)
    return True


def text_key(text: str) -> bytes:
    """The order of strings in JavaScript: by UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")


def less(a: Any, b: Any) -> bool:
    """a < b for two numbers or two strings."""
    if type(a) is str and not (a.isascii() and b.isascii()):
        return text_key(a) < text_key(b)
    return a < b  # type: ignore[no-any-return]


def less_than(a: Any, b: Any) -> Any:
    return less(a, b) if compare(a, b) else UNDEFINED


def at_most(a: Any, b: Any) -> Any:
    return (less(a, b) or a == b) if compare(a, b) else UNDEFINED


def greater_than(a: Any, b: Any) -> Any:
    return less(b, a) if compare(a, b) else UNDEFINED


def at_least(a: Any, b: Any) -> Any:
    return (less(b, a) or a == b) if compare(a, b) else UNDEFINED


def deep_equal(a: Any, b: Any) -> bool:
    """Equality of values at any depth: true is not 1, objects in any order of members."""
    if isinstance(a, dict):
        return (
            isinstance(b, dict)
            and len(a) == len(b)
            and all(key in b and deep_equal(value, b[key]) for key, value in a.items())
        )
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(deep_equal, a, b))
    return scalar_equal(a, b)


def scalar_equal(a: Any, b: Any) -> bool:
    """JavaScript's `===`: values of scalars, identity of the rest."""
    if type(a) is type(b):
        if isinstance(a, str | float | int):
            return bool(a == b)
        return a is b
    kinds = {type(a), type(b)}
    return kinds == {int, float} and a == b


def equal(a: Any, b: Any) -> bool:
    if a is UNDEFINED or b is UNDEFINED:
        return False
    if type(a) is str:
        return type(b) is str and a == b
    return deep_equal(a, b)


def not_equal(a: Any, b: Any) -> bool:
    if a is UNDEFINED or b is UNDEFINED:
        return False
    if type(a) is str:
        return type(b) is not str or a != b
    return not deep_equal(a, b)


def included(a: Any, b: Any) -> bool:
    if a is UNDEFINED or b is UNDEFINED:
        return False
    if not isinstance(b, list):
        return scalar_equal(a, b)
    if type(a) is str:
        return a in b
    return any(scalar_equal(a, item) for item in b)


def boolean(value: Any) -> bool:
    """Whether a value counts as true; nothing does not. JsonataError D1001 for an infinity."""
    if value is True or value is False:
        return value
    kind = type(value)
    if kind is str or kind is dict or kind is int:
        return bool(value)
    if kind is float:
        if value in (math.inf, -math.inf):
            raise JsonataError("D1001", value=value)
        return not (value != value or value == 0)
    if isinstance(value, list):
        if len(value) == 1:
            return boolean(value[0])
        return any(map(boolean, value))
    return isinstance(value, dict) and bool(value)


def span(a: Any, b: Any) -> Any:
    """`a..b`: the integers from a to b. JsonataError T2003, T2004, D2014; the service's memory limit."""
    for value, code in ((a, "T2003"), (b, "T2004")):
        kind = type(value)
        if not (kind is int or (kind is float and value.is_integer()) or value is UNDEFINED):
            raise JsonataError(code, value=value)
    if a is UNDEFINED or b is UNDEFINED or a > b:
        return UNDEFINED
    size = int(b) - int(a) + 1
    if size > 10_000_000:
        raise JsonataError("D2014", value=size)
    if size > MAX_ITEMS:
        raise memory()
    return Sequence(range(int(a), int(b) + 1))


def text_of(value: Any) -> str:
    """A value as `&` joins it: nothing is the empty text."""
    if type(value) is str:
        return value
    if value is UNDEFINED or isinstance(value, Function):
        return ""
    return string(value)


ARITHMETIC: dict[str, Operation] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
}
COMPARISON: dict[str, Operation] = {
    "=": equal,
    "!=": not_equal,
    "<": less_than,
    "<=": at_most,
    ">": greater_than,
    ">=": at_least,
    "in": included,
}
