"""A machine as a graph in Graphviz's DOT language."""

from __future__ import annotations

import re
import textwrap
from collections import Counter, deque
from collections.abc import Iterator

from asl.graph import words
from asl.graph.looks import EDGES, edge_style, lines, state_look, state_style
from asl.graph.marks import Marks
from asl.graph.model import Edge, Key, Machine, State

_CROWD = 5
"""Catchers that may lead to one state as lines of their own; where there are more, each says where it leads. Forty
lines into one state are not followed by anybody, and in a machine of 200 states cost 9 seconds, not 0.07."""

_FAR = 30
"""Steps that a line may go in the drawing; a longer one ends in the name of where it leads."""

_HEAD = """\
digraph machine {
  graph [fontname="Helvetica,Arial,sans-serif", fontsize=12, nodesep=0.35, ranksep=0.4, bgcolor="#ffffff"];
  node [fontname="Helvetica,Arial,sans-serif", fontsize=14, shape=box, style="filled,rounded", margin="0.19,0.05"];
  edge [fontname="Helvetica,Arial,sans-serif", fontsize=12, arrowsize=0.7, fontcolor="#424a53"];"""


def dot(whole: Machine, marks: Marks | None = None) -> str:
    """The text of a directed graph, its classes for an SVG's stylesheet in it."""
    return "\n".join((_HEAD, *_Text(marks or {}).whole(whole), "}")) + "\n"


class _Text:
    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.ids: dict[Key, str] = {}
        self.refers = 0

    def whole(self, whole: Machine) -> Iterator[str]:
        if whole.start:
            yield '  start [label="", shape=circle, width=0.18, fillcolor="#57606a", color="#57606a"];'
        yield from self.machine(whole, "  ")
        if whole.start:
            start = self.id(whole.address, whole.start)
            yield f"  start -> {start} [{self.line((whole.address, '', 'StartAt'))}];"

    def id(self, address: str, name: str) -> str:
        return self.ids.setdefault((address, name), f"s{len(self.ids)}")

    def leaves(self, part: Machine, state: State) -> str:
        """The point from where a state is left: of one with machines within, where these join."""
        return self.id(part.address, state.name) + ("join" if state.parts else "")

    def machine(self, part: Machine, indent: str) -> Iterator[str]:
        refers = _refers(part)
        backs = _backs(part) - refers
        for state in part.states:
            yield from self.state(part, state, indent)
        for state in part.states:
            for edge in state.edges:
                yield from self.edge(part, state, edge, refers, backs, indent)

    def state(self, part: Machine, state: State, indent: str) -> Iterator[str]:
        name, key = self.id(part.address, state.name), (part.address, state.name)
        mark = self.marks.get(key)
        style = state_style(state.type, key, self.marks)
        look = state_look(style)
        colours = "".join(f', {field}="{colour}"' for field, colour in look.items())
        text = "\\n".join(_quoted(line) for line in lines(state, mark))
        ends = ", peripheries=2" if state.ends and part.address == "/" else ""
        classes = f'class="state {_quoted(state.type.lower())} {_quoted(style)}"'
        told = f'tooltip="{_quoted(" · ".join(lines(state, mark)))}"'
        box = f'{name} [label="{text}", {classes}, {told}{colours}{ends}];'
        if not state.parts:
            yield indent + box
            return
        join = self.leaves(part, state)
        line = look["color"]
        yield f"{indent}subgraph cluster_{name} {{"
        yield f'{indent}  label=""; style="rounded,filled"; fillcolor="#fafbfc"; color="{line}";'
        yield f"{indent}  {box}"
        yield f'{indent}  {join} [label="", shape=point, width=0.09, color="{line}", fillcolor="{line}"];'
        for index, branch in enumerate(state.parts):
            yield f"{indent}  subgraph cluster_{name}_{index} {{"
            yield f'{indent}    label="{state.title(index)}"; labeljust=l; fontsize=10; fontcolor="#6e7781";'
            yield f'{indent}    style="rounded,filled,dashed"; fillcolor="#ffffff"; color="#c3c9d0";'
            yield from self.machine(branch, indent + "    ")
            yield f"{indent}  }}"
            yield from (f"{indent}  {line}" for line in self.within(name, join, branch))
        if not any(each.joins for branch in state.parts for each in branch.states):
            yield f"{indent}  {name} -> {join} [style=invis];"
        yield f"{indent}}}"

    def within(self, name: str, join: str, branch: Machine) -> Iterator[str]:
        """The lines into a branch and out of it."""
        if branch.start:
            start = self.id(branch.address, branch.start)
            yield f"{name} -> {start} [{self.line((branch.address, '', 'StartAt'))}];"
        for state in branch.states:
            if state.joins:
                line = self.line((branch.address, state.name, "End"))
                yield f"{self.leaves(branch, state)} -> {join} [{line}, arrowhead=none];"

    def edge(
        self, part: Machine, state: State, edge: Edge, refers: set[Key], backs: set[Key], indent: str
    ) -> Iterator[str]:
        key = (part.address, state.name, edge.field)
        source = self.id(part.address, state.name) if edge.catches else self.leaves(part, state)
        target = self.id(part.address, edge.target)
        style = ", style=dashed" if edge.catches else ""
        if key in refers:
            self.refers += 1
            target = f"r{self.refers}"
            named = f'label="→ {_label(edge.target, 40)}", tooltip="{_quoted(edge.target)}"'
            yield f'{indent}{target} [{named}, shape=plaintext, style="", fontsize=10, margin="0.02,0.02"];'
        line = self.line(key, edge.label) + style
        if key in backs:  # told the other way round, so that what comes first is drawn above what follows
            yield f"{indent}{target} -> {source} [{line}, dir=back];"
        else:
            yield f"{indent}{source} -> {target} [{line}];"

    def line(self, key: Key, label: str = "") -> str:
        mark = self.marks.get(key)
        style = edge_style(key, self.marks)
        kind = re.sub(r"\W.*", "", key[2]).lower()
        shown = "\\n".join(_label(text, 30) for text in (label, mark.note if mark else "") if text)
        wide = ", penwidth=2" if mark and style != "missed" else ""
        told = f'label="{shown}", tooltip="{_quoted(label)}", ' if shown else ""
        return f'{told}class="{kind} {_quoted(style)}", color="{EDGES.get(style, EDGES[""])}"{wide}'


