"""Function signatures: `<s-nn?:s>` says which arguments a function takes, and what a missing one means."""

from __future__ import annotations

import re
from typing import Any

from asl.jsonata.errors import JsonataError
from asl.jsonata.sequences import UNDEFINED, Function

_PLURAL = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}
_PATTERN = {
    **{symbol: f"[{symbol}m]" for symbol in "snblo"},
    "a": "[asnblfom]",
    "f": "f",
    "j": "[asnblom]",
    "x": "[asnblfom]",
}
_SYMBOL: dict[type, str] = {str: "s", int: "n", float: "n", bool: "b", dict: "o", list: "a", type(None): "l"}


def symbol(value: Any) -> str:
    """The letter for a value's type; `m` (missing) for nothing."""
    found = _SYMBOL.get(type(value))
    if found:
        return found
    if isinstance(value, Function):
        return "f"
    if isinstance(value, list):
        return "a"
    return "o" if isinstance(value, dict) else "m"


class Param:
    """One parameter: which types it takes, whether it may be left out, whether the context stands in."""

    __slots__ = ("context", "kind", "pattern", "subtype", "suffix")

    def __init__(self, kind: str, pattern: str) -> None:
        self.kind = kind
        self.pattern = pattern
        self.suffix = ""
        self.subtype: str | None = None
        self.context = False

    @property
    def regex(self) -> str:
        return self.pattern + self.suffix


class Signature:
    """A parsed signature. JsonataError S0401, S0402 (position: within the signature)."""

    __slots__ = ("_regex", "params", "simple", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.params = _params(text)
        self._regex: re.Pattern[str] | None = None
        # With no `+` every argument belongs to the parameter at its place, or to none.
        self.simple = all("+" not in param.suffix for param in self.params)

    def validate(self, args: list[Any], context: Any) -> list[Any]:
        """The arguments as the function takes them: the context filled in, single values made arrays.

        JsonataError T0410, T0411, T0412 (without the function's name, which the caller knows).
        """
        supplied = "".join(map(symbol, args))
        if self._regex is None:
            self._regex = re.compile("".join(f"({param.regex})" for param in self.params))
        match = self._regex.fullmatch(supplied)
        if match is None:
            raise self._mismatch(args, supplied)
        valid: list[Any] = []
        index = 0
        for param, taken in zip(self.params, match.groups(), strict=True):
            if not taken:
                if param.context:
                    if not re.match(param.pattern, symbol(context)):
                        raise JsonataError("T0411", value=context, index=index + 1)
                    valid.append(context)
                else:
                    valid.append(args[index] if index < len(args) else UNDEFINED)
                    index += 1
                continue
            arg = args[index]  # of arguments for one `+`, jsonata-js hands on the first one each time
            for single in taken:
                if param.kind == "a":
                    arg = (
                        UNDEFINED if single == "m" else self._array(param, single, taken, args[index], index)
                    )
                valid.append(arg)
                index += 1
        return valid

    @staticmethod
    def _array(param: Param, single: str, taken: str, arg: Any, index: int) -> Any:
        if param.subtype is not None:
            if single != "a":
                good = taken == param.subtype
            else:
                good = not arg or (
                    symbol(arg[0]) == param.subtype[:1] and len({symbol(item) for item in arg}) == 1
                )
            if not good:
                error = JsonataError("T0412", value=arg, index=index + 1)
                if param.subtype in _PLURAL:
                    error.fields["type"] = _PLURAL[param.subtype]
                raise error
        return arg if single == "a" else [arg]

    def _mismatch(self, args: list[Any], supplied: str) -> JsonataError:
        """T0410 naming the first argument that does not fit."""
        pattern, good = "", 0
        for param in self.params:
            pattern += param.regex
            match = re.match(pattern, supplied)
            if match is None:
                break
            good = match.end()
        value = args[good] if good < len(args) else UNDEFINED
        return JsonataError("T0410", value=value, index=good + 1)


def _params(text: str) -> list[Param]:
    params: list[Param] = []
    previous = Param("", "")
    at = 1
    while at < len(text):
        char = text[at]
        if char == ":":
            break
        if char in _PATTERN:
            previous = Param(char, _PATTERN[char])
            params.append(previous)
        elif char == "-":
            previous.context = True
            previous.suffix += "?"
        elif char in "?+":
            previous.suffix += char
        elif char == "(":
            end = _closing(text, at, "(", ")")
            choice = text[at + 1 : end]
            if "<" in choice:
                raise JsonataError("S0402", at, value=choice)
            previous = Param(f"({choice})", f"[{choice}m]")
            params.append(previous)
            at = end
        elif char == "<":
            if previous.kind not in ("a", "f"):
                raise JsonataError("S0401", at, value=previous.kind)
            end = _closing(text, at, "<", ">")
            previous.subtype = text[at + 1 : end]
            at = end
        at += 1
    return params


def _closing(text: str, start: int, opening: str, closing: str) -> int:
    depth, at = 1, start
    while at < len(text):
        at += 1
        char = text[at : at + 1]
        if char == closing:
            depth -= 1
            if depth == 0:
                break
        elif char == opening:
            depth += 1
    return at
