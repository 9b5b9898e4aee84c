"""$formatNumber: a number by a picture, XPath's fn:format-number as jsonata-js implements it."""

from __future__ import annotations

import math
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from asl.jsonata.errors import JsonataError, crash, timeout
from asl.jsonata.fn_numbers import rounded
from asl.jsonata.integers import spacing
from asl.jsonata.limits import Runtime
from asl.jsonata.operators import tidy
from asl.jsonata.sequences import UNDEFINED

_DEFAULTS = {
    "decimal-separator": ".",
    "grouping-separator": ",",
    "exponent-separator": "e",
    "infinity": "Infinity",
    "minus-sign": "-",
    "NaN": "NaN",
    "percent": "%",
    "per-mille": "\u2030",
    "zero-digit": "0",
    "digit": "#",
    "pattern-separator": ";",
}


class Symbols:
    """The characters of a picture; `options` of the call replace the usual ones."""

    def __init__(self, options: dict[str, Any]) -> None:
        chosen = {**_DEFAULTS, **{key: str(value) for key, value in options.items()}}
        self.point = chosen["decimal-separator"]
        self.group = chosen["grouping-separator"]
        self.exponent = chosen["exponent-separator"]
        self.minus = chosen["minus-sign"]
        self.percent = chosen["percent"]
        self.per_mille = chosen["per-mille"]
        self.zero = chosen["zero-digit"][:1] or "0"
        self.digit = chosen["digit"]
        self.separator = chosen["pattern-separator"]
        self.family = [chr(ord(self.zero) + offset) for offset in range(10)]
        self.active = [*self.family, self.point, self.exponent, self.group, self.digit, self.separator]


class Sub(NamedTuple):
    """One sub-picture: what stands before and after the number, and how its digits are written."""

    text: str
    prefix: str
    suffix: str
    groups: tuple[int, ...]
    regular: int
    least_whole: int
    scaling: int
    fraction_groups: tuple[int, ...]
    least_fraction: int
    most_fraction: int
    least_exponent: int


def format_number(rt: Runtime, value: Any, picture: Any, options: Any = UNDEFINED) -> Any:
    """`$formatNumber`. JsonataError D3080 to D3093; a time-out where jsonata-js never ends."""
    if value is UNDEFINED:
        return UNDEFINED
    if picture is UNDEFINED:
        raise crash("Cannot read properties of undefined (reading 'split')")
    if options is UNDEFINED or not options:
        symbols, subs = _usual(picture)
    else:
        symbols = Symbols(options)
        subs = _subs(picture, symbols)
    return _write(value, subs[0 if value >= 0 else 1], symbols)


@lru_cache(maxsize=256)
def _usual(picture: str) -> tuple[Symbols, tuple[Sub, Sub]]:
    symbols = Symbols({})
    return symbols, _subs(picture, symbols)


def _subs(picture: str, symbols: Symbols) -> tuple[Sub, Sub]:
    texts = picture.split(symbols.separator) if symbols.separator else list(picture)
    if len(texts) > 2:
        raise JsonataError("D3080")
    parts = [_Split(text, symbols) for text in texts]
    for part in parts:
        part.validate()
    subs = [part.analyse() for part in parts]
    if len(subs) == 1:
        subs.append(subs[0]._replace(prefix=symbols.minus + subs[0].prefix))
    return subs[0], subs[1]


