"""What the service refuses when a Task is about to start: tasks that leave no event of their own.

Such a Task fails with States.Runtime right after its state was entered (recorded: activities.activity_task_on_deleted,
apigetway_task_service.invoke_with_headers.singleStringHeader).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from asl.states import Target
from asl.values import Json, to_json


def refusal(target: Target, payload: Json, activities: Collection[str] | None) -> str | None:
    """Why the Task cannot start; None where it can. `activities` are those that exist, None: all."""
    if target.kind == "Activity":
        exists = activities is None or target.resource in activities
        return None if exists else f"The activity {target.resource} does not exist."
    fields = _FIELDS.get((target.service or "", (target.action or "").removesuffix(".waitForTaskToken")))
    if fields is None or not isinstance(payload, dict):
        return None
    wrong = [name for name, is_right in fields.items() if name in payload and not is_right(payload[name])]
    if not wrong:
        return None
    said = ", ".join(f"The value of the field '{name}' has an invalid format" for name in wrong)
    return f"The Parameters '{to_json(payload)}' could not be used to start the Task: [{said}]"


def _is_multimap(value: Json) -> bool:
    """Whether it is an object of arrays of text."""
    return isinstance(value, dict) and all(
        isinstance(items, list) and all(item is None or isinstance(item, str) for item in items)
        for items in value.values()
    )


_FIELDS: dict[tuple[str, str], dict[str, Callable[[Json], bool]]] = {
    ("apigateway", "invoke"): {"Headers": _is_multimap, "QueryParameters": _is_multimap},
}
"""The fields of an integration whose format is checked before its Task starts."""
