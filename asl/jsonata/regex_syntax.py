"""The syntax of JavaScript regular expressions (ECMAScript, without the `u` flag), and its twin in Python's `re`.

The tree is made of tuples:
    ("char", c)  ("any",)  ("set", negated, ranges)  ("start",)  ("end",)  ("word", negated)
    ("back", n)  ("group", n or None, node)  ("look", ahead, negated, node)
    ("seq", [nodes])  ("alt", [nodes])  ("repeat", node, least, most or None, greedy, first group, last group)
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from asl.jsonata.errors import JsonataError

Ranges = list[tuple[int, int]]
Node = tuple[Any, ...]

_DIGIT: Ranges = [(48, 57)]
_WORD: Ranges = [(48, 57), (65, 90), (95, 95), (97, 122)]
_SPACE: Ranges = [
    (9, 13), (32, 32), (160, 160), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
]  # fmt: skip
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_LINE_ENDS = "\n\r\u2028\u2029"
_QUANTIFIER = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_TOP = 0x10FFFF


class Tree(NamedTuple):
    node: Node
    groups: int
    multiline: bool
    ignore_case: bool


def parse(source: str, multiline: bool, ignore_case: bool, position: int) -> Tree:
    """The tree of a pattern. JsonataError with V8's text where it is malformed."""
    flags = f"{'i' if ignore_case else ''}{'m' if multiline else ''}g"
    parser = _Parser(source, flags, position)
    node = parser.alternatives()
    if parser.at < len(source):
        parser.fail("Unmatched ')'")
    if parser.named and parser.missing_name():
        parser.fail("Invalid named capture referenced")
    return Tree(node, parser.groups, multiline, ignore_case)


def folded(char: str) -> str:
    """A character as comparison without case takes it: in upper case, but never one of ASCII for another."""
    upper = char.upper()
    return char if len(upper) != 1 or (char > "\x7f" and upper <= "\x7f") else upper


def variants(char: str) -> set[str]:
    """The characters that are the same without case."""
    same = folded(char)
    return {char} | {
        other for other in (char.lower(), char.upper()) if len(other) == 1 and folded(other) == same
    }


def complement(ranges: Ranges) -> Ranges:
    out: Ranges = []
    low = 0
    for start, end in sorted(ranges):
        if start > low:
            out.append((low, start - 1))
        low = max(low, end + 1)
    if low <= _TOP:
        out.append((low, _TOP))
    return out


