"""JavaScript regular expressions: parsed by us, matched in a bounded number of steps.

A pattern is parsed once. Where its shape and the length of the text bound the work (`cost`), it runs on
Python's `re`, translated; else on our own backtracking matcher, which counts its steps. Both come from the
same parse tree, so which of them runs shows only in time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from asl.jsonata.errors import JsonataError
from asl.jsonata.functions import Callable_, Made
from asl.jsonata.limits import Runtime
from asl.jsonata.matcher import Matcher
from asl.jsonata.regex_cost import cost
from asl.jsonata.regex_syntax import Tree, parse, translate
from asl.jsonata.sequences import UNDEFINED

RE_STEPS = 2_000_000
"""How many steps at most are left to `re`, which counts none: some 10 ms of them. They are charged for as
if they had all been taken, but for loops that cannot go back beyond the match."""


class Match:
    """One match: where, and the text of each group (None: the group took no part)."""

    __slots__ = ("end", "groups", "start", "text")

    def __init__(self, start: int, end: int, text: str, groups: list[str | None]) -> None:
        self.start = start
        self.end = end
        self.text = text
        self.groups = groups


class Pattern:
    """A regular expression literal. JsonataError (without a code, as V8 throws it) if it is malformed."""

    __slots__ = ("_compiled", "_cost", "_matcher", "flags", "position", "source", "tree")

    def __init__(self, source: str, flags: str, position: int) -> None:
        self.source = source
        self.flags = flags
        self.position = position
        self.tree: Tree = parse(source, "m" in flags, "i" in flags, position)
        self._cost = cost(self.tree)
        self._compiled: re.Pattern[str] | None = None
        self._matcher: Matcher | None = None
        if not self._cost.nested:
            translated = translate(self.tree)
            if translated is not None:
                try:
                    self._compiled = re.compile(translated)
                except (re.error, OverflowError, RecursionError):
                    self._compiled = None

    def search(self, text: str, start: int, rt: Runtime) -> Match | None:
        """The first match at or after `start`."""
        size = len(text) - start + 1
        most = self._cost.steps(size)
        if self._compiled is not None and most <= RE_STEPS:
            found = self._compiled.search(text, start)
            if found is not None and not self._cost.power:
                most = self._cost.steps(found.end() - start + 1)
            rt.spend(1 + most // 20)
            if found is None:
                return None
            return Match(found.start(), found.end(), found.group(), list(found.groups()))
        if self._matcher is None:
            self._matcher = Matcher(self.tree)
        spans = self._matcher.search(text, start, rt)
        if spans is None:
            return None
        groups = [None if span is None else text[span[0] : span[1]] for span in spans[1:]]
        first = spans[0]
        assert first is not None
        return Match(first[0], first[1], text[first[0] : first[1]], groups)


class Regex(Callable_):
    """A regular expression as a function value: applied to a string it gives the first match."""

    __slots__ = ("pattern",)
    arity = 2

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern

    def call(self, args: list[Any], rt: Runtime, context: Any = None) -> Any:
        text = args[0] if args else UNDEFINED
        if not isinstance(text, str):
            text = "undefined" if text is UNDEFINED else str(text)
        return self.found(text, 0, rt)

    def found(self, text: str, start: int, rt: Runtime) -> Any:
        """A match as the language's protocol for matchers describes it."""
        match = self.pattern.search(text, start, rt)
        if match is None:
            return UNDEFINED

        def following(rt: Runtime, args: list[Any]) -> Any:
            if match.end >= len(text):
                return UNDEFINED
            after = self.found(text, match.end, rt)
            if after is not UNDEFINED and after["match"] == "":
                raise JsonataError("D1004", self.pattern.position)
            return after

        place = code_units(text)
        rt.spend(len(text) >> 4)
        rt.tainted = True  # a function, and groups that are nothing
        return {
            "match": match.text,
            "start": place(match.start),
            "end": place(match.end),
            "groups": [UNDEFINED if group is None else group for group in match.groups],
            "next": Made(following, 0),
        }


def code_units(text: str) -> Callable[[int], int]:
    """From indices in a text to those that JavaScript counts, in UTF-16 code units."""
    if text.isascii() or max(text) <= "\uffff":
        return lambda index: index
    places = [0, *accumulate(2 if char > "\uffff" else 1 for char in text)]
    return places.__getitem__
