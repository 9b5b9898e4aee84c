"""A machine as a page of HTML: the drawing, and below it the states in a table."""

from __future__ import annotations

from html import escape

from asl.graph import words
from asl.graph.looks import state_look, state_style
from asl.graph.marks import Marks
from asl.graph.model import Machine, State, walk
from asl.graph.svg import svg

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 14px/1.45 system-ui, sans-serif; margin: 2rem; color: #1b1f24; background: #ffffff; }}
.drawing {{ overflow: auto; border: 1px solid #d0d7de; border-radius: 6px; padding: 1rem; }}
table {{ border-collapse: collapse; margin-top: 1.5rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #eaeef2; }}
td i {{ display: inline-block; width: .8em; height: .8em; margin-right: .5em; border: 1px solid; border-radius: 3px; }}
</style>
</head>
<body>
<h1>{title}</h1>
<div class="drawing">
{drawing}</div>
<table>
<tr><th>state</th><th>type</th><th>in</th><th>what</th></tr>
{rows}</table>
</body>
</html>
"""


def html(whole: Machine, marks: Marks | None = None, title: str = "State machine") -> str:
    """A page that needs nothing outside it, and no script. Raises `LayoutError`, as `svg` does."""
    found = marks or {}
    rows = "".join(_row(part, state, found) for part, state in walk(whole))
    return _PAGE.format(title=_text(title), drawing=svg(whole, found), rows=rows)


def _row(part: Machine, state: State, marks: Marks) -> str:
    key = (part.address, state.name)
    look = state_look(state_style(state.type, key, marks))
    mark = marks.get(key)
    what = ", ".join(filter(None, (state.does, *state.notes, mark.note if mark else "")))
    colour = f'<i style="background:{look["fillcolor"]};border-color:{look["color"]}"></i>'
    cells = (_text(text) for text in (state.type, part.address, what))
    return f"<tr><td>{colour}{_text(state.name)}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _text(text: str) -> str:
    return escape(words.known(text))
