"""Run the benchmarks.

    python -m benchmarks [--json FILE] [--scale S] [--only W1,W2] [--rounds N]

Each workload is run by asl with the history recorded, by asl with the history written as JSON text too, and
by the floors F2 and F3 (`benchmarks.floors`), in turn, in this one process; the table shows medians, as
times the floor F2. Then how time and memory grow, and the cold start, unless --only leaves them out (they are
called `scaling` and `cold`). Exit 1 where a program gives a wrong output; speed decides nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import cold, report, scaling, timing
from benchmarks.workloads import WORKLOADS, make

PARTS = (*WORKLOADS, "scaling", "cold")


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to a file")
    parser.add_argument("--scale", type=float, default=1.0, help="of the full size of each workload")
    parser.add_argument("--only", metavar="W1,W2", help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    parts = options.only.split(",") if options.only else PARTS
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    found: dict[str, Any] = {"python": platform.python_version(), "scale": options.scale, "workloads": []}
    wrong = 0
    for id in (part for part in parts if part in WORKLOADS):
        workload = make(id, options.scale)
        differ = {
            name: output for name, output in timing.outputs(workload).items() if output != workload.output
        }
        if differ:
            wrong += 1
            print(f"{id}: wrong output: {str(differ)[:300]}", file=sys.stderr)
            continue
        row = report.row(workload, timing.measure(timing.subjects(workload), options.rounds))
        found["workloads"].append(row)
    if found["workloads"]:
        print(report.table(report.HEAD, map(report.cells, found["workloads"])))
    if "scaling" in parts:
        sizes = tuple(size for size in scaling.SIZES if size <= max(1000, options.scale * scaling.SIZES[-1]))
        shapes = {id: scaling.grow(id, sizes) for id in scaling.SHAPES}
        found["scaling"] = {id: [asdict(point) for point in points] for id, points in shapes.items()}
        print("\n" + report.growth(shapes))
    if "cold" in parts:
        start = cold.measure(max(5, options.rounds))
        found["cold"] = start.seconds | {"ratio": {name: start.ratio(name) for name in start.seconds}}
        print("\n" + report.starts(start))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
