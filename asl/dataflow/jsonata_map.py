"""What a Map state has of its own in JSONata: what it iterates over, and the fields of its map run."""

from __future__ import annotations

from asl.dataflow.bounds import CONCURRENCY, TOLERANCES, Bound, within
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
    return _within({"MaxConcurrency": 0, **state}, CONCURRENCY)


def map_run(state: Document) -> Select | None:
    """Raw input → what a Map evaluates once it has started, by the names of its fields.

    ToleratedFailureCount and ToleratedFailurePercentage, and of a distributed Map ItemReader, ItemBatcher and
    ResultWriter. None where the state has none of them.
    """
    parts: dict[str, Select] = {
        bound.field: _within(state, bound) for bound in TOLERANCES if bound.field in state
    }
    for field in ("ItemReader", "ItemBatcher", "ResultWriter"):
        select = of_input(state, field)
        if select is not None:
            parts[field] = select
    if not parts:
        return None
    return lambda raw, scope: {field: select(raw, scope) for field, select in parts.items()}


def _within(state: Document, bound: Bound) -> Select:
    read = typed(state, bound.field, "integer" if bound.whole else "number")
    assert read is not None
    return within(read, bound, lambda text: EvaluationError(text, bound.field))
