"""Paths as closures: steps that map over arrays, wildcards, predicates, sorting."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from asl.jsonata.errors import JsonataError
from asl.jsonata.limits import Runtime
from asl.jsonata.operators import Closure, boolean, check_number, less
from asl.jsonata.sequences import (
    LISTS,
    UNDEFINED,
    Built,
    Holder,
    Kept,
    Outer,
    Sequence,
    Tuples,
    collapse,
    flatten,
    lookup,
)

Step = Callable[[list[Any], list[Any]], list[Any]]
"""One step of a path: (items, frame) -> items of the next step."""


def names(first: Closure, keys: tuple[str, ...]) -> Closure:
    """`first.a.b.c`: the commonest path. An array on the way makes it a mapping."""
    if len(keys) == 1:
        return _one_name(first, keys[0])

    def path(v: Any, f: list[Any]) -> Any:
        value = first(v, f)
        for index, key in enumerate(keys):
            if type(value) is dict:
                if key not in value:
                    return UNDEFINED
                value = value[key]
            else:
                return map_names(value, keys[index:], f[1])
        return value

    return path


def _one_name(first: Closure, key: str) -> Closure:
    keys = (key,)

    def path(v: Any, f: list[Any]) -> Any:
        value = first(v, f)
        if type(value) is dict:
            return value.get(key, UNDEFINED)
        return map_names(value, keys, f[1])

    return path


def slot_name(index: int, key: str) -> Closure:
    """`$p.a` where $p is the function's own parameter."""
    keys = (key,)

    def path(v: Any, f: list[Any]) -> Any:
        value = f[index]
        if type(value) is dict:
            return value.get(key, UNDEFINED)
        return map_names(value, keys, f[1])

    return path


def context_name(key: str) -> Closure:
    """`a`: a member of the context."""
    keys = (key,)

    def path(v: Any, f: list[Any]) -> Any:
        if type(v) is dict:
            return v.get(key, UNDEFINED)
        return map_names(v, keys, f[1])

    return path


def map_names(value: Any, keys: tuple[str, ...], rt: Runtime) -> Any:
    """The rest of a path of names on a value that is not a plain object."""
    if isinstance(value, Holder):
        value = Sequence((value,))
    elif not isinstance(value, list):
        return UNDEFINED
    last = len(keys) - 1
    for index, key in enumerate(keys):
        if not value:
            return UNDEFINED
        value = name_step(value, key, index == last, rt)
    return collapse(value)


def name_step(items: list[Any], key: str, last: bool, rt: Runtime) -> list[Any]:
    """The member `key` of every item."""
    if len(items) > 64:
        rt.array(items)
    try:
        found = [item[key] for item in items]
    except (KeyError, TypeError, IndexError):
        found = []
        for item in items:
            if isinstance(item, dict):
                if key in item:
                    found.append(item[key])
            elif isinstance(item, list):
                member = collapse(lookup(item, key))
                if member is not UNDEFINED:
                    found.append(member)
    return Sequence(found) if LISTS.isdisjoint(map(type, found)) else flatten(found, last)


def mapped(item: Closure, last: bool, weight: int) -> Step:
    """A step that evaluates an expression on every item."""

    def step(items: list[Any], f: list[Any]) -> list[Any]:
        rt: Runtime = f[1]
        rt.spend(len(items) * weight)
        results = []
        for value in items:
            result = item(value, f)
            if result is not UNDEFINED:
                results.append(result)
        return rt.array(flatten(results, last))

    return step


def staged(item: Closure, stages: list[Closure]) -> Closure:
    """A step with predicates: they apply to what the step finds on each item."""

    def evaluate(v: Any, f: list[Any]) -> Any:
        result = item(v, f)
        for stage in stages:
            result = stage(result, f)
        return result

    return evaluate


def path(
    steps: list[Step], absolute: bool, constructor: Closure | None, settle: Callable[[Any], Any]
) -> Closure:
    """A path without variables. `absolute`: it starts from a variable, so it does not map over the context;
    `constructor`: its first step is an array constructor, evaluated on the whole context; `settle` makes the
    path's value from the items of its last step."""

    def evaluate(v: Any, f: list[Any]) -> Any:
        items: Any = v if isinstance(v, list) and not absolute else Sequence((v,))
        if constructor is not None and not (items := constructor(items, f)):
            return settle(items)
        for step in steps:
            items = step(items, f)
            if not items:
                break
        return settle(items)

    return evaluate


def as_it_is(items: Any) -> Any:
    """The result of a path or a call where what follows wants its sequence."""
    return items


def kept(items: Any) -> Any:
    """The result of a path with a step marked with `[]`: a sequence that does not collapse."""
    if type(items) is Built:
        return Kept((items,))
    return kept_sequence(items)


def kept_sequence(items: Any) -> Any:
    """The result of a path or a call marked with `[]` as a whole."""
    if isinstance(items, Sequence):
        return Kept(items) if items else UNDEFINED
    return items


