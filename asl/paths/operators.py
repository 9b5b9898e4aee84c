"""What the operators of a filter mean, by name: Jayway's `ValueNode`s and their evaluators.

An operand is a JSON value that a path found, a literal of the filter, or UNDEFINED (a path that found
nothing). Text and numbers are equal by their text or as numbers, which side leads decides (`@.id == '2'` is
true for 2), but have no order. Raises `Invalid` where Jayway's conversion fails, which the filter takes for no.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from enum import Enum, auto
from typing import Any, TypeAlias

from asl.errors import ExpressionError, PathError
from asl.paths import literals
from asl.paths.failures import Invalid
from asl.paths.filters import Document
from asl.paths.regex import Pattern
from asl.values import number_text

Operand: TypeAlias = Any
Spend: TypeAlias = Callable[[int], None]
Operator: TypeAlias = Callable[[Operand, Operand, Spend], bool]


class Missing(Enum):
    """The value of a path that found nothing, and an element that equals no other one."""

    UNDEFINED = auto()
    OTHER = auto()


UNDEFINED = Missing.UNDEFINED

_BIG_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")


class Kind(Enum):
    """The classes of operands that `===` and the operators tell apart."""

    NULL = auto()
    BOOLEAN = auto()
    NUMBER = auto()
    STRING = auto()
    JSON = auto()
    PATTERN = auto()
    UNDEFINED = auto()


_KINDS: dict[type, Kind] = {
    type(None): Kind.NULL,
    bool: Kind.BOOLEAN,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    Decimal: Kind.NUMBER,
    str: Kind.STRING,
    list: Kind.JSON,
    dict: Kind.JSON,
    Document: Kind.JSON,
    Pattern: Kind.PATTERN,
    Missing: Kind.UNDEFINED,
}


_FAST = frozenset((str, int, float))
"""Types whose values compare among themselves as Python has it."""


def kind(value: Operand) -> Kind:
    """The class of an operand."""
    found = _KINDS.get(type(value))
    if found is None:  # a subclass of a JSON type
        found = next(known for base, known in _KINDS.items() if isinstance(value, base))
    return found


def decimal(value: int | float | Decimal) -> int | float | Decimal:
    """A number as java.math.BigDecimal has it: by its shortest text, not by its binary value."""
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    return value


def _comparable(left: Operand, right: Operand) -> tuple[Operand, Operand]:
    # Two doubles, or one and an integer that a double can hold, compare as their texts would.
    if _is_small(left) and _is_small(right):
        return left, right
    return decimal(left), decimal(right)


def _is_small(value: Operand) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and -(2**53) < value < 2**53)


def text_of(value: int | float | Decimal) -> str:
    """A number's text as BigDecimal writes it."""
    if isinstance(value, float):
        return str(Decimal(number_text(value))) if math.isfinite(value) else number_text(value)
    return str(value)


def _units(text: str) -> bytes:
    # Java compares and counts strings by UTF-16 units.
    return text.encode("utf-16-be", "surrogatepass")


def _ordering(compare: Callable[[Any, Any], bool]) -> Operator:
    # Text with text, numbers with numbers; everything else has no order.
    def ordered(left: Operand, right: Operand, spend: Spend) -> bool:
        one, other = type(left), type(right)
        if one is other and one in _FAST and one is not str:
            return compare(left, right)
        if isinstance(left, str) and isinstance(right, str):
            if left.isascii() and right.isascii():
                return compare(left, right)
            return compare(_units(left), _units(right))
        if kind(left) is Kind.NUMBER and kind(right) is Kind.NUMBER:
            return compare(*_comparable(left, right))
        return False

    return ordered


def equal(left: Operand, right: Operand) -> bool:
    """`==`, which asks the left side: text compares as text, a number as a number."""
    if type(left) is type(right) and type(left) in _FAST:
        return bool(left == right)
    one, other = kind(left), kind(right)
    if one is Kind.STRING:
        return other in (Kind.STRING, Kind.NUMBER) and left == (
            right if other is Kind.STRING else text_of(right)
        )
    if one is Kind.NUMBER:
        if other is Kind.STRING:
            if not _BIG_DECIMAL.fullmatch(right):
                return False
            right = Decimal(right)
            other = Kind.NUMBER
        if other is not Kind.NUMBER:
            return False
        left, right = _comparable(left, right)
        return bool(left == right)
    if one is Kind.JSON:
        if other is not Kind.JSON or isinstance(left, Document):
            return False
        return _equal_json(left, right.value if isinstance(right, Document) else right)
    if one is Kind.NULL or one is Kind.BOOLEAN:
        return other is one and left is right
    return False


def _equal_json(left: Any, right: Any) -> bool:
    # java.util's equals: an integer never equals a double.
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and len(left) == len(right)
            and all(key in right and _equal_json(item, right[key]) for key, item in left.items())
        )
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(_equal_json, left, right))
    return type(left) is type(right) and bool(left == right)


def _elements(value: Operand) -> list[Operand] | None:
    # The elements of a list operand; None for JSON that is no list; Invalid for anything else.
    if isinstance(value, Document):
        value = value.value
    if isinstance(value, dict):
        return None
    if not isinstance(value, list):
        raise Invalid("Expected value list node")
    return list(map(_element, value))


