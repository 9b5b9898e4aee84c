"""Coverage as one page that needs nothing else: each machine as a graph with what ran in colour, and its definition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from asl import graph
from asl.program import walk
from asl.testing.coverage.points import KINDS
from asl.testing.coverage.reports import HEADS, Row, total

_STYLE = """
:root { color-scheme: light dark; --yes: #d7f2d7; --part: #fbeebc; --no: #f9d4d4; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --yes: #1d3d1d; --part: #4a3f14; --no: #4d1f1f; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { padding: .2rem .8rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
.yes { background: var(--yes); } .part { background: var(--part); } .no { background: var(--no); }
pre { line-height: 1.35; overflow-x: auto; border: 1px solid var(--line); }
pre span { display: block; padding-right: 1rem; }
pre b { display: inline-block; width: 4em; padding-right: 1em; text-align: right; font-weight: normal; opacity: .5; }
figure { margin: 1rem 0; overflow-x: auto; background: #fff; } svg { max-width: 100%; height: auto; }
"""


def page(rows: Sequence[Row]) -> str:
    """The page."""
    return "\n".join(_lines(rows)) + "\n"


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8"><title>Coverage of state machines</title>'
    yield f"<style>{_STYLE}</style></head><body>"
    yield f"<h1>Coverage of state machines: {total(rows):.0f} %</h1>"
    yield f"<table><tr><th>machine</th>{''.join(f'<th>{head}</th>' for head in HEADS.values())}<th>covered</th></tr>"
    for number, row in enumerate(rows):
        yield f'<tr><td><a href="#m{number}">{escape(row.file or row.name)}</a></td>{_shares(row)}</tr>'
    yield "</table>"
    for number, row in enumerate(rows):
        yield from _machine(number, row)
    yield "</body></html>"


def _shares(row: Row) -> str:
    cells = []
    for kind in KINDS:
        hit, every = row.share(kind)
        shade = "" if not every else f' class="{_shade(hit, every)}"'
        cells.append(f"<td{shade}>{f'{hit}/{every}' if every else '–'}</td>")
    shade = _shade(len(row.hits), len(row.points))
    return f'{"".join(cells)}<td class="{shade}">{row.percent:.0f} %</td>'


def _shade(hit: int, every: int) -> str:
    return "yes" if hit == every else "part" if hit else "no"


def _machine(number: int, row: Row) -> Iterator[str]:
    yield f'<h2 id="m{number}">{escape(row.file or row.name)}: {row.percent:.0f} %</h2>'
    yield _drawing(row)
    if row.missing:
        yield "<p>Not covered:</p><ul>"
        for point, line in row.missing:
            place = f'<a href="#m{number}l{line}">line {line}</a>: ' if line else ""
            yield f"<li>{place}{escape(str(point))}</li>"
        yield "</ul>"
    if row.text is not None:
        yield "<pre>" + "".join(_definition(number, row, row.text)) + "</pre>"


def _drawing(row: Row) -> str:
    """The graph of the machine; a word where nothing is installed that lays graphs out."""
    try:
        return f"<figure>{graph.svg(graph.machine(row.covered.program.definition), marks(row))}</figure>"
    except graph.LayoutError as problem:
        return f"<p>{escape(str(problem))}</p>"


def marks(row: Row) -> dict[graph.Key, graph.Mark]:
    """How to draw states and edges: a state is `partly` covered where some of its ways were missed."""
    found: dict[graph.Key, graph.Mark] = {}
    entered = {point.state for point in row.hits if point.kind == "state"}
    for address, part in row.covered.program.parts.items():
        found[address, "", "StartAt"] = graph.Mark("visited" if part.start in entered else "missed")
    for address, state in walk(row.covered.program):
        mine = [point for point in row.points if point.state == state.name]
        hits = [point for point in mine if point in row.hits]
        style = "missed" if not hits else "visited" if len(hits) == len(mine) else "partly"
        found[address, state.name] = graph.Mark(
            style, f"{len(hits)} of {len(mine)}" if style == "partly" else ""
        )
        for point in mine:
            if point.kind in ("transition", "choice", "catch"):
                taken = "caught" if point.kind == "catch" else "visited"
                found[address, state.name, point.what] = graph.Mark(taken if point in row.hits else "missed")
        if not mine[1:] and state.next is None and hits:  # Succeed and Fail have no way but their end
            found[address, state.name, "End"] = graph.Mark("visited")
    return found


def _definition(number: int, row: Row, text: str) -> Iterator[str]:
    """The lines of the definition, shaded by the points that stand at them."""
    counts: dict[int, list[bool]] = {}
    for point, line in zip(row.points, row.lines, strict=True):
        counts.setdefault(line, []).append(point in row.hits)
    for line, content in enumerate(text.splitlines(), 1):
        hits = counts.get(line)
        shade = "" if hits is None else f' class="{_shade(sum(hits), len(hits))}"'
        yield f'<span id="m{number}l{line}"{shade}><b>{line}</b>{escape(content)}\n</span>'
