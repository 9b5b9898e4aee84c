"""What somebody meant who wrote a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a wrong one, upper and lower case alike; None where none is near."""
    from difflib import get_close_matches  # not needed where nothing is wrong

    folded = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None
