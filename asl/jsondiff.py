"""Where JSON values differ, and how one takes over what differs: by JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from asl.values import Json

Place: TypeAlias = "tuple[str | int, ...]"
"""The steps from a whole value to one within it."""


class Missing:
    """The value of what is not there."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = Missing()


class Difference(NamedTuple):
    """A place where two values differ, with what each has there (`MISSING`: nothing)."""

    place: Place
    a: Json | Missing
    b: Json | Missing

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer; empty for the whole value."""
        return pointer(self.place)


def pointer(place: Place) -> str:
    """A place as a JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def exactly(a: Json, b: Json) -> bool:
    """Whether two values are written alike: as `values.same`, but 1 is not 1.0. The order of keys is free."""
    if isinstance(a, dict):
        return (
            isinstance(b, dict)
            and a.keys() == b.keys()
            and all(exactly(value, b[key]) for key, value in a.items())
        )
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(exactly, a, b))
    return type(a) is type(b) and a == b


def differences(a: Json, b: Json, place: Place = ()) -> Iterator[Difference]:
    """The innermost places where two values differ, in the order of `a`. Arrays are compared item by item."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in (*a, *(key for key in b if key not in a)):
            inner = (*place, key)
            if key in a and key in b:
                yield from differences(a[key], b[key], inner)
            else:
                yield Difference(inner, a.get(key, MISSING), b.get(key, MISSING))
    elif isinstance(a, list) and isinstance(b, list):
        for index in range(max(len(a), len(b))):
            inner = (*place, index)
            if index < len(a) and index < len(b):
                yield from differences(a[index], b[index], inner)
            else:
                yield Difference(
                    inner, a[index] if index < len(a) else MISSING, b[index] if index < len(b) else MISSING
                )
    elif not exactly(a, b):
        yield Difference(place, a, b)


def varying(value: Json, others: Iterable[Json], place: Place = ()) -> Iterator[Place]:
    """The places at which a value is not the same in all the others; a container whose keys or length vary is one."""
    others = list(others)
    if isinstance(value, dict) and all(
        isinstance(other, dict) and other.keys() == value.keys() for other in others
    ):
        for key, inner in value.items():
            yield from varying(inner, [other[key] for other in others], (*place, key))  # type: ignore[index,call-overload]
    elif isinstance(value, list) and all(
        isinstance(other, list) and len(other) == len(value) for other in others
    ):
        for index, inner in enumerate(value):
            yield from varying(inner, [other[index] for other in others], (*place, index))  # type: ignore[index]
    elif not all(exactly(value, other) for other in others):
        yield place


def dig(value: Json, place: Place) -> Json | Missing:
    """What a value has at a place."""
    for step in place:
        if isinstance(value, dict):
            there = step in value
        else:
            there = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not there:
            return MISSING
        value = value[step]  # type: ignore[index]
    return value


def put(value: Json, place: Place, new: Json) -> Json:
    """The value with `new` at a place that it has; what is not on the way there is shared."""
    if not place:
        return new
    step, rest = place[0], place[1:]
    if isinstance(value, dict):
        assert isinstance(step, str)
        return {**value, step: put(value[step], rest, new)}
    assert isinstance(value, list) and isinstance(step, int)
    return [*value[:step], put(value[step], rest, new), *value[step + 1 :]]
