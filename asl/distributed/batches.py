"""ItemBatcher: items gathered into the inputs of fewer children."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl import names
from asl.errors import StatesError
from asl.values import Json, size

LARGEST = 262_144
"""Bytes that a child's input may have; MaxInputBytesPerBatch cannot allow more."""


def batches(batcher: Mapping[str, Any], items: Iterable[Json]) -> Iterator[tuple[int, Json]]:
    """(number of items, child's input) for each batch: `{"BatchInput": …, "Items": […]}`.

    A batch ends where one more item would be too many, or would make the input larger than is allowed; an
    item that is too large by itself is a batch of its own. Raises States.ItemReaderFailed for a limit that is
    negative.
    """
    count = limit(batcher, "MaxItemsPerBatch", 1 << 62)
    bytes = min(limit(batcher, "MaxInputBytesPerBatch", LARGEST), LARGEST)
    frame: dict[str, Json] = {"Items": []}
    if "BatchInput" in batcher:
        frame = {"BatchInput": batcher["BatchInput"], "Items": []}
    empty = size(frame) - 1  # each item has a comma after it, but the last
    held: list[Json] = []
    total = empty
    for item in items:
        length = size(item) + 1
        if held and (len(held) >= count or total + length > bytes):
            yield len(held), {**frame, "Items": held}
            held, total = [], empty
        held.append(item)
        total += length
    if held:
        yield len(held), {**frame, "Items": held}


def limit(fields: Mapping[str, Any], field: str, default: int) -> int:
    """A limit that a field may set; 0 sets none (recorded: map_item_reader_csv_max_items.0).

    Raises States.ItemReaderFailed for one that is negative.
    """
    found: int = fields.get(field) or default
    if found < 0:
        raise StatesError(names.ITEM_READER_FAILED, f"field {field} must be positive")
    return found
