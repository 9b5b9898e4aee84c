"""The tree of a filter as a function: does an item pass?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from asl.paths.failures import NotFound
from asl.paths.filters import All, Compare, Condition, Exists, Literal, Not, Query, Some
from asl.paths.operators import OPERATORS, UNDEFINED, Operand
from asl.paths.run import Read, Run, Test
from asl.paths.steps import Indexes, Names, Step

Reader: TypeAlias = Callable[[Sequence[Step], bool], Read]
"""Compiles a path of the filter; the flag asks that every property on the way be there."""


def condition(tree: Condition, reader: Reader) -> Test:
    """The function that says whether an item passes; it raises `Invalid` where Jayway takes that for no."""
    match tree:
        case Not(part):
            test = condition(part, reader)
            return lambda item, run: not test(item, run)
        case All(parts):
            tests = [condition(part, reader) for part in parts]
            return lambda item, run: all(test(item, run) for test in tests)
        case Some(parts):
            tests = [condition(part, reader) for part in parts]
            return lambda item, run: any(test(item, run) for test in tests)
        case Exists(query):
            return _exists(query, reader)
        case Compare():
            return _compare(tree, reader)
    raise AssertionError(tree)


def _exists(query: Query, reader: Reader) -> Test:
    # Asked of the item even where the path begins with `$`.
    read = reader(query.steps, True)
    wanted = query.wanted

    def exists(item: Any, run: Run) -> bool:
        try:
            read(item, run)
        except NotFound:
            return not wanted
        return wanted

    return exists


def _compare(tree: Compare, reader: Reader) -> Test:
    operator = OPERATORS[tree.operator]
    left = _operand(tree.left, reader)
    if isinstance(tree.right, Literal):
        constant = tree.right.value
        return lambda item, run: operator(left(item, run), constant, run.spend)
    right = _operand(tree.right, reader)
    return lambda item, run: operator(left(item, run), right(item, run), run.spend)


def _operand(value: Query | Literal, reader: Reader) -> Read:
    if isinstance(value, Literal):
        constant = value.value
        return lambda item, run: constant
    operand = _plain(value.steps) or _undefined_if_missing(reader(value.steps, False))
    if not value.from_root:
        return operand

    def from_root(item: Any, run: Run) -> Operand:
        if operand not in run.known:
            run.known[operand] = operand(run.root, run)
        return run.known[operand]

    return from_root


def _undefined_if_missing(read: Read) -> Read:
    def operand(item: Any, run: Run) -> Operand:
        try:
            return read(item, run)
        except NotFound:
            return UNDEFINED

    return operand


def _plain(steps: Sequence[Step]) -> Read | None:
    # A path of single names and indexes, in a third of the time: it needs no message when it finds nothing.
    ways: list[tuple[Any, type]] = []
    for step in steps:
        match step:
            case Names((key,)):
                ways.append((key, dict))
            case Indexes((index,)):
                ways.append((index, list))
            case _:
                return None
    if not ways:
        return lambda item, run: item
    if len(ways) == 1 and ways[0][1] is dict:
        name = ways[0][0]
        return lambda item, run: item.get(name, UNDEFINED) if isinstance(item, dict) else UNDEFINED

    def plain(item: Any, run: Run) -> Operand:
        try:
            for key, kind in ways:
                if not isinstance(item, kind):
                    return UNDEFINED
                item = item[key]  # type: ignore[index]
        except LookupError:
            return UNDEFINED
        return item

    return plain
