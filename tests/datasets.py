"""The datasets that the ItemReaders of a machine ask for: files in the folder that stands for all buckets."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asl
from tests.places import MARK
from tests.reads import named

Fields = dict[str, Any]


class Datasets:
    """Learns from a run which object a Map did not find; writes all that are known, with items from `make(map)`."""

    def __init__(self, definition: Fields) -> None:
        self._readers = {
            name: state["ItemReader"] for name, state in named(definition) if "ItemReader" in state
        }
        self._wanted: dict[tuple[str, str], str] = {}

    def learn(self, result: asl.Result) -> bool:
        """Whether there was an object that is not known yet."""
        cause = (
            "\n".join(event.more for event in result.history if event.type == "MapRunFailed")
            or result.cause
            or ""
        )
        object_ = re.search(r"key does not exist: '(.*)' in .*/([^/\n]*)", cause)
        bucket = re.search(r"there is no folder .*/([^/\n]*)", cause)
        if object_ is None and bucket is None:
            return False
        place = (object_[2], object_[1]) if object_ else (bucket[1], "text") if bucket else ("", "")
        entered = [visit.state for visit in result.visits if visit.state in self._readers]
        entered += [
            event.name
            for record in result.map_runs
            for child in record.children
            for event in child.history
            if event.type == "MapStateEntered"
        ]
        before = len(self._wanted)
        self._wanted.setdefault(place, entered[-1])
        return len(self._wanted) > before

    def write(self, folder: Path, make: Callable[[str], Any]) -> None:
        """The objects, as files."""
        for (bucket, key), name in self._wanted.items():
            reader = self._readers[name]
            config = reader.get("ReaderConfig", {})
            items = [make(name) for _ in range(3)]
            _put(folder / bucket / key, _written(config, items, folder / bucket))


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _written(config: Fields, items: list[Any], bucket: Path) -> str:
    kind = config.get("InputType")
    if config.get("ManifestType") == "ATHENA_DATA":
        return ""  # of a table without rows: no file to name
    if kind == "MANIFEST":
        _put(bucket / "inventory.csv", _table(items, list(_columns(items)), header=False))
        return json.dumps({"files": [{"key": "inventory.csv"}], "fileSchema": ", ".join(_columns(items))})
    if kind == "CSV":
        given = config.get("CSVHeaders") if config.get("CSVHeaderLocation") == "GIVEN" else None
        return _table(items, given or list(_columns(items)), header=given is None)
    if kind == "JSONL":
        return "".join(json.dumps(item) + "\n" for item in items)
    document: Any = items
    for name in reversed((config.get("ItemsPointer") or "").split("/")[1:]):
        document = {name: document}
    return json.dumps(document)


def _columns(items: list[Any]) -> dict[str, None]:
    return {name: None for item in items for name in item} | {MARK: None}


def _table(items: list[Any], columns: list[str], header: bool) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(items)
    return text.getvalue()
