"""Built-in functions on numbers."""

from __future__ import annotations

import math
import re
import sys
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from asl.jsonata.errors import JsonataError
from asl.jsonata.limits import Runtime
from asl.jsonata.operators import divide, tidy
from asl.jsonata.sequences import SAFE_INTEGER, UNDEFINED
from asl.jsonata.text import number_text

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_RADIX = re.compile(r"^(0[xX][0-9A-Fa-f]+)|(0[oO][0-7]+)|(0[bB][0-1]+)$")
_PREFIXED = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")


def finite(value: float) -> float:
    """A result as JavaScript has it: an int where it can be one; an infinity stays."""
    return tidy(value) if math.isfinite(value) else value


def odd(rt: Runtime, value: Any) -> Any:
    """A result that may not be a number that JSON knows."""
    if type(value) is float and not math.isfinite(value):
        rt.tainted = True
    return value


def sum_(rt: Runtime, numbers: Any) -> Any:
    if numbers is UNDEFINED:
        return UNDEFINED
    rt.array(numbers)
    try:
        total = sum(numbers)
    except TypeError:
        return UNDEFINED
    if type(total) is int and -SAFE_INTEGER <= total <= SAFE_INTEGER:
        return total
    total = 0
    for number in numbers:
        total += float(number)
    return odd(rt, finite(total))


def count(rt: Runtime, items: Any) -> int:
    return 0 if items is UNDEFINED else len(items)


def max_(rt: Runtime, numbers: Any) -> Any:
    return UNDEFINED if numbers is UNDEFINED or not numbers else max(rt.array(numbers))


def min_(rt: Runtime, numbers: Any) -> Any:
    return UNDEFINED if numbers is UNDEFINED or not numbers else min(rt.array(numbers))


def average(rt: Runtime, numbers: Any) -> Any:
    if numbers is UNDEFINED or not numbers:
        return UNDEFINED
    return divide(sum_(rt, numbers), len(numbers))


def number(rt: Runtime, value: Any = UNDEFINED) -> Any:
    """`$number`. JsonataError D3030."""
    if value is UNDEFINED:
        return UNDEFINED
    if value is True or value is False:
        return int(value)
    if not isinstance(value, str):
        return value
    if _DECIMAL.fullmatch(value):
        found = float(value)
        if math.isfinite(found):
            return tidy(found)
    elif _RADIX.search(value):
        return odd(rt, int(value, 0) if _PREFIXED.fullmatch(value) else math.nan)
    raise JsonataError("D3030", value=value, index=1)


def abs_(rt: Runtime, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else abs(value)


def floor(rt: Runtime, value: Any) -> Any:
    return value if value is UNDEFINED or not math.isfinite(value) else finite(float(math.floor(value)))


def ceil(rt: Runtime, value: Any) -> Any:
    return value if value is UNDEFINED or not math.isfinite(value) else finite(float(math.ceil(value)))


def round_(rt: Runtime, value: Any, precision: Any = UNDEFINED) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    return odd(rt, rounded(value, 0 if precision is UNDEFINED else precision))


def rounded(value: float, precision: float = 0) -> float:
    """Half to even at so many decimal places, on the decimal digits that the number is written with."""
    if not math.isfinite(value):
        return value
    if precision != precision or abs(precision) > 400 or precision != int(precision):
        return math.nan
    places = int(precision)
    if places == 0 or (type(value) is int and places > 0):
        return finite(float(round(value))) if type(value) is float else value
    exact = Decimal(number_text(value))
    if abs(exact.scaleb(places)) > _MOST:
        return math.nan
    if -exact.as_tuple().exponent <= places:  # type: ignore[operator]
        return finite(float(value))
    scaled = exact.scaleb(places).quantize(Decimal(1), ROUND_HALF_EVEN).scaleb(-places)
    return finite(float(scaled)) if scaled else 0


def sqrt(rt: Runtime, value: Any) -> Any:
    """`$sqrt`. JsonataError D3060."""
    if value is UNDEFINED:
        return UNDEFINED
    if value < 0:
        raise JsonataError("D3060", value=value, index=1)
    return finite(math.sqrt(value))


def power(rt: Runtime, base: Any, exponent: Any) -> Any:
    """`$power`. JsonataError D3061."""
    if base is UNDEFINED:
        return UNDEFINED
    if exponent is UNDEFINED:
        raise JsonataError("D3061", value=base, index=1)
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        result = math.inf
    except ValueError:
        result = math.nan
    if not math.isfinite(result) or (abs(base) == 1 and not math.isfinite(exponent)):
        raise JsonataError("D3061", value=base, exp=exponent, index=1)
    return tidy(result)


_MOST = Decimal(sys.float_info.max)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def format_base(rt: Runtime, value: Any, radix: Any = UNDEFINED) -> Any:
    """`$formatBase`. JsonataError D3100."""
    if value is UNDEFINED:
        return UNDEFINED
    base = 10 if radix is UNDEFINED else rounded(radix)
    if base < 2 or base > 36:
        raise JsonataError("D3100", value=base)
    whole = rounded(value)
    if base == 10 or not math.isfinite(whole):
        return number_text(whole)
    digits, rest = "", abs(int(whole))
    while rest:
        rest, digit = divmod(rest, int(base))
        digits = _DIGITS[digit] + digits
    return ("-" if whole < 0 else "") + (digits or "0")
