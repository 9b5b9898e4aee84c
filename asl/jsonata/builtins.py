"""The built-in functions by name: implementation, signature, and how many arguments a caller hands to it."""

from __future__ import annotations

from typing import Any

from asl.jsonata import fn_arrays as a
from asl.jsonata import fn_datetime as d
from asl.jsonata import fn_matching as m
from asl.jsonata import fn_numbers as n
from asl.jsonata import fn_strings as s
from asl.jsonata import integers, pictures
from asl.jsonata.functions import Native
from asl.jsonata.limits import Runtime
from asl.jsonata.sequences import UNDEFINED


class JavaRandom:
    """java.util.Random's generator, as far as its first double."""

    def __init__(self, seed: int) -> None:
        self.seed = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)

    def bits(self, count: int) -> int:
        self.seed = (self.seed * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        return self.seed >> (48 - count)

    def next_double(self) -> float:
        return ((self.bits(26) << 27) + self.bits(27)) / (1 << 53)


def random(rt: Runtime, seed: Any = UNDEFINED) -> float:
    """`$random`: from the execution's own randomness, or the first number of java.util.Random(seed)."""
    if seed is UNDEFINED:
        return rt.random().random()
    return JavaRandom(a._towards_zero(seed, 1)).next_double()


def uuid(rt: Runtime) -> str:
    return s.random_uuid(rt)


_TABLE: list[tuple[str, Any, str, int]] = [
    ("sum", n.sum_, "<a<n>:n>", 1),
    ("count", n.count, "<a:n>", 1),
    ("max", n.max_, "<a<n>:n>", 1),
    ("min", n.min_, "<a<n>:n>", 1),
    ("average", n.average, "<a<n>:n>", 1),
    ("string", s.string_, "<x-b?:s>", 1),
    ("substring", s.substring, "<s-nn?:s>", 3),
    ("substringBefore", s.substring_before, "<s-s:s>", 2),
    ("substringAfter", s.substring_after, "<s-s:s>", 2),
    ("lowercase", s.lowercase, "<s-:s>", 1),
    ("uppercase", s.uppercase, "<s-:s>", 1),
    ("length", s.length, "<s-:n>", 1),
    ("trim", s.trim, "<s-:s>", 1),
    ("pad", s.pad, "<s-ns?:s>", 3),
    ("match", m.match, "<s-f<s:o>n?:a<o>>", 3),
    ("contains", m.contains, "<s-(sf):b>", 2),
    ("replace", m.replace, "<s-(sf)(sf)n?:s>", 4),
    ("split", m.split, "<s-(sf)n?:a<s>>", 3),
    ("join", s.join, "<a<s>s?:s>", 2),
    ("formatNumber", pictures.format_number, "<n-so?:s>", 3),
    ("formatBase", n.format_base, "<n-n?:s>", 2),
    ("formatInteger", integers.format_integer, "<n-s:s>", 2),
    ("parseInteger", integers.parse_integer, "<s-s:n>", 2),
    ("number", n.number, "<(nsb)-:n>", 1),
    ("floor", n.floor, "<n-:n>", 1),
    ("ceil", n.ceil, "<n-:n>", 1),
    ("round", n.round_, "<n-n?:n>", 2),
    ("abs", n.abs_, "<n-:n>", 1),
    ("sqrt", n.sqrt, "<n-:n>", 1),
    ("power", n.power, "<n-n:n>", 2),
    ("boolean", a.boolean_, "<x-:b>", 1),
    ("not", a.not_, "<x-:b>", 1),
    ("map", a.map_, "<af>", 2),
    ("zip", a.zip_, "<a+>", 0),
    ("filter", a.filter_, "<af>", 2),
    ("single", a.single, "<af?>", 2),
    ("reduce", a.reduce_, "<afj?:j>", 3),
    ("sift", a.sift, "<o-f?:o>", 2),
    ("keys", a.keys, "<x-:a<s>>", 1),
    ("lookup", a.lookup_, "<x-s:x>", 2),
    ("append", a.append_, "<xx:a>", 2),
    ("exists", a.exists, "<x:b>", 1),
    ("spread", a.spread, "<x-:a<o>>", 1),
    ("merge", a.merge, "<a<o>:o>", 1),
    ("reverse", a.reverse, "<a:a>", 1),
    ("each", a.each, "<o-f:a>", 2),
    ("error", a.error, "<s?:x>", 1),
    ("assert", a.assert_, "<bs?:x>", 2),
    ("type", a.type_, "<x:s>", 1),
    ("sort", a.sort, "<af?:a>", 2),
    ("shuffle", a.shuffle, "<a:a>", 1),
    ("distinct", a.distinct, "<x:x>", 1),
    ("base64encode", s.base64encode, "<s-:s>", 1),
    ("base64decode", s.base64decode, "<s-:s>", 1),
    ("encodeUrlComponent", s.encode_url_component, "<s-:s>", 1),
    ("encodeUrl", s.encode_url, "<s-:s>", 1),
    ("decodeUrlComponent", s.decode_url_component, "<s-:s>", 1),
    ("decodeUrl", s.decode_url, "<s-:s>", 1),
    ("toMillis", d.to_millis, "<s-s?:n>", 2),
    ("fromMillis", d.from_millis, "<n-s?s?:s>", 3),
    ("clone", a.clone, "<(oa)-:o>", 1),
    ("now", d.now, "<s?s?:s>", 2),
    ("millis", d.millis, "<:n>", 0),
    # what the service adds; it takes $eval away
    ("partition", a.partition, "<xn?:a>", 2),
    ("range", a.range_, "<nnn?:a>", 3),
    ("hash", s.hash_, "<ss?:s>", 2),
    ("random", random, "<n?:n>", 1),
    ("uuid", uuid, "<:s>", 0),
    ("parse", a.parse, "<s?:x>", 1),
]

BUILTINS: dict[str, Native] = {
    name: Native(name, impl, signature, arity) for name, impl, signature, arity in _TABLE
}
