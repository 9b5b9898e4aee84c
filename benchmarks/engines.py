"""The expressions of W6, evaluated by asl and by the other JSONata engines that are installed, in one run.

    python -m benchmarks.engines [--rounds N]

Install what is to be measured beside asl (`pip install jsonata-python jsonatapy jsonata2py`); what is absent
is left out. Each engine is given the expression compiled, and the variables by reference, as a state would.
The table shows microseconds for the four expressions of one turn, and the ratio to asl.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.workloads import make

Turn = Callable[[], list[Any]]
"""Evaluates the expressions of one turn, and returns their values."""

TURNS = 50


def turn() -> tuple[list[str], dict[str, Any]]:
    """The expressions that the loop of W6 assigns, and the variables that they read."""
    workload = make("W6", 0.01)
    states = workload.definition["States"]
    expressions = [text[2:-2].strip() for text in states["Work"]["Assign"].values()]
    given = {name: value for name, value in states["Init"]["Assign"].items() if name not in workload.input}
    return expressions, {**given, **workload.input}


def by_asl(expressions: list[str], variables: dict[str, Any]) -> Turn:
    """asl's own engine."""
    from asl import jsonata

    compiled = [jsonata.compile(text).evaluate for text in expressions]
    return lambda: [evaluate(jsonata.UNDEFINED, variables, None) for evaluate in compiled]


def by_jsonata_python(expressions: list[str], variables: dict[str, Any]) -> Turn:
    """jsonata-python, in pure Python."""
    import jsonata

    compiled = [jsonata.Jsonata(text) for text in expressions]
    for expression in compiled:
        for name, value in variables.items():
            expression.assign(name, value)
    return lambda: [expression.evaluate(None) for expression in compiled]


def by_jsonatapy(expressions: list[str], variables: dict[str, Any]) -> Turn:
    """jsonatapy, in Rust."""
    import jsonatapy

    compiled = [jsonatapy.compile(text) for text in expressions]
    return lambda: [expression.evaluate(None, variables) for expression in compiled]


def by_jsonata2py(expressions: list[str], variables: dict[str, Any]) -> Turn:
    """jsonata2py, which translates to Python source."""
    import jsonata2py

    compiled = [jsonata2py.compile(text) for text in expressions]
    bound = jsonata2py.JsonataBindings()
    for name, value in variables.items():
        bound = bound.bind_value(name, value)
    return lambda: [expression.evaluate(None, bound) for expression in compiled]


ENGINES: dict[str, Callable[[list[str], dict[str, Any]], Turn]] = {
    "asl": by_asl,
    "jsonata-python": by_jsonata_python,
    "jsonatapy": by_jsonatapy,
    "jsonata2py": by_jsonata2py,
}


def main(arguments: list[str] | None = None) -> int:
    """The command. Exit 1 where an engine gives other values than asl."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engines", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args(arguments).rounds
    expressions, variables = turn()
    engines: dict[str, Turn] = {}
    for name, make_engine in ENGINES.items():
        try:
            engines[name] = make_engine(expressions, variables)
        except ImportError:
            print(f"{name}: not installed")
    right = engines["asl"]()
    wrong = [name for name, evaluate in engines.items() if evaluate() != right]
    for name in wrong:
        print(f"{name}: {engines[name]()} where asl gives {right}", file=sys.stderr)
    samples: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, evaluate in engines.items():
            begun = time.process_time()
            for _ in range(TURNS):
                evaluate()
            samples[name].append((time.process_time() - begun) / TURNS * 1e6)
    for name, times in samples.items():
        ratio = median(a / b for a, b in zip(times, samples["asl"], strict=True))
        print(f"{name:16}{median(times):10.1f} µs{ratio:8.2f} × asl")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
