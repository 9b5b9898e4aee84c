"""JSONata's notion of a value: nothing (UNDEFINED), a sequence (a list that collapses), a function.

A sequence is the list of results of a query. With no item it is nothing, with one item it is that item;
only with more is it an array. JSON arrays from data or from `[...]` never collapse.
"""

from __future__ import annotations

from typing import Any, Final

SAFE_INTEGER = 2**53
"""The largest magnitude up to which a JavaScript number holds every integer."""


class _Nothing:
    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final[Any] = _Nothing("UNDEFINED")
"""The value of an expression that finds nothing. Not a JSON value."""

UNSET: Final[Any] = _Nothing("UNSET")
"""What a variable's slot holds before `:=` has been evaluated: the name may still be bound further out."""


class Sequence(list[Any]):
    """The results of a query: collapses when an expression ends."""

    __slots__ = ()


class Kept(Sequence):
    """A sequence that stays an array even with one item (`expression[]`)."""

    __slots__ = ()


class Outer(Sequence):
    """The input document, when it is an array, as the one item that a top-level path starts from."""

    __slots__ = ()


class Tuples(list[dict[str, Any]]):
    """The items of a path that binds variables: each a dict of `@` (the item) and the variables."""

    __slots__ = ()


class Built(list[Any]):
    """An array made by `[...]` as a step of a path: it is one item of the path's results."""

    __slots__ = ()


class Holder(dict[str, Any]):
    """An object that holds a `Kept` sequence, which collapses again when a path reads it."""

    __slots__ = ()


class Function:
    """A function value: a lambda, a built-in, a regular expression, a partial application."""

    __slots__ = ()
    arity: int = 1
    """How many arguments a higher-order function hands to it at most."""


LISTS = frozenset((list, Sequence, Kept, Built))
"""The types of arrays that evaluation meets."""


def collapse(value: Any) -> Any:
    """The value of an expression whose result is `value`: a sequence of none or one is not an array."""
    if type(value) is Sequence or type(value) is Outer:
        size = len(value)
        if size == 1:
            return value[0]
        if size == 0:
            return UNDEFINED
    elif type(value) is Kept and not value:
        return UNDEFINED
    return value


def flatten(results: list[Any], last: bool) -> list[Any]:
    """The results of one step, one per input item, as the input of the next: arrays give their items.

    A last step whose only result is an array leaves it as it is.
    """
    if last and len(results) == 1:
        only = results[0]
        if isinstance(only, list) and not isinstance(only, Sequence):
            return only
    out = Sequence()
    for result in results:
        if isinstance(result, list) and type(result) is not Built:
            out.extend(result)
        else:
            out.append(result)
    return out


def append(first: Any, second: Any) -> Any:
    """`$append`: two values as one array; nothing is the neutral element."""
    if first is UNDEFINED:
        return second
    if second is UNDEFINED:
        return first
    head = first if isinstance(first, list) else [first]
    tail = second if isinstance(second, list) else [second]
    return [*head, *tail]


def lookup(value: Any, key: str) -> Any:
    """The member `key` of an object; of an array, a sequence of those of its objects."""
    if isinstance(value, dict):
        return value.get(key, UNDEFINED)
    if isinstance(value, list):
        out = Sequence()
        for item in value:
            found = lookup(item, key)
            if isinstance(found, list):
                out.extend(found)
            elif found is not UNDEFINED:
                out.append(found)
        return out
    return UNDEFINED


def is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def is_integer(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())
