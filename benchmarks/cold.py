"""Cold start: a process that runs Hello World by the command line, against Python that does nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HELLO_WORLD = Path(__file__).parent.parent / "fixtures" / "hello-world.asl.json"

NOTHING, IMPORT, RUN = "python -c pass", "python -c 'import asl'", "asl run"


@dataclass(frozen=True)
class Start:
    """Seconds from the start of a process to its end, by what it does: a sample for each round."""

    seconds: dict[str, list[float]]

    def ratio(self, name: str) -> float:
        """How many times as long as Python alone: the median over the rounds."""
        pairs = zip(self.seconds[name], self.seconds[NOTHING], strict=True)
        return median(a / b for a, b in pairs)


def commands(machine: Path = HELLO_WORLD) -> dict[str, list[str]]:
    """What is started; `asl run` by the script that is installed beside this Python."""
    script = Path(sys.executable).parent / "asl"
    run = [str(script), "run", str(machine), "--input", '{"IsHelloWorldExample": true}', "--quiet"]
    return {
        NOTHING: [sys.executable, "-c", "pass"],
        IMPORT: [sys.executable, "-c", "import asl"],
        RUN: run,
    }


def once(command: Sequence[str]) -> float:
    """Seconds that the processor spent on one process; raises `CalledProcessError` where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds: int) -> Start:
    """Start each once a round, after one round that does not count."""
    todo = commands()
    for command in todo.values():
        once(command)
    seconds: dict[str, list[float]] = {name: [] for name in todo}
    for _ in range(rounds):
        for name, command in todo.items():
            seconds[name].append(once(command))
    return Start(seconds)