def _refers(part: Machine) -> set[Key]:
    """The edges that are drawn as the name of where they lead."""
    crowds = Counter(edge.target for state in part.states for edge in state.edges if edge.catches)
    depths = _depths(part)
    return {
        (part.address, state.name, edge.field)
        for state in part.states
        for edge in state.edges
        if (edge.catches and crowds[edge.target] > _CROWD)
        or abs(depths[state.name] - depths[edge.target]) > _FAR
    }


def _backs(part: Machine) -> set[Key]:
    """The edges that lead back to a state on the way from the start."""
    states = {state.name: state for state in part.states}
    found: set[Key] = set()
    seen: set[str] = set()
    for first in (part.start, *states):
        if first not in states or first in seen:
            continue
        seen.add(first)
        way = {first: iter(states[first].edges)}
        while way:
            name, edges = next(reversed(way.items()))
            edge = next(edges, None)
            if edge is None:
                del way[name]
            elif edge.target in way and edge.target != name:
                found.add((part.address, name, edge.field))
            elif edge.target not in seen:
                seen.add(edge.target)
                way[edge.target] = iter(states[edge.target].edges)
    return found


def _depths(part: Machine) -> dict[str, int]:
    """How many steps after the start a state comes at the earliest; those never reached count as the start."""
    following = {state.name: [edge.target for edge in state.edges] for state in part.states}
    depths = dict.fromkeys(following, 0)
    seen, queue = {part.start}, deque([part.start])
    while queue:
        name = queue.popleft()
        for target in following.get(name, ()):
            if target not in seen:
                seen.add(target)
                depths[target] = depths[name] + 1
                queue.append(target)
    return depths


def _label(text: str, width: int) -> str:
    return "\\n".join(_quoted(line) for line in textwrap.wrap(text, width, break_long_words=False)) or " "


def _quoted(text: str) -> str:
    """Text within quotes; Graphviz reads entities there too."""
    safe = words.known(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return " ".join(safe.split())
