"""The forms in which histories come, brought to one: the service's events as dictionaries, in their order.

GetExecutionHistory's answer as the AWS CLI prints it, as boto3 returns it or as it goes over the wire; a bare
list of events; several pages; newest first; log records of Express executions `[K]`: the fields of those are
known from hearsay (`asl` has no recording of them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

from asl import documents, times
from asl.errors import AslError
from asl.values import type_name

Document: TypeAlias = "dict[str, Any]"


class HistoryError(AslError):
    """What was given is not the history of an execution; the message says where it is wrong."""


def events(source: Any) -> list[Document]:
    """The events of a history, oldest first, with `id`, `previousEventId` and `timestamp` (ms) as integers.

    `source` is a path, JSON text, bytes, an answer of GetExecutionHistory, a list of events, or a list of any
    of these (pages, in any order). Raises `HistoryError`, and `OSError` where a file cannot be read.
    """
    found = [_event(raw, place) for raw, place in _spread(source, "the history")]
    if not found:
        raise HistoryError(f"{_name(source)} has no events")
    return _in_order(found)


def _name(source: Any) -> str:
    """The source in words: its file, where it is one."""
    if isinstance(source, list | tuple) and len(source) == 1:
        source = source[0]
    is_file = isinstance(source, Path) or (isinstance(source, str) and source.lstrip()[:1] not in ("{", "["))
    return str(source) if is_file else "the history"


def _spread(source: Any, place: str) -> Iterable[tuple[Document, str]]:
    """Every event in the source, with the words for its place."""
    if isinstance(source, bytes | bytearray):
        yield from _spread_text(_told(documents.decode, bytes(source), place), place)
    elif isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
        yield from _spread_text(source, place)
    elif isinstance(source, str | Path):
        yield from _spread(Path(source).read_bytes(), str(source))
    elif isinstance(source, dict):
        yield from _spread_object(source, place)
    elif isinstance(source, Sequence):
        for index, item in enumerate(source):
            is_event = isinstance(item, dict) and "events" not in item
            whole = is_event or isinstance(item, str | Path)
            yield from _spread(item, place if whole else f"{place}[{index}]")
    else:
        raise HistoryError(f"{place} is {type(source).__name__}, not the history of an execution")


def _spread_text(text: str, place: str) -> Iterable[tuple[Document, str]]:
    if not text.strip():
        raise HistoryError(f"{place} is empty")
    found = _parsed(text, place)
    yield from _spread_within(found if isinstance(found, list) else [found], place)


def _spread_within(items: list[Any], place: str) -> Iterable[tuple[Document, str]]:
    """The events in the members of a document, which unlike sources are no paths."""
    for item in items:
        if not isinstance(item, dict | list):
            raise HistoryError(f"{place} has no events: {type_name(item)} where {{'events': […]}} should be")
    yield from _spread(items if len(items) != 1 else items[0], place)


def _spread_object(source: Any, place: str) -> Iterable[tuple[Document, str]]:
    if not isinstance(source, dict):
        raise HistoryError(f"{place} has no events: {type(source).__name__} where an object should be")
    if isinstance(source.get("events"), list):
        yield from _spread_within(source["events"], place)
    elif "message" in source and "type" not in source:  # CloudWatch: {"events": [{"message": "{…}", …}]}
        yield from _spread_object(_parsed(str(source["message"]), place), place)
    elif "type" in source and "id" in source:
        yield source, place
    else:
        keys = ", ".join(map(repr, list(source)[:5])) or "nothing"
        raise HistoryError(f"{place} has no events: an object with {keys} where {{'events': […]}} should be")


def _parsed(text: str, place: str) -> Any:
    try:
        return documents.parse(text, place)
    except documents.DocumentError as problem:
        lines = [(line, number) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for line, _ in lines):
            return [_told(documents.parse, line, place, number) for line, number in lines]
        raise HistoryError(str(problem)) from None


def _told(read: Callable[..., Any], *source: Any) -> Any:
    """What `read` gives; what is wrong with the document is wrong with the history."""
    try:
        return read(*source)
    except documents.DocumentError as problem:
        raise HistoryError(str(problem)) from None


_DIGITS = 9  # more than any history has events

_LOG_NAMES = {"previous_event_id": "previousEventId", "event_timestamp": "timestamp"}


def _event(raw: Document, place: str) -> Document:
    event = {_LOG_NAMES.get(key, key): value for key, value in raw.items()}
    where = f"{place}: event {event['id']!r}"
    if not isinstance(event["type"], str):
        raise HistoryError(f"{where} has the type {event['type']!r}, which is no text")
    event["id"] = _number(event["id"], where, "id")
    event["previousEventId"] = _number(event.get("previousEventId") or 0, where, "previousEventId")
    event["timestamp"] = _moment(event.get("timestamp"), where, in_log="event_timestamp" in raw)
    if event["previousEventId"] >= event["id"]:
        raise HistoryError(
            f"{where} comes after event {event['previousEventId']}, which is later than itself"
        )
    return event


def _number(value: Any, where: str, name: str) -> int:
    if isinstance(value, str) and value.isdecimal() and len(value) <= _DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise HistoryError(f"{where}: its {name} is {value!r}, which is no number of an event")
    return value


def _moment(value: Any, where: str, in_log: bool) -> int:
    """A timestamp as milliseconds: seconds since the epoch (milliseconds in log records), text, or a datetime."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, str):
        found = times.parse(value.replace(" ", "T", 1))
        if found is not None:
            return found
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, float) and not isfinite(value):
        value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise HistoryError(f"{where} has no timestamp that can be read")
    return round(value) if in_log else round(value * 1000)


def _in_order(found: list[Document]) -> list[Document]:
    by_id: dict[int, Document] = {}
    for event in found:
        other = by_id.setdefault(event["id"], event)
        if other != event:
            raise HistoryError(
                f"event {event['id']} comes twice: once as {other['type']}, once as {event['type']}; "
                "are these the pages of one execution?"
            )
    missing = next((number for number in range(1, max(by_id) + 1) if number not in by_id), None)
    if missing is not None:
        raise HistoryError(
            f"event {missing} is missing, though there are {len(by_id)} up to event {max(by_id)}: "
            "is a page left out, or is the log level not ALL?"
        )
    return [by_id[number] for number in range(1, len(by_id) + 1)]
