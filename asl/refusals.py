"""What the service refuses when a Task is about to start: tasks that leave no event of their own.

Such a Task fails with States.Runtime right after its state was entered (recorded: activities.activity_task_on_deleted,
apigetway_task_service.invoke_with_headers.singleStringHeader; of HTTP Tasks measured by others, September 2026).
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
    fields = _FIELDS.get(target.api)
    if fields is None or not isinstance(payload, dict):
        return None
    told = [wrong(name, payload[name]) for name, wrong in fields.items() if name in payload]
    said = ", ".join(filter(None, told))
    return (
        f"The Parameters '{to_json(payload)}' could not be used to start the Task: [{said}]" if said else None
    )


def _multimap(field: str, value: Json) -> str | None:
    """What is wrong with what should be an object of arrays of text."""
    is_right = isinstance(value, dict) and all(
        isinstance(items, list) and all(item is None or isinstance(item, str) for item in items)
        for items in value.values()
    )
    return None if is_right else f"The value of the field '{field}' has an invalid format"


# fmt: off
_SERVICE_S = frozenset({
    "a-im", "accept-charset", "accept-datetime", "accept-encoding", "authorization",
    "cache-control", "connection", "content-encoding", "content-md5", "date", "expect", "forwarded",
    "from", "host", "http2-settings", "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "max-forwards", "origin", "pragma", "proxy-authorization", "referer",
    "server", "te", "trailer", "transfer-encoding", "upgrade", "via", "warning",
})
# fmt: on
_SERVICE_S_STARTS = ("x-forwarded-", "x-amz-", "x-amzn-")


def unsupported_headers(field: str, value: Json) -> str | None:
    """What is wrong with the headers of an HTTP Task: those that only the service may set."""
    names = map(str.lower, value) if isinstance(value, dict) else ()
    found = [name for name in names if name in _SERVICE_S or name.startswith(_SERVICE_S_STARTS)]
    return f"The '{field}' field contains unsupported values: [{', '.join(found)}]" if found else None


_FIELDS: dict[tuple[str, str], dict[str, Callable[[str, Json], str | None]]] = {
    ("apigateway", "invoke"): {"Headers": _multimap, "QueryParameters": _multimap},
    ("http", "invoke"): {"Headers": unsupported_headers},
}
"""The fields of an integration whose format is checked before its Task starts."""
