"""The text of a path into its steps, for every path that Jayway reads.

jsonpath-ng's grammar is the parser: it orders names, indexes, slices, wildcards and `..` and gives the tree.
It is extended by subclassing, in the two places that the library leaves open for that: a lexer of ours,
since Jayway's words are not jsonpath-ng's (`$.sl/ash`, `$.@id`, `$.a#` are names; blanks are not free), and
the action of NAMED_OPERATOR, which takes the two steps that jsonpath-ng has not: `[?(...)]` and `name(...)`.
The productions stay as they are, so the library's prepared tables serve (building new ones takes 100 ms).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, NamedTuple, NoReturn

from jsonpath_ng.jsonpath import Child, Descendants, Fields, Index, Root, Slice, Wildcard
from jsonpath_ng.lexer import JsonPathLexer
from jsonpath_ng.parser import JsonPathParser

from asl.errors import ExpressionError

MAX_LENGTH = 20_000
"""Characters of a path that is not plain."""

MAX_DEPTH = 200
"""Steps of a path. Evaluation goes one Python frame deeper with each; what is nested costs 10 more."""

NESTED = 10


class Names(NamedTuple):
    """`.a`, `['a']`, `["a", "b"]`: one or more properties of an object."""

    keys: tuple[str, ...]
    quote: str

    def __str__(self) -> str:
        return "[" + ",".join(f"{self.quote}{key}{self.quote}" for key in self.keys) + "]"


class Indexes(NamedTuple):
    """`[0]`, `[-1, 2]`: one or more elements of an array."""

    indexes: tuple[int, ...]

    def __str__(self) -> str:
        return f"[{','.join(map(str, self.indexes))}]"


class Range(NamedTuple):
    """`[1:3]`, `[:2]`, `[-2:]`: a slice; one end may be missing, never both."""

    start: int | None
    end: int | None

    def __str__(self) -> str:
        ends = ("" if end is None else str(end) for end in self)
        return f"[{':'.join(ends)}]"


class Wild(NamedTuple):
    """`.*`, `[*]`: every property, every element."""

    def __str__(self) -> str:
        return "[*]"


class Scan(NamedTuple):
    """`..`: the next step, applied to the value itself and to everything inside."""

    def __str__(self) -> str:
        return ".."


class Filter(NamedTuple):
    """`[?(...)]`: `condition` is the text with its parentheses, which begins at `position` of the path."""

    condition: str
    position: int

    def __str__(self) -> str:
        return "[?]"


class Call(NamedTuple):
    """`.name(...)`. A parameter is a path (its steps) or JSON (its text)."""

    name: str
    parameters: tuple[tuple[Step, ...] | str, ...]

    def __str__(self) -> str:
        return f".{self.name}({'...' if self.parameters else ''})"


Step = Names | Indexes | Range | Wild | Scan | Filter | Call


def parse(text: str, depth: int = 0) -> tuple[Step, ...]:
    """The steps of a path that begins with `$` or `@`; raises `ExpressionError`.

    `depth` is how deep the path stands inside another one; beyond `MAX_DEPTH` it is refused.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"A path may have at most {MAX_LENGTH} characters", MAX_LENGTH)
    check_depth(depth)
    parser, lock = _parser()
    tokens: Iterator[Any] = iter(_Tokens(text, depth).read())
    with lock:
        steps = tuple(_flat(parser.parse_token_stream(tokens)))
    check_depth(depth + len(steps))
    return steps


def check_depth(depth: int) -> None:
    """Raises `ExpressionError` where `depth` is more than evaluation can go down."""
    if depth > MAX_DEPTH:
        raise ExpressionError("The path has too many steps or is nested too deeply")


def _flat(tree: Any) -> Iterator[Step]:
    # The tree in the order of the text. Its shape depends on how tightly `.`, `[` and `..` bind, which
    # means nothing in Jayway: there, a path is a chain.
    rest = [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, Child):
            rest += (node.right, node.left)
        elif isinstance(node, Descendants):
            rest += (node.right, Scan(), node.left)
        elif isinstance(node, Fields):
            names: Any = node.fields
            yield Names(tuple(map(str, names)), names[0].quote)
        elif isinstance(node, Index):
            yield Indexes(tuple(node.indices))
        elif isinstance(node, Slice):
            yield Range(node.start, node.end)
        elif isinstance(node, Wildcard):
            yield Wild()
        elif not isinstance(node, Root):
            yield node


# The parser


@cache
def _parser() -> tuple[_Parser, Lock]:
    # A PLY parser keeps its stacks on itself: one parse at a time.
    return _Parser(lexer_class=_Lexer), Lock()


class _Parser(JsonPathParser):
    def p_jsonpath_named_operator(self, p: Any) -> None:
        "jsonpath : NAMED_OPERATOR"
        p[0] = p[1]

    def p_error(self, t: Any) -> NoReturn:
        if t is None:
            raise ExpressionError("The path ends too early")
        raise ExpressionError(f"Found empty property at index {t.lexpos}", t.lexpos)


