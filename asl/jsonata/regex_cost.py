"""How much work a regular expression can mean, told from its shape.

A backtracking engine goes wrong where one text can be matched in many ways: a loop inside a loop, or loops,
options and alternatives that can share characters with what follows them. What is decided by the next
character alone costs nothing extra.
"""

from __future__ import annotations

from typing import NamedTuple

from asl.jsonata.regex_syntax import Node, Ranges, Tree, complement

_LINE_ENDS: Ranges = [(10, 10), (13, 13), (0x2028, 0x2029)]


class Cost(NamedTuple):
    """`nested`: no bound is known. Else a search in n characters takes at most some factor * n^power steps."""

    nested: bool = False
    power: int = 0
    factor: int = 1
    scans: bool = False  # some loop may run over the text and then fail

    def steps(self, size: int) -> int:
        return self.factor * int(size ** (1 + self.power + self.scans))


def cost(tree: Tree) -> Cost:
    """What the pattern can cost at most."""
    return _Estimate(tree.ignore_case).of(tree.node, NOTHING)


class After(NamedTuple):
    """What follows a node: whether it may fail, and with which characters it may begin (None: unknown)."""

    fails: bool
    first: Ranges | None


NOTHING = After(False, [])


class _Estimate:
    def __init__(self, ignore_case: bool) -> None:
        self.ignore_case = ignore_case

    def of(self, node: Node, after: After) -> Cost:
        kind = node[0]
        if kind == "seq":
            return self.sequence(node[1], after)
        if kind == "alt":
            return self.alternatives(node[1], after)
        if kind == "group":
            return self.of(node[2], after)
        if kind == "look":
            return self.of(node[3], NOTHING)
        if kind in ("back", "named"):
            return Cost(power=1)
        return self.repeat(node, after) if kind == "repeat" else Cost()

    def sequence(self, parts: list[Node], after: After) -> Cost:
        total = Cost()
        for part in reversed(parts):
            found = self.of(part, after)
            total = Cost(
                total.nested or found.nested,
                total.power + found.power,
                total.factor * found.factor,
                total.scans or found.scans,
            )
            after = self.before(part, after)
        return total

    def alternatives(self, options: list[Node], after: After) -> Cost:
        found = [self.of(option, after) for option in options]
        firsts = [self.before(option, after).first for option in options]
        clear = all(self.disjoint(a, b) for index, a in enumerate(firsts) for b in firsts[index + 1 :])
        return Cost(
            any(one.nested for one in found),
            max(one.power for one in found),
            max(one.factor for one in found) * (1 if clear or not after.fails else len(options)),
            any(one.scans for one in found),
        )

    def repeat(self, node: Node, after: After) -> Cost:
        _, body, least, most, *_ = node
        inner = self.of(body, After(True, None))
        if most is not None and most <= 1:
            clear = not after.fails or self.disjoint(self.before(body, after).first, after.first)
            return inner._replace(factor=inner.factor * (1 if clear else 2))
        begins = self.before(body, NOTHING).first
        if inner.power or inner.scans or inner.factor > 1 or begins is None:
            return inner._replace(nested=True)
        if not after.fails:
            return inner
        if self.disjoint(begins, after.first):
            return inner._replace(scans=True)
        if most is not None and most - least < 16:
            return inner._replace(factor=inner.factor * (most - least + 1), scans=True)
        return inner._replace(power=inner.power + 1)

    def before(self, node: Node, after: After) -> After:
        """What `node` and then `after` look like to what stands before them."""
        kind = node[0]
        if kind == "char":
            return After(True, [(ord(node[1]), ord(node[1]))])
        if kind == "any":
            return After(True, complement(_LINE_ENDS))
        if kind == "set":
            return After(True, complement(node[2]) if node[1] else node[2])
        if kind == "seq":
            for part in reversed(node[1]):
                after = self.before(part, after)
            return after
        if kind == "alt":
            options = [self.before(option, after) for option in node[1]]
            first: Ranges | None = []
            for option in options:
                first = _union(first, option.first)
            return After(any(option.fails for option in options), first)
        if kind == "group":
            return self.before(node[2], after)
        if kind == "repeat":
            inner = self.before(node[1], after)
            if node[2] > 0:
                return inner
            return After(after.fails, _union(inner.first, after.first))
        return After(True, None)

    def disjoint(self, a: Ranges | None, b: Ranges | None) -> bool:
        if a is None or b is None:
            return False
        if self.ignore_case:
            a, b = _folded(a), _folded(b)
        return not any(
            low <= other_high and other_low <= high for low, high in a for other_low, other_high in b
        )


def _union(a: Ranges | None, b: Ranges | None) -> Ranges | None:
    return None if a is None or b is None else a + b


def _folded(ranges: Ranges) -> Ranges:
    """The ranges with the other case of ASCII letters; beyond ASCII everything may fold to everything."""
    out = list(ranges)
    for low, high in ranges:
        for start, end, shift in ((65, 90, 32), (97, 122, -32)):
            if low <= end and high >= start:
                out.append((max(low, start) + shift, min(high, end) + shift))
        if high > 127:
            out.extend([(65, 90), (97, 122), (128, 0x10FFFF)])
    return out
