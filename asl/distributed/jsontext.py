"""JSON read as it arrives: the elements of an array, or the members of an object, one after the other."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

from asl.values import Json

LARGEST = 16 << 20
"""Characters that one element may have, and the text before the one that a pointer leads to."""

_PIECE = 1 << 16
_FOLLOWING = frozenset(",]}: \t\n\r")
"""What can stand behind a value."""


class MalformedJson(ValueError):
    """Text that is not JSON, or not whole; the message says where."""


class NotIterable(ValueError):
    """The place in the document holds neither an array nor, where that is allowed, an object."""


class Reading(Protocol):
    """Text that can be read piece by piece."""

    def read(self, size: int = -1, /) -> str:
        """The next characters; none at the end."""


def elements(text: Reading, pointer: str = "") -> Iterator[tuple[str | None, Json]]:
    """(None, element) of an array, or (key, value) of an object that the JSON pointer leads to.

    Only what was not given out yet is held in memory. Raises `MalformedJson`, also half-way, and
    `NotIterable`; an object counts as iterable only by a pointer (recorded: map_item_reader_json_no_json_list_object).
    """
    document = _Document(text)
    for step in _steps(pointer):
        document.enter(step, pointer)
    first = document.peek()
    if first == "[":
        yield from ((None, value) for value in document.array())
    elif first == "{" and pointer:
        yield from document.object()
    else:
        document.value()
        raise NotIterable
    if not pointer and document.peek():
        document.broken("Extra data")


def _steps(pointer: str) -> list[str]:
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise MalformedJson(f"the ItemsPointer {pointer!r} does not begin with a slash")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text} is out of range")
    return number


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
"""JSON as the standard has it: no NaN, no Infinity."""


def whole(text: str) -> Json:
    """The value of which the text is the JSON. Raises `MalformedJson`."""
    text = text.strip()
    try:
        value, end = decoder.raw_decode(text)
    except (ValueError, RecursionError) as problem:
        raise MalformedJson(str(problem)) from None
    if end < len(text):
        raise MalformedJson(f"Extra data at character {end}")
    found: Json = value
    return found


class _Document:
    """A document as far as it was read: the text grows at its end and is dropped at its beginning."""

    def __init__(self, text: Reading) -> None:
        self._text = text
        self._held = ""
        self._at = 0
        self._dropped = 0
        self._ended = False

    def _more(self) -> bool:
        """Read a piece more, as long as what is held: a long element is not decoded over and over again."""
        if self._ended:
            return False
        piece = self._text.read(max(_PIECE, len(self._held) - self._at))
        self._ended = not piece
        self._dropped += self._at
        self._held = self._held[self._at :] + piece
        self._at = 0
        return True

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            held, at = self._held, self._at
            while at < len(held) and held[at] in " \t\n\r":
                at += 1
            self._at = at
            if at < len(held):
                return held[at]
            if not self._more():
                return ""

    def broken(self, message: str, position: int | None = None) -> NoReturn:
        """Raise `MalformedJson` for the place where reading stands."""
        place = self._dropped + (self._at if position is None else position)
        raise MalformedJson(f"{message} at character {place}")

    def take(self, wanted: str) -> str:
        """The next character, which must be one of those."""
        found = self.peek()
        if not found or found not in wanted:
            self.broken(f"Expecting {' or '.join(map(repr, wanted))}")
        self._at += 1
        return found

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = decoder.raw_decode(self._held, self._at)
            except json.JSONDecodeError as problem:
                if len(self._held) - self._at > LARGEST or not self._more():
                    self.broken(problem.msg, problem.pos)
                continue
            except RecursionError:
                self.broken("Nested too deep")
            except ValueError as problem:
                self.broken(str(problem))
            # A number might go on in the next piece: 34 may be the beginning of 34.5.
            if self._held[end : end + 1] in _FOLLOWING or not self._more():
                self._at = end
                return value

    def array(self) -> Iterator[Json]:
        """The elements of the array that comes next."""
        self.take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self.take(",]") == "]":
                return

    def object(self) -> Iterator[tuple[str, Json]]:
        """The members of the object that comes next."""
        self.take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            yield self._key(), self.value()
            if self.take(",}") == "}":
                return

    def _key(self) -> str:
        if self.peek() != '"':
            self.broken("Expecting a property name in double quotes")
        key: str = self.value()
        self.take(":")
        return key

    def enter(self, step: str, pointer: str) -> None:
        """Go on to the member or element that the step names; what stands before it is read over."""
        opening = self.peek()
        if opening == "{":
            self._enter_object(step, pointer)
        elif opening == "[" and step.isdecimal():
            self._enter_array(int(step), pointer)
        else:
            self._missing(step, pointer)

    def _enter_object(self, step: str, pointer: str) -> None:
        self.take("{")
        if self.peek() == "}":
            self._missing(step, pointer)
        while self._key() != step:
            self.value()
            if self.take(",}") == "}":
                self._missing(step, pointer)

    def _enter_array(self, index: int, pointer: str) -> None:
        self.take("[")
        if self.peek() == "]":
            self._missing(str(index), pointer)
        for _ in range(index):
            self.value()
            if self.take(",]") == "]":
                self._missing(str(index), pointer)

    def _missing(self, step: str, pointer: str) -> NoReturn:
        raise MalformedJson(f"the ItemsPointer {pointer!r} leads nowhere: there is no {step!r}")
