"""What measuring coverage costs, on the workloads.

    python -m benchmarks.coverage [--rounds N] [--scale S]

Three programs in turn: asl; asl with coverage; asl with coverage for which no run goes the way of the last one,
as it does where every test goes a way of its own. Medians over the rounds of the time of the process, in percent above
asl alone. Off, coverage is not there at all.
"""

from __future__ import annotations

import argparse
import gc
import math
import time
from contextlib import AbstractContextManager, nullcontext
from statistics import median

from asl.history import History
from asl.program import Program
from asl.testing.coverage import Coverage
from benchmarks import report, timing
from benchmarks.timing import ASL, SAMPLE_SECONDS, Subject
from benchmarks.workloads import WORKLOADS, make

SAME, OTHER = "coverage", "every way another"


class Forgetful(Coverage):
    """Coverage that does not know the way of the last run."""

    def add(self, program: Program, history: History) -> None:
        """Take in a run as if it were the first of its kind."""
        for machine in self.machines.values():
            machine._names = []
        super().add(program, history)


def sample(subject: Subject, times: int, watching: AbstractContextManager[None]) -> float:
    """Seconds of the process that a run takes. It is watched from before the clock starts, as in a session of tests."""
    with watching:
        subject()
        gc.collect()
        start = time.process_time()
        for _ in range(times):
            subject()
        return (time.process_time() - start) / times


def measure(id: str, scale: float, rounds: int) -> dict[str, list[float]]:
    """Samples of each program."""
    subject = timing.subjects(make(id, scale))[ASL]
    coverage = {SAME: Coverage(), OTHER: Forgetful()}
    often = max(1, math.ceil(SAMPLE_SECONDS / max(sample(subject, 1, nullcontext()), 1e-6)))
    found: dict[str, list[float]] = {ASL: [], SAME: [], OTHER: []}
    order = list(found)
    for _ in range(rounds):
        for name in order:
            watching = coverage[name].watching() if name in coverage else nullcontext()
            found[name].append(sample(subject, often, watching))
        order.append(order.pop(0))  # nobody is always first
    return found


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args(arguments)
    rows = []
    for id in WORKLOADS:
        found = measure(id, options.scale, options.rounds)
        above = [f"{100 * (_ratio(found[name], found[ASL]) - 1):+.1f} %" for name in (SAME, OTHER)]
        rows.append([id, make(id, options.scale).title, *above])
    print(report.table(["", "what", SAME, OTHER], rows))


def _ratio(samples: list[float], floor: list[float]) -> float:
    return median(a / b for a, b in zip(samples, floor, strict=True))


if __name__ == "__main__":
    main()