# The lexer


class _Name(str):
    # A name with the quote in which Jayway's messages show it.
    quote = "'"


class _DoubleQuoted(_Name):
    quote = '"'


@dataclass
class _Token:
    # As PLY's tokens are: it writes on the one that does not fit.
    type: str
    value: Any
    lexpos: int
    lineno: int = 1
    lexer: Any = None


class _Lexer(JsonPathLexer):
    def tokenize(self, string: str) -> Iterator[Any]:
        return iter(_Tokens(string, 0).read())


_PLAIN_NAME = re.compile(r"[^ .\[(]*")
_BLANKS = re.compile(" *")
_ROUND = re.compile("[()]")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_NUMBERS = re.compile(r"\[([0-9,\-: ]*)\]")
_WILD = re.compile(r"\[ *\* *\]")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|u|.|$)", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class _Tokens:
    # Jayway reads a path character by character; this follows it, odd corners included: a name may go on
    # where a bracket ended, and one last character there is not looked at.

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.depth = depth
        self.tokens = [_Token("$", "$", 0)]
        self.apart = False  # whether the last token separates steps

    def read(self) -> list[_Token]:
        text = self.text
        end = len(text)
        if end > 1 and text[1] not in ".[":
            raise _fault("Illegal character at position {} expected '.' or '['", 1)
        if text.endswith("."):
            raise _fault("Path must not end with a '.' or '..'", end)
        at = 1
        while at < end:
            char = text[at]
            if char == ".":
                at = self._dots(at)
                continue
            if char == "[":
                at = self._bracket(at)
            elif char == "*":
                self._step("*", "*", at)
                at += 1
            elif char == " ":
                raise _fault("Could not parse token starting at position {}", at)
            else:
                at = self._word(at)
            if at >= end - 1:
                break
        return self.tokens

    def _emit(self, type: str, value: Any, at: int) -> None:
        self.tokens.append(_Token(type, value, at))
        self.apart = False

    def _step(self, type: str, value: Any, at: int) -> None:
        # A step that jsonpath-ng wants to see after a dot.
        if not self.apart:
            self._emit(".", ".", at)
        self._emit(type, value, at)

    def _dots(self, at: int) -> int:
        twice = self.text.startswith("..", at)
        self._emit("DOUBLEDOT" if twice else ".", ".." if twice else ".", at)
        self.apart = True
        at += 2 if twice else 1
        if self.text[at] == ".":
            raise _fault("Character '.' on position {} is not valid.", at)
        return at

    def _word(self, at: int) -> int:
        # `name` or `name(...)`
        text = self.text
        end = _PLAIN_NAME.match(text, at).end()  # type: ignore[union-attr]
        name = text[at:end]
        if text.startswith(" ", end):
            message = (
                "Use bracket notion ['my prop'] if your property contains blank characters. position: {}"
            )
            raise _fault(message, at)
        if not text.startswith("(", end):
            self._step("ID", _Name(name), at)
            return end
        if not _closes(text, end):
            raise _fault(f"Arguments to function: '{name}' are not closed properly.", at)
        if text[end + 1] == ")":
            self._step("NAMED_OPERATOR", Call(name, ()), at)
            return end + 1  # at the parenthesis: Jayway takes what follows it for a name
        parameters, after = _parameters(text, end + 1, name, self.depth + NESTED)
        self._step("NAMED_OPERATOR", Call(name, parameters), at)
        return after

    def _bracket(self, at: int) -> int:
        text = self.text
        first = text[_blanks(text, at + 1) : _blanks(text, at + 1) + 1]
        if first in ("'", '"'):
            return self._names(at, first)
        if first and first in "0123456789-:":
            numbers = _NUMBERS.match(text, at)
            if numbers:
                self._numbers(numbers[1].strip(), at)
                return numbers.end()
        if first == "*":
            wild = _WILD.match(text, at)
            if not wild:
                raise _fault(
                    "Expected wildcard token to end with ']' on position {}", text.index("*", at) + 1
                )
            self._step("*", "*", at)
            return wild.end()
        if first == "?":
            return self._filter(at)
        raise _fault("Could not parse token starting at position {}. Expected ?, ', 0-9, * ", at)

    def _names(self, at: int, quote: str) -> int:
        text = self.text
        kind = _Name if quote == "'" else _DoubleQuoted
        self._emit("[", "[", at)
        at += 1
        while True:
            at = _blanks(text, at)
            char = text[at : at + 1]
            if char == quote:
                name = _QUOTED.match(text, at)
                if not name:
                    raise _fault(f"Property has not been closed - missing closing {quote}", at)
                self._emit("ID", kind(unescape(name[1] if name[2] is None else name[2])), at)
                at = name.end()
            elif char and char in ",]":
                self._emit(char, char, at)
                at += 1
                if char == "]":
                    return at
            else:
                message = (
                    "Property must be separated by comma or Property must be terminated close square bracket"
                    " at index {}"
                )
                raise _fault(message if char else "Property has not been closed - missing closing ]", at)

    def _numbers(self, inner: str, at: int) -> None:
        self._emit("[", "[", at)
        if ":" in inner:
            parts = inner.split(":")
            if " " in inner or "," in inner or parts[:2] == ["", ""]:
                raise _fault(f"Failed to parse SliceOperation: {inner}", at)
            separator, numbers = ":", parts[:2]
        else:
            separator, numbers = ",", [number.strip() for number in inner.split(",")]
        for position, number in enumerate(numbers):
            if position:
                self._emit(separator, separator, at)
            if number or separator == ",":
                self._emit("NUMBER", _integer(number, at), at)
        self._emit("]", "]", at)

    def _filter(self, at: int) -> int:
        text = self.text
        begin = _blanks(text, text.index("?", at) + 1)
        if text.startswith((",", "]"), begin):
            raise _fault("Not enough predicates supplied for filter [?] at position {}", at)
        if text.startswith("(", begin):
            end = matching(text, begin, ")", regex=True)
            close = _blanks(text, end + 1)
            if end > 0 and text.startswith("]", close):
                self._step("NAMED_OPERATOR", Filter(text[begin : end + 1], begin), at)
                return close + 1
        raise _fault("Could not parse token starting at position {}. Expected ?, ', 0-9, * ", at)


