"""What a run did, laid over the drawing of its machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from asl.graph.model import Key, Machine, State, walk
from asl.history import History
from asl.visits import Visit, visits


class Mark(NamedTuple):
    """How to draw a state or an edge, and a note to write at it.

    `style` is one of `visited`, `caught`, `failed`, `stopped`, `partly`, `missed`, or a CSS class of one's own, which
    the SVG carries for a stylesheet to colour.
    """

    style: str
    note: str = ""


Marks: TypeAlias = Mapping[Key, Mark]


def marks(whole: Machine, history: History) -> Marks:
    """The states and edges that a run went through: how often, how many tries, how long, what failed.

    Times are summed over all visits of a state. Where several edges of a state lead to the same next state, a
    history does not say which was taken: all are marked, those of Catch where an error was, the others where none was.
    """
    states = {(part.address, state.name): state for part, state in walk(whole)}
    found: dict[Key, list[Visit]] = defaultdict(list)
    frames: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits(history):
        address = _address(whole, visit.path)
        if address is not None and (address, visit.state) in states:
            found[address, visit.state].append(visit)
            frames[visit.path].append(visit)
    taken: dict[Key, int] = defaultdict(int)
    for path, way in frames.items():
        for key in _edges(states, str(_address(whole, path)), way):
            taken[key] += 1
    edges = {key: Mark(_taken(key), f"{count}×" if count > 1 else "") for key, count in taken.items()}
    return {**{key: _mark(each) for key, each in found.items()}, **edges}


def _taken(key: Key) -> str:
    return "caught" if key[2].startswith("Catch") else "visited"


def _edges(states: Mapping[tuple[str, str], State], address: str, way: list[Visit]) -> Iterator[Key]:
    """The edges that a frame took, in the order taken."""
    yield address, "", "StartAt"
    for visit, following in pairwise(way):
        leading = [each for each in states[address, visit.state].edges if each.target == following.state]
        fitting = [each for each in leading if each.catches == (visit.error is not None)]
        yield from ((address, visit.state, each.field) for each in fitting or leading)
    last = way[-1]
    if last.exited_at is not None and states[address, last.state].ends:
        yield address, last.state, "End"


def _mark(found: list[Visit]) -> Mark:
    left = [visit for visit in found if visit.exited_at is not None]
    failed = any(visit.error is not None and visit.exited_at is None for visit in found)
    if failed:
        style = "failed"
    elif len(left) < len(found):
        style = "stopped"
    else:
        style = "caught" if any(visit.error is not None for visit in left) else "visited"
    tries = sum(visit.attempts for visit in found)
    parts = [
        f"{len(found)} visits" if len(found) > 1 else "",
        f"{tries} tries" if tries > len(found) else "",
        _time(sum(visit.waited or 0 for visit in left)),
        next((visit.error for visit in found if visit.error and visit.exited_at is None), None) or "",
    ]
    return Mark(style, " · ".join(part for part in parts if part))


def _time(seconds: float) -> str:
    """Seconds as they are read: `340 ms`, `1.2 s`, `5 min 20 s`, `2 h 0 min`; nothing where it took no time."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms" if seconds else ""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _address(whole: Machine, path: str) -> str | None:
    """The address of the machine that a frame runs: `/Each/17/Both/1` runs `/Each/Both/1`.

    None where the machine has no such part. The names of states may have slashes in them, so the states are asked.
    """
    rest = path.rstrip("/")
    if not rest:
        return whole.address
    for state in whole.states:
        start = f"/{state.name}/"
        if not state.parts or not rest.startswith(start):
            continue
        index, slash, below = rest.removeprefix(start).partition("/")
        if not index.isdecimal() or (state.type == "Parallel" and int(index) >= len(state.parts)):
            continue
        part = state.parts[int(index) if state.type == "Parallel" else 0]
        if (found := _address(part, slash + below)) is not None:
            return found
    return None
