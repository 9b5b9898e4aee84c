"""How a run in real time stands: a live display where a person watches, a line for what happens anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click

import asl
from asl.frames import BackingOff, Call, Frame, Joining, MapRun, Sleeping

from .summary import depth, seconds

Show = Callable[[asl.Execution], None]


@contextmanager
def shown(quiet: bool) -> Iterator[Show]:
    """What to call with the execution whenever something may have happened."""
    if quiet:
        yield lambda execution: None
    elif sys.stderr.isatty():
        from . import render

        with render.live(standing) as show:
            yield show
    else:
        yield Lines()


class Standing(NamedTuple):
    """A line of control that waits: its state, for how many milliseconds, and for what.

    `done` and `total` count the iterations of a Map, or the branches of a Parallel.
    """

    depth: int
    state: str
    elapsed: int
    what: str
    done: int = 0
    total: int = 0


def standing(execution: asl.Execution, now: int) -> list[Standing]:
    """What the execution waits for at this time, outer states before those within them."""
    frames = sorted(execution.frames, key=lambda frame: _steps(frame.path))
    entered = {frame: execution.history[frame.entered - 1].at for frame in frames if frame.wait is not None}
    return [_standing(frame, now, at) for frame, at in entered.items()]


def _standing(frame: Frame, now: int, entered_at: int) -> Standing:
    around, elapsed, wait = depth(frame.path), now - entered_at, frame.wait
    if isinstance(wait, Joining):
        total = len(wait.results)
        started = wait.started if wait.items else total
        return Standing(around, frame.state, elapsed, "", started - len(wait.active), total)
    tries = sum(frame.tries.values())
    retry = f"retry {tries}" if tries else ""
    if isinstance(wait, Sleeping):
        said = f"waits, {seconds(max(0, (wait.due or now) - now))} to go"
    elif isinstance(wait, BackingOff):
        said = f"{retry} in {seconds(max(0, (wait.due or now) - now))}"
    else:
        assert isinstance(wait, Call)
        said = "map run" if isinstance(wait, MapRun) else " ".join(filter(None, (wait.resource, retry)))
    return Standing(around, frame.state, elapsed, said)


def _steps(path: str) -> list[tuple[int, str]]:
    """A path for sorting: `/Each/9` comes before `/Each/10`."""
    return [(int(step), "") if step.isdigit() else (-1, step) for step in path.strip("/").split("/")]


class Lines:
    """A line for each state that is entered or left, and for what goes wrong within it."""

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, execution: asl.Execution) -> None:
        history = execution.history
        for event in history[self._told :]:
            said = _said(event)
            if said is not None:
                click.echo(f"{seconds(event.at - history[0].at):>8}  {_place(event)}{said}", err=True)
        self._told = len(history)


def _said(event: asl.Event) -> str | None:
    kind = event.type
    if kind.endswith("StateEntered"):
        return f"{event.name}: entered"
    if kind.endswith("StateExited"):
        return f"{event.name}: done"
    if kind.endswith(("Failed", "TimedOut")) and not kind.startswith(
        ("Execution", "MapState", "ParallelState")
    ):
        details = event.details()
        error = ": ".join(str(details[key]) for key in ("error", "cause") if key in details)
        return f"{kind}{' ' + error if error else ''}"
    return None


def _place(event: asl.Event) -> str:
    return "" if event.path == "/" else f"{event.path} "
