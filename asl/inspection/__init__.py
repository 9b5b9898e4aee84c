"""Why a run went as it did: every visit of a state with the stages of its data flow, and what decided.

for visit in asl.explain(result, machine, "Check"):
    visit.stages["afterInputPath"], visit.next, visit.why
"""

from __future__ import annotations

from asl.inspection.explaining import explain
from asl.inspection.explanation import Attempt, Explanation, Replaced, Tried

__all__ = ["Attempt", "Explanation", "Replaced", "Tried", "explain"]
