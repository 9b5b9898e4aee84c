"""The service's quotas, as settings: each can be changed, and lifted with None. Also sizes, measured once."""

from __future__ import annotations

import re
from typing import NamedTuple

from asl.values import Json, size

EVENTS_BOUND = 50_000_000
"""Events after which an execution ends even where the quota on them is lifted: a loop must not eat all memory."""


class Quotas(NamedTuple):
    """What an execution may use. The defaults are the service's (developer guide, "Service quotas")."""

    payload: int | None = 262_144
    """Bytes of an input, output, result or variable, as JSON text in UTF-8."""
    events: int | None = 25_000
    """Events in a history."""
    concurrency: int | None = 40
    """Iterations of an inline Map at one time, where MaxConcurrency does not say less."""


_LARGE = 1024
"""Bytes from which a value's size is worth remembering."""

_FEW = 32
"""Members of an object that is measured one by one; above, and in arrays, the encoder is faster."""


class Gauge:
    """Measures values in bytes of JSON text, and remembers the large ones, which executions pass on and on."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # The value is kept beside its size: while it is here no other value can have its id.
        self._known: dict[int, tuple[Json, int]] = {}

    def __call__(self, value: Json) -> int:
        """The size of the value, as `values.size` gives it."""
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        total = self._added_up(value) if type(value) is dict and len(value) <= _FEW else size(value)
        if total >= _LARGE:
            if len(self._known) > 4096:
                self._known.clear()
            self._known[id(value)] = (value, total)
        return total

    def _added_up(self, value: dict[str, Json]) -> int:
        """The size of an object, of which parts may be known; for a few members quicker than the encoder."""
        total = 1 + (2 * len(value) or 1)
        for key, item in value.items():
            total += len(key) + 2 if _PLAIN(key) else size(key)
            kind = type(item)
            if kind is str:
                total += len(item) + 2 if _PLAIN(item) else size(item)  # type: ignore[arg-type]
            elif kind is int:
                total += len(str(item))
            elif item is True or item is None:
                total += 4
            else:
                total += self(item)
        return total


_PLAIN = re.compile(r"[ !#-\[\]-~]*").fullmatch
"""Text that is written as it is, a byte a character."""
