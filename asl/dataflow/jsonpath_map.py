"""What a Map state has of its own in JSONPath: what it iterates over, and the fields of its map run."""

from __future__ import annotations

from asl import templates
from asl.dataflow.bounds import CONCURRENCY, TOLERANCES, Bound, within
from asl.dataflow.jsonpath_fields import Document, at, integer, path_field, template
from asl.errors import StatesError
from asl.names import RUNTIME
from asl.values import Json, Scope, Select, whole


def items(state: Document, distributed: bool) -> Select:
    """Effective input → what a Map iterates over (ItemsPath): an array, or if it is distributed an object."""
    path = state.get("ItemsPath", "$")
    select = at(path)
    kinds = (list, dict) if distributed else (list,)

    def iterable(value: Json, scope: Scope) -> Json:
        found = select(value, scope)
        if not isinstance(found, kinds):
            # Recorded by TestState alone (state_map_context_object): a path into the context object loses one $.
            shown = path.removeprefix("$") if path.startswith("$$") else path
            raise StatesError(RUNTIME, f'Reference path "{shown}" must point to array.', whole=True)
        return found

    return iterable


def map_input(state: Document) -> Select | None:
    """Raw input → effective input of a Map. Its `Parameters` are the old name of ItemSelector, not these."""
    return path_field(state, "InputPath")


def item_selector(state: Document) -> Select | None:
    """Effective input → an iteration's input; the scope's context holds the item."""
    return template(state, "ItemSelector" if "ItemSelector" in state else "Parameters")


def limit(state: Document) -> Select:
    """Effective input → MaxConcurrency; 0 means no limit of the definition's own."""
    return _within({"MaxConcurrency": 0, **state}, CONCURRENCY)


def map_run(state: Document) -> Select | None:
    """Effective input → what a Map evaluates once it has started, by the names of its fields.

    ToleratedFailureCount and ToleratedFailurePercentage, and of a distributed Map ItemReader, ItemBatcher and
    ResultWriter, with every Path form resolved and `Parameters` under the name Arguments. None where the
    state has none of them.
    """
    parts = {
        bound.field: _within(state, bound)
        for bound in TOLERANCES
        if bound.field in state or f"{bound.field}Path" in state
    }
    parts |= {
        field: _part(state[field])
        for field in ("ItemReader", "ItemBatcher", "ResultWriter")
        if field in state
    }
    return _object(parts) if parts else None


def _within(state: Document, bound: Bound) -> Select:
    read = _number(state, bound.field, "integer" if bound.whole else "float")
    return within(read, bound, lambda text: StatesError(RUNTIME, text))


def _number(holder: Document, field: str, kind: str) -> Select:
    """A number field, or its Path form."""
    path = holder.get(f"{field}Path")
    return _constant(whole(holder.get(field))) if path is None else integer(path, f"{field}Path", kind)


def _part(holder: Document) -> Select:
    """ItemReader, ItemBatcher or ResultWriter."""
    parts: dict[str, Select] = {}
    for field, value in holder.items():
        if field in ("Parameters", "BatchInput"):
            parts[_NEW_NAMES.get(field, field)] = templates.compile(value).select
        elif field.endswith("Path"):
            parts[field.removesuffix("Path")] = integer(value, field)
        else:
            parts[field] = _part(value) if isinstance(value, dict) else _constant(whole(value))
    return _object(parts)


_NEW_NAMES = {"Parameters": "Arguments"}


def _constant(value: Json) -> Select:
    return lambda _, scope: value


def _object(parts: dict[str, Select]) -> Select:
    return lambda value, scope: {field: select(value, scope) for field, select in parts.items()}
