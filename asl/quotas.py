"""The service's quotas, as settings: each can be changed, and lifted with None. Also sizes, measured once."""

from __future__ import annotations

from typing import NamedTuple

from orjson import dumps

from asl.values import Json, size

EVENTS_BOUND = 50_000_000
"""Events after which an execution ends even where the quota on them is lifted: a loop must not eat all memory."""


class Quotas(NamedTuple):
    """What an execution may use. The defaults are the service's (developer guide, "Service quotas")."""

    payload: int | None = 262_144
    """Bytes of an input, output, result, variable or of all that one Assign assigns, as JSON text in UTF-8."""
    events: int | None = 25_000
    """Events in a history."""
    concurrency: int | None = 40
    """Iterations of an inline Map at one time, where MaxConcurrency does not say less."""
    variables: int | None = 10_485_760
    """Bytes of all variables of an execution, as JSON text in UTF-8."""


def over(value: Json, most: int) -> int:
    """The size of a value that is over the quota; else 0."""
    try:
        if 2 * len(dumps(value)) <= most:  # as in `Gauge.bound`
            return 0
    except TypeError:
        pass
    exact = size(value)
    return exact if exact > most else 0


_LARGE = 4096
"""Bytes from which a value's size is worth remembering."""

_FEW = 32
"""Members of an object that are measured one by one where the size of one of them may be known."""


class Gauge(dict[int, tuple[Json, int]]):
    """Measures values in bytes of JSON text, and remembers the large ones, which executions pass on and on.

    It holds them by their ids, each beside its size: while a value is here no other can have its id.
    """

    __slots__ = ()

    def __call__(self, value: Json) -> int:
        """The size of the value, as `values.size` gives it."""
        if not self:
            return self._remembered(value, size(value))
        if (found := self.get(id(value))) is not None:
            return found[1]
        if (
            type(value) is dict
            and len(value) <= _FEW
            and not _CONTAINERS.isdisjoint(map(type, value.values()))
        ):
            return self._remembered(value, self._added_up(value))
        return self._remembered(value, size(value))

    def bound(self, value: Json) -> int:
        """No less than the size, in a fraction of the time where the value is small; the size where it is large."""
        if self and (found := self.get(id(value))) is not None:
            return found[1]
        try:
            raw = dumps(value)
        except TypeError:  # as in `to_json`
            return self(value)
        most = 2 * len(raw)  # Java's text of a double may have half as many characters more
        return most if most < _LARGE else self._remembered(value, size(value, raw))

    def _remembered(self, value: Json, size: int) -> int:
        if size >= _LARGE:
            if len(self) > 4096:
                self.clear()
            self[id(value)] = value, size
        return size

    def _added_up(self, value: dict[str, Json]) -> int:
        """The size of an object by those of its members, of which some may be known."""
        total = 1 + (2 * len(value) or 1)
        for key, item in value.items():
            total += size(key) + (self(item) if type(item) in _CONTAINERS else size(item))
        return total


_CONTAINERS = {dict, list}
