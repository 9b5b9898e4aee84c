"""How things are drawn: the colours of types and marks, the lines of text in a state."""

from __future__ import annotations

from asl.graph.marks import Mark, Marks
from asl.graph.model import Key, State


def _look(fill: str, line: str, text: str = "#1b1f24") -> dict[str, str]:
    return {"fillcolor": fill, "color": line, "fontcolor": text}


STATES = {
    "Task": _look("#eef4ff", "#5b7fc7"),
    "Choice": _look("#fff8e1", "#c79a2b"),
    "Parallel": _look("#f3eefc", "#8a63c7"),
    "Map": _look("#f3eefc", "#8a63c7"),
    "Wait": _look("#f0f2f4", "#7d8793"),
    "Pass": _look("#f7f8f9", "#9aa4af"),
    "Succeed": _look("#e8f6ec", "#3d9a5b"),
    "Fail": _look("#fdecec", "#c94b4b"),
    "?": _look("#ffffff", "#d1242f", "#d1242f"),
    "visited": _look("#d9f2e1", "#2c8a4b"),
    "caught": _look("#fff0cf", "#c98a00"),
    "partly": _look("#fff0cf", "#c98a00"),
    "failed": _look("#ffd7d5", "#cf222e"),
    "stopped": _look("#e6e9ec", "#57606a"),
    "missed": _look("#ffffff", "#c3c9d0", "#8b949e"),
}
"""The colours of states, by the style of their mark or, where nothing is marked, by their type."""

EDGES = {
    "": "#57606a",
    "visited": "#2c8a4b",
    "caught": "#c98a00",
    "partly": "#c98a00",
    "failed": "#cf222e",
    "stopped": "#57606a",
    "missed": "#c3c9d0",
}
"""The colours of edges, by the style of their mark."""


def state_style(kind: str, key: Key, marks: Marks) -> str:
    """The entry of `STATES` for a state, or a style of the caller's own. Beside marks, what has none was missed."""
    if key in marks:
        return marks[key].style
    return "missed" if marks else kind if kind in STATES else "?"


def state_look(style: str) -> dict[str, str]:
    """The colours of a state; one with a style of the caller's own has those of a Pass state."""
    return STATES.get(style, STATES["Pass"])


def edge_style(key: Key, marks: Marks) -> str:
    """The entry of `EDGES` for an edge, or a style of the caller's own."""
    if key in marks:
        return marks[key].style
    return "missed" if marks else ""


def lines(state: State, mark: Mark | None) -> list[str]:
    """The lines of text in a state: its name, its type, what it does, what became of it."""
    what = f"{state.type} · {state.does}" if state.does else state.type
    return [
        state.name,
        what,
        *state.notes,
        *([mark.note] if mark and mark.note not in ("", state.does) else []),
    ]


def is_plain(character: str) -> bool:
    """Whether a character is one of text in any language, and none that has a meaning in a format."""
    return character.isalnum() and character.isprintable()
