"""Histories in files: what an execution did, to be held against what it does now.

Times are written as they are after the start, and ids that differ from run to run (UUIDs, task tokens) by numbers in
the order in which they come, so that a history changes only where the machine does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asl import recorded, times
from asl.face import Result
from asl.history import Event, History
from asl.testing import durations
from asl.testing.expecting import difference
from asl.testing.runs import Run
from asl.values import Json, same

_DOCUMENTS = ("input", "output", "parameters")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_ID = re.compile(r"\b(?:(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(?P<token>[0-9a-f]{64}))\b")


class Normal:
    """What makes the documents of one history the same in every run."""

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self._ids: dict[str, str] = {}

    def value(self, value: Json) -> Json:
        """The value with its times and ids normalised."""
        if isinstance(value, str):
            return _ID.sub(self._id, _TIME.sub(self._time, value))
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}  # type: ignore[misc]
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def _time(self, found: re.Match[str]) -> str:
        """A time within the execution, after its start; any other is a part of the data."""
        at = times.parse(found[0])
        if at is None or not self.start <= at <= self.end:
            return found[0]
        return f"<start + {durations.text(at - self.start)}>"

    def _id(self, found: re.Match[str]) -> str:
        kind = "uuid" if found["uuid"] else "token"
        number = sum(known.startswith(f"<{kind} ") for known in self._ids.values()) + 1
        return self._ids.setdefault(found[0], f"<{kind} {number}>")


def normal(source: Run | Result | History | Any) -> list[dict[str, Json]]:
    """The events of a history, with their times and ids normalised and their documents as values.

    `source` is a run, a result, a history, or anything that `recorded.read` takes.
    """
    if isinstance(source, Run | Result):
        source = source.history
    history = recorded.read(source).history
    seen = Normal(history[0].at, history[-1].at)
    return [_event(event, seen) for event in history]


def _event(event: Event, seen: Normal) -> dict[str, Json]:
    shown: dict[str, Json] = {
        "id": event.id,
        "previous": event.previous,
        "at": durations.text(event.at - seen.start),
        "type": event.type,
    }
    for key, value in event.details().items():
        if key.endswith("Details"):
            continue
        if key in _DOCUMENTS and isinstance(value, str):
            value = json.loads(value)
        elif key == "assignedVariables":
            value = {name: json.loads(text) for name, text in value.items()}
        shown[key] = seen.value(value)
    return shown


def text(events: list[dict[str, Json]]) -> str:
    """Events as a file has them: JSON, one a line."""
    lines = (json.dumps(event, ensure_ascii=False) for event in events)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def changes(before: list[dict[str, Json]], now: list[dict[str, Json]]) -> str | None:
    """The first event that differs, in a sentence; None where none does."""
    for old, new in zip(before, now, strict=False):
        if same(old, new):
            continue
        if (old["type"], old.get("name")) != (new["type"], new.get("name")):
            return f"event {old['id']} differs: expected {_told(old)}, got {_told(new)}"
        return difference(f"event {old['id']} ({_told(old)})", old, new)
    if len(before) == len(now):
        return None
    if len(before) > len(now):
        return f"event {len(now) + 1} differs: expected {_told(before[len(now)])}, got the end of the history"
    return f"event {len(before) + 1} differs: expected the end of the history, got {_told(now[len(before)])}"


def _told(event: Mapping[str, Any]) -> str:
    name = event.get("name")
    return event["type"] if name is None else f"{event['type']} {name!r}"


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", name).strip("_")


class Snapshots:
    """The snapshots of one test: calling it compares a run with the file, or writes the file with `update`."""

    def __init__(self, folder: Path, name: str, *, update: bool) -> None:
        self.folder = folder
        self.name = _file_name(name)
        self.update = update
        self._taken: set[str] = set()

    def __call__(self, run: Run | Result | History | Any, name: str | None = None) -> None:
        """Compare the run's history with the file. Raises `AssertionError` where it differs, or there is none."""
        __tracebackhide__ = True
        stem = self.name if name is None else f"{self.name}.{_file_name(name)}"
        if stem in self._taken:
            raise AssertionError(
                "this test has another snapshot of that name: give each one, asl_snapshot(run, 'name')"
            )
        self._taken.add(stem)
        file = self.folder / f"{stem}.json"
        now = normal(run)
        if self.update:
            self.folder.mkdir(parents=True, exist_ok=True)
            file.write_text(text(now), encoding="utf-8")
            return
        if not file.exists():
            raise AssertionError(f"there is no snapshot {file}; --asl-update writes it")
        told = changes(json.loads(file.read_text(encoding="utf-8")), now)
        if told is not None:
            lines = [f"{told}", f"  snapshot: {file}; --asl-update takes over what came now"]
            raise AssertionError("\n".join([*lines, *(run.summary() if isinstance(run, Run) else [])]))
