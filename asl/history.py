"""The record of an execution: cheap to write, rendered as GetExecutionHistory when somebody reads it.

Seven cells an event lie flat in one list, so that recording allocates no object that the garbage collector
has to visit, and documents are kept by reference. JSON text, ISO timestamps and the service's field names
come into being in `to_dict`, `to_json` and `Event.details`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from asl.events import WIDTH, Cells, Event
from asl.rendering import rendered

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Event", "History"]

_AT_A_TIME = 1000
"""Events that are written to a file at a time."""


class History(Sequence[Event]):
    """The events of an execution, oldest first, as a sequence of `Event` made on demand."""

    __slots__ = ("cells",)

    def __init__(self, cells: Cells | None = None) -> None:
        self.cells: Cells = [] if cells is None else cells

    def __len__(self) -> int:
        return len(self.cells) // WIDTH

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return Event(place + 1, *self.cells[place * WIDTH : (place + 1) * WIDTH])

    def __iter__(self) -> Iterator[Event]:
        rows = [iter(self.cells)] * WIDTH
        return (Event(*row) for row in zip(range(1, len(self) + 1), *rows, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The whole history in the shape of `aws stepfunctions get-execution-history`."""
        return {"events": [event.to_dict() for event in self]}

    def to_json(self) -> str:
        """The text of `to_dict()`, compact; several times faster than by way of the dictionaries."""
        return "".join(['{"events":[', *rendered(self.cells), "]}"])

    def save(self, path: str | Path) -> None:
        """Write the history to a file, one event a line, as `get-execution-history` would give it.

        Raises `OSError` when the file cannot be written.
        """
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write('{"events": [\n')
            for start in range(0, len(self), _AT_A_TIME):
                cells = self.cells[start * WIDTH : (start + _AT_A_TIME) * WIDTH]
                file.write(",\n" if start else "")
                file.write("".join(rendered(cells, start + 1, ",\n")))
            file.write("\n]}\n")
