"""Partial matches: whether a JSON value has what a pattern asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from asl.jsondiff import MISSING, Difference, Place
from asl.values import Json, same

Pattern: TypeAlias = "Json | Callable[[Json], object]"
"""JSON that a value must have, or a function that says whether it fits."""


def fits(pattern: Pattern, value: Json) -> bool:
    """Whether the value fits: an object may have more keys than the pattern asks for, at any depth."""
    if callable(pattern):
        return bool(pattern(value))
    return next(lacks(pattern, value), None) is None


def lacks(pattern: Json, value: Json, place: Place = ()) -> Iterator[Difference]:
    """The innermost places where a value has not what the pattern asks for, with what is asked and what is there."""
    if isinstance(pattern, dict) and isinstance(value, dict):
        for key, wanted in pattern.items():
            if key in value:
                yield from lacks(wanted, value[key], (*place, key))
            else:
                yield Difference((*place, key), wanted, MISSING)
    elif isinstance(pattern, list) and isinstance(value, list) and len(pattern) == len(value):
        for index, (wanted, item) in enumerate(zip(pattern, value, strict=True)):
            yield from lacks(wanted, item, (*place, index))
    elif not same(pattern, value):
        yield Difference(place, pattern, value)
