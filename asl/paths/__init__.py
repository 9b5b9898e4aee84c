"""JSONPath as the service evaluates it, which is Jayway's: `compile(text)` gives a `Path` to apply.

A path of names and indexes alone (`$.a.b[0]`, `$$.Execution.Id`, `$order.lines`) is read by a tokenizer of
its own; every other one by the parser in `grammar`, which is imported when it is first needed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from asl.paths.plain import identity, plain, reader
from asl.paths.reference import put, reference
from asl.paths.template import forgiving
from asl.values import Select

__all__ = ["Path", "compile", "identity", "put", "reference"]


_NONE: frozenset[str] = frozenset()


class Path(NamedTuple):
    """A compiled JSONPath.

    `select` raises `PathError` with Jayway's message. A definite path selects one value; an indefinite one
    (wildcard, slice, filter, `..`) a list of all the values it finds, possibly empty. `in_template` is how a
    payload template reads it, which forgives a little more (see `template`). `variables` are the names of
    the workflow variables that it reads.
    """

    text: str
    select: Select
    in_template: Select
    definite: bool
    reads_context: bool
    variables: frozenset[str]


@lru_cache(maxsize=4096)
def compile(text: str) -> Path:
    """The path that `text` says; raises `ExpressionError` where it is none."""
    found = plain(text)
    if found is None:
        from asl.paths.full import compile_full  # imports the grammar, which takes 25 ms

        root, select, definite = compile_full(text)
        in_template = forgiving(select, definite)
    else:
        root, keys = found
        definite = True
        select = in_template = reader(root, keys, text)
        if "[" in text and any(isinstance(key, int) for key in keys):
            in_template = forgiving(select, True)
    variables = frozenset((root[1:],)) if root not in ("$", "$$") else _NONE
    return Path(text, select, in_template, definite, root == "$$", variables)
