"""The eighteen intrinsic functions, as functions of values.

Sources: the specification and the guide's page for what they are for; for what they do at the edges (which
arguments are rounded and how, what is refused) recordings of the service, and where a comment or a fixture
says "measured", what others measured on it (gabrielmoreira/tiny-asl-machine, floci-io/floci).
A function raises `Invalid` where the service would not evaluate it.
"""

from __future__ import annotations

import math
import random
import re
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from asl import jsontext
from asl.errors import DefinitionError, Problem
from asl.intrinsics import java
from asl.paths.messages import java_text
from asl.values import Json, to_json

RANGE = 1000
"""The most items that States.ArrayRange makes."""

CHARACTERS = 10_000
"""The most characters (UTF-16 units) that States.Hash and the Base64 functions take."""

_INT_MIN, _INT_MAX = -(1 << 31), (1 << 31) - 1
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


Draw: TypeAlias = Callable[[], random.Random]
"""`scope.random`: the event's random generator, when it is needed."""


class Invalid(Exception):
    """An intrinsic function that cannot be evaluated; `message` is the service's, where it has one."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message)
        self.message = message

    def of(self, name: str) -> Invalid:
        """The same, with the service's usual message where it had none."""
        if self.message is None:
            self.message = f"Invalid arguments in States.{name}"
        return self


class Function(NamedTuple):
    """How a function is called: with `least` to `most` arguments (None: any number).

    `draws`: it takes a `Draw` before its arguments. `template`: its first argument, if
    a literal, keeps its escapes. `refusal` replaces the message for a wrong number of arguments.
    """

    call: Callable[..., Json]
    least: int
    most: int | None
    draws: bool = False
    template: bool = False
    refusal: str | None = None


# checks


def _array(value: Json) -> list[Json]:
    if isinstance(value, list):
        return value
    raise Invalid


def _string(value: Json) -> str:
    if isinstance(value, str):
        return value
    raise Invalid


def _short(value: Json) -> str:
    text = _string(value)
    if len(text) > CHARACTERS // 2 and len(text.encode("utf-16-le", "surrogatepass")) > 2 * CHARACTERS:
        raise Invalid
    return text


def _truncated(value: Json) -> int:
    # The guide says "rounded to the nearest"; measured, the service cuts the fraction off.
    if type(value) is int:
        return value
    if isinstance(value, float):
        return int(value)
    raise Invalid


def _rounded(value: Json) -> int:
    # Half up, towards positive infinity (recorded: math_add): 0.5 -> 1, -1.5 -> -1.
    if type(value) is int:
        return value
    if isinstance(value, float):
        whole = math.floor(value)
        return whole + (value - whole >= 0.5)
    raise Invalid


# arrays


def _make_array(*items: Json) -> Json:
    return list(items)


def _array_contains(array: Json, value: Json) -> Json:
    # Measured: the service compares the texts, so that "true" is found in [true].
    text = java_text(value)
    return any(java_text(item) == text for item in _array(array))


def _array_get_item(array: Json, index: Json) -> Json:
    items, at = _array(array), _truncated(index)
    if not items:
        return None  # measured: an empty array gives null, a full one refuses an index that it has not
    if not 0 <= at < len(items):
        raise Invalid
    return items[at]


def _array_length(array: Json) -> Json:
    return len(_array(array))


def _array_partition(array: Json, size: Json) -> Json:
    items, step = _array(array), _truncated(size)
    if step < 1:
        raise Invalid
    return [items[at : at + step] for at in range(0, len(items), step)]


def _array_range(first: Json, last: Json, step: Json) -> Json:
    start, end, delta = _truncated(first), _truncated(last), _truncated(step)
    if not delta or (end - start) // delta >= RANGE:
        raise Invalid
    return list(range(start, end + (1 if delta > 0 else -1), delta))


def _array_unique(array: Json) -> Json:
    return java.unique(_array(array))


# text


def _base64_decode(text: Json) -> Json:
    # As commons-codec reads it: both alphabets, other characters skipped, what follows a pad ignored.
    data = re.sub(r"[^A-Za-z0-9+/]", "", _short(text).partition("=")[0].replace("-", "+").replace("_", "/"))
    data = data[: len(data) - 1] if len(data) % 4 == 1 else data
    import base64  # slow to import, like hashlib, and used by few machines

    return base64.b64decode(data + "=" * (-len(data) % 4)).decode("utf-8", "replace")


def _base64_encode(text: Json) -> Json:
    import base64

    return base64.b64encode(_short(text).encode("utf-8", "replace")).decode("ascii")


def _format(template: Json, *arguments: Json) -> Json:
    pattern, places = _pattern(template if isinstance(template, str) else java_text(template))
    if len(arguments) != places:
        raise Invalid(
            "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}."
        )
    return pattern % tuple([value if isinstance(value, str) else java_text(value) for value in arguments])


