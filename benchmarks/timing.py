"""Times of several programs that do the same work, taken in turn so that a noisy machine hits all alike."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import asl
from benchmarks.floors import LazyRecord, Record, run
from benchmarks.workloads import Workload

Subject = Callable[[], Any]
"""Does the whole work once, and returns what it recorded (which is kept while the clock runs)."""

FLOOR, LAZY, ASL, TEXT = "F2", "F3", "asl", "asl + text"
SAMPLE_SECONDS = 0.03
"""A sample is at least about this long: shorter work is done several times over."""


@dataclass(frozen=True)
class Times:
    """Seconds of one run of the work, by program: a sample for each round, of the process and of the clock."""

    process: Mapping[str, list[float]]
    clock: Mapping[str, list[float]]

    def ratio(self, name: str, *, clock: bool = False) -> float:
        """How many times as long as the floor: the median over the rounds, each by itself."""
        samples = self.clock if clock else self.process
        return median(a / b for a, b in zip(samples[name], samples[FLOOR], strict=True))

    def seconds(self, name: str) -> float:
        """The median of the rounds."""
        return median(self.process[name])


def quotas(workload: Workload) -> asl.Quotas:
    """The service's quotas, but for the number of events where the workload has more than they allow.

    An execution is taken to record six events a transition at most.
    """
    events = 6 * workload.transitions / workload.executions
    return asl.Quotas() if events < 25_000 else asl.Quotas(events=None)


def tasks(workload: Workload) -> dict[str, Callable[[Any], Any]]:
    """The functions that serve the workload's tasks: each gives its constant answer."""

    def constant(answer: Any) -> Callable[[Any], Any]:
        return lambda payload: answer

    return {name: constant(answer) for name, answer in workload.tasks.items()}


def subjects(workload: Workload) -> dict[str, Subject]:
    """The programs for a workload. Each checks nothing: see `outputs`."""
    machine = asl.load(workload.definition)
    inputs = workload.inputs()
    functions = tasks(workload)
    limits = quotas(workload)
    task = next(iter(functions.values()), lambda payload: None)

    def with_record(kind: type[Record]) -> list[Any]:
        kept = []
        for input in inputs:
            record = kind()
            output = run(record, workload, input, task)
            kept.append((record, output))
        return kept

    def with_asl() -> list[Any]:
        return [machine.run(input, tasks=functions, quotas=limits) for input in inputs]

    def with_text() -> list[Any]:
        kept = []
        for input in inputs:
            result = machine.run(input, tasks=functions, quotas=limits)
            kept.append((result, result.history.to_json()))
        return kept

    return {
        FLOOR: lambda: with_record(Record),
        ASL: with_asl,
        TEXT: with_text,
        LAZY: lambda: with_record(LazyRecord),
    }


def outputs(workload: Workload) -> dict[str, Any]:
    """The output of the last execution by each program, all of which must be the workload's."""
    found: dict[str, Any] = {}
    for name, subject in subjects(workload).items():
        last = subject()[-1]
        if name in (FLOOR, LAZY):
            found[name] = last[1]
        else:
            result = last[0] if name == TEXT else last
            found[name] = result.output if result.status == "SUCCEEDED" else (result.error, result.cause)
    return found


def sample(subject: Subject, times: int) -> tuple[float, float]:
    """Seconds a run takes, of the process and of the clock. What a run kept is let go between runs, untimed."""
    gc.collect()
    process = clock = 0.0
    for _ in range(times):
        process_start, clock_start = time.process_time(), time.perf_counter()
        kept = subject()
        clock += time.perf_counter() - clock_start
        process += time.process_time() - process_start
        del kept
    return process / times, clock / times


def measure(programs: Mapping[str, Subject], rounds: int) -> Times:
    """Time each program once a round, after one round that does not count."""
    often = {}
    for name, subject in programs.items():
        subject()
        seconds, _ = sample(subject, 1)
        often[name] = max(1, math.ceil(SAMPLE_SECONDS / max(seconds, 1e-6)))
    process: dict[str, list[float]] = {name: [] for name in programs}
    clock: dict[str, list[float]] = {name: [] for name in programs}
    order = list(programs)
    for _ in range(rounds):
        for name in order:
            used, passed = sample(programs[name], often[name])
            process[name].append(used)
            clock[name].append(passed)
        order.append(order.pop(0))  # nobody is always first
    return Times(process, clock)
