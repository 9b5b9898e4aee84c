"""A machine as a Mermaid flowchart, which GitHub, GitLab and many editors draw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from asl.graph.looks import EDGES, STATES, edge_style, is_plain, lines, state_style
from asl.graph.marks import Marks
from asl.graph.model import Key, Machine, State

_SHAPES = {"Choice": ("{{", "}}"), "Succeed": ("([", "])"), "Fail": ("([", "])")}
_CODED = re.compile(r"[^\w .,:$=/?'()\[\]-]|^[-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]", re.ASCII)
"""What Mermaid or the browser takes for its own, and what makes a Markdown list of a label."""

_KEPT = "…·×≤≥"


def mermaid(whole: Machine, marks: Marks | None = None) -> str:
    """The text of a flowchart."""
    return "\n".join(_Text(marks or {}).flowchart(whole)) + "\n"


class _Text:
    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.ids: dict[Key, str] = {}
        self.links: list[str] = []
        self.linked: dict[str, list[int]] = {}
        self.classes: dict[str, list[str]] = {}

    def flowchart(self, whole: Machine) -> Iterator[str]:
        yield "flowchart TD"
        if whole.start:
            yield "  start((Start))"
        yield from self.machine(whole, "  ")
        if whole.start:
            self.link("start", self.id(whole.address, whole.start), "", (whole.address, "", "StartAt"), "-->")
        yield from (f"  {link}" for link in self.links)
        for style, ids in sorted(self.classes.items()):
            if style in STATES:
                yield f"  classDef {style} {_css(STATES[style])}"
                yield f"  class {','.join(ids)} {style}"
        for style, numbers in sorted(self.linked.items()):
            if style in EDGES:
                yield f"  linkStyle {','.join(map(str, numbers))} stroke:{EDGES[style]}"

    def id(self, address: str, name: str) -> str:
        return self.ids.setdefault((address, name), f"s{len(self.ids)}")

    def machine(self, part: Machine, indent: str) -> Iterator[str]:
        for state in part.states:
            yield from self.state(part, state, indent)

    def state(self, part: Machine, state: State, indent: str) -> Iterator[str]:
        name = self.id(part.address, state.name)
        key = (part.address, state.name)
        before, after = _SHAPES.get(state.type, ("[", "]"))
        text = "<br/>".join(map(_escaped, lines(state, self.marks.get(key))))
        box = f'{name}{before}"{text}"{after}'
        self.classes.setdefault(state_style(state.type, key, self.marks), []).append(name)
        leaves = name
        if state.parts:
            leaves = f"{name}join"
            yield f'{indent}subgraph {name}group["{_escaped(state.name)}"]'
            yield f"{indent}  {box}"
            for index, branch in enumerate(state.parts):
                yield f'{indent}  subgraph {name}part{index}["{state.title(index)}"]'
                yield from self.machine(branch, indent + "    ")
                yield f"{indent}  end"
                self.within(name, leaves, branch)
            yield f'{indent}  {leaves}(("·"))'
            yield f"{indent}end"
        else:
            yield indent + box
        for edge in state.edges:
            source = name if edge.catches else leaves
            arrow = "-.->" if edge.catches else "-->"
            target = self.id(part.address, edge.target)
            self.link(source, target, edge.label, (*key, edge.field), arrow)

    def within(self, name: str, join: str, branch: Machine) -> None:
        if branch.start:
            start = self.id(branch.address, branch.start)
            self.link(name, start, "", (branch.address, "", "StartAt"), "-->")
        for state in branch.states:
            if state.joins:
                source = self.id(branch.address, state.name) + ("join" if state.parts else "")
                self.link(source, join, "", (branch.address, state.name, "End"), "-->")

    def link(self, source: str, target: str, label: str, key: Key, arrow: str) -> None:
        mark = self.marks.get(key)
        text = " ".join(part for part in (label, mark.note if mark else "") if part)
        shown = f'|"{_escaped(text)}"|' if text else ""
        self.linked.setdefault(edge_style(key, self.marks), []).append(len(self.links))
        self.links.append(f"{source} {arrow}{shown} {target}")


def _css(look: Mapping[str, str]) -> str:
    return f"fill:{look['fillcolor']},stroke:{look['color']},color:{look['fontcolor']}"


def _escaped(text: str) -> str:
    """Text within quotes, by the codes that Mermaid has for characters."""
    return _CODED.sub(lambda found: "".join(map(_code, found[0])), text) or " "


def _code(character: str) -> str:
    return character if is_plain(character) or character in _KEPT else f"#{ord(character)};"