_TEMPLATE = re.compile(r"\\([\\'{}])|(\{\})|([{}])|%")


@lru_cache(maxsize=256)
def _pattern(template: str) -> tuple[str, int]:
    # The template as Python's % takes it, and how many values it takes.
    places = 0

    def written(found: re.Match[str]) -> str:
        nonlocal places
        escaped, place, brace = found.groups()
        if brace:
            other = "}" if brace == "{" else "{"
            raise Invalid(f"Invalid template in States.Format: matching '{other}' not found for '{brace}'.")
        places += place is not None
        return "%s" if place else escaped or "%%"

    return _TEMPLATE.sub(written, template), places


def _hash(data: Json, algorithm: Json) -> Json:
    if data is None or not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise Invalid
    text = _short(java_text(data))  # measured: what is no text is hashed by its text
    import hashlib

    return hashlib.new(
        _ALGORITHMS[algorithm], text.encode("utf-8", "replace"), usedforsecurity=False
    ).hexdigest()


def _string_split(text: Json, delimiters: Json) -> Json:
    # Every character of the second argument splits; empty pieces are dropped (recorded, measured).
    whole, separators = _string(text), _string(delimiters)
    if len(separators) > 1:
        whole = whole.translate(dict.fromkeys(map(ord, separators), separators[0]))
    return [piece for piece in (whole.split(separators[0]) if separators else [whole]) if piece]


# JSON


def _json_merge(left: Json, right: Json, deep: Json) -> Json:
    # Only `true` asks for a deep merge, which the service does not have; measured: 'false' passes.
    if not isinstance(left, dict) or not isinstance(right, dict) or deep is True:
        raise Invalid
    return {**left, **right}


def _string_to_json(text: Json) -> Json:
    try:
        return jsontext.load(_string(text), [])
    except DefinitionError as error:
        reason = _redacted(error.problems[0])
    except RecursionError:
        reason = "Document nesting depth exceeds the maximum allowed"
    raise Invalid(f"Cannot convert String to Json in States.StringToJson, caused by: {reason}")


_SOURCE = re.compile(r"\[Source: \(String\).*?; line", re.DOTALL)
_REDACTED = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line"
_TOKEN = re.compile(r"Unrecognized token '(.*?)'")


def _redacted(problem: Problem) -> str:
    # Measured: here the parser does not show its text, and the column is the character's own, for an
    # unknown word the one after it.
    message = _SOURCE.sub(_REDACTED, problem.message.partition("\n at ")[0])
    token = _TOKEN.match(message)
    column = (problem.column or 1) + (len(token[1]) if token else 0)
    return f"{message}\n at {_REDACTED}: {problem.line}, column: {column}]"


# numbers


def _math_add(a: Json, b: Json) -> Json:
    x = a if type(a) is int else _rounded(a)
    y = b if type(b) is int else _rounded(b)
    total = x + y
    for number in (x, y, total):
        if not _INT_MIN <= number <= _INT_MAX:
            raise Invalid
    return total


def _math_random(generator: Draw, start: Json, end: Json, *seed: Json) -> Json:
    first, bound = _truncated(start), _truncated(end)
    if not _INT_MIN <= first < bound <= _INT_MAX:
        raise Invalid
    if not seed:
        return generator().randrange(first, bound)
    if bound - first > _INT_MAX:
        raise Invalid
    return first + java.bounded(_truncated(seed[0]), bound - first)


def _uuid(generator: Draw, *_: Json) -> Json:
    """Any number of arguments is fine, measured: they are ignored."""
    return str(uuid.UUID(int=generator().getrandbits(128), version=4))


FUNCTIONS: dict[str, Function] = {
    "Array": Function(_make_array, 0, None),
    "ArrayContains": Function(_array_contains, 2, 2),
    "ArrayGetItem": Function(_array_get_item, 2, 2),
    "ArrayLength": Function(_array_length, 1, 1),
    "ArrayPartition": Function(_array_partition, 2, 2),
    "ArrayRange": Function(_array_range, 3, 3),
    "ArrayUnique": Function(_array_unique, 1, 1),
    "Base64Decode": Function(_base64_decode, 1, 1),
    "Base64Encode": Function(_base64_encode, 1, 1),
    "Format": Function(_format, 1, None, template=True),
    "Hash": Function(_hash, 2, 2),
    "JsonMerge": Function(_json_merge, 3, 3),
    "JsonToString": Function(to_json, 1, 1, refusal="only a single argument is allowed."),
    "MathAdd": Function(_math_add, 2, 2),
    "MathRandom": Function(_math_random, 2, 3, draws=True),
    "StringSplit": Function(_string_split, 2, 2),
    "StringToJson": Function(_string_to_json, 1, 1),
    "UUID": Function(_uuid, 0, None, draws=True),
}
"""By name, without `States.`."""
