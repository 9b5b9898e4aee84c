"""Built-in functions on time: $now, $millis, $fromMillis, $toMillis. Nothing here reads a clock."""

from __future__ import annotations

from typing import Any

from asl.jsonata import datetimes
from asl.jsonata.fn_numbers import odd
from asl.jsonata.limits import Runtime
from asl.jsonata.sequences import UNDEFINED


def now(rt: Runtime, picture: Any = UNDEFINED, timezone: Any = UNDEFINED) -> Any:
    return from_millis(rt, rt.now(), picture, timezone)


def millis(rt: Runtime) -> int:
    return rt.now()


def from_millis(rt: Runtime, value: Any, picture: Any = UNDEFINED, timezone: Any = UNDEFINED) -> Any:
    """`$fromMillis`. JsonataError D3131 to D3135."""
    if value is UNDEFINED:
        return UNDEFINED
    text = None if picture is UNDEFINED else picture
    return datetimes.format_time(value, text, None if timezone is UNDEFINED else timezone)


def to_millis(rt: Runtime, text: Any, picture: Any = UNDEFINED) -> Any:
    """`$toMillis`. JsonataError D3110, D3130 to D3136."""
    if text is UNDEFINED:
        return UNDEFINED
    if picture is UNDEFINED:
        return odd(rt, datetimes.parse_iso(text))
    found = datetimes.parse_time(text, picture, rt)
    if found is None:
        return UNDEFINED
    return odd(rt, found)
