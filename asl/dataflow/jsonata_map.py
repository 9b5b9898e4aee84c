"""What a Map state has of its own in JSONata: what it iterates over, and the fields of its map run."""

from __future__ import annotations

from typing import Any

from asl.dataflow.jsonata_fields import Document, is_expression, of_input, source, typed, unexpected
from asl.errors import EvaluationError
from asl.values import Json, Scope, Select, to_json


def map_input(state: Document) -> Select | None:
    """A Map in JSONata works on its raw input."""
    return None


def items(state: Document, distributed: bool) -> Select:
    """Raw input → what a Map iterates over (Items; the input itself without it): an array, or if it is
    distributed an object."""
    kinds = (list, dict) if distributed else (list,)
    select = of_input(state, "Items")
    if select is None:

        def whole(raw: Json, scope: Scope) -> Json:
            if not isinstance(raw, kinds):
                raise EvaluationError(f"Map state input must be an array but was: {to_json(raw)}")
            return raw

        return whole
    written = state["Items"]
    shown = source(written) if is_expression(written) else to_json(written)

    def iterable(raw: Json, scope: Scope) -> Json:
        found = select(raw, scope)
        if isinstance(found, kinds):
            return found
        raise unexpected(shown, "Items", "array", found)

    return iterable


def item_selector(state: Document) -> Select | None:
    """Raw input → an iteration's input; `$states.context.Map.Item` holds the item."""
    return of_input(state, "ItemSelector")


def limit(state: Document) -> Select:
    """Raw input → MaxConcurrency; 0 means no limit of the definition's own."""
    return _within({"MaxConcurrency": 0, **state}, *_CONCURRENCY)


def map_run(state: Document) -> Select | None:
    """Raw input → what a Map evaluates once it has started, by the names of its fields.

    ToleratedFailureCount and ToleratedFailurePercentage, and of a distributed Map ItemReader, ItemBatcher and
    ResultWriter. None where the state has none of them.
    """
    parts: dict[str, Select] = {
        field: _within(state, field, expected, most, text)
        for field, expected, most, text in _TOLERANCES
        if field in state
    }
    for field in ("ItemReader", "ItemBatcher", "ResultWriter"):
        select = of_input(state, field)
        if select is not None:
            parts[field] = select
    if not parts:
        return None
    return lambda raw, scope: {field: select(raw, scope) for field, select in parts.items()}


_CONCURRENCY = "MaxConcurrency", "integer", float("inf"), "MaxConcurrency cannot be negative."
_TOLERANCES: tuple[tuple[str, str, float, str], ...] = (
    ("ToleratedFailureCount", "integer", float("inf"), "ToleratedFailureCount cannot be negative."),
    ("ToleratedFailurePercentage", "number", 100, "ToleratedFailurePercentage must be between 0 and 100."),
)


def _within(state: Document, field: str, expected: str, most: float, text: str) -> Select:
    read = typed(state, field, expected)
    assert read is not None

    def number(raw: Json, scope: Scope) -> Json:
        found: Any = read(raw, scope)
        if not 0 <= found <= most:
            raise EvaluationError(text, field)
        return found  # type: ignore[no-any-return]

    return number
