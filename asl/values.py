"""JSON values: what they are, how they are compared, written, measured and changed.

A JSON value is never changed after it is made. Everything that "changes" one builds a new value that
shares what stayed the same; this is what lets a history keep references and render text later.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Protocol, TypeAlias

from orjson import dumps

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Scope(Protocol):
    """What an expression may read besides the value it is applied to. A `Machine` is one."""

    @property
    def variables(self) -> Mapping[str, Json]:
        """The workflow variables as they stood when the state was entered."""

    @property
    def now(self) -> int:
        """The execution's own time, in milliseconds since the epoch."""

    def context(self) -> dict[str, Json]:
        """The context object (`$$`, `$states.context`), built when it is asked for."""

    def random(self) -> random.Random:
        """The generator for this event: a function of (seed, execution, event), so that it replays."""


Select: TypeAlias = Callable[[Json, Scope], Json]
"""A compiled expression: (value, scope) -> value. Every query language ends as one of these."""


def same(a: Json, b: Json) -> bool:
    """JSON equality: as `==`, but true is not 1 and false is not 0, at any depth. 1 equals 1.0."""
    if isinstance(a, dict):
        return (
            isinstance(b, dict) and len(a) == len(b) and all(k in b and same(v, b[k]) for k, v in a.items())
        )
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return a == b


def whole(value: Json) -> Json:
    """The value of a field for integers: 5 where the definition says 5.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def type_name(value: Json) -> str:
    """The JSON type as the service's messages name it: null, boolean, number, string, array, object."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def number_text(value: float) -> str:
    """A double as the service writes it (java.lang.Double): 0.1, 100.0, 1.0E7, 1.2E-5."""
    if not math.isfinite(value):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e7:
        text = repr(value)
        return text if "e" not in text else f"{value:f}"
    exponent = f"{value:e}".partition("e")[2]
    digits = repr(value).partition("e")[0].replace(".", "").lstrip("-").strip("0") or "0"
    whole, rest = digits[0], digits[1:] or "0"
    return f"{'-' if value < 0 else ''}{whole}.{rest}E{int(exponent)}"


def to_json(value: Json, raw: bytes | None = None) -> str:
    """Compact JSON text as the service writes it: no spaces, non-ASCII characters as they are.

    `raw` is what `orjson.dumps` gives for it, where that is known.
    """
    try:
        text = (dumps(value) if raw is None else raw).decode()
    except TypeError:  # what orjson refuses: an integer of over 64 bits, half a surrogate pair, 255 levels
        return _written(value)
    if ("." in text and _LONG_OR_SMALL.search(text)) or (
        (len(text) > _SHORT or "e-" in text or "e+" in text) and _EXPONENT.search(text)
    ):
        return _written(value)
    return text


_SHORT = 300
"""Characters up to which a text is looked through twice in less time than it takes to begin a regular expression."""


# Doubles that Java writes in another way, 12345678.5, 0.0001 and 1e+22; what a string holds may look like one.
_LONG_OR_SMALL = re.compile(r"\.(?:(?<=\d{8}\.)\d|(?<=\b0\.)000)")
_EXPONENT = re.compile(r"e[+-]\d+(?![^,\]}])")


def size(value: Json, raw: bytes | None = None) -> int:
    """The size of a value as the service counts it: bytes of its JSON text in UTF-8. `raw` is as in `to_json`."""
    text = to_json(value, raw)
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _written(value: Json) -> str:
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def _write(value: Json, emit: Callable[[str], object]) -> None:
    if isinstance(value, str):
        emit(encode_basestring(value))
    elif value is None:
        emit("null")
    elif value is True:
        emit("true")
    elif value is False:
        emit("false")
    elif isinstance(value, int):
        emit(int.__repr__(value))
    elif isinstance(value, float):
        emit(number_text(value))
    elif isinstance(value, list):
        emit("[")
        for index, item in enumerate(value):
            if index:
                emit(",")
            _write(item, emit)
        emit("]")
    else:
        emit("{")
        for index, (key, item) in enumerate(value.items()):
            if index:
                emit(",")
            emit(encode_basestring(key))
            emit(":")
            _write(item, emit)
        emit("}")
