"""Time and memory from a thousand transitions to a million, with the quotas lifted: both must stay linear.

`python -m benchmarks.scaling W2 10000` runs one size and prints its numbers; `grow` runs each in a process of
its own, since a process never gives back what it once had.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from dataclasses import asdict, dataclass

import asl
from benchmarks.workloads import make

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SHAPES = ("W2", "W3")
"""A loop in one frame, and a Map with a frame for each item."""

LIFTED = asl.Quotas(payload=None, events=None)


@dataclass(frozen=True)
class Point:
    """One size: seconds of the process for a run, and the most bytes that it held at a time."""

    transitions: int
    seconds: float
    bytes: int

    @property
    def microseconds(self) -> float:
        """Time per transition."""
        return self.seconds / self.transitions * 1e6

    @property
    def bytes_each(self) -> float:
        """Memory per transition."""
        return self.bytes / self.transitions


def run(id: str, transitions: int) -> Point:
    """Run a workload at a size of about so many transitions: once or more for the time, then for the memory."""
    full = make(id).transitions
    workload = make(id, transitions / full)
    machine = asl.load(workload.definition)
    best = float("inf")
    for _ in range(3 if transitions < 500_000 else 1):
        start = time.process_time()
        result = machine.run(workload.input, quotas=LIFTED)
        best = min(best, time.process_time() - start)
        assert result.output == workload.output, (result.status, result.error, result.cause)
        del result
    tracemalloc.start()
    machine.run(workload.input, quotas=LIFTED)
    _, peak = tracemalloc.get_traced_memory()
    return Point(workload.transitions, best, peak)


def grow(id: str, sizes: tuple[int, ...] = SIZES) -> list[Point]:
    """The sizes one after the other, each in a process of its own."""
    points = []
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.scaling", id, str(size)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        points.append(Point(**json.loads(said)))
    return points


if __name__ == "__main__":
    print(json.dumps(asdict(run(sys.argv[1], int(sys.argv[2])))))
