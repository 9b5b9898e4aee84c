"""The service's quotas, as settings: each can be changed, and lifted with None. Also sizes, measured once."""

from __future__ import annotations

from dataclasses import dataclass
from json.encoder import encode_basestring

from asl.values import Json, number_text

EVENTS_BOUND = 50_000_000
"""Events after which an execution ends even where the quota on them is lifted: a loop must not eat all memory."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """What an execution may use. The defaults are the service's (developer guide, "Service quotas")."""

    payload: int | None = 262_144
    """Bytes of an input, output, result or variable, as JSON text in UTF-8."""
    events: int | None = 25_000
    """Events in a history."""
    concurrency: int | None = 40
    """Iterations of an inline Map at one time, where MaxConcurrency does not say less."""


class Gauge:
    """Measures values in bytes of JSON text, and remembers the large ones, which executions pass on and on."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # The value is kept beside its size: while it is here no other value can have its id.
        self._known: dict[int, tuple[Json, int]] = {}

    def __call__(self, value: Json) -> int:
        """The size of the value, as `values.size` gives it."""
        if isinstance(value, str):
            text = encode_basestring(value)
            return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if isinstance(value, dict | list):
            known = self._known.get(id(value))
            if known is not None:
                return known[1]
            if isinstance(value, dict):
                total = 1 + max(1, 2 * len(value))
                for key, item in value.items():
                    total += self(key) + self(item)
            else:
                total = 1 + max(1, len(value))
                for item in value:
                    total += self(item)
            if total > 256:
                if len(self._known) > 4096:
                    self._known.clear()
                self._known[id(value)] = (value, total)
            return total
        if value is True or value is None:
            return 4
        if value is False:
            return 5
        return len(str(value)) if isinstance(value, int) else len(number_text(value))
