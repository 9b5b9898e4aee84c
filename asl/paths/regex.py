"""The regular expressions of `=~`: Java's syntax, matched in time that grows with the text and no faster.

A filter only asks whether the whole text matches, so a set of states walked once over the text answers it,
and `(a+)+b` costs no more than `a+b`. Backtracking engines (Python's `re`, Java's own) may take for ever on
such a pattern and cannot be stopped from outside. What such a walk cannot do is refused when the path is
compiled: backreferences, lookaround, atomic groups and possessive quantifiers.
"""

from __future__ import annotations

from typing import NamedTuple

from asl.errors import ExpressionError
from asl.paths.regex_classes import Look as Holds
from asl.paths.regex_classes import Test
from asl.paths.regex_syntax import Choice, Look, One, Row, Tree, parse

MAX_STATES = 5_000


def compile(pattern: str, flags: str = "") -> Pattern:
    """Compile a pattern with the flags of Jayway (`dixmsuU`); raises `ExpressionError`."""
    states: list[_State] = [_Match()]
    return Pattern(states, _build(parse(pattern, flags), 0, states))


class Pattern:
    """A compiled regular expression; `matches` asks for the whole text, as Java's `Matcher.matches`.

    `cost` is the work for one character, in units of looking at a value.
    """

    def __init__(self, states: list[_State], start: int) -> None:
        self.cost = 1 + len(states) // 50
        self._states = states
        self._start = start
        self._looks = any(isinstance(state, _Assert) for state in states)
        self._first = None if self._looks else self._closure([start], "", "")
        self._known: dict[tuple[frozenset[int], str, str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        known = self._known
        current = self._first if self._first is not None else self._closure([self._start], "", text[:3])
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


class _Char(NamedTuple):
    test: Test
    next: int


class _Split(NamedTuple):
    nexts: list[int]


class _Assert(NamedTuple):
    holds: Holds
    next: int


class _Match(NamedTuple):
    pass


_State = _Char | _Split | _Assert | _Match


def _build(tree: Tree, then: int, states: list[_State]) -> int:
    # Adds the states of `tree`, which go on to state `then`; gives the state it begins with.
    if isinstance(tree, One):
        return _add(_Char(tree.test, then), states)
    if isinstance(tree, Look):
        return _add(_Assert(tree.holds, then), states)
    if isinstance(tree, Row):
        for part in reversed(tree.parts):
            then = _build(part, then, states)
        return then
    if isinstance(tree, Choice):
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
