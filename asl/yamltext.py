"""YAML as definitions are written in: the core schema of YAML 1.2, so that a state named `Yes`, `No` or `On`
and a timestamp stay strings.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import cast

import yaml

from asl.errors import DefinitionError, Problem
from asl.jsontext import Duplicates
from asl.values import Json

NODES = 1_000_000
"""The most values a document may have once its aliases are written out (a few lines can mean billions)."""


class _Loader(yaml.SafeLoader):
    """The scalars of YAML 1.2's core schema; PyYAML's own are those of 1.1. The loader in C is not used:
    deeply nested text overflows its stack."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (PyYAML's attribute)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z"), list(_first))


def load(text: str, duplicates: Duplicates) -> Json:
    """The value of a YAML text. Raises DefinitionError, and RecursionError where it is nested too deeply."""
    node = _compose(text)
    if node is None:
        return None
    _measure(node)
    return _value(node, duplicates, {})


def position(text: str, steps: list[str | int]) -> tuple[int, int]:
    """Line and column (from 1) of the value that the steps lead to; of its key where it is a collection."""
    node = _compose(text)
    mark = node.start_mark if node else None
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            members = [(key, value) for key, value in node.value if key.value == step]
            if not members:
                break
            key, node = members[-1]
            mark = node.start_mark if isinstance(node, yaml.ScalarNode) else key.start_mark
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            mark = node.start_mark
        else:
            break
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


@lru_cache(maxsize=1)  # many problems of one text ask for their places, one after the other
def _compose(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        message = ": ".join(part for part in (error.context, error.problem) if part)
        raise _refusal(message, error.problem_mark or error.context_mark) from None
    except yaml.YAMLError as error:
        raise _refusal(str(error).splitlines()[0], None) from None


def _measure(root: yaml.Node) -> None:
    """Refuse a document that contains itself, or that is too large with its aliases written out."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1
        known = sizes.get(id(node))
        if known is not None:
            return known
        if id(node) in open_nodes:
            raise _refusal("an alias stands inside the value that it names", node.start_mark)
        open_nodes.add(id(node))
        total = 1
        for child in node.value:
            total += size(child) if isinstance(child, yaml.Node) else size(child[0]) + size(child[1])
        open_nodes.discard(id(node))
        if total > NODES:
            raise _refusal(f"aliases make more than {NODES} values of this document", node.start_mark)
        sizes[id(node)] = total
        return total

    size(root)


def _value(node: yaml.Node, duplicates: Duplicates, made: dict[int, Json]) -> Json:
    if id(node) not in made:
        made[id(node)] = _made(node, duplicates, made)
    return made[id(node)]


def _made(node: yaml.Node, duplicates: Duplicates, made: dict[int, Json]) -> Json:
    if node.tag.startswith("!"):
        # CloudFormation's short forms in their long form: `!GetAtt F.Arn` is {"Fn::GetAtt": "F.Arn"}.
        name = "Ref" if node.tag == "!Ref" else f"Fn::{node.tag[1:]}"
        if isinstance(node, yaml.ScalarNode):
            return {name: node.value}
        return {name: _collection(node, duplicates, made)}
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    return _collection(node, duplicates, made)


def _collection(node: yaml.Node, duplicates: Duplicates, made: dict[int, Json]) -> Json:
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, duplicates, made) for item in node.value]
    return _mapping(cast(yaml.MappingNode, node), duplicates, made)


def _mapping(node: yaml.MappingNode, duplicates: Duplicates, made: dict[int, Json]) -> dict[str, Json]:
    value: dict[str, Json] = {}
    for key, item in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            for part in item.value if isinstance(item, yaml.SequenceNode) else [item]:
                merged = _value(part, duplicates, made)
                if not isinstance(merged, dict):
                    raise _refusal("'<<' merges mappings only", part.start_mark)
                value = {**merged, **value}
    own: set[str] = set()
    for key, item in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            continue
        if not isinstance(key, yaml.ScalarNode):
            raise _refusal("a key must be a string", key.start_mark)
        if key.value in own:
            duplicates.append((value, key.value, (key.start_mark.line + 1, key.start_mark.column + 1)))
        own.add(key.value)
        value[key.value] = _value(item, duplicates, made)
    return value


def _scalar(node: yaml.ScalarNode) -> Json:
    text: str = node.value
    kind = node.tag.rpartition(":")[2]
    try:
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if kind == "float":
            number = float(text.replace(".inf", "inf").replace(".nan", "nan"))
            if not math.isfinite(number):
                raise _refusal(f"'{text}' is not a number of JSON", node.start_mark)
            return number
    except ValueError:  # more digits than Python converts, or a tag on a text that is no number
        raise _refusal(f"'{text[:40]}' is not a number", node.start_mark) from None
    return None if kind == "null" else text


def _refusal(message: str, mark: yaml.Mark | None) -> DefinitionError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return DefinitionError([Problem("", "INVALID_JSON_DESCRIPTION", message, line=line, column=column)])
