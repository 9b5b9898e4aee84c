"""The text of a Java regular expression into its tree."""

from __future__ import annotations

from typing import NamedTuple

from asl.errors import ExpressionError
from asl.paths.regex_classes import (
    CATEGORIES,
    CLASSES,
    CONTROLS,
    LINE_ENDS,
    LOOKS,
    PROPERTIES,
    UNICODE_CLASSES,
    Test,
    any_of,
    at_last_line_end,
    at_line_end,
    at_line_start,
    at_start,
    between,
    both,
    category,
    either,
    exactly,
    negated,
)
from asl.paths.regex_classes import Look as Holds


class One(NamedTuple):
    test: Test


class Look(NamedTuple):
    holds: Holds


class Row(NamedTuple):
    parts: list[Tree]


class Choice(NamedTuple):
    parts: list[Tree]


class Repeat(NamedTuple):
    part: Tree
    low: int
    high: int | None


Tree = One | Look | Row | Choice | Repeat


def parse(pattern: str, flags: str) -> Tree:
    """The tree of a pattern, with the flags of Jayway (`dixmsuU`); raises `ExpressionError`."""
    return _Reader(pattern, frozenset(flags)).whole()


class _Reader:
    # Recursive descent over Java's syntax.

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        self.pattern = pattern
        self.flags = flags
        self.at = 0
        self.depth = 0

    def whole(self) -> Tree:
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

    def _choice(self) -> Tree:
        self.depth += 1
        if self.depth > 20:
            raise self._fault("Too many nested groups")
        flags = self.flags
        parts = [self._row()]
        while self._take("|"):
            parts.append(self._row())
        self.flags = flags  # (?i) holds to the end of its group
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Choice(parts)

    def _row(self) -> Tree:
        parts: list[Tree] = []
        while (char := self._peek()) and char not in "|)":
            if "x" in self.flags and (char.isspace() or char == "#"):
                end = self.pattern.find("\n", self.at) if char == "#" else self.at
                self.at = len(self.pattern) if end < 0 else end + 1
                continue
            part = self._atom()
            if part is not None:
                parts.append(self._repeats(part))
        return parts[0] if len(parts) == 1 else Row(parts)

    def _repeats(self, part: Tree) -> Tree:
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
        return Repeat(part, low, high)

    def _atom(self) -> Tree | None:
        char = self._peek()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return One(self._folded(self._set()))
        if char == ".":
            ends = "" if "s" in self.flags else "\n" if "d" in self.flags else LINE_ENDS
            return One(negated(any_of(ends)))
        if char == "^":
            return Look(at_line_start if "m" in self.flags else at_start)
        if char == "$":
            return Look(at_line_end if "m" in self.flags else at_last_line_end)
        if char in "?*+":
            raise self._fault(f"Dangling meta character '{char}'")
        if char == "{":
            raise self._fault("Illegal repetition")
        if char != "\\":
            return One(self._folded(exactly(char)))
        escape = self._peek()
        if escape == "Q":
            self.at += 1
            return self._quoted()
        if escape in LOOKS:
            self.at += 1
            return Look(LOOKS[escape])
        if escape == "R":
            self.at += 1
            return Choice([Row([One(exactly("\r")), One(exactly("\n"))]), One(CLASSES["v"])])
        return One(self._folded(self._escape()))

    def _group(self) -> Tree | None:
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

    def _closed(self) -> Tree:
        tree = self._choice()
        if not self._take(")"):
            raise self._fault("Unclosed group")
        return tree

    def _quoted(self) -> Tree:
        end = self.pattern.find("\\E", self.at)
        text = self.pattern[self.at :] if end < 0 else self.pattern[self.at : end]
        self.at = len(self.pattern) if end < 0 else end + 2
        return Row([One(self._folded(exactly(char))) for char in text])

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
        inverse = self._take("^")
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
                part = either(tests) if tests else any_of("")
                whole = part if whole is None else both(whole, part)
                tests = []
            elif self._take("["):
                tests.append(self._set())
            else:
                tests.append(self._member())
        part = either(tests) if tests else any_of("")
        whole = part if whole is None else both(whole, part)
        self.depth -= 1
        return negated(whole) if inverse else whole

    def _member(self) -> Test:
        low, test = self._set_char()
        if low is None or self._peek() != "-" or self._peek(2)[1:] in ("", "]", "["):
            return test
        self.at += 1
        high, _ = self._set_char()
        if high is None or high < low:
            raise self._fault("Illegal character range")
        return between(low, high)

    def _set_char(self) -> tuple[str | None, Test]:
        char = self._peek()
        if not char:
            raise self._fault("Unclosed character class")
        self.at += 1
        if char != "\\":
            return char, exactly(char)
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
            classes = {**CLASSES, **UNICODE_CLASSES} if "U" in self.flags else CLASSES
            test = classes[char.lower()]
            return test if char.islower() else negated(test)
        if char in "pP":
            test = self._property()
            return test if char == "p" else negated(test)
        if char in CONTROLS:
            self._last = CONTROLS[char]
        elif char in "xu0c":
            self._last = self._coded(char)
        elif char.isascii() and char.isalnum():
            what = "Backreferences are not supported" if char in "123456789k" else "Illegal escape sequence"
            raise self._fault(what)
        return exactly(self._last)

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
        if name in PROPERTIES:
            return PROPERTIES[name]
        if name.removeprefix("Is") in CATEGORIES:
            return category(name.removeprefix("Is"))
        raise self._fault(f"Unknown character property name {{{name}}}")