def _fault(message: str, at: int) -> ExpressionError:
    return ExpressionError(message.replace("{}", str(at)), at)


def _blanks(text: str, at: int) -> int:
    return _BLANKS.match(text, at).end()  # type: ignore[union-attr]


def _integer(text: str, at: int) -> int:
    if not re.fullmatch("-?[0-9]{1,10}", text) or not -(2**31) <= int(text) < 2**31:
        raise _fault(f"Failed to parse token in ArrayIndexOperation: {text}", at)
    return int(text)


def unescape(text: str) -> str:
    """The text of a quoted name or string: `\\'`, `\\n`, `\\u0041`; any other escaped character is itself."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    escaped = found[1]
    if len(escaped) == 5:
        return chr(int(escaped[1:], 16))
    return _CONTROLS.get(escaped, escaped or "\\")


def unescaped_index(text: str, char: str, start: int) -> int:
    """Where `char` stands next, from `start` on and not behind a backslash; -1 if nowhere."""
    while start < len(text):
        if text[start] == "\\":
            start += 1
        elif text[start] == char:
            return start
        start += 1
    return -1


def matching(text: str, start: int, closes: str, *, regex: bool = False) -> int:
    """Where the bracket that opens at `start` finds its `closes`; strings, and /regular expressions/, are skipped."""
    opens = text[start]
    skipped = "'\"/" if regex else "'\""
    depth = 1
    at = start + 1
    while at < len(text):
        char = text[at]
        if char in skipped:
            at = unescaped_index(text, char, at + 1)
            if at < 0:
                kind = "regex" if char == "/" else "string"
                raise _fault(
                    f"Could not find matching close for {char} when parsing {kind} in : {text}", start
                )
        elif char == opens:
            depth += 1
        elif char == closes:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1


def _closes(text: str, at: int) -> bool:
    depth = 0
    for found in _ROUND.finditer(text, at):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return True
    return False


def _parameters(text: str, at: int, name: str, depth: int) -> tuple[tuple[tuple[Step, ...] | str, ...], int]:
    # The parameters of a function, from behind its `(` to behind its `)`. A parameter that begins with `$`
    # or `@` is a path, one that begins with a digit, `-`, `"` or `{` is JSON; any other one is dropped.
    found: list[tuple[Step, ...] | str] = []
    parts: list[str] = []
    kind = before = ""
    round_, square, curly, quoted = 1, 0, 0, 0
    while at < len(text):
        char = text[at]
        at += 1
        if not kind:
            if char in " \t\n\r":
                continue
            kind = "path" if char in "$@" else "json" if char in '{-"' or char.isdigit() else ""
        if char == '"':
            quoted += -1 if quoted and before != "\\" else 1
        elif char == "(":
            round_ += 1
        elif char == "[":
            square += 1
        elif char == "{":
            curly += 1
        elif char in "]}":
            if not (square if char == "]" else curly):
                raise _fault(f"Unexpected close bracket '{char}' at character position: {{}}", at)
            square -= char == "]"
            curly -= char == "}"
        elif char == "\\" and quoted == 1 and text.startswith((",", '"'), at):
            parts.append(text[at])
            at += 1
            before = ""
            continue
        elif char == ")":
            round_ -= 1
            if before == "(":
                parts.append(char)
        if char in "),":
            ends = not (quoted or square or curly) and (round_ == 1 or (round_ == 0 and char == ")"))
            if ends and kind:
                whole = "".join(parts)
                found.append(parse(whole, depth) if kind == "path" else whole)
                parts.clear()
                kind = ""
            if ends and round_ == 0:
                return tuple(found), at
        if kind and not (char == "," and round_ == 1 and not (square or curly)):
            parts.append(char)
        before = char
    raise _fault(f"Arguments to function: '{name}' are not closed properly.", at)