class _Split:
    """A sub-picture cut into its parts."""

    def __init__(self, text: str, symbols: Symbols) -> None:
        self.text, self.symbols = text, symbols
        marks = [
            index for index, char in enumerate(text) if char in symbols.active and char != symbols.exponent
        ]
        if not marks:  # jsonata-js stumbles over it; the service says what is wrong with it
            raise JsonataError("D3086" if text else "D3085")
        self.prefix, self.suffix = text[: marks[0]], text[marks[-1] + 1 :]
        self.active = text[marks[0] : marks[-1] + 1]
        at = text.find(symbols.exponent, len(self.prefix))
        if at < 0 or at > len(text) - len(self.suffix):
            self.mantissa, self.exponent = self.active, None
        else:
            self.mantissa, self.exponent = self.active[:at], self.active[at + 1 :]
        whole, point, fraction = self.mantissa.partition(symbols.point)
        self.whole = whole
        self.fraction = fraction if point else self.suffix

    def digits(self, text: str) -> int:
        return sum(char in self.symbols.family for char in text)

    def places(self, text: str) -> int:
        return sum(char in self.symbols.family or char == self.symbols.digit for char in text)

    def validate(self) -> None:
        """JsonataError with the last rule that the picture breaks."""
        s, text = self.symbols, self.text
        point = text.find(s.point)
        percent, per_mille = s.percent in text, s.per_mille in text
        optional = self.whole.find(s.digit)
        last_optional = self.fraction.rfind(s.digit)
        around = point >= 0 and s.group in (text[point - 1 : point], text[point + 1 : point + 2])
        rules = [
            ("D3081", text.count(s.point) > 1),
            ("D3082", text.count(s.percent) > 1),
            ("D3083", text.count(s.per_mille) > 1),
            ("D3084", percent and per_mille),
            ("D3085", self.places(self.mantissa) == 0),
            ("D3086", any(char not in s.active for char in self.active)),
            ("D3087", around),
            ("D3088", point < 0 and self.whole.endswith(s.group)),
            ("D3089", s.group * 2 in text),
            ("D3090", optional >= 0 and self.digits(self.whole[:optional]) > 0),
            ("D3091", last_optional >= 0 and self.digits(self.fraction[last_optional:]) > 0),
            ("D3092", bool(self.exponent) and (percent or per_mille)),
            (
                "D3093",
                self.exponent is not None
                and (not self.exponent or any(char not in s.family for char in self.exponent)),
            ),
        ]
        broken = [code for code, wrong in rules if wrong]
        if broken:
            raise JsonataError(broken[-1])

    def analyse(self) -> Sub:
        s = self.symbols
        groups = self._groups(self.whole, left=False)
        scaling = least_whole = self.digits(self.whole)
        least_fraction, most_fraction = self.digits(self.fraction), self.places(self.fraction)
        scientific = self.exponent is not None
        if least_whole == 0 and most_fraction == 0:
            if scientific:
                least_fraction = most_fraction = 1
            else:
                least_whole = 1
        if scientific and least_whole == 0 and s.digit in self.whole:
            least_whole = 1
        if least_whole == 0 and least_fraction == 0:
            least_fraction = 1
        return Sub(
            self.text,
            self.prefix,
            self.suffix,
            tuple(groups),
            spacing(groups),
            least_whole,
            scaling,
            tuple(self._groups(self.fraction, left=True)),
            least_fraction,
            most_fraction,
            self.digits(self.exponent or ""),
        )

    def _groups(self, part: str, left: bool) -> list[int]:
        """How many digits are to the right (of a fraction: to the left) of each grouping separator."""
        positions: list[int] = []
        at = part.find(self.symbols.group)
        while at != -1:
            positions.append(self.places(part[:at] if left else part[at:]))
            at = self.whole.find(self.symbols.group, at + 1)
        return positions


def _write(value: float, sub: Sub, s: Symbols) -> str:
    number: float = value
    if s.percent in sub.text:
        number = value * 100
    elif s.per_mille in sub.text:
        number = value * 1000
    exponent: int | None = None
    if sub.least_exponent:
        number, exponent = _scaled(number, sub.scaling)
    text = _fixed(rounded(number, sub.most_fraction), sub.most_fraction, s)
    whole, _, fraction = text.partition(".")
    whole = whole.lstrip(s.zero).rjust(sub.least_whole, s.zero)
    fraction = fraction.rstrip(s.zero).ljust(sub.least_fraction, s.zero)
    text = _grouped(whole + s.point + fraction, len(whole), sub, s)
    point = text.index(s.point)
    for position in sub.fraction_groups:
        at = point + 1 + position
        text = text[:at] + s.group + text[at:]
    if s.point not in sub.text or text.index(s.point) == len(text) - 1:
        text = text[:-1]
    if exponent is not None:
        digits = _fixed(exponent, 0, s).rjust(sub.least_exponent, s.zero)
        text += s.exponent + (s.minus if exponent < 0 else "") + digits
    return sub.prefix + text + sub.suffix


def _scaled(number: float, scaling: int) -> tuple[float, int]:
    """The mantissa and exponent of a number with so many digits before its point."""
    most, least = 10.0**scaling, 10.0 ** (scaling - 1)
    if number <= 0:
        raise timeout()  # jsonata-js multiplies by ten for ever
    exponent = 0
    while number < least:
        number *= 10
        exponent -= 1
    while number > most:
        number /= 10
        exponent += 1
    return number, exponent


def _fixed(number: float, places: int, s: Symbols) -> str:
    """The size of a number with so many decimal places, in the picture's digits."""
    if not math.isfinite(number):
        text = "NaN" if number != number else "Infinity"
    else:
        exact = Decimal(abs(float(number)))
        text = f"{exact:.{places}f}" if exact < 10**21 else str(tidy(float(exact)))
    if s.zero != "0":
        text = "".join(s.family[int(char)] if char.isdigit() else char for char in text)
    return text


def _grouped(text: str, point: int, sub: Sub, s: Symbols) -> str:
    """The text with grouping separators; positions left of its beginning count from its end, as slices do."""
    if sub.regular:
        for group in range(1, (point - 1) // sub.regular + 1):
            at = point - group * sub.regular
            text = text[:at] + s.group + text[at:]
        return text
    for position in sub.groups:
        at = point - position
        text = text[:at] + s.group + text[at:]
        point += 1
    return text
