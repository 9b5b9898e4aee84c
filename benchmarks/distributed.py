"""A distributed Map over rows of CSV: two Pass states each, the results written to files as the service writes them.

    python -m benchmarks.distributed [--rows 10000,100000,1000000] [--workers 0,1,2] [--json FILE]

Each size is a process of its own, since a process never gives back what it once had. For each: rows a second, CPU
microseconds a row of the process and of its workers, and the most memory that the process held, and a worker.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asl

MACHINE: dict[str, Any] = {
    "StartAt": "Rows",
    "States": {
        "Rows": {
            "Type": "Map",
            "Label": "Rows",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                "Parameters": {"Bucket": "data", "Key": "rows.csv"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Mark",
                "States": {
                    "Mark": {
                        "Type": "Pass",
                        "Result": {"seen": True},
                        "ResultPath": "$.mark",
                        "Next": "Done",
                    },
                    "Done": {"Type": "Pass", "End": True},
                },
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "data", "Prefix": "results"},
            },
            "End": True,
        }
    },
}


@dataclass(frozen=True)
class Point:
    """One size. Seconds are of the clock; CPU seconds and bytes of this process and of its workers."""

    rows: int
    workers: int
    seconds: float
    cpu: float
    workers_cpu: float
    bytes: int
    worker_bytes: int

    @property
    def rows_a_second(self) -> float:
        """By the clock."""
        return self.rows / self.seconds


def write_rows(folder: Path, rows: int) -> None:
    """The dataset: short rows of an id, a name, an amount and a town."""
    with (folder / "rows.csv").open("w") as file:
        file.write("id,name,amount,town\n")
        for number in range(rows):
            file.write(f"{number},customer {number},{number * 7 % 1000}.50,Town{number % 97}\n")


def run(folder: Path, rows: int, workers: int) -> Point:
    """Run the machine over the rows in the folder."""
    machine = asl.load(MACHINE)
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    result = machine.run({}, buckets={"data": folder}, workers=workers)
    seconds = time.perf_counter() - start
    assert result.status == "SUCCEEDED", (result.error, result.cause)
    assert result.map_runs[0].items["succeeded"] == rows
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return Point(
        rows,
        workers,
        seconds,
        own.ru_utime + own.ru_stime - before.ru_utime - before.ru_stime,
        others.ru_utime + others.ru_stime,
        own.ru_maxrss * 1024,
        others.ru_maxrss * 1024,
    )


def measure(rows: int, workers: int) -> Point:
    """A size in a process of its own, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder), rows)
        command = [sys.executable, "-m", "benchmarks.distributed", "--one", folder, str(rows), str(workers)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Point(**json.loads(said))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument("--rows", default="10000,100000,1000000")
    parser.add_argument("--workers", default="0,1,2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to a file")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        folder, rows, workers = options.one
        print(json.dumps(asdict(run(Path(folder), int(rows), int(workers)))))
        return
    points = []
    print(f"{'rows':>9} {'workers':>7} {'rows/s':>8} {'µs CPU':>7} {'+ each':>7} {'MB':>5} {'+ each':>6}")
    for rows in map(int, options.rows.split(",")):
        for workers in map(int, options.workers.split(",")):
            point = measure(rows, workers)
            points.append(asdict(point))
            print(
                f"{rows:9,} {workers:7} {point.rows_a_second:8,.0f} {point.cpu / rows * 1e6:7.1f} "
                f"{point.workers_cpu / rows * 1e6:7.1f} {point.bytes / 1e6:5.0f} {point.worker_bytes / 1e6:6.0f}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(points, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
