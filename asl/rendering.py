"""The text of a history: each event as JSON, several times faster than by way of dictionaries.

What surrounds the document of an event is the same in all events of one type and name, and made once. The
documents of a history share most of their parts, by identity: the text of a part is made once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from asl import times
from asl.events import WIDTH, Cells, Event
from asl.values import Json, to_json

_FEW = 32
"""Members of an object or array whose texts are put together; of more the encoder makes the whole text."""

_DEEP = 8
"""Levels to which that is done: what is shared lies near the top."""

_WORTH = 64
"""Characters from which the text of a part is worth keeping: the encoder needs 1 µs for so many."""

_LONG = 1024
"""Characters of a text that was made as a whole from which its parts are tried again."""

_ROOM = 4_000_000
"""Characters that are kept; then all are forgotten."""


def documents() -> Callable[[Json], str]:
    """A function that gives documents as JSON text within JSON text: escaped twice, without quotes around it.

    The documents must live as long as the function, which knows them by their ids. Where no part of one is
    worth keeping, the encoder makes its text. Else it is put together from those of its members, most of
    which stand as they were under the same key of an earlier document.
    """
    known: dict[int, str] = {}
    members: dict[
        str, tuple[Json, str, str]
    ] = {}  # by key: the last value, its text with the key, the key's text
    plain: set[str] = set()  # the keys under which stands nothing that is worth keeping
    room = _ROOM

    def text_of(value: Any, depth: int = 0) -> str:
        # One function with its inner calls written out: it is half of what a history costs to write.
        nonlocal room
        text = known.get(id(value))
        if text is not None:
            return text
        kind = type(value)
        if kind is dict and not plain.issuperset(value) and len(value) <= _FEW and depth < _DEEP:
            texts = []
            for key, part in value.items():
                last = members.get(key)
                if last is not None and last[0] is part:
                    texts.append(last[1])
                    continue
                named = _escaped(key) + ":" if last is None else last[2]
                if key in plain:
                    text = _escaped(part)
                else:
                    text = text_of(part, depth + 1)
                    if len(text) < _WORTH:
                        plain.add(key)
                text = named + text
                members[key] = part, text, named
                texts.append(text)
            text = "{" + ",".join(texts) + "}"
        elif (
            kind is list and len(value) <= _FEW and depth < _DEEP and any(id(part) in known for part in value)
        ):
            text = "[" + ",".join([text_of(part, depth + 1) for part in value]) + "]"
        else:
            text = _escaped(value)
            if kind is not dict and kind is not list:
                return text
            if kind is dict and len(text) > _LONG:
                plain.difference_update(value)
        if depth == 0 or len(text) >= _WORTH:
            room -= len(text)
            if room < 0:
                known.clear()
                members.clear()
                room = _ROOM
            known[id(value)] = text
        return text

    return text_of


def _escaped(value: Json) -> str:
    return encode_basestring(to_json(value))[1:-1]


_INPUT, _OUTPUT, _DOCUMENT, _NUMBER, _NOTHING = "input", "output", "document", "number", "nothing"
_STATES = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
_DATA = {
    **{f"{state}StateEntered": _INPUT for state in _STATES},
    **{f"{state}StateExited": _OUTPUT for state in _STATES},
    "ExecutionStarted": _DOCUMENT,
    "ExecutionSucceeded": _DOCUMENT,
    "LambdaFunctionScheduled": _DOCUMENT,
    "LambdaFunctionStarted": _NOTHING,
    "LambdaFunctionSucceeded": _DOCUMENT,
    "ActivityScheduled": _DOCUMENT,
    "ActivitySucceeded": _DOCUMENT,
    "TaskScheduled": _DOCUMENT,
    "TaskStarted": _NOTHING,
    "TaskSubmitted": _DOCUMENT,
    "TaskSucceeded": _DOCUMENT,
    "ParallelStateStarted": _NOTHING,
    "ParallelStateSucceeded": _NOTHING,
    "MapStateStarted": _NUMBER,
    "MapIterationStarted": _NUMBER,
    "MapIterationSucceeded": _NUMBER,
    "MapStateSucceeded": _NOTHING,
}
"""What the data is in the types of events that are frequent."""

_MARK = "\ue000data\ue001"


def rendered(cells: Cells, document: Callable[[Json], str], first: int = 1) -> list[str]:
    """The events in the cells as JSON text, each as `Event.to_dict` has it; `first` is the id of the first."""
    texts: list[str] = []
    instant, stamp = None, ""
    last: Any = rendered  # no document
    text = ""
    rows = [iter(cells)] * WIDTH
    for number, (kind, at, previous, _, name, data, more) in enumerate(zip(*rows, strict=True), first):
        if at != instant:
            instant, stamp = at, f'{{"timestamp":"{times.cli_text(at)}","type":"'
        what = _DATA.get(kind)
        if what is _INPUT:
            if data is not last:
                last, text = data, document(data)
            texts.append(
                f'{stamp}{kind}","id":{number},"previousEventId":{previous}'
                f',"stateEnteredEventDetails":{{"name":{encode_basestring(name)},"input":"{text}"'
                ',"inputDetails":{"truncated":false}}}'
            )
        elif what is _OUTPUT:
            if data is not last:
                last, text = data, document(data)
            assigned = "" if more is None else _assigned(more, document)
            texts.append(
                f'{stamp}{kind}","id":{number},"previousEventId":{previous}'
                f',"stateExitedEventDetails":{{"name":{encode_basestring(name)},"output":"{text}"'
                f',"outputDetails":{{"truncated":false}}{assigned}}}}}'
            )
        elif what is not None and more is None:
            before, after = _around(kind, name)
            shown = document(data) if what is _DOCUMENT else data if what is _NUMBER else ""
            texts.append(f'{stamp}{kind}","id":{number},"previousEventId":{previous}{before}{shown}{after}')
        else:
            rest = _rest(Event(number, kind, at, previous, "", name, data, more))
            texts.append(f'{stamp}{kind}","id":{number},"previousEventId":{previous}{rest}')
    return texts


def _assigned(variables: dict[str, Json], document: Callable[[Json], str]) -> str:
    shown = ",".join([f'{encode_basestring(key)}:"{document(value)}"' for key, value in variables.items()])
    return f',"assignedVariables":{{{shown}}},"assignedVariablesDetails":{{"truncated":false}}'


@lru_cache(maxsize=1024)
def _around(kind: str, name: Any) -> tuple[str, str]:
    """The text of such an event from its details on, before and after its data."""
    data = None if _DATA[kind] is _NOTHING else _MARK
    text = _rest(Event(0, kind, 0, 0, "", name, data, None))
    mark = f'\\"{_MARK}\\"' if _DATA[kind] is _DOCUMENT else f'"{_MARK}"'
    before, _, after = text.partition(mark)
    return before, after


def _rest(event: Event) -> str:
    """The text of an event after `previousEventId`."""
    shown = event.to_dict()
    details = {key: value for key, value in shown.items() if key == event.details_key}
    return "," + to_json(details)[1:] if details else "}"