class _Parser:
    def __init__(self, source: str, flags: str, position: int) -> None:
        self.source = source
        self.flags = flags
        self.position = position
        self.at = 0
        self.groups = 0
        self.depth = 0
        self.names: dict[str, int] = {}
        self.named: list[str] = []
        self.total = _count_groups(source)
        self.has_names = "(?<" in source and re.search(r"\(\?<[^=!]", source) is not None

    def fail(self, reason: str) -> None:
        text = f"Invalid regular expression: /{self.source}/{self.flags}: {reason}"
        raise JsonataError(None, self.position, text)

    def missing_name(self) -> bool:
        return any(name not in self.names for name in self.named)

    def peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def take(self, text: str) -> bool:
        if self.source.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def alternatives(self) -> Node:
        self.depth += 1
        if self.depth > 100:
            self.fail("Regular expression too large")
        options = [self.sequence()]
        while self.take("|"):
            options.append(self.sequence())
        self.depth -= 1
        return options[0] if len(options) == 1 else ("alt", options)

    def sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.source) and self.peek() not in "|)":
            first = self.groups + 1
            atom, repeatable = self.atom()
            parts.append(self.quantified(atom, first) if repeatable else atom)
        return parts[0] if len(parts) == 1 else ("seq", parts)

    def quantified(self, atom: Node, first: int) -> Node:
        char = self.peek()
        least, most = 0, None
        if char and char in "*+?":
            self.at += 1
            least, most = (1 if char == "+" else 0), (1 if char == "?" else None)
        else:
            match = _QUANTIFIER.match(self.source, self.at)
            if match is None:
                return atom
            self.at = match.end()
            least = int(match.group(1))
            most = least if match.group(2) is None else (int(match.group(3)) if match.group(3) else None)
            if most is not None and most < least:
                self.fail("numbers out of order in {} quantifier")
        greedy = not self.take("?")
        if self.peek() and (self.peek() in "*+?" or _QUANTIFIER.match(self.source, self.at)):
            self.fail("Nothing to repeat")
        return ("repeat", atom, least, most, greedy, first, self.groups)

    def atom(self) -> tuple[Node, bool]:
        """One atom, and whether a quantifier may follow it."""
        char = self.peek()
        if char in "*+?" or _QUANTIFIER.match(self.source, self.at):
            self.fail("Nothing to repeat")
        self.at += 1
        if char == "^":
            return ("start",), False
        if char == "$":
            return ("end",), False
        if char == ".":
            return ("any",), True
        if char == "(":
            return self.group()
        if char == "[":
            return self.char_class(), True
        if char == "\\":
            return self.escape()
        return ("char", char), True

    def group(self) -> tuple[Node, bool]:
        kind: tuple[Any, ...] | None = None
        number: int | None = None
        repeatable = True
        if self.take("?:"):
            pass
        elif self.take("?="):
            kind = ("look", True, False)
        elif self.take("?!"):
            kind = ("look", True, True)
        elif self.take("?<="):
            kind, repeatable = ("look", False, False), False
        elif self.take("?<!"):
            kind, repeatable = ("look", False, True), False
        else:
            self.groups += 1
            number = self.groups
            if self.take("?<"):
                name = self.group_name()
                if name in self.names:
                    self.fail("Duplicate capture group name")
                self.names[name] = number
            elif self.peek() == "?":
                self.fail("Invalid group")
        inner = self.alternatives()
        if not self.take(")"):
            self.fail("Unterminated group")
        if kind is not None:
            return (*kind, inner), repeatable
        return ("group", number, inner), True

    def group_name(self) -> str:
        end = self.source.find(">", self.at)
        name = self.source[self.at : end] if end >= 0 else ""
        if not re.fullmatch(r"[^\W\d$]?[\w$]*", name) or not name:
            self.fail("Invalid capture group name")
        self.at = end + 1
        return name

    def escape(self) -> tuple[Node, bool]:
        char = self.peek()
        if not char:
            self.fail("\\ at end of pattern")
        if char in "bB":
            self.at += 1
            return ("word", char == "B"), False
        if char == "k" and self.has_names:
            self.at += 1
            if not self.take("<"):
                self.fail("Invalid named reference")
            name = self.group_name()
            self.named.append(name)
            return ("named", name, self.names), True
        if char in "123456789":
            match = re.compile(r"\d+").match(self.source, self.at)
            assert match
            if int(match.group()) <= self.total:
                self.at = match.end()
                return ("back", int(match.group())), True
        ranges = self.class_escape()
        if isinstance(ranges, int):
            return ("char", chr(ranges)), True
        return ("set", False, ranges), True

    def class_escape(self) -> Ranges | int:
        """After a backslash: a class of characters or one character."""
        char = self.peek()
        self.at += 1
        if char.lower() in _CLASSES and char:
            ranges = _CLASSES[char.lower()]
            return ranges if char.islower() else complement(ranges)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "c" and self.peek().isascii() and self.peek().isalpha():
            self.at += 1
            return ord(self.source[self.at - 1]) % 32
        if char == "c":
            self.at -= 1
            return ord("\\")
        for letter, count in (("x", 2), ("u", 4)):
            digits = self.source[self.at : self.at + count]
            if char == letter and re.fullmatch(f"[0-9a-fA-F]{{{count}}}", digits):
                self.at += count
                return int(digits, 16)
        if char in "01234567":
            match = re.compile("[0-3]?[0-7]{0,2}").match(self.source, self.at - 1)
            if match and match.group():
                self.at = match.end()
                return int(match.group(), 8)
        return ord(char)

    def char_class(self) -> Node:
        negated = self.take("^")
        ranges: Ranges = []
        while True:
            if self.at >= len(self.source):
                self.fail("Unterminated character class")
            if self.take("]"):
                return ("set", negated, ranges)
            low = self.class_atom()
            if self.peek() == "-" and self.source[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self.class_atom()
                if isinstance(low, int) and isinstance(high, int):
                    if high < low:
                        self.fail("Range out of order in character class")
                    ranges.append((low, high))
                    continue
                for part in (low, ord("-"), high):
                    ranges.extend([(part, part)] if isinstance(part, int) else part)
                continue
            ranges.extend([(low, low)] if isinstance(low, int) else low)

    def class_atom(self) -> Ranges | int:
        if self.take("\\"):
            if not self.peek():
                self.fail("\\ at end of pattern")
            if self.take("b"):
                return 8
            if self.take("-"):
                return ord("-")
            return self.class_escape()
        self.at += 1
        return ord(self.source[self.at - 1])


def _count_groups(source: str) -> int:
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", source, flags=re.DOTALL)
    return len(re.findall(r"\((?!\?)|\(\?<(?![=!])", bare))


# ── the same pattern for Python's `re` ────────────────────────────────────────────────────────────


def translate(tree: Tree) -> str | None:
    """The pattern for `re`, or None where that means something else."""
    try:
        return _translated(tree.node, tree)
    except _Untranslatable:
        return None


class _Untranslatable(Exception):
    pass


def _may_be_empty(node: Node) -> bool:
    """Whether a node can match the empty text."""
    kind = node[0]
    if kind == "seq":
        return all(map(_may_be_empty, node[1]))
    if kind == "alt":
        return any(map(_may_be_empty, node[1]))
    if kind == "group":
        return _may_be_empty(node[2])
    if kind == "repeat":
        return node[2] == 0 or _may_be_empty(node[1])
    return kind not in ("char", "any", "set")


def _translated(node: Node, tree: Tree) -> str:
    kind = node[0]
    if kind == "char":
        if tree.ignore_case and len(found := variants(node[1])) > 1:
            return f"[{''.join(sorted(found))}]"
        return re.escape(str(node[1]))
    if kind == "any":
        return f"[^{_LINE_ENDS}]"
    if kind == "set":
        return _set_text(_caseless(node[2]) if tree.ignore_case else node[2], node[1])
    if kind == "start":
        return f"(?<![^{_LINE_ENDS}])" if tree.multiline else r"\A"
    if kind == "end":
        return f"(?![^{_LINE_ENDS}])" if tree.multiline else r"\Z"
    if kind == "word":
        w = "[A-Za-z0-9_]"
        return f"(?:(?<={w})(?={w})|(?<!{w})(?!{w}))" if node[1] else f"(?:(?<={w})(?!{w})|(?<!{w})(?={w}))"
    if kind == "seq":
        return "".join(_translated(part, tree) for part in node[1])
    if kind == "alt":
        return "(?:" + "|".join(_translated(part, tree) for part in node[1]) + ")"
    if kind == "group":
        inner = _translated(node[2], tree)
        return f"(?:{inner})" if node[1] is None else f"({inner})"
    if kind == "look" and node[1]:
        return f"(?{'!' if node[2] else '='}{_translated(node[3], tree)})"
    if kind == "repeat":
        _, inner, least, most, greedy, first, last = node
        if first <= last or _may_be_empty(inner):
            # In JavaScript a group inside a loop forgets its text at each turn, and a turn that matches
            # nothing is no turn; in Python neither is so.
            raise _Untranslatable
        body = _translated(inner, tree)
        count = f"{{{least},{'' if most is None else most}}}"
        return f"(?:{body}){count}{'' if greedy else '?'}"
    raise _Untranslatable


def _caseless(ranges: Ranges) -> Ranges:
    """The ranges with both cases of ASCII letters. What else folds is left to the matcher of our own."""
    if any(high > 127 and high != _TOP for _, high in ranges):
        raise _Untranslatable
    both = [(low - 32, high - 32) for low, high in _within(ranges, 97, 122)]
    return ranges + both + [(low + 32, high + 32) for low, high in _within(ranges, 65, 90)]


def _within(ranges: Ranges, first: int, last: int) -> Ranges:
    return [(max(low, first), min(high, last)) for low, high in ranges if low <= last and high >= first]


def _set_text(ranges: Ranges, negated: bool) -> str:
    if not ranges:
        return r"[\s\S]" if negated else "(?!)"
    parts = []
    for low, high in ranges:
        parts.append(_code(low) if low == high else f"{_code(low)}-{_code(high)}")
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _code(point: int) -> str:
    if chr(point).isalnum() and point < 128:
        return chr(point)
    return f"\\x{point:02x}" if point < 256 else f"\\u{point:04x}" if point < 65536 else f"\\U{point:08x}"
