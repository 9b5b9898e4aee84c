"""Between JSON and what botocore takes and gives, led by the shapes of its models."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from asl import times
from asl.errors import StatesError
from asl.values import Json, to_json

Shape: TypeAlias = Any
"""A botocore shape; botocore has no types of its own."""

FieldName: TypeAlias = Callable[[str], str]


class MissingField(Exception):
    """A required field is not there; `path` is its place as the services' validation writes it."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


def request(shape: Shape, value: Json, place: str = "") -> Any:
    """What botocore takes for a JSON value. Raises `MissingField`.

    Fields are found whatever their case. Where the API wants a text, other JSON becomes JSON text (recorded:
    events.putEvents, sfn.startExecution). Where it wants the bytes of a whole body, all JSON does, texts with their
    quotes (recorded: s3.putObject) and null, whose type is that of text where none is given; other bytes are those
    of a text as it is (lambda.invoke, sqs.sendMessage). A boolean may be written as text or as a number. (What is not
    said to be recorded was measured by others, September 2026.)
    """
    kind = shape.type_name
    if value is None or getattr(shape, "is_document_type", False):
        return value
    if kind == "structure" and isinstance(value, dict):
        return _structure(shape, value, place)
    if kind == "list" and isinstance(value, list):
        return [request(shape.member, item, f"{place}.{n + 1}.member") for n, item in enumerate(value)]
    if kind == "map" and isinstance(value, dict):
        return {key: request(shape.value, item, f"{place}.{key}.member") for key, item in value.items()}
    if kind == "string":
        return value if isinstance(value, str) else to_json(value)
    if kind == "blob":
        return (value if isinstance(value, str) and not _is_body(shape) else to_json(value)).encode()
    if kind == "boolean" and not isinstance(value, bool):
        return _boolean(value)
    return value


def _is_body(shape: Shape) -> bool:
    return bool(shape.serialization.get("streaming"))


def _boolean(value: Json) -> Any:
    if isinstance(value, int | float):
        return value != 0
    return (
        {"true": True, "false": False}.get(value.strip().lower(), value) if isinstance(value, str) else value
    )


def _structure(shape: Shape, value: dict[str, Json], place: str) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    made: dict[str, Any] = {}
    for key, item in value.items():
        name = members.get(key.lower())
        if name is None:
            raise StatesError("States.Runtime", f"The field '{key}' is not supported by Step Functions.")
        member = shape.members[name]
        if item is not None:
            made[name] = request(member, item, _below(place, name))
        elif _is_body(member):
            made[name] = to_json(None).encode()
        if _is_body(member) and "ContentType" in shape.members:
            made.setdefault("ContentType", "text/plain; charset=UTF-8")
    for name in shape.required_members:
        made_by_botocore = shape.members[name].metadata.get("idempotencyToken")
        if name not in made and not made_by_botocore:
            raise MissingField(_below(place, name))
    return made


def _below(place: str, name: str) -> str:
    return f"{place}.{name[:1].lower()}{name[1:]}".lstrip(".")


def response(
    shape: Shape, value: Any, field: FieldName, moment: Callable[[datetime], Json], lists: bool
) -> Json:
    """JSON for what botocore gave. `lists`: arrays that the service left out are empty."""
    kind = getattr(shape, "type_name", None)
    if getattr(shape, "is_document_type", False):
        return value  # type: ignore[no-any-return]
    if kind == "structure" and isinstance(value, dict):
        made: dict[str, Json] = {}
        for name, member in shape.members.items():
            if value.get(name) is not None:
                made[field(name)] = response(member, value[name], field, moment, lists)
            elif lists and member.type_name == "list":
                made[field(name)] = []
        return made
    if kind == "list":
        return [response(shape.member, item, field, moment, lists) for item in value]
    if kind == "map":
        return {key: response(shape.value, item, field, moment, lists) for key, item in value.items()}
    if isinstance(value, datetime):
        return moment(value)
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value))
    return value  # type: ignore[no-any-return]


def _text(data: bytes) -> str:
    """Bytes as text; those that are none in base64."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()


def milliseconds(moment: datetime) -> int:
    """A time as the optimised integrations show it."""
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


def timestamp(moment: datetime) -> str:
    """A time as the SDK integrations show it."""
    return times.text(milliseconds(moment))