def _element(value: Operand) -> Operand:
    # An element that is text is looked at again: a path never equals anything, JSON is parsed, one pair of
    # quotes is taken off.
    if isinstance(value, list | dict):
        raise PathError("Could not determine value type")
    if not isinstance(value, str):
        return value
    word = value.strip()
    if word[:1] in ("$", "@") and (len(word) == 1 or word[1] in ".["):
        return Missing.OTHER
    if len(word) > 1 and (word[0], word[-1]) in (("[", "]"), ("{", "}")):
        try:
            return Document(literals.read(word, 0))
        except ExpressionError:
            return value
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def _contains(elements: Iterable[Operand], value: Operand) -> bool:
    return any(equal(value, element) for element in elements)


def _eq(left: Operand, right: Operand, spend: Spend) -> bool:
    return equal(left, right)


def _ne(left: Operand, right: Operand, spend: Spend) -> bool:
    return not equal(left, right)


def _same_kind(left: Operand, right: Operand, spend: Spend) -> bool:
    return kind(left) is kind(right) and equal(left, right)


def _other_kind(left: Operand, right: Operand, spend: Spend) -> bool:
    return not _same_kind(left, right, spend)


def _in(left: Operand, right: Operand, spend: Spend) -> bool:
    elements = _elements(right)
    if elements is None:
        return False
    spend(len(elements))
    return _contains(elements, left)


def _nin(left: Operand, right: Operand, spend: Spend) -> bool:
    return not _in(left, right, spend)


def _pairs(left: Operand, right: Operand, spend: Spend) -> tuple[list[Operand], list[Operand]] | None:
    others = _elements(right)
    ours = None if others is None else _elements(left)
    if ours is None or others is None:
        return None
    spend(len(ours) * len(others))
    return ours, others


def _subset_of(left: Operand, right: Operand, spend: Spend) -> bool:
    lists = _pairs(left, right, spend)
    return lists is not None and all(_contains(lists[1], item) for item in lists[0])


def _any_of(left: Operand, right: Operand, spend: Spend) -> bool:
    lists = _pairs(left, right, spend)
    return lists is not None and any(_contains(lists[1], item) for item in lists[0])


def _none_of(left: Operand, right: Operand, spend: Spend) -> bool:
    lists = _pairs(left, right, spend)
    return lists is not None and not any(_contains(lists[1], item) for item in lists[0])


def _holds(left: Operand, right: Operand, spend: Spend) -> bool:
    # CONTAINS
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    if kind(left) is not Kind.JSON:
        return False
    elements = _elements(left)
    if elements is None:
        return False
    spend(len(elements))
    return _contains(elements, right)


def _size(left: Operand, right: Operand, spend: Spend) -> bool:
    if kind(right) is not Kind.NUMBER:
        return False
    wanted = decimal(right)
    if isinstance(wanted, float):
        return False
    if isinstance(left, Document):
        left = left.value
    if isinstance(left, str):
        return len(_units(left)) // 2 == int(wanted)
    if isinstance(left, list):
        return len(left) == int(wanted)
    return isinstance(left, dict) and int(wanted) == -1


def _empty(left: Operand, right: Operand, spend: Spend) -> bool:
    if isinstance(left, Document):
        left = left.value
    if not isinstance(left, str | list | dict):
        return False
    if not isinstance(right, bool):
        raise Invalid("Expected boolean node")
    return (len(left) == 0) is right


def _exists(left: Operand, right: Operand, spend: Spend) -> bool:
    if not isinstance(left, bool) and not isinstance(right, bool):
        raise PathError("Failed to evaluate exists expression")
    if not isinstance(left, bool) or not isinstance(right, bool):
        raise Invalid("Expected boolean node")
    return left is right


def _matches(left: Operand, right: Operand, spend: Spend) -> bool:
    if isinstance(left, Pattern) == isinstance(right, Pattern):
        return False
    pattern, value = (left, right) if isinstance(left, Pattern) else (right, left)
    for text in _texts(value):
        spend(len(text) * pattern.cost)
        if pattern.matches(text):
            return True
    return False


def _texts(value: Operand) -> Iterator[str]:
    found = value.value if isinstance(value, Document) else value
    if isinstance(found, list):
        for element in map(_element, found):
            yield _text(element)
    else:
        yield _text(value)


def _text(value: Operand) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of(value) if kind(value) is Kind.NUMBER else ""


def _never(left: Operand, right: Operand, spend: Spend) -> bool:
    # ALL, TYPE, MATCHES want operands that a filter written as text cannot have.
    raise Invalid("Expected another kind of node")


OPERATORS: dict[str, Operator] = {
    "==": _eq,
    "!=": _ne,
    "===": _same_kind,
    "!==": _other_kind,
    "<": _ordering(operator.lt),
    "<=": _ordering(operator.le),
    ">": _ordering(operator.gt),
    ">=": _ordering(operator.ge),
    "=~": _matches,
    "IN": _in,
    "NIN": _nin,
    "CONTAINS": _holds,
    "SIZE": _size,
    "EMPTY": _empty,
    "SUBSETOF": _subset_of,
    "ANYOF": _any_of,
    "NONEOF": _none_of,
    "EXISTS": _exists,
    "ALL": _never,
    "TYPE": _never,
    "MATCHES": _never,
}
