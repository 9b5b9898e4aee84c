"""How an evaluation fails: Jayway's exceptions, as far as its evaluator tells them apart."""

from __future__ import annotations

from asl.errors import PathError


class Invalid(PathError):
    """InvalidPathException: in a filter it means that the item does not pass."""


class NotFound(Invalid):
    """PathNotFoundException: as the operand of a filter, the path is undefined."""


class PastEnd(NotFound):
    """An index that the array does not have, in a plain path; payload templates read it as null."""


class OutOfBounds(PathError):
    """IndexOutOfBoundsException, from a function: an index or wildcard before it forgives it."""
