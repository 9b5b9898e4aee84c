"""Values as text: numbers as JavaScript writes them, JSON as JSON.stringify does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from json.encoder import encode_basestring
from typing import Any

from asl.jsonata.errors import JsonataError
from asl.jsonata.sequences import SAFE_INTEGER, Function, Outer

_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
_SURROGATE = re.compile("[\ud800-\udfff]")


def number_text(value: float) -> str:
    """A number as JavaScript writes it: 0.000001, 1e-7, 100000000000000000000, 1e+21. An int: its digits."""
    if type(value) is int:
        return str(value)
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))  # digits before the point
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return f"{sign}{digits}{'0' * (point - count)}"
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def fifteen_digits(value: float) -> float:
    """The number that `$string` writes: rounded to 15 significant digits.

    Between 2^53 and 10^21 the service rounds nothing (measured): an integer of a document is written in
    full, a double with the digits that tell it from its neighbours.
    """
    if SAFE_INTEGER < abs(value) < 1e21:
        return value
    if type(value) is int:
        if abs(value) > SAFE_INTEGER:
            return value
        if -(10**15) < value < 10**15:
            return value
        return int(_FIFTEEN.create_decimal(value))
    return float(_FIFTEEN.create_decimal(Decimal(value)))


def quote(text: str) -> str:
    """A string as JSON, as JSON.stringify writes it: lone surrogates as escapes."""
    quoted = encode_basestring(text)
    if not quoted.isascii() and _SURROGATE.search(quoted):
        return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)
    return quoted


def insert_text(value: Any) -> str:
    """A value as the text of an error quotes it."""
    if value is None or isinstance(value, str | bool | int | float | list | dict):
        parts: list[str] = []
        _write(value, parts.append, _plain_number, "null", None)
        return "".join(parts)
    return "undefined"


def string(value: Any, indent: bool = False) -> str:
    """`$string`. JsonataError D3001 for a number that is not finite, D1001 for one inside a value."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int and -(10**15) < value < 10**15:
        return str(value)
    if isinstance(value, Function):
        return ""
    if kind is float and not math.isfinite(value):
        raise JsonataError("D3001", value=value)
    if kind is Outer:
        value = value[0]
    parts: list[str] = []
    _write(value, parts.append, _rounded_number, '""', "\n" if indent else None)
    return "".join(parts)


def _plain_number(value: float) -> str:
    return number_text(value) if isinstance(value, int) or math.isfinite(value) else "null"


def _rounded_number(value: float) -> str:
    if type(value) is float:
        if value != value:
            return "null"
        if not math.isfinite(value):
            raise JsonataError("D1001", value=value)
    return _plain_number(fifteen_digits(value))


def _write(
    value: Any,
    emit: Callable[[str], object],
    number: Callable[[float], str],
    function: str,
    line: str | None,
) -> None:
    """JSON text. `line` is the line break with the indentation so far, None for compact text."""
    if isinstance(value, str):
        emit(quote(value))
    elif value is None:
        emit("null")
    elif value is True:
        emit("true")
    elif value is False:
        emit("false")
    elif isinstance(value, int | float):
        emit(number(value))
    elif isinstance(value, list | dict):
        mapping = isinstance(value, dict)
        opening, closing = "{}" if mapping else "[]"
        inner = None if line is None else line + "  "
        emit(opening)
        first = True
        for item in value:
            emit("" if first else ",")
            first = False
            if inner is not None:
                emit(inner)
            if mapping:
                emit(quote(item))
                emit(":" if inner is None else ": ")
                item = value[item]
            _write(item, emit, number, function, inner)
        if line is not None and value:
            emit(line)
        emit(closing)
    elif isinstance(value, Function):
        emit(function)
    else:
        emit("null")  # nothing inside an array
