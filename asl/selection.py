"""ItemSelector of a distributed Map: it stands in the Map state, and makes the inputs of other executions.

So it works apart from the machine, which goes on meanwhile: in another thread, or in another process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from asl.errors import StatesError, while_executing
from asl.states import Map
from asl.values import Json


def members(found: Json) -> Iterable[tuple[Json, str | None]]:
    """What a Map iterates over, item by item: (value, key) of an object, (value, None) of an array."""
    if isinstance(found, dict):
        return ((value, key) for key, value in found.items())
    assert isinstance(found, list), "checked when it was selected"
    return ((value, None) for value in found)


def unselected(item: Mapping[str, Json]) -> Json:
    """What an iteration is given without ItemSelector: the item's value; of a member of an object, the pair.

    Source: the developer guide, "ItemsPath"; the pair's form was observed on the service by others (floci-io/floci).
    """
    return {"Key": item["Key"], "Value": item["Value"]} if "Key" in item else item["Value"]


class Selection:
    """Makes a child's input of the `Map.Item`: what ItemSelector says, or the item as it is.

    It is the `Scope` of its expressions: the variables, the time and the context object are those of the Map
    state when the map run started; random numbers follow from `stream` and the item's index.
    """

    __slots__ = ("_context", "_entered", "_input", "_item", "_state", "_stream", "now", "variables")

    def __init__(
        self,
        state: Map,
        input: Json,
        variables: Mapping[str, Json],
        context: dict[str, Json],
        now: int,
        entered: int,
        stream: str,
    ) -> None:
        self._state = state
        self._input = input
        self._context = context
        self._entered = entered
        self._stream = stream
        self._item: dict[str, Json] = {}
        self.variables = variables
        self.now = now

    def plain(self) -> tuple[Any, ...]:
        """All but the compiled state, as plain data: `Selection(state, *plain)` is the same again."""
        return self._input, dict(self.variables), self._context, self.now, self._entered, self._stream

    def __call__(self, item: dict[str, Json]) -> Json:
        """The input for that item. Raises `StatesError` with the cause as the service words it."""
        select = self._state.select
        if select is None:
            return unselected(item)
        self._item = item
        try:
            return select(self._input, self)
        except StatesError as problem:
            raise StatesError(
                problem.error, while_executing(self._state.name, self._entered, problem)
            ) from None

    def context(self) -> dict[str, Json]:
        """The context object of the Map state, with the item."""
        return {**self._context, "Map": {"Item": self._item}}

    def random(self) -> Random:
        """The generator for this item."""
        return Random(f"{self._stream}:{self._item['Index']}")
