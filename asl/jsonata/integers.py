"""Integers by picture ($formatInteger, $parseInteger): digits, roman numerals, letters, English words.

XPath's fn:format-integer as jsonata-js implements it.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from asl.jsonata.errors import JsonataError, crash
from asl.jsonata.fn_numbers import odd
from asl.jsonata.limits import Runtime
from asl.jsonata.operators import tidy
from asl.jsonata.sequences import UNDEFINED
from asl.jsonata.text import number_text

_FEW = [
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
    "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
]  # fmt: skip
_ORDINALS = [
    "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth",
    "Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth",
    "Eighteenth", "Nineteenth",
]  # fmt: skip
_TENS = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety", "Hundred"]
_MAGNITUDES = ["Thousand", "Million", "Billion", "Trillion"]
_ROMAN = [
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
]  # fmt: skip
_MOST_ROMAN = 8_000_000
_ROMAN_VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_DIGIT_FAMILIES = [
    0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50,
    0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
]  # fmt: skip


def _word_values() -> dict[str, int]:
    values: dict[str, int] = {}
    for words in (_FEW, _ORDINALS):
        values.update((word.lower(), index) for index, word in enumerate(words))
    for index, word in enumerate(_TENS):
        values[word.lower()] = values[word.lower()[:-1] + "ieth"] = (index + 2) * 10
    values["hundredth"] = 100
    for index, word in enumerate(_MAGNITUDES):
        values[word.lower()] = values[word.lower() + "th"] = 1000 ** (index + 1)
    return values


WORD_VALUES = _word_values()


class Picture:
    """An integer picture, analysed. `kind`: decimal, letters, roman, words or sequence (not supported)."""

    def __init__(self, text: str) -> None:
        self.kind = "decimal"
        self.case = "lower"
        self.ordinal = False
        self.zero = 0x30
        self.mandatory = 0
        self.optional = 0
        self.regular = 0  # the distance of equal grouping separators, 0 without
        self.separators: list[tuple[int, str]] = []  # (digits to the right, character)
        primary, semicolon, modifier = text.rpartition(";")
        if not semicolon:
            primary, modifier = text, ""
        self.token = primary
        self.ordinal = modifier.startswith("o")
        if primary in ("A", "a"):
            self.kind, self.case = "letters", "upper" if primary == "A" else "lower"
        elif primary in ("I", "i"):
            self.kind, self.case = "roman", "upper" if primary == "I" else "lower"
        elif primary in ("W", "w", "Ww"):
            self.kind = "words"
            self.case = {"W": "upper", "w": "lower", "Ww": "title"}[primary]
        else:
            self._digits(primary)

    def _digits(self, primary: str) -> None:
        zero: int | None = None
        place = 0
        for char in reversed(primary):
            family = next((base for base in _DIGIT_FAMILIES if base <= ord(char) <= base + 9), None)
            if family is not None:
                if zero is not None and zero != family:
                    raise JsonataError("D3131")
                zero = family
                self.mandatory += 1
                place += 1
            elif char == "#":
                self.optional += 1
                place += 1
            else:
                self.separators.append((place, char))
        if zero is None:
            self.kind = "sequence"
            return
        self.zero = zero
        self.regular = _regular(self.separators)


def _regular(separators: list[tuple[int, str]]) -> int:
    """The distance of separators that are all alike and equally spaced, else 0."""
    if not separators or len({char for _, char in separators}) > 1:
        return 0
    return spacing([place for place, _ in separators])


def spacing(places: list[int]) -> int:
    """The common distance of grouping positions, 0 where they are irregular."""
    if not places:
        return 0
    factor = places[0]
    for place in places[1:]:
        factor = math.gcd(factor, place)
    if all(index * factor in places for index in range(1, len(places) + 1)):
        return factor
    return 0


@lru_cache(maxsize=256)
def picture(text: str) -> Picture:
    return Picture(text)


def format_integer(rt: Runtime, value: Any, text: Any) -> Any:
    """`$formatInteger`. JsonataError D3130, D3131."""
    if value is UNDEFINED:
        return UNDEFINED
    whole = math.floor(value) if math.isfinite(value) else value
    return formatted(whole, picture(text))


def formatted(value: float, spec: Picture, mandatory: int | None = None) -> str:
    """An integer by its picture; `mandatory` replaces the number of digits that it asks for."""
    size = abs(value)
    if spec.kind == "letters":
        text = _letters(size, "A" if spec.case == "upper" else "a")
    elif spec.kind == "roman":
        text = _roman(int(size))
        text = text.upper() if spec.case == "upper" else text
    elif spec.kind == "words":
        text = words(int(size), spec.ordinal)
        text = {"upper": text.upper(), "lower": text.lower(), "title": text}[spec.case]
    elif spec.kind == "decimal":
        text = _decimal(size, spec, spec.mandatory if mandatory is None else mandatory)
    else:
        raise JsonataError("D3130", value=spec.token)
    return f"-{text}" if value < 0 else text


def _decimal(value: float, spec: Picture, mandatory: int) -> str:
    text = number_text(float(value) if isinstance(value, int) and value > 2**53 else value)
    text = text.rjust(mandatory, "0")
    if spec.zero != 0x30:
        text = "".join(chr(ord(char) + spec.zero - 0x30) for char in text)
    if spec.regular:
        step, char = spec.regular, spec.separators[0][1]
        for index in range((len(text) - 1) // step, 0, -1):
            place = len(text) - index * step
            text = text[:place] + char + text[place:]
    else:
        for distance, char in reversed(spec.separators):
            place = len(text) - distance
            text = text[: max(place, 0)] + char + text[place:]
    if spec.ordinal:
        suffix = {"1": "st", "2": "nd", "3": "rd"}.get(text[-1], "th")
        text += "th" if len(text) > 1 and text[-2] == "1" else suffix
    return text


def _letters(value: float, first: str) -> str:
    letters, rest = "", float(value)
    while rest > 0:
        letters = chr(int(math.fmod(rest - 1, 26)) + ord(first)) + letters
        rest = math.floor((rest - 1) / 26)
    return letters


def _roman(value: int) -> str:
    if value > _MOST_ROMAN:
        raise crash("Maximum call stack size exceeded")
    text = ""
    for size, numeral in _ROMAN:
        count, value = divmod(value, size)
        text += numeral * count
    return text


def words(value: int, ordinal: bool) -> str:
    """A number in English words."""
    return _words(value, False, ordinal)


def _words(value: int, joined: bool, ordinal: bool) -> str:
    if value <= 19:
        return (" and " if joined else "") + (_ORDINALS if ordinal else _FEW)[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        text = (" and " if joined else "") + _TENS[tens - 2]
        if rest:
            return f"{text}-{_words(rest, False, ordinal)}"
        return text[:-1] + "ieth" if ordinal else text
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        text = (", " if joined else "") + _FEW[hundreds] + " Hundred"
    else:
        magnitude = min((len(str(value)) - 1) // 3, len(_MAGNITUDES))
        size = int(value / 1000.0**magnitude)  # in doubles, as large numbers are
        product = size * 1000.0**magnitude
        rest = int(value - product) if math.isfinite(product) else 0
        text = (", " if joined else "") + _words(size, False, False) + " " + _MAGNITUDES[magnitude - 1]
    if rest > 0:
        return text + _words(rest, True, ordinal)
    return text + "th" if ordinal else text


# ── parsing ───────────────────────────────────────────────────────────────────────────────────────


def parse_integer(rt: Runtime, text: Any, spec: Any) -> Any:
    """`$parseInteger`: NaN for a text that the picture cannot read. JsonataError D3130, D3131."""
    if text is UNDEFINED:
        return UNDEFINED
    return odd(rt, parsed(text, picture(spec)))


def parsed(text: str, spec: Picture) -> float:
    if spec.kind == "letters":
        return _from_letters(text, "A" if spec.case == "upper" else "a")
    if spec.kind == "roman":
        return _from_roman(text if spec.case == "upper" else text.upper())
    if spec.kind == "words":
        return _from_words(text.lower())
    if spec.kind == "decimal":
        return _from_digits(text, spec)
    raise JsonataError("D3130", value=spec.token)


def expression(spec: Picture, width: int | None = None) -> str:
    """The regular expression (for Python's `re`) of what a picture can read within a date."""
    if spec.kind == "letters":
        return "[A-Z]+" if spec.case == "upper" else "[a-z]+"
    if spec.kind == "roman":
        return "[MDCLXVI]+" if spec.case == "upper" else "[mdclxvi]+"
    if spec.kind == "words":
        return "(?:" + "|".join([*WORD_VALUES, "and", "[-, ]"]) + ")+"
    if spec.kind != "decimal":
        raise JsonataError("D3130", value=spec.token)
    count = "+"
    if width is not None and width > 0:
        count = f"{{{width}}}" if spec.optional == 0 else f"{{{width - spec.optional},{width}}}"
    return f"[0-9]{count}" + ("(?:th|st|nd|rd)" if spec.ordinal else "")


def _from_letters(text: str, first: str) -> int:
    total = 0
    for char in text:
        total = total * 26 + ord(char) - ord(first) + 1
    return total


def _from_roman(text: str) -> float:
    total, highest = 0, 1
    for char in reversed(text):
        value = _ROMAN_VALUES.get(char)
        if value is None:
            return math.nan
        if value < highest:
            total -= value
        else:
            highest = value
            total += value
    return total


def _from_words(text: str) -> float:
    segments: list[float] = [0]
    for word in re.split(r",\s|\sand\s|[\s\\-]", text):
        value = WORD_VALUES.get(word)
        if value is None:
            return math.nan
        if value < 100:
            top = segments.pop()
            if top >= 1000:
                segments.append(top)
                top = 0
            segments.append(top + value)
        else:
            segments.append(segments.pop() * value)
    return sum(segments)


def _from_digits(text: str, spec: Picture) -> float:
    if spec.ordinal:
        text = text[:-2]
    if spec.regular:
        text = text.replace(",", "")
    else:
        for _, char in spec.separators:
            text = text.replace(char, "")
    if spec.zero != 0x30:
        points = [ord(char) - spec.zero + 0x30 for char in text]
        if any(point < 0 for point in points):
            raise crash(f"Invalid code point {next(point for point in points if point < 0)}")
        text = "".join(map(chr, points))
    found = re.match(r"\s*([+-]?[0-9]+)", text)
    return tidy(float(found.group(1))) if found else math.nan
