"""Who runs the chunks of a map run. Anything with these few methods can: here, in other processes, elsewhere.

Chunks may come back in any order, and a chunk may be run more than once (where a worker died); each is given
back once. A chunk is plain data, and so is what comes back.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from asl.distributed.children import Chunk, Results, Work


class Executor(Protocol):
    """Runs chunks. `capacity` is how many may be under way; `size` how many children a chunk should have."""

    capacity: int
    size: int

    def submit(self, chunk: Chunk) -> None:
        """Have the chunk run."""

    def next(self) -> tuple[int, Results]:
        """Wait for a chunk to be done: its number, and how its children ended."""

    def close(self) -> None:
        """No more chunks come, and those under way are of no use."""


class Here:
    """Runs each chunk at once, in this process."""

    capacity = 1
    size = 100

    def __init__(self, work: Work) -> None:
        self._work = work
        self._done: deque[tuple[int, Results]] = deque()

    def submit(self, chunk: Chunk) -> None:
        """Run it."""
        self._done.append((chunk.number, self._work.run(chunk)))

    def next(self) -> tuple[int, Results]:
        """What was run."""
        return self._done.popleft()

    def close(self) -> None:
        """Nothing is under way."""
        self._done.clear()
