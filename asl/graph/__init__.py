"""State machines drawn: as Mermaid, DOT, SVG, HTML or a tree, with a run laid over them where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from asl import source
from asl.graph.dot import dot
from asl.graph.html import html
from asl.graph.marks import Mark, Marks, marks
from asl.graph.mermaid import mermaid
from asl.graph.model import Edge, Key, Machine, State, machine, walk
from asl.graph.svg import LayoutError, svg
from asl.graph.tree import Line, lines, tree
from asl.program import Program
from asl.values import Json

__all__ = [
    "FORMATS",
    "Edge",
    "Key",
    "LayoutError",
    "Line",
    "Machine",
    "Mark",
    "Marks",
    "State",
    "dot",
    "draw",
    "html",
    "lines",
    "machine",
    "marks",
    "mermaid",
    "svg",
    "tree",
    "walk",
]

FORMATS: dict[str, Callable[[Machine, Marks], str]] = {
    "mermaid": mermaid,
    "dot": dot,
    "svg": svg,
    "html": html,
    "tree": tree,
}
"""The formats that `draw` knows."""


def draw(
    definition: str | bytes | Path | Mapping[str, Json] | Program,
    format: str = "svg",
    history: Any = None,
) -> str:
    """The drawing of a definition, which need not be one that can run: a path, text, a dict, or a `Program`.

    `format` is "mermaid", "dot", "svg", "html" or "tree". With a history, in any form that `asl.replay` takes,
    what the run visited is in colour, with how often, how many tries, how long, and what failed.

    Raises `ValueError` for another format, `DefinitionError` for what is no JSON or YAML, `HistoryError` for what is no
    history, `OSError` for a file that cannot be read, `LayoutError` where Graphviz is missing or fails (svg and html).
    """
    if format not in FORMATS:
        raise ValueError(f"{format!r} is not one of the formats {', '.join(FORMATS)}")
    document = definition.definition if isinstance(definition, Program) else source.read(definition).document
    whole = machine(document)
    if history is None:
        return FORMATS[format](whole, {})
    from asl import recorded

    program = definition if isinstance(definition, Program) else None
    return FORMATS[format](whole, marks(whole, recorded.read(history, program).history))
