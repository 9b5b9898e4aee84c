"""Coverage of state machines: what runs went through, of all that there is to go through."""

from __future__ import annotations

from asl.testing.coverage.collecting import Coverage, Covered
from asl.testing.coverage.points import KINDS, Point, points

__all__ = ["KINDS", "Coverage", "Covered", "Point", "points"]
