"""A backtracking matcher for regular expressions that counts its steps.

It is compiled to closures in continuation-passing style, run by a loop with an explicit stack of choices, so
that neither deep nor catastrophic patterns can overflow Python's stack or run without end.
"""

from __future__ import annotations

from typing import Any

from asl.jsonata.limits import Runtime
from asl.jsonata.regex_syntax import Node, Tree, folded, variants

Span = tuple[int, int] | None

_LINE_ENDS = "\n\r\u2028\u2029"


class Matcher:
    """A pattern as a program: a list of instructions with numbered targets."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.program: list[tuple[Any, ...]] = []
        self.counters = 0
        self._emit(tree.node, True)
        self.program.append(("done",))

    # ── compiling ─────────────────────────────────────────────────────────────────────────────────

    def _emit(self, node: Node, forward: bool) -> None:
        kind = node[0]
        program = self.program
        if kind == "seq":
            for part in node[1] if forward else reversed(node[1]):
                self._emit(part, forward)
        elif kind == "alt":
            self._alternatives(node[1], forward)
        elif kind == "group":
            number = node[1]
            if number is None:
                self._emit(node[2], forward)
            else:
                program.append(("open", number))
                self._emit(node[2], forward)
                program.append(("close", number, forward))
        elif kind == "look":
            at = len(program)
            program.append(())
            self._emit(node[3], node[1])
            program.append(("done",))
            program[at] = ("look", node[2], len(program))
        elif kind == "repeat":
            self._repeat(node, forward)
        elif kind == "named":
            program.append(("back", node[2][node[1]], forward))
        elif kind == "back":
            program.append(("back", node[1], forward))
        elif kind in ("start", "end", "word"):
            program.append((kind, node[1] if kind == "word" else None))
        else:
            program.append(("char", self._test(node), forward))

    def _alternatives(self, options: list[Node], forward: bool) -> None:
        jumps = []
        for option in options[:-1]:
            split = len(self.program)
            self.program.append(())
            self._emit(option, forward)
            jumps.append(len(self.program))
            self.program.append(())
            self.program[split] = ("split", split + 1, len(self.program))
        self._emit(options[-1], forward)
        for jump in jumps:
            self.program[jump] = ("jump", len(self.program))

    def _repeat(self, node: Node, forward: bool) -> None:
        _, body, least, most, greedy, first, last = node
        counter = self.counters
        self.counters += 1
        self.program.append(("enter", counter))
        loop = len(self.program)
        self.program.append(())
        self._emit(body, forward)
        self.program.append(("again", loop))
        self.program[loop] = ("loop", counter, least, most, greedy, len(self.program), first, last)
        self.program.append(("leave", counter))

    def _test(self, node: Node) -> Any:
        fold = self.tree.ignore_case
        if node[0] == "any":
            return lambda char: char not in _LINE_ENDS
        if node[0] == "char":
            wanted = folded(node[1]) if fold else node[1]
            return (lambda char: folded(char) == wanted) if fold else (lambda char: char == wanted)
        _, negated, ranges = node

        def inside(char: str) -> bool:
            point = ord(char)
            return any(low <= point <= high for low, high in ranges)

        if not fold:
            return lambda char: inside(char) is not negated
        return lambda char: any(map(inside, variants(char))) is not negated

    # ── running ───────────────────────────────────────────────────────────────────────────────────

    def search(self, text: str, start: int, rt: Runtime) -> list[Span] | None:
        """The spans of the first match at or after `start`, the whole match first; None without one."""
        for at in range(start, len(text) + 1):
            found = self._run(text, 0, at, [None] * (self.tree.groups + 1), rt)
            if found is not None:
                end, groups = found
                groups[0] = (at, end)
                return groups
        return None

    def _run(
        self, text: str, pc: int, at: int, groups: list[Span], rt: Runtime
    ) -> tuple[int, list[Span]] | None:
        """Run from an instruction until `done`. A choice is (pc, at, groups, opened, loops): all immutable."""
        program, size = self.program, len(text)
        opened: dict[int, int] = {}
        loops: dict[int, tuple[int, int]] = {}  # counter -> (turns made, where this turn began)
        choices: list[tuple[int, int, list[Span], dict[int, int], dict[int, tuple[int, int]]]] = []
        while True:
            rt.fuel -= 5
            if rt.fuel < 0:
                rt.spend(0)
            op = program[pc]
            kind = op[0]
            failed = False
            if kind == "char":
                if op[2]:
                    failed = at >= size or not op[1](text[at])
                    at += 1
                else:
                    at -= 1
                    failed = at < 0 or not op[1](text[at])
                pc += 1
            elif kind == "split":
                choices.append((op[2], at, groups, opened, loops))
                pc = op[1]
            elif kind == "jump" or kind == "again":
                pc = op[1]
            elif kind == "enter":
                loops = {**loops, op[1]: (0, -1)}
                pc += 1
            elif kind == "loop":
                _, counter, least, most, greedy, out, first, last = op
                turns, began = loops[counter]
                if turns > least and began == at:
                    failed = True  # an empty turn leads nowhere
                elif most is not None and turns >= most:
                    pc = out
                else:
                    inner = {**loops, counter: (turns + 1, at)}
                    fresh = groups
                    if first <= last:
                        fresh = list(groups)
                        fresh[first : last + 1] = [None] * (last + 1 - first)
                    if turns < least:
                        groups, loops, pc = fresh, inner, pc + 1
                    elif greedy:
                        choices.append((out, at, groups, opened, loops))
                        groups, loops, pc = fresh, inner, pc + 1
                    else:
                        choices.append((pc + 1, at, fresh, opened, inner))
                        pc = out
            elif kind == "leave":
                pc += 1
            elif kind == "open":
                opened = {**opened, op[1]: at}
                pc += 1
            elif kind == "close":
                groups = list(groups)
                groups[op[1]] = (opened[op[1]], at) if op[2] else (at, opened[op[1]])
                pc += 1
            elif kind == "look":
                inside = self._run(text, pc + 1, at, groups, rt)
                failed = (inside is None) is not op[1]
                if inside is not None and not op[1]:
                    groups = inside[1]
                pc = op[2]
            elif kind == "back":
                pc += 1
                span = groups[op[1]]
                if span is not None:
                    wanted = text[span[0] : span[1]]
                    low = at if op[2] else at - len(wanted)
                    found = text[low : low + len(wanted)] if low >= 0 else None
                    if found is None or not self._alike(found, wanted):
                        failed = True
                    at = low + len(wanted) if op[2] else low
            elif kind == "done":
                return at, groups
            else:
                failed = not self._holds(kind, op[1], text, at)
                pc += 1
            if failed:
                if not choices:
                    return None
                pc, at, groups, opened, loops = choices.pop()

    def _alike(self, a: str, b: str) -> bool:
        return a == b or (self.tree.ignore_case and list(map(folded, a)) == list(map(folded, b)))

    def _holds(self, kind: str, negated: bool, text: str, at: int) -> bool:
        multiline = self.tree.multiline
        if kind == "start":
            return at == 0 or (multiline and text[at - 1] in _LINE_ENDS)
        if kind == "end":
            return at == len(text) or (multiline and text[at] in _LINE_ENDS)
        before = at > 0 and _is_word(text[at - 1])
        after = at < len(text) and _is_word(text[at])
        return (before is not after) is not negated


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")
