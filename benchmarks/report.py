"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.cold import NOTHING, Start
from benchmarks.scaling import Point
from benchmarks.timing import ASL, FLOOR, LAZY, TEXT, Times
from benchmarks.workloads import Workload

BARS = {ASL: 1.3, TEXT: 2.5}
"""The most that asl may take, as times the floor F2: with the history recorded, and written as text too."""
JSONATA_BAR = 3.0
"""The same for the workload in JSONata, with the history recorded."""
COLD_BAR = 6.0
"""The most that `asl run` of Hello World may take, as times Python that does nothing."""

HEAD = ("", "what", "transitions", "F2 µs", "asl µs", "per second", "asl/F2", "text/F2", "F3/F2")


def bar(workload: str, subject: str) -> float | None:
    """The bar for a program on a workload; None where there is none."""
    if workload == "W6":
        return JSONATA_BAR if subject == ASL else None
    return BARS[subject]


def row(workload: Workload, times: Times) -> dict[str, Any]:
    """The numbers of one workload."""
    each = 1e6 / workload.transitions
    return {
        "id": workload.id,
        "title": workload.title,
        "transitions": workload.transitions,
        "us_per_transition": {name: times.seconds(name) * each for name in times.process},
        "transitions_per_second": workload.transitions / times.seconds(ASL),
        "ratio": {name: times.ratio(name) for name in times.process},
        "ratio_by_clock": {name: times.ratio(name, clock=True) for name in times.process},
        "bar": {name: bar(workload.id, name) for name in BARS},
        "samples": {"process": times.process, "clock": times.clock},
    }


def cells(row: Mapping[str, Any]) -> list[str]:
    """A line of the table. A ratio over its bar is marked with `!`."""
    each, ratio = row["us_per_transition"], row["ratio"]

    def judged(name: str) -> str:
        most = row["bar"][name]
        return f"{ratio[name]:.2f}" + ("!" if most is not None and ratio[name] > most else " ")

    return [
        row["id"],
        row["title"],
        f"{row['transitions']:,}",
        f"{each[FLOOR]:.2f}",
        f"{each[ASL]:.2f}",
        f"{row['transitions_per_second']:,.0f}",
        judged(ASL),
        judged(TEXT),
        f"{ratio[LAZY]:.2f}",
    ]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they must be; all but the first two are numbers, set to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = []
    for line in lines:
        parts = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        shown.append("  ".join(parts).rstrip())
    return "\n".join(shown)


def growth(shapes: Mapping[str, Sequence[Point]]) -> str:
    """The table of `scaling`."""
    rows = [
        [id, "", f"{point.transitions:,}", f"{point.microseconds:.2f}", f"{point.bytes_each:.0f}"]
        for id, points in shapes.items()
        for point in points
    ]
    return table(("", "", "transitions", "µs each", "bytes each"), rows)


def starts(start: Start) -> str:
    """The table of `cold`."""
    rows = [
        [name, "", f"{1000 * sorted(samples)[len(samples) // 2]:.0f}", f"{start.ratio(name):.1f}"]
        for name, samples in start.seconds.items()
        if name != NOTHING
    ]
    return table((f"cold start against {NOTHING}", "", "ms", "times"), rows)
