"""What the service's intrinsic functions take from Java: one generator's numbers, one set's order.

Both were measured on the service by others (gabrielmoreira/tiny-asl-machine, snapshots of States.MathRandom
and States.ArrayUnique).
"""

from __future__ import annotations

import struct
from collections.abc import Hashable, Iterable, Sequence

from asl.values import Json

_INT = 0xFFFF_FFFF
_LONG = 0xFFFF_FFFF_FFFF_FFFF
_SEED = (1 << 48) - 1
_FACTOR = 0x5DEECE66D


def bounded(seed: int, bound: int) -> int:
    """The first `nextInt(bound)` of a `java.util.Random` made with `seed`; `bound` is from 1 to 2³¹-1."""
    state = (seed ^ _FACTOR) & _SEED
    while True:
        state = (state * _FACTOR + 0xB) & _SEED
        bits = state >> 17
        if not bound & (bound - 1):
            return (bound * bits) >> 31
        drawn = bits % bound
        if bits - drawn + bound - 1 < 1 << 31:
            return drawn


def unique(values: Sequence[Json]) -> list[Json]:
    """The values without repetition, in the order in which a `java.util.HashSet` of them lists them.

    They are equal as Java has it: 1 and 1.0 are two values, objects are equal whatever the order of keys.
    """
    first: dict[Hashable, Json] = {}
    for value in values:
        first.setdefault(_identity(value), value)
    # The set is made for the size of the array, at a load of 3/4, with a power of two of buckets.
    buckets = 1 << (max(int(len(values) / 0.75) + 1, 16) - 1).bit_length()
    return sorted(first.values(), key=lambda value: _bucket(value) & (buckets - 1))


def _bucket(value: Json) -> int:
    code = _code(value)
    return code ^ (code >> 16)


def _identity(value: Json) -> Hashable:
    if isinstance(value, dict):
        return "object", frozenset((key, _identity(item)) for key, item in value.items())
    if isinstance(value, list):
        return "array", tuple(map(_identity, value))
    return type(value).__name__, value


def _code(value: Json) -> int:
    # hashCode() of the Java value that Jackson makes of this one, as an unsigned 32-bit number.
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1231 if value else 1237
    if isinstance(value, int):
        if -(1 << 31) <= value < 1 << 31:
            return value & _INT
        if -(1 << 63) <= value < 1 << 63:
            bits = value & _LONG
            return (bits ^ (bits >> 32)) & _INT
        words = abs(value).to_bytes((abs(value).bit_length() + 31) // 32 * 4, "big")
        code = _polynomial(0, struct.unpack(f">{len(words) // 4}I", words))
        return (code if value > 0 else -code) & _INT
    if isinstance(value, float):
        bits = int.from_bytes(struct.pack(">d", value), "big")
        return (bits ^ (bits >> 32)) & _INT
    if isinstance(value, str):
        units = value.encode("utf-16-le", "surrogatepass")
        return _polynomial(0, struct.unpack(f"<{len(units) // 2}H", units))
    if isinstance(value, list):
        return _polynomial(1, map(_code, value))
    return sum(_code(key) ^ _code(item) for key, item in value.items()) & _INT


def _polynomial(start: int, terms: Iterable[int]) -> int:
    code = start
    for term in terms:
        code = (31 * code + term) & _INT
    return code
