"""What one character of a Java regular expression can be, and what can stand between two."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TypeAlias

Test: TypeAlias = Callable[[str], bool]
"""Asked of one character."""

Look: TypeAlias = Callable[[str, str], bool]
"""Asked of a place: with the character before it and up to three characters after."""

LINE_ENDS = "\n\r\u0085\u2028\u2029"


def exactly(char: str) -> Test:
    return char.__eq__


def any_of(chars: str) -> Test:
    return frozenset(chars).__contains__


def between(low: str, high: str) -> Test:
    return lambda char: low <= char <= high


def either(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda char: any(test(char) for test in tests)


def both(one: Test, other: Test) -> Test:
    return lambda char: one(char) and other(char)


def negated(test: Test) -> Test:
    return lambda char: not test(char)


def category(name: str) -> Test:
    return lambda char: unicodedata.category(char).startswith(name)


def _ascii(test: Test) -> Test:
    return lambda char: char < "\x80" and test(char)


_DIGIT = any_of("0123456789")
_WORD = _ascii(lambda char: char.isalnum() or char == "_")
_SPACE = any_of(" \t\n\x0b\f\r")
CLASSES: dict[str, Test] = {
    "d": _DIGIT,
    "w": _WORD,
    "s": _SPACE,
    "h": any_of(" \t\xa0\u1680\u180e\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))),
    "v": any_of("\n\x0b\f\r\x85\u2028\u2029"),
}
UNICODE_CLASSES: dict[str, Test] = {
    "d": str.isdecimal,
    "w": lambda char: char.isalnum() or unicodedata.category(char) in ("Mn", "Mc", "Me", "Pc"),
    "s": str.isspace,
}
PROPERTIES: dict[str, Test] = {
    "Lower": _ascii(str.islower),
    "Upper": _ascii(str.isupper),
    "ASCII": _ascii(lambda char: True),
    "Alpha": _ascii(str.isalpha),
    "Digit": _DIGIT,
    "Alnum": _ascii(str.isalnum),
    "Punct": any_of("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    "Graph": between("!", "~"),
    "Print": between(" ", "~"),
    "Blank": any_of(" \t"),
    "Cntrl": lambda char: char < " " or char == "\x7f",
    "XDigit": any_of("0123456789abcdefABCDEF"),
    "Space": _SPACE,
    "IsAlphabetic": str.isalpha,
    "IsDigit": str.isdecimal,
    "IsLetter": str.isalpha,
    "IsLowercase": str.islower,
    "IsUppercase": str.isupper,
    "IsWhite_Space": str.isspace,
}
CATEGORIES = frozenset(
    [
        "C",
        "Cc",
        "Cf",
        "Cn",
        "Co",
        "Cs",
        "L",
        "Ll",
        "Lm",
        "Lo",
        "Lt",
        "Lu",
        "M",
        "Mc",
        "Me",
        "Mn",
        "N",
        "Nd",
        "Nl",
        "No",
        "P",
        "Pc",
        "Pd",
        "Pe",
        "Pf",
        "Pi",
        "Po",
        "Ps",
        "S",
        "Sc",
        "Sk",
        "Sm",
        "So",
        "Z",
        "Zl",
        "Zp",
        "Zs",
    ]
)
CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\x07", "e": "\x1b"}


def at_start(before: str, rest: str) -> bool:
    return not before


def _at_end(before: str, rest: str) -> bool:
    return not rest


def at_last_line_end(before: str, rest: str) -> bool:
    return rest in ("", "\r\n") or (len(rest) == 1 and at_line_end(before, rest))


def at_line_start(before: str, rest: str) -> bool:
    return not before or (before in LINE_ENDS and bool(rest) and not (before == "\r" and rest[0] == "\n"))


def at_line_end(before: str, rest: str) -> bool:
    return not rest or (rest[0] in LINE_ENDS and not (before == "\r" and rest[0] == "\n"))


def _at_word_edge(before: str, rest: str) -> bool:
    return (bool(before) and _WORD(before)) != (bool(rest) and _WORD(rest[0]))


def _inside_word(before: str, rest: str) -> bool:
    return not _at_word_edge(before, rest)


LOOKS = {
    "A": at_start,
    "G": at_start,
    "z": _at_end,
    "Z": at_last_line_end,
    "b": _at_word_edge,
    "B": _inside_word,
}
