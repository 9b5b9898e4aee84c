"""A machine as a tree of lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from asl.graph.marks import Marks
from asl.graph.model import Edge, Machine, State

_SIGNS = {"visited": "✓ ", "caught": "! ", "failed": "✗ ", "stopped": "… ", "partly": "~ "}
"""Before what a run went through, for those who see no colours."""


class Line(NamedTuple):
    """A line of the tree, what is below it, and how its state was marked (or its type, where nothing is)."""

    text: str
    style: str = ""
    notes: str = ""
    below: tuple[Line, ...] = ()


def lines(whole: Machine, marks: Marks | None = None) -> tuple[Line, ...]:
    """The states in the order in which they follow each other, each with where it leads; parts are below it."""
    return tuple(_line(whole, state, marks or {}) for state in _ordered(whole))


def tree(whole: Machine, marks: Marks | None = None) -> str:
    """The tree as plain text."""
    return "".join(f"{line}\n" for line in _drawn(lines(whole, marks), ""))


def _drawn(found: tuple[Line, ...], indent: str) -> Iterator[str]:
    for line in found:
        last = line is found[-1]
        yield f"{indent}{'└─' if last else '├─'} {line.text}{line.notes and f'  [{line.notes}]'}"
        yield from _drawn(line.below, indent + ("   " if last else "│  "))


def _ordered(part: Machine) -> list[State]:
    """Depth first from the start, so that what follows a state stands below it; then what is never reached."""
    states = {state.name: state for state in part.states}
    found: dict[str, State] = {}
    waiting = [*reversed(states), part.start]
    while waiting:
        name = waiting.pop()
        if name in states and name not in found:
            found[name] = states[name]
            waiting += [edge.target for edge in reversed(states[name].edges)]
    return list(found.values())


def _line(part: Machine, state: State, marks: Marks) -> Line:
    mark = marks.get((part.address, state.name))
    only = state.edges[0] if len(state.edges) == 1 and state.edges[0].field == "Next" else None
    sign = _SIGNS.get(mark.style, "") if mark else ""
    text = f"{sign}{_shown(state.name)} ({_shown(state.type)})"
    if only:
        text += f" → {_shown(only.target)}"
    elif state.ends and state.type not in ("Succeed", "Fail"):
        text += " ■"
    notes = ", ".join(_shown(note) for note in (state.does, *state.notes, mark.note if mark else "") if note)
    below = [_edge(part, state, edge, marks) for edge in state.edges if edge is not only]
    for index, branch in enumerate(state.parts):
        below.append(Line(state.title(index), "part", "", lines(branch, marks)))
    style = mark.style if mark else "missed" if marks else state.type
    return Line(text, style, notes, tuple(below))


def _edge(part: Machine, state: State, edge: Edge, marks: Marks) -> Line:
    mark = marks.get((part.address, state.name, edge.field))
    label = f"{_shown(edge.label)} " if edge.label else ""
    return Line(
        f"{_SIGNS.get(mark.style, '') if mark else ''}{label}→ {_shown(edge.target)}",
        mark.style if mark else "missed" if marks else "edge",
        mark.note if mark else "",
    )


def _shown(text: str) -> str:
    """Text that moves no cursor and breaks no line."""
    return "".join(character if character.isprintable() else "�" for character in text)
