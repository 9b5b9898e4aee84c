"""Tokens to a tree: JSONata's grammar as a table of binding powers (Pratt's method).

The tree still has the shape of the text; `asl.jsonata.shape` turns it into what is evaluated.
"""

from __future__ import annotations

from asl.jsonata.errors import JsonataError
from asl.jsonata.lexer import Lexer, Token
from asl.jsonata.nodes import Node
from asl.jsonata.signature import Signature

BINDING = {
    ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60, "/": 60, "%": 60,
    "=": 40, "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "and": 30, "or": 25,
    "in": 40, "&": 50,
}  # fmt: skip
"""How strongly an infix operator binds; what is not here ends an expression."""

KNOWN = BINDING.keys() | {"]", "}", ")", ",", ";", ":", "|", "**", ".."}
_PLAIN = frozenset(("string", "number", "value", "name", "variable", "regex", "end"))
_WORDS = frozenset(("and", "or", "in"))

MAX_NESTING = 200
"""Deeper brackets are not parsed: evaluating them could only overflow (the service stops at depth 100)."""


class TooDeep(Exception):
    """The expression is nested deeper than can ever be evaluated."""


def parse(text: str) -> Node:
    """The tree of an expression. JsonataError (codes S0...) where it is not well-formed; TooDeep."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.lexer = Lexer(text)
        self.token = Token("operator", "", 0)
        self.nesting = 0

    def whole(self) -> Node:
        self.advance()
        tree = self.expression(0)
        if self.token.kind != "end":
            raise JsonataError("S0201", self.token.position, token=self.token.value)
        return tree

    def advance(self, expected: str | None = None, infix: bool = False) -> Token:
        """To the next token; `expected` must be the current one. `infix`: an operator may follow."""
        if expected is not None and not self.at(expected):
            code = "S0203" if self.token.kind == "end" else "S0202"
            raise JsonataError(code, self.token.position, token=self.token.value, value=expected)
        token = self.lexer.next(infix)
        if token.kind == "operator" and token.value not in KNOWN:
            raise JsonataError("S0204", token.position, token=token.value)
        self.token = token
        return token

    def at(self, symbol: str) -> bool:
        return self.token.kind == "operator" and self.token.value == symbol

    def expression(self, power: int) -> Node:
        """What stands here, up to an operator that binds no stronger than `power`."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise TooDeep
        token = self.token
        self.advance(infix=True)
        left = self.prefix(token)
        while self.token.kind == "operator" and power < BINDING.get(self.token.value, 0):
            token = self.token
            self.advance()
            left = self.infix(token, left)
        self.nesting -= 1
        return left

    def prefix(self, token: Token) -> Node:
        kind, value, position = token
        if kind in _PLAIN:
            return Node(kind, value, position)
        if value in _WORDS:  # the keywords may also be field names
            return Node("operator", value, position)
        if value == "-":
            node = Node("unary", value, position)
            node.expression = self.expression(70)
            return node
        if value == "*":
            return Node("wildcard", value, position)
        if value == "**":
            return Node("descendant", value, position)
        if value == "%":
            return Node("parent", value, position)
        if value == "(":
            return self.block(position)
        if value == "[":
            return self.array(position)
        if value == "{":
            node = Node("unary", value, position)
            node.pairs = self.members()
            return node
        if value == "|":
            return self.transform(position)
        raise JsonataError("S0211", position, token=value)

    def infix(self, token: Token, left: Node) -> Node:
        value, position = token.value, token.position
        if value == "(":
            return self.call(position, left)
        if value == "[":
            return self.predicate(position, left)
        if value == "?":
            node = Node("condition", value, position)
            node.condition = left
            node.then = self.expression(0)
            if self.at(":"):
                self.advance(":")
                node.otherwise = self.expression(0)
            return node
        node = Node("binary", value, position)
        node.lhs = left
        if value == "{":
            node.pairs = self.members()
        elif value == "^":
            node.terms = self.order()
        elif value == ":=":
            if left.kind != "variable":
                raise JsonataError("S0212", left.position, token=left.value)
            node.rhs = self.expression(BINDING[value] - 1)
        else:
            node.rhs = self.expression(BINDING[value])
            if value in ("@", "#") and node.rhs.kind != "variable":
                raise JsonataError("S0214", node.rhs.position, token=value)
        return node

    def block(self, position: int) -> Node:
        node = Node("block", "(", position)
        while not self.at(")"):
            node.expressions.append(self.expression(0))
            if not self.at(";"):
                break
            self.advance(";")
        self.advance(")", infix=True)
        return node

    def array(self, position: int) -> Node:
        node = Node("unary", "[", position)
        while not (self.at("]") and not node.expressions):
            item = self.expression(0)
            if self.at(".."):
                span = Node("binary", "..", self.token.position)
                self.advance("..")
                span.lhs, span.rhs = item, self.expression(0)
                item = span
            node.expressions.append(item)
            if not self.at(","):
                break
            self.advance(",")
        self.advance("]", infix=True)
        return node

    def members(self) -> list[tuple[Node, Node]]:
        pairs: list[tuple[Node, Node]] = []
        while not (self.at("}") and not pairs):
            key = self.expression(0)
            self.advance(":")
            pairs.append((key, self.expression(0)))
            if not self.at(","):
                break
            self.advance(",")
        self.advance("}", infix=True)
        return pairs

    def predicate(self, position: int, left: Node) -> Node:
        if self.at("]"):  # an empty predicate keeps a single result an array
            step = left
            while step.kind == "binary" and step.value == "[":
                step = step.lhs
            step.keep_array = True
            self.advance("]")
            return left
        node = Node("binary", "[", position)
        node.lhs, node.rhs = left, self.expression(0)
        self.advance("]", infix=True)
        return node

    def order(self) -> list[tuple[bool, Node]]:
        self.advance("(")
        terms: list[tuple[bool, Node]] = []
        while True:
            descending = self.at(">")
            if descending or self.at("<"):
                self.advance()
            terms.append((descending, self.expression(0)))
            if not self.at(","):
                break
            self.advance(",")
        self.advance(")")
        return terms

    def transform(self, position: int) -> Node:
        node = Node("transform", "|", position)
        node.pattern = self.expression(0)
        self.advance("|")
        node.update = self.expression(0)
        if self.at(","):
            self.advance(",")
            node.delete = self.expression(0)
        self.advance("|")
        return node

    def call(self, position: int, left: Node) -> Node:
        node = Node("function", "(", position)
        node.procedure = left
        while not (self.at(")") and not node.arguments):
            if self.at("?"):
                node.kind = "partial"
                node.arguments.append(Node("operator", "?", self.token.position))
                self.advance("?")
            else:
                node.arguments.append(self.expression(0))
            if not self.at(","):
                break
            self.advance(",")
        self.advance(")", infix=True)
        if left.kind == "name" and left.value in ("function", "λ"):
            return self.definition(node)
        return node

    def definition(self, node: Node) -> Node:
        """`function($a, $b)<nn:n>{ body }`, the part up to `)` being read."""
        for index, argument in enumerate(node.arguments):
            if argument.kind != "variable":
                raise JsonataError("S0208", argument.position, token=argument.value, value=index + 1)
        node.kind = "lambda"
        node.procedure = None
        if self.at("<"):
            node.signature = self.signature()
        self.advance("{")
        node.body = self.expression(0)
        self.advance("}")
        return node

    def signature(self) -> Signature:
        start, text, depth = self.token.position, "<", 1
        while depth > 0 and not self.at("{") and self.token.kind != "end":
            token = self.advance()
            if self.at(">"):
                depth -= 1
            elif self.at("<"):
                depth += 1
            text += str(token.value)
        self.advance(">")
        try:
            return Signature(text)
        except JsonataError as error:
            error.position = start + (error.position or 0)
            raise
