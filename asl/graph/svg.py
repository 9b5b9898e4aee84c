"""A machine as SVG: its DOT text laid out by Graphviz."""

from __future__ import annotations

import subprocess
import sysconfig
from shutil import which

from asl.errors import AslError
from asl.graph.dot import dot
from asl.graph.marks import Marks
from asl.graph.model import Machine

_LONGEST = 60
"""Seconds that a layout may take. A machine of 200 states takes a tenth of one."""


_STYLE = """<style>
.state text { font-size: 10px; }
.state text:first-of-type { font-size: 11px; font-weight: 600; }
.edge text { font-size: 9.5px; }
</style>"""
"""Smaller than what Graphviz laid out, which knows the widths of Helvetica: the reader's font may be wider."""


class LayoutError(AslError):
    """A graph could not be laid out: there is nothing installed to do it, or it did not succeed."""


def svg(whole: Machine, marks: Marks | None = None) -> str:
    """An `<svg>` element with nothing outside it needed: for a file, or for a page of HTML.

    A state is a group of the classes `node state` with its type in lower case (`task`) and its mark's style; a
    line one of the classes `edge`, its field (`next`, `choices`, `catch`) and its mark's style. Raises `LayoutError`.
    """
    drawn = _laid_out(dot(whole, marks))
    start = drawn.index("<svg")
    inside = drawn.index(">", start) + 1
    return f"{drawn[start:inside]}\n{_STYLE}{drawn[inside:]}"


def _laid_out(text: str) -> str:
    try:
        done = subprocess.run(
            [_program(), "-Tsvg"], input=text.encode(), capture_output=True, timeout=_LONGEST, check=False
        )
    except OSError as problem:
        raise LayoutError(f"The graph could not be laid out: {problem}") from problem
    except subprocess.TimeoutExpired:
        raise LayoutError(
            f"The graph is too tangled to be laid out in {_LONGEST} seconds; draw it as mermaid, or as a tree"
        ) from None
    if done.returncode or b"<svg" not in done.stdout:
        raise LayoutError(f"The graph could not be laid out: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


def _program() -> str:
    """Graphviz: as the extra `graph` installs it beside Python, or as the system has it."""
    beside = which("graphviz-pure", path=sysconfig.get_path("scripts"))
    found = beside or which("graphviz-pure") or which("dot")
    if found is None:
        raise LayoutError(
            "Drawing a graph as svg or html needs Graphviz: pip install 'asl-interpreter[graph]' "
            "(or install Graphviz, so that there is a `dot`)"
        )
    return found
