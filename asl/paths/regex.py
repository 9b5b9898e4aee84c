"""The regular expressions of `=~`: Java's syntax, matched in time that grows with the text and no faster.

A filter only asks whether the whole text matches, so a set of states walked once over the text answers it,
and `(a+)+b` costs no more than `a+b`. Backtracking engines (Python's `re`, Java's own) may take for ever on
such a pattern and cannot be stopped from outside. What such a walk cannot do is refused when the path is
compiled: backreferences, lookaround, atomic groups and possessive quantifiers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from asl.errors import ExpressionError

MAX_STATES = 5_000

Test = Callable[[str], bool]

_LINE_ENDS = "\n\r\u0085\u2028\u2029"


class Pattern:
    """A compiled regular expression; `matches` asks for the whole text, as Java's `Matcher.matches`."""

    def __init__(self, states: list[_State], start: int) -> None:
        self._states = states
        self._start = start
        self._looks = any(isinstance(state, _Assert) for state in states)
        self._known: dict[tuple[frozenset[int], str, str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        known = self._known
        current = self._closure([self._start], "", text[:3])
        for position, char in enumerate(text, start=1):
            rest = text[position : position + 3] if self._looks else ""
            key = (current, char, rest)
            following = known.get(key)
            if following is None:
                states = map(self._states.__getitem__, current)
                nexts = [state.next for state in states if isinstance(state, _Char) and state.test(char)]
                following = self._closure(nexts, char, rest)
                if len(known) > 10_000:
                    known.clear()
                known[key] = following
            if not following:
                return False
            current = following
        return any(isinstance(self._states[state], _Match) for state in current)

    def _closure(self, seeds: list[int], before: str, rest: str) -> frozenset[int]:
        # The states reached without a character, between the character `before` and the text `rest`.
        found: set[int] = set()
        while seeds:
            number = seeds.pop()
            if number in found:
                continue
            found.add(number)
            state = self._states[number]
            if isinstance(state, _Split):
                seeds += state.nexts
            elif isinstance(state, _Assert) and state.holds(before, rest):
                seeds.append(state.next)
        return frozenset(number for number in found if isinstance(self._states[number], _Char | _Match))


def compile(pattern: str, flags: str = "") -> Pattern:
    """Compile a pattern with the flags of Jayway (`dixmsuU`); raises `ExpressionError`."""
    reader = _Reader(pattern, frozenset(flags))
    tree = reader.whole()
    states: list[_State] = [_Match()]
    return Pattern(states, _build(tree, 0, states))


# States


class _Char(NamedTuple):
    test: Test
    next: int


class _Split(NamedTuple):
    nexts: list[int]


class _Assert(NamedTuple):
    holds: Callable[[str, str], bool]
    next: int


class _Match(NamedTuple):
    pass


_State = _Char | _Split | _Assert | _Match


# The tree


class _One(NamedTuple):
    test: Test


class _Look(NamedTuple):
    holds: Callable[[str, str], bool]


class _Row(NamedTuple):
    parts: list[_Tree]


class _Choice(NamedTuple):
    parts: list[_Tree]


class _Repeat(NamedTuple):
    part: _Tree
    low: int
    high: int | None


_Tree = _One | _Look | _Row | _Choice | _Repeat


def _build(tree: _Tree, then: int, states: list[_State]) -> int:
    # Adds the states of `tree`, which go on to state `then`; gives the state it begins with.
    if isinstance(tree, _One):
        return _add(_Char(tree.test, then), states)
    if isinstance(tree, _Look):
        return _add(_Assert(tree.holds, then), states)
    if isinstance(tree, _Row):
        for part in reversed(tree.parts):
            then = _build(part, then, states)
        return then
    if isinstance(tree, _Choice):
        return _add(_Split([_build(part, then, states) for part in tree.parts]), states)
    if tree.high is None:
        loop = _Split([then])
        start = _add(loop, states)
        loop.nexts.append(_build(tree.part, start, states))
        then = start
    else:
        after = then
        for _ in range(tree.high - tree.low):
            then = _add(_Split([after, _build(tree.part, then, states)]), states)
    for _ in range(tree.low):
        size = len(states)
        then = _build(tree.part, then, states)
        if len(states) == size:
            break  # nothing, however often
    return then


def _add(state: _State, states: list[_State]) -> int:
    if len(states) >= MAX_STATES:
        raise ExpressionError(f"The regular expression needs more than {MAX_STATES} states")
    states.append(state)
    return len(states) - 1


# What a single character can be


def _is(char: str) -> Test:
    return char.__eq__


def _any_of(chars: str) -> Test:
    return frozenset(chars).__contains__


def _between(low: str, high: str) -> Test:
    return lambda char: low <= char <= high


def _either(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda char: any(test(char) for test in tests)


def _both(one: Test, other: Test) -> Test:
    return lambda char: one(char) and other(char)


def _not(test: Test) -> Test:
    return lambda char: not test(char)


def _category(name: str) -> Test:
    return lambda char: unicodedata.category(char).startswith(name)


def _ascii(test: Test) -> Test:
    return lambda char: char < "\x80" and test(char)


_DIGIT = _any_of("0123456789")
_WORD = _ascii(lambda char: char.isalnum() or char == "_")
_SPACE = _any_of(" \t\n\x0b\f\r")
_CLASSES: dict[str, Test] = {
    "d": _DIGIT,
    "w": _WORD,
    "s": _SPACE,
    "h": _any_of(" \t\xa0\u1680\u180e\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))),
    "v": _any_of("\n\x0b\f\r\x85\u2028\u2029"),
}
_UNICODE_CLASSES: dict[str, Test] = {
    "d": str.isdecimal,
    "w": lambda char: char.isalnum() or unicodedata.category(char) in ("Mn", "Mc", "Me", "Pc"),
    "s": str.isspace,
}
_PROPERTIES: dict[str, Test] = {
    "Lower": _ascii(str.islower),
    "Upper": _ascii(str.isupper),
    "ASCII": _ascii(lambda char: True),
    "Alpha": _ascii(str.isalpha),
    "Digit": _DIGIT,
    "Alnum": _ascii(str.isalnum),
    "Punct": _any_of("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    "Graph": _between("!", "~"),
    "Print": _between(" ", "~"),
    "Blank": _any_of(" \t"),
    "Cntrl": lambda char: char < " " or char == "\x7f",
    "XDigit": _any_of("0123456789abcdefABCDEF"),
    "Space": _SPACE,
    "IsAlphabetic": str.isalpha,
    "IsDigit": str.isdecimal,
    "IsLetter": str.isalpha,
    "IsLowercase": str.islower,
    "IsUppercase": str.isupper,
    "IsWhite_Space": str.isspace,
}
_CATEGORIES = frozenset(
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
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\x07", "e": "\x1b"}


# What can stand between two characters


# Each is asked with the character before and up to three characters after.


def _at_start(before: str, rest: str) -> bool:
    return not before


def _at_end(before: str, rest: str) -> bool:
    return not rest


def _at_last_line_end(before: str, rest: str) -> bool:
    return rest in ("", "\r\n") or (len(rest) == 1 and _at_line_end(before, rest))


def _at_line_start(before: str, rest: str) -> bool:
    return not before or (before in _LINE_ENDS and bool(rest) and not (before == "\r" and rest[0] == "\n"))


def _at_line_end(before: str, rest: str) -> bool:
    return not rest or (rest[0] in _LINE_ENDS and not (before == "\r" and rest[0] == "\n"))


def _at_word_edge(before: str, rest: str) -> bool:
    return (bool(before) and _WORD(before)) != (bool(rest) and _WORD(rest[0]))


def _inside_word(before: str, rest: str) -> bool:
    return not _at_word_edge(before, rest)


_LOOKS = {
    "A": _at_start,
    "G": _at_start,
    "z": _at_end,
    "Z": _at_last_line_end,
    "b": _at_word_edge,
    "B": _inside_word,
}


class _Reader:
    # Recursive descent over Java's syntax.

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        self.pattern = pattern
        self.flags = flags
        self.at = 0
        self.depth = 0

    def whole(self) -> _Tree:
        tree = self._choice()
        if self.at < len(self.pattern):
            raise self._fault("Unmatched closing ')'")
        return tree

    def _fault(self, message: str) -> ExpressionError:
        return ExpressionError(f"{message} in the regular expression /{self.pattern}/ near index {self.at}")

    def _peek(self, length: int = 1) -> str:
        return self.pattern[self.at : self.at + length]

    def _take(self, text: str) -> bool:
        if self.pattern.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def _choice(self) -> _Tree:
        self.depth += 1
        if self.depth > 20:
            raise self._fault("Too many nested groups")
        flags = self.flags
        parts = [self._row()]
        while self._take("|"):
            parts.append(self._row())
        self.flags = flags  # (?i) holds to the end of its group
        self.depth -= 1
        return parts[0] if len(parts) == 1 else _Choice(parts)

    def _row(self) -> _Tree:
        parts: list[_Tree] = []
        while (char := self._peek()) and char not in "|)":
            if "x" in self.flags and (char.isspace() or char == "#"):
                end = self.pattern.find("\n", self.at) if char == "#" else self.at
                self.at = len(self.pattern) if end < 0 else end + 1
                continue
            part = self._atom()
            if part is not None:
                parts.append(self._repeats(part))
        return parts[0] if len(parts) == 1 else _Row(parts)

    def _repeats(self, part: _Tree) -> _Tree:
        char = self._peek()
        if not char or char not in "?*+{":
            return part
        self.at += 1
        low, high = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(char, (0, None))
        if char == "{":
            end = self.pattern.find("}", self.at)
            ends = self.pattern[self.at : end].split(",") if end >= 0 else []
            if (
                len(ends) not in (1, 2)
                or not ends[0].isdecimal()
                or not (ends[-1].isdecimal() or not ends[-1])
            ):
                raise self._fault("Illegal repetition")
            if max(map(len, ends)) > 4:
                raise self._fault("Repetition too large")
            low = int(ends[0])
            high = int(ends[-1]) if ends[-1] else None
            if high is not None and high < low:
                raise self._fault("Illegal repetition range")
            self.at = end + 1
        if self._take("+"):
            raise self._fault("Possessive quantifiers are not supported")
        self._take("?")  # reluctant or greedy: the same question to the whole text
        if (char := self._peek()) and char in "?*+{":
            raise self._fault(f"Dangling meta character '{char}'")
        return _Repeat(part, low, high)

    def _atom(self) -> _Tree | None:
        char = self._peek()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return _One(self._folded(self._set()))
        if char == ".":
            ends = "" if "s" in self.flags else "\n" if "d" in self.flags else _LINE_ENDS
            return _One(_not(_any_of(ends)))
        if char == "^":
            return _Look(_at_line_start if "m" in self.flags else _at_start)
        if char == "$":
            return _Look(_at_line_end if "m" in self.flags else _at_last_line_end)
        if char in "?*+":
            raise self._fault(f"Dangling meta character '{char}'")
        if char == "{":
            raise self._fault("Illegal repetition")
        if char != "\\":
            return _One(self._folded(_is(char)))
        escape = self._peek()
        if escape == "Q":
            self.at += 1
            return self._quoted()
        if escape in _LOOKS:
            self.at += 1
            return _Look(_LOOKS[escape])
        if escape == "R":
            self.at += 1
            return _Choice([_Row([_One(_is("\r")), _One(_is("\n"))]), _One(_CLASSES["v"])])
        return _One(self._folded(self._escape()))

    def _group(self) -> _Tree | None:
        if self._take("?"):
            start = self.at
            if self._peek() in ("=", "!", ">") or self._peek(2) in ("<=", "<!"):
                raise self._fault("Lookaround and atomic groups are not supported")
            if self._take("<"):
                end = self.pattern.find(">", self.at)
                name = self.pattern[self.at : end]
                if end < 0 or not (name.isascii() and name.isalnum()):
                    raise self._fault("Illegal group name")
                self.at = end + 1
            else:
                while (char := self._peek()) and char in "dixmsuU-":
                    self.at += 1
                on, _, off = self.pattern[start : self.at].partition("-")
                flags = (self.flags | frozenset(on)) - frozenset(off)
                if self._take(")"):
                    self.flags = flags
                    return None
                if not self._take(":"):
                    raise self._fault("Unknown group")
                outer, self.flags = self.flags, flags
                tree = self._closed()
                self.flags = outer
                return tree
        return self._closed()

    def _closed(self) -> _Tree:
        tree = self._choice()
        if not self._take(")"):
            raise self._fault("Unclosed group")
        return tree

    def _quoted(self) -> _Tree:
        end = self.pattern.find("\\E", self.at)
        text = self.pattern[self.at :] if end < 0 else self.pattern[self.at : end]
        self.at = len(self.pattern) if end < 0 else end + 2
        return _Row([_One(self._folded(_is(char))) for char in text])

    def _folded(self, test: Test) -> Test:
        if "i" not in self.flags:
            return test
        if "u" in self.flags or "U" in self.flags:
            return lambda char: test(char) or test(char.lower()) or test(char.upper())
        return lambda char: test(char) or (char < "\x80" and test(char.swapcase()))

    def _set(self) -> Test:
        # [...] from behind its bracket: characters, ranges, classes, sets inside, && for "and".
        self.depth += 1
        if self.depth > 20:
            raise self._fault("Too many nested groups")
        negated = self._take("^")
        tests: list[Test] = []
        whole: Test | None = None
        while True:
            char = self._peek()
            if not char:
                raise self._fault("Unclosed character class")
            if char == "]" and (tests or whole):
                self.at += 1
                break
            if self._take("&&"):
                part = _either(tests) if tests else _any_of("")
                whole = part if whole is None else _both(whole, part)
                tests = []
            elif self._take("["):
                tests.append(self._set())
            else:
                tests.append(self._member())
        part = _either(tests) if tests else _any_of("")
        whole = part if whole is None else _both(whole, part)
        self.depth -= 1
        return _not(whole) if negated else whole

    def _member(self) -> Test:
        low, test = self._set_char()
        if low is None or self._peek() != "-" or self._peek(2)[1:] in ("", "]", "["):
            return test
        self.at += 1
        high, _ = self._set_char()
        if high is None or high < low:
            raise self._fault("Illegal character range")
        return _between(low, high)

    def _set_char(self) -> tuple[str | None, Test]:
        char = self._peek()
        if not char:
            raise self._fault("Unclosed character class")
        self.at += 1
        if char != "\\":
            return char, _is(char)
        start = self.at
        test = self._escape()
        escaped = self.pattern[start]
        if escaped in "dwshvDWSHVpP":
            return None, test
        return self._last, test

    def _escape(self) -> Test:
        # What follows a backslash and stands for one character.
        char = self._peek()
        if not char:
            raise self._fault("Unexpected end after a backslash")
        self.at += 1
        self._last = char
        if char in "dwshvDWSHV":
            classes = {**_CLASSES, **_UNICODE_CLASSES} if "U" in self.flags else _CLASSES
            test = classes[char.lower()]
            return test if char.islower() else _not(test)
        if char in "pP":
            test = self._property()
            return test if char == "p" else _not(test)
        if char in _CONTROLS:
            self._last = _CONTROLS[char]
        elif char in "xu0c":
            self._last = self._coded(char)
        elif char.isascii() and char.isalnum():
            what = "Backreferences are not supported" if char in "123456789k" else "Illegal escape sequence"
            raise self._fault(what)
        return _is(self._last)

    def _coded(self, kind: str) -> str:
        if kind == "c":
            char = self._peek()
            self.at += 1
            if not char:
                raise self._fault("Illegal control escape sequence")
            return chr(ord(char) ^ 64)
        if kind == "x" and self._take("{"):
            end = self.pattern.find("}", self.at)
            digits = self.pattern[self.at : max(end, self.at)]
            self.at = end + 1
        else:
            digits = self._peek({"x": 2, "u": 4, "0": 3}[kind])
            if kind == "0":
                digits = digits[: len(digits) - len(digits.lstrip("01234567"))]
                digits = digits[:3] if digits[:1] in ("0", "1", "2", "3") else digits[:2]
            elif len(digits) < {"x": 2, "u": 4}[kind]:
                digits = ""
            self.at += len(digits)
        allowed = "01234567" if kind == "0" else "0123456789abcdefABCDEF"
        if not digits or len(digits) > 6 or digits.strip(allowed):
            raise self._fault("Illegal hexadecimal or octal escape sequence")
        code = int(digits, 8 if kind == "0" else 16)
        if code > 0x10FFFF:
            raise self._fault("Illegal hexadecimal escape sequence")
        return chr(code)

    def _property(self) -> Test:
        if self._take("{"):
            end = self.pattern.find("}", self.at)
            name = self.pattern[self.at : max(end, self.at)]
            self.at = end + 1
        else:
            name = self._peek()
            self.at += 1
        if name in _PROPERTIES:
            return _PROPERTIES[name]
        if name.removeprefix("Is") in _CATEGORIES:
            return _category(name.removeprefix("Is"))
        raise self._fault(f"Unknown character property name {{{name}}}")
