"""Built-in functions on arrays and objects, and those that take functions."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from asl.jsonata import steps, transforms
from asl.jsonata.errors import JsonataError, crash
from asl.jsonata.limits import MAX_ITEMS, Runtime
from asl.jsonata.operators import boolean, tidy
from asl.jsonata.sequences import UNDEFINED, Built, Function, Sequence, append, lookup


def _few(rt: Runtime, items: Any) -> bool:
    """Whether there is nothing to order. A single function, which the call put in an array, is noted."""
    if items is UNDEFINED or len(items) > 1:
        return items is UNDEFINED
    for item in items:
        _nested(rt, item)
    return True


def call(rt: Runtime, func: Any, args: list[Any]) -> Any:
    """Apply a function that was an argument to as many of these arguments as it takes."""
    arity = func.arity
    return func.call(args[: arity if arity > 1 else 1], rt)


def _nested(rt: Runtime, value: Any) -> Any:
    """A value on its way into an array."""
    if isinstance(value, Sequence | Built | Function):
        rt.tainted = True
    return value


# ── higher-order functions ────────────────────────────────────────────────────────────────────────


def map_(rt: Runtime, items: Any, func: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    rt.array(items)
    result = Sequence()
    for index, item in enumerate(items):
        value = call(rt, func, [item, index, items])
        if value is not UNDEFINED:
            result.append(_nested(rt, value))
    return result


def filter_(rt: Runtime, items: Any, func: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    rt.array(items)
    return Sequence(item for index, item in enumerate(items) if boolean(call(rt, func, [item, index, items])))


def single(rt: Runtime, items: Any, func: Any = UNDEFINED) -> Any:
    """`$single`. JsonataError D3138, D3139."""
    if items is UNDEFINED:
        return UNDEFINED
    found = [
        item
        for index, item in enumerate(items)
        if func is UNDEFINED or boolean(call(rt, func, [item, index, items]))
    ]
    if len(found) != 1:
        raise JsonataError("D3138" if found else "D3139")
    return found[0]


def reduce_(rt: Runtime, items: Any, func: Any, init: Any = UNDEFINED) -> Any:
    """`$reduce`. JsonataError D3050."""
    if items is UNDEFINED:
        return UNDEFINED
    if func.arity < 2:
        raise JsonataError("D3050", index=1)
    rest = list(enumerate(items))
    result = init
    if init is UNDEFINED and rest:
        result = rest.pop(0)[1]
    for index, item in rest:
        result = func.call([result, item, index, items][: func.arity], rt)
    return result


def sift(rt: Runtime, value: Any, func: Any = UNDEFINED) -> Any:
    members = dict(_members(value))
    if members and func is UNDEFINED:
        raise crash("Cannot read properties of undefined (reading 'arity')")
    result = {key: item for key, item in members.items() if boolean(call(rt, func, [item, key, value]))}
    return result or UNDEFINED


def each(rt: Runtime, value: Any, func: Any) -> Any:
    result = Sequence()
    for key, item in _members(value):
        found = call(rt, func, [item, key, value])
        if found is not UNDEFINED:
            result.append(_nested(rt, found))
    return rt.array(result)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()


def sort(rt: Runtime, items: Any, comparator: Any = UNDEFINED) -> Any:
    """`$sort`: stable; the comparator says whether its first argument comes after its second. D3070."""
    if _few(rt, items):
        return items
    rt.spend(len(items) * 4)
    if comparator is UNDEFINED:
        kinds = set(map(type, items))
        if not (kinds <= {int, float} or kinds == {str}):
            raise JsonataError("D3070", index=1)
        return steps.in_order(items, [items], [False])

    def after(a: Any, b: Any) -> bool:
        return truthy(comparator.call([a, b], rt))

    return steps.merge_sort(items, after)


def truthy(value: Any) -> bool:
    """What JavaScript takes as true."""
    if isinstance(value, list | dict | Function):
        return True
    return value is not UNDEFINED and bool(value) and value == value


# ── arrays ────────────────────────────────────────────────────────────────────────────────────────


def append_(rt: Runtime, first: Any, second: Any) -> Any:
    if isinstance(first, Function) or isinstance(second, Function):
        rt.tainted = True
    result = append(first, second)
    return rt.array(result) if isinstance(result, list) else result


def reverse(rt: Runtime, items: Any) -> Any:
    if _few(rt, items):
        return items
    return rt.array(items[::-1] if type(items) is list else list(items)[::-1])


def distinct(rt: Runtime, items: Any) -> Any:
    if not isinstance(items, list) or len(items) <= 1:
        return items
    result: list[Any] = Sequence() if isinstance(items, Sequence) else []
    seen: set[Any] = set()
    for item in items:
        key = _frozen(item, rt)
        if key not in seen:
            seen.add(key)
            result.append(item)
    return rt.array(result)


def _frozen(value: Any, rt: Runtime) -> Any:
    """Something hashable that is equal for equal values: true is not 1, NaN equals nothing."""
    rt.fuel -= 2
    if isinstance(value, dict):
        return frozenset((key, _frozen(item, rt)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(_frozen(item, rt) for item in value)
    if type(value) is bool or isinstance(value, Function) or value != value:
        return (type(value), id(value))
    return value


def shuffle(rt: Runtime, items: Any) -> Any:
    if _few(rt, items):
        return items
    random = rt.random()
    result: list[Any] = []
    for index, item in enumerate(items):
        place = math.floor(random.random() * (index + 1))
        result.append(item)
        if place != index:
            result[index] = result[place]
        result[place] = item
    return rt.array(result)


def zip_(rt: Runtime, *arrays: Any) -> list[list[Any]]:
    if not all(isinstance(array, list) for array in arrays):
        return []
    for array in arrays:
        _few(rt, array)
    result = [list(items) for items in zip(*arrays, strict=False)]
    rt.spend(len(result) * len(arrays))
    return result


# ── objects and any value ─────────────────────────────────────────────────────────────────────────


def keys(rt: Runtime, value: Any) -> Any:
    names: dict[str, None] = {}
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            names.update(dict.fromkeys(item))
        elif isinstance(item, list):
            stack.extend(reversed(item))
    return rt.array(Sequence(names))


def lookup_(rt: Runtime, value: Any, key: Any) -> Any:
    return lookup(value, key) if isinstance(key, str) else UNDEFINED


def merge(rt: Runtime, objects: Any) -> Any:
    if objects is UNDEFINED:
        return UNDEFINED
    result: dict[str, Any] = {}
    for item in objects:
        if isinstance(item, dict):
            result.update(item)
    rt.spend(len(result))
    return result


def spread(rt: Runtime, value: Any) -> Any:
    if isinstance(value, dict):
        return Sequence({key: item} for key, item in value.items())
    if isinstance(value, list):
        result: Any = Sequence()
        for item in value:
            part = spread(rt, item)
            result = append(result, part)
        return rt.array(result)
    return value


def exists(rt: Runtime, value: Any) -> bool:
    return value is not UNDEFINED


def boolean_(rt: Runtime, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else boolean(value)


def not_(rt: Runtime, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else not boolean(value)


def type_(rt: Runtime, value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if value is None:
        return "null"
    if value is True or value is False:
        return "boolean"
    if type(value) is float and value in (math.inf, -math.inf):
        raise JsonataError("D1001", value=value)
    if isinstance(value, int | float):
        return "number" if value == value else "object"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "function" if isinstance(value, Function) else "object"


def error(rt: Runtime, message: Any = UNDEFINED) -> Any:
    text = "$error() function evaluated" if message is UNDEFINED or message == "" else message
    raise JsonataError("D3137", message=text)


def assert_(rt: Runtime, condition: Any, message: Any = UNDEFINED) -> Any:
    if condition is UNDEFINED or not condition:
        text = "$assert() statement failed" if message is UNDEFINED or message == "" else message
        raise JsonataError("D3141", message=text)
    return UNDEFINED


def clone(rt: Runtime, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else transforms.clone(value)


# ── the service's own ─────────────────────────────────────────────────────────────────────────────


def _towards_zero(value: Any, index: int) -> int:
    if value is UNDEFINED:
        raise JsonataError("T0410", value=value, index=index)
    if not math.isfinite(value):
        return 0 if value != value else (2**63 - 1 if value > 0 else -(2**63))
    return int(value)


def partition(rt: Runtime, items: Any, size: Any = UNDEFINED) -> Any:
    """`$partition`: chunks of so many items; nothing for an empty array or size 0. JsonataError D3137."""
    if items is UNDEFINED:
        return UNDEFINED
    if not isinstance(items, list):
        raise JsonataError("T0412", value=items, index=1)
    if not items:
        return UNDEFINED
    if size is UNDEFINED:
        return [list(items)]
    step = _towards_zero(size, 2)
    if step < 0:
        raise JsonataError("D3137", message="Second argument must be zero or greater")
    if step == 0:
        return UNDEFINED
    return [list(items[at : at + step]) for at in range(0, len(items), step)]


def range_(rt: Runtime, start: Any, end: Any = UNDEFINED, step: Any = UNDEFINED) -> Any:
    """`$range`: from start to end, both included; a single number is not an array."""
    first, last = _towards_zero(start, 1), _towards_zero(end, 2)
    if step is UNDEFINED:
        return UNDEFINED
    by = _towards_zero(step, 3)
    if by == 0:
        return UNDEFINED
    numbers = range(first, last + (1 if by > 0 else -1), by)
    try:
        size = len(numbers)
    except OverflowError:
        size = MAX_ITEMS + 1
    if size > MAX_ITEMS:
        rt.array([None] * (MAX_ITEMS + 1))
    return rt.array(Sequence(numbers))


def parse(rt: Runtime, text: Any = UNDEFINED) -> Any:
    """`$parse`: the value of a JSON text. JsonataError D3137 where it is none, repeated keys included."""
    if text is UNDEFINED:
        return UNDEFINED
    rt.room(len(text))
    try:
        return json.loads(
            text,
            object_pairs_hook=_members_once,
            parse_float=_double,
            parse_int=_integer,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError):
        raise JsonataError("D3137", message="Invalid JSON") from None


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError
    return result


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _double(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return tidy(value)


def _integer(text: str) -> float:
    """An integer as the service reads it: exact while it fits into 64 bits, else a double."""
    value = int(text) if len(text) < 400 else 10**400
    if -(2**63) <= value < 2**63:
        return value
    return _double(text)
