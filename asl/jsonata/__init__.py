"""JSONata 2.0.6 with the service's additions: `compile(text)` gives an expression that can be evaluated.

The text is parsed and compiled to closures once; evaluating reads what is bound by reference, so its cost
does not depend on the size of it.
"""

from __future__ import annotations

from asl.jsonata.errors import UNSUPPORTED_RESULT, JsonataError
from asl.jsonata.expression import Expression, check, compile
from asl.jsonata.sequences import UNDEFINED

__all__ = ["UNDEFINED", "UNSUPPORTED_RESULT", "Expression", "JsonataError", "check", "compile"]