def wildcard(v: Any, f: list[Any]) -> Any:
    """`*`: the values of all members, arrays flattened; a sequence that has not collapsed yet."""
    if type(v) is Outer and v:
        v = v[0]
    if isinstance(v, dict):
        members: Any = v.values()
    elif isinstance(v, list):
        members = v
    else:
        return UNDEFINED
    rt: Runtime = f[1]
    rt.spend(len(members))
    results: list[Any] = []
    plain = False
    for member in members:
        if isinstance(member, list):
            plain = True
            _flatten_deep(member, results)
        else:
            results.append(member)
    return rt.array(results) if plain else Sequence(results)


def _flatten_deep(value: list[Any], out: list[Any]) -> None:
    for item in value:
        if isinstance(item, list):
            _flatten_deep(item, out)
        else:
            out.append(item)


def descendants(v: Any, f: list[Any]) -> Any:
    """`**`: the value and everything below it, arrays themselves left out."""
    if v is UNDEFINED:
        return UNDEFINED
    results = Sequence()
    stack = [v]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        else:
            results.append(value)
            if isinstance(value, dict):
                stack.extend(reversed(value.values()))
    rt: Runtime = f[1]
    return collapse(rt.array(results))


def at_index(number: float) -> Closure:
    """`[n]`: the item at a position, from the end if negative."""
    index = math.floor(number)

    def evaluate(value: Any, f: list[Any]) -> Any:
        if not isinstance(value, list):
            return Sequence((value,)) if index in (0, -1) and value is not UNDEFINED else Sequence()
        size = len(value)
        if -size <= index < size:
            item = value[index]
            if item is UNDEFINED:
                return Sequence()
            if type(value) is Tuples:
                return Tuples((item,))
            return item if isinstance(item, list) else Sequence((item,))
        return Tuples() if type(value) is Tuples else Sequence()

    return evaluate


def chosen(result: Any, index: int, size: int) -> int:
    """How many times a predicate's result chooses the item at `index` of `size`."""
    if result is True:
        return 1
    if result is False or result is UNDEFINED:
        return 0
    kind = type(result)
    if kind is int or kind is float:
        if kind is float and not check_number(result, "D1001"):
            return 0
        return int(_position(result, size) == index)
    if isinstance(result, list) and all(type(item) is int or type(item) is float for item in result):
        return sum(_position(item, size) == index for item in result)
    return int(boolean(result))


def _position(number: float, size: int) -> int:
    position = math.floor(number)
    return size + position if position < 0 else position


def filtered(predicate: Closure, weight: int) -> Closure:
    """`[predicate]` on the items of a value: those for which it is true, or whose position it gives."""

    def evaluate(value: Any, f: list[Any]) -> Any:
        items = value if isinstance(value, list) else (value,)
        size = len(items)
        rt: Runtime = f[1]
        rt.spend(size * weight)
        results = Sequence()
        for index, item in enumerate(items):
            result = predicate(item, f)
            if result is True:
                results.append(item)
            elif result is not False and result is not UNDEFINED:
                results.extend([item] * chosen(result, index, size))
        if value is UNDEFINED and results:
            rt.tainted = True  # nothing, chosen: null once it is in an array
        return results

    return evaluate


def in_order(items: list[Any], keys: list[list[Any]], descending: list[bool]) -> list[Any]:
    """Stable order by the terms' values (one list per term). JsonataError T2007, T2008 (without position)."""
    order = list(range(len(items)))
    if all(map(_uniform, keys)):
        for column, down in zip(reversed(keys), reversed(descending), strict=True):
            order.sort(key=column.__getitem__, reverse=down)
    else:
        columns = list(zip(keys, descending, strict=True))
        order = merge_sort(order, lambda a, b: _by_terms(a, b, columns) > 0)
    return [items[index] for index in order]


def merge_sort(items: list[Any], comes_after: Callable[[Any, Any], bool]) -> list[Any]:
    """The order that jsonata-js makes, comparison by comparison: a comparator may err or contradict itself."""
    if len(items) <= 1:
        return items
    middle = len(items) // 2
    left = merge_sort(items[:middle], comes_after)
    right = merge_sort(items[middle:], comes_after)
    merged: list[Any] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if comes_after(left[i], right[j]):
            merged.append(right[j])
            j += 1
        else:
            merged.append(left[i])
            i += 1
    return merged + left[i:] + right[j:]


def _uniform(column: list[Any]) -> bool:
    """Whether Python's own order of these values is the language's."""
    kinds = set(map(type, column))
    return kinds <= {int, float} or (kinds == {str} and all(map(str.isascii, column)))


def _by_terms(a: int, b: int, columns: list[tuple[list[Any], bool]]) -> int:
    for column, down in columns:
        x, y = column[a], column[b]
        if x is UNDEFINED or y is UNDEFINED:  # nothing comes last, in either direction
            if x is y:
                continue
            return 1 if x is UNDEFINED else -1
        kinds = (type(x), type(y))
        if not all(kind is str or kind is int or kind is float for kind in kinds):
            valid = type(x) is str or type(x) is int or type(x) is float
            raise JsonataError("T2008", value=y if valid else x)
        if (kinds[0] is str) is not (kinds[1] is str):
            raise JsonataError("T2007", value=x, value2=y)
        if x == y:
            continue
        result = -1 if less(x, y) else 1
        return -result if down else result
    return 0
