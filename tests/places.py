"""What is known of a document before there is one: a tree of places, and values that fit it.

Every object and every free text that is made of a place bears the place's number, so that wherever it comes to stand
while a machine runs, it can be told where it is from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from asl.values import to_json

MARK = "#"
"""The field of an object that has the number of its place."""

WHEN = "2030-01-01T00:00:00Z"
OTHER = object()
"""Among the values of a place: any text that the definition does not compare with."""

ABSENT = object()
"""Among the values of a place: nothing there."""

_WORD = re.compile(r"text(\d+)")
_STEP = re.compile(
    r"\.([A-Za-z_][\w-]*)|\.`([^`]+)`|\['([^']+)'\]|\[\"([^\"]+)\"\]|\[(\d+|\*|[^\]]*)\]|(\.\*)"
)

Steps = list["str | int"]


def steps_of(path: str) -> Steps:
    """The steps of a path after its `$`. What may be any element (a wildcard, a filter, a slice) is the step 0."""
    found: Steps = []
    for match in _STEP.finditer(path):
        name = next((group for group in match.groups()[:4] if group is not None), None)
        index = match.group(5)
        found.append(name if name is not None else int(index) if index and index.isdigit() else 0)
    return found


class Place:
    """What is known of one place: its fields, its elements (at least so many), what the JSON in its text is, values.

    `object`: it is an object, whose fields are not known.
    """

    def __init__(self) -> None:
        self.below: dict[str, Place] = {}
        self.item: Place | None = None
        self.least = 0
        self.text: Place | None = None
        self.values: list[Any] = []
        self.object = False
        self.number: int | None = None
        self.holder: Place | None = None
        """Of elements: the place of their array."""

    def at(self, steps: Steps) -> Place:
        """The place so many steps down."""
        place = self
        for step in steps:
            place = place.field(step) if isinstance(step, str) else place.element(step)
        return place

    def field(self, name: str) -> Place:
        """The place of a field."""
        return self.below.setdefault(name, Place())

    def element(self, index: int = 0) -> Place:
        """The place of the elements, of which there are enough for the index."""
        if self.item is None:
            self.item = Place()
            self.item.holder = self
        self.least = max(self.least, index + 1)
        return self.item

    def parsed(self) -> Place:
        """The place of what the text says."""
        self.text = self.text or Place()
        return self.text

    def add(self, *values: Any) -> None:
        """Values that may stand here."""
        self.values += [value for value in values if not any(_same(value, known) for known in self.values)]

    def absorb(self, other: Place) -> bool:
        """Have here what is known of another place; whether that is anything new."""
        before = (self.least, len(self.values), self.object)
        self.add(*other.values)
        self.least, self.object = max(self.least, other.least), self.object or other.object
        changed = before != (self.least, len(self.values), self.object)
        for name, below in other.below.items():
            changed |= name not in self.below
            changed |= self.field(name).absorb(below)
        if other.item is not None:
            changed |= self.item is None
            changed |= self.element().absorb(other.item)
        if other.text is not None:
            changed |= self.text is None
            changed |= self.parsed().absorb(other.text)
        return changed


class Places:
    """Documents made of places, and the way back from a value in them."""

    def __init__(self) -> None:
        self._numbered: list[Place] = []

    def make(self, place: Place, random: Random) -> Any:
        """A document of a place. Where what is known of it does not go together, each is there in its turn."""
        if ABSENT in place.values and random.random() < 0.25:
            return ABSENT
        kinds: list[Callable[[Place, Random], Any]] = [
            kind
            for kind, known in (
                (self._json, place.text),
                (self._array, place.item),
                (self._object, place.below),
            )
            if known
        ]
        values = [value for value in place.values if value is not ABSENT and not (kinds and value is OTHER)]
        if values:
            kinds.append(lambda place, random: self._value(place, random.choice(values)))
        if kinds:
            return random.choice(kinds)(place, random)
        return self._object(place, random) if place.object else self._word(place)

    def of(self, value: Any) -> Place | None:
        """The place that an object, a free text or an array of such was made of; None for what was not."""
        if isinstance(value, list):
            element = self.of(value[0]) if value else None
            return element and element.holder
        if isinstance(value, dict):
            number = value.get(MARK)
        else:
            found = _WORD.search(value) if isinstance(value, str) else None
            number = found and found.group(1)
        return None if number is None else self._numbered[int(number)]

    def _number(self, place: Place) -> int:
        if place.number is None:
            place.number = len(self._numbered)
            self._numbered.append(place)
        return place.number

    def _json(self, place: Place, random: Random) -> str:
        assert place.text is not None
        place.text.object = True
        return to_json(self.make(place.text, random))

    def _array(self, place: Place, random: Random) -> list[Any]:
        assert place.item is not None
        found = [self.make(place.item, random) for _ in range(max(2, place.least))]
        return [each for each in found if each is not ABSENT]

    def _object(self, place: Place, random: Random) -> dict[str, Any]:
        found = {name: self.make(below, random) for name, below in place.below.items()}
        return {
            MARK: self._number(place),
            **{name: value for name, value in found.items() if value is not ABSENT},
        }

    def _value(self, place: Place, value: Any) -> Any:
        return self._word(place) if value is OTHER else value

    def _word(self, place: Place) -> str:
        return f"text{self._number(place)}"


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and one == other)
