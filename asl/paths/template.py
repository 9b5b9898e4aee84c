"""Where payload templates read a path otherwise than Jayway: the one place of that difference.

`Parameters`, `ItemSelector` and `ResultSelector` forgive two things that `InputPath`, `OutputPath` and the
other path fields do not: an indefinite path that finds no way gives [] (recorded:
base.json_path_array_wildcard_or_slice_with_no_input), and an index past the end of an array gives null
(measured by others). Everything else that is missing stays an error.
"""

from __future__ import annotations

from asl.errors import PathError
from asl.paths.failures import PastEnd
from asl.values import Json, Scope, Select


def forgiving(select: Select, definite: bool) -> Select:
    """`select` as a payload template applies it."""
    if definite:

        def null_past_end(value: Json, scope: Scope) -> Json:
            try:
                return select(value, scope)
            except PastEnd:
                return None

        return null_past_end

    def empty_without_way(value: Json, scope: Scope) -> Json:
        try:
            return select(value, scope)
        except PathError:
            return []

    return empty_without_way
