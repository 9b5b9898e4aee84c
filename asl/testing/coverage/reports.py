"""Coverage as people and programs read it: a table, JSON, LCOV; the page is in `html`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl import source
from asl.errors import AslError
from asl.testing.coverage.collecting import Coverage, Covered, percent
from asl.testing.coverage.points import KINDS, Point
from asl.testing.coverage.selecting import select

HEADS = {
    "state": "states",
    "transition": "transitions",
    "choice": "choices",
    "catch": "catches",
    "retry": "retries",
    "map": "maps",
}
"""The kinds of points as the heads of columns."""

FILES = {"html": "asl-coverage.html", "json": "asl-coverage.json", "lcov": "asl-coverage.lcov"}
"""The forms that are files, and their names where no other is said."""

_MOST = 8
"""Points that the table names of one machine."""


@dataclass(frozen=True)
class Row:
    """One machine in a report: its points, those that were hit, and the lines in its file (0: there is no file)."""

    name: str
    file: str | None
    covered: Covered
    points: Sequence[Point]
    hits: frozenset[Point]
    lines: Sequence[int]
    text: str | None

    @property
    def percent(self) -> float:
        """How much was covered, in percent."""
        return percent(len(self.hits), len(self.points))

    def share(self, kind: str) -> tuple[int, int]:
        """How many points of a kind were hit, and how many there are."""
        mine = [point for point in self.points if point.kind == kind]
        return sum(point in self.hits for point in mine), len(mine)

    @property
    def missing(self) -> list[tuple[Point, int]]:
        """The points that were not hit, with their lines, worst first: a state that is never entered says it all."""
        never = {point.state for point in self.points if point.kind == "state" and point not in self.hits}
        return [
            (point, line)
            for point, line in zip(self.points, self.lines, strict=True)
            if point not in self.hits and (point.kind == "state" or point.state not in never)
        ]


def rows(coverage: Coverage, root: Path | None = None) -> list[Row]:
    """The machines of a report, those with files first, by their names; files are shown as seen from `root`."""
    found = [_row(covered, root or Path.cwd()) for covered in coverage.machines.values()]
    return sorted(found, key=lambda row: (row.file is None, row.file or "", row.name))


def _row(covered: Covered, root: Path) -> Row:
    text, lines = None, [0] * len(covered.points)
    if covered.source is not None:
        try:
            read = source.read(covered.source)
        except (AslError, OSError):  # it was there when it was loaded
            read = None
        if read is not None:
            text = read.text
            lines = [(read.position(point.location) or (0, 0))[0] for point in covered.points]
    file = covered.source
    if file is not None and Path(file).is_relative_to(root):
        file = Path(file).relative_to(root).as_posix()
    return Row(covered.name, file, covered, covered.points, frozenset(covered.hits()), lines, text)


def total(rows: Iterable[Row]) -> float:
    """How much was covered of all machines together, in percent; nothing where there is none."""
    every = list(rows)
    return (
        0.0
        if not every
        else percent(sum(len(row.hits) for row in every), sum(len(row.points) for row in every))
    )


def table(rows: Sequence[Row]) -> list[str]:
    """Lines of text: a row for each machine and, below, what was not covered."""
    if not rows:
        return ["no state machine ran"]
    heads = ["machine", *HEADS.values(), "covered"]
    cells = [[row.file or row.name, *_shares(row), f"{row.percent:.0f}%"] for row in rows]
    if len(rows) > 1:
        cells.append(["TOTAL", *[""] * len(HEADS), f"{total(rows):.0f}%"])
    widths = [max(len(line[column]) for line in (heads, *cells)) for column in range(len(heads))]
    lines = [
        "  ".join(
            [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        ).rstrip()
        for line in (heads, *cells)
    ]
    for row in rows:
        lines += _missing(row)
    return lines


def _shares(row: Row) -> list[str]:
    shares = [row.share(kind) for kind in KINDS]
    return [f"{hit}/{all}" if all else "–" for hit, all in shares]


def _missing(row: Row) -> list[str]:
    points = row.missing
    if not points:
        return []
    lines = ["", f"not covered in {row.file or row.name}:"]
    lines += [f"  {f'{line}: ' if line else ''}{point}" for point, line in points[:_MOST]]
    if len(points) > _MOST:
        lines.append(f"  … and {len(points) - _MOST} more")
    return lines


def to_dict(rows: Sequence[Row]) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "percent": round(total(rows), 2),
        "machines": [
            {
                "name": row.name,
                "file": row.file,
                "percent": round(row.percent, 2),
                "covered": len(row.hits),
                "total": len(row.points),
                "points": [
                    {
                        "kind": point.kind,
                        "state": point.state,
                        "what": point.what,
                        "to": point.to,
                        "location": point.location,
                        "line": line or None,
                        "covered": point in row.hits,
                    }
                    for point, line in zip(row.points, row.lines, strict=True)
                ],
            }
            for row in rows
        ],
    }


def to_json(rows: Sequence[Row]) -> str:
    """The text of `to_dict`."""
    return json.dumps(to_dict(rows), indent=1, ensure_ascii=False) + "\n"


def lcov(rows: Sequence[Row]) -> str:
    """LCOV's tracefile, of the machines that have files: states as functions, everything else as branches."""
    return "".join(_tracefile(row) for row in rows if row.text is not None)


def _tracefile(row: Row) -> str:
    placed = [(point, line) for point, line in zip(row.points, row.lines, strict=True) if line]
    functions = [(point, line) for point, line in placed if point.kind == "state"]
    entered = {point.state for point, _ in functions if point in row.hits}
    lines = {line: 0 for _, line in placed}
    records = ["TN:", f"SF:{row.covered.source}"]
    records += [f"FN:{line},{point.state}" for point, line in functions]
    records += [f"FNDA:{int(point in row.hits)},{point.state}" for point, _ in functions]
    records += [f"FNF:{len(functions)}", f"FNH:{len(entered)}"]
    branches = [(point, line) for point, line in placed if point.kind != "state"]
    for number, (point, line) in enumerate(branches):
        taken = "-" if point.state not in entered else str(int(point in row.hits))
        records.append(f"BRDA:{line},0,{number},{taken}")
    records += [f"BRF:{len(branches)}", f"BRH:{sum(point in row.hits for point, _ in branches)}"]
    for point, line in placed:
        lines[line] |= int(point in row.hits)
    records += [f"DA:{line},{hit}" for line, hit in sorted(lines.items())]
    records += [f"LF:{len(lines)}", f"LH:{sum(lines.values())}", "end_of_record"]
    return "\n".join(records) + "\n"


def render(rows: Sequence[Row], form: str) -> tuple[str, str]:
    """A report as `html`, `json` or `lcov`, or as `html:FILE` …: its text, and the name of its file.

    Raises `ValueError` for another form.
    """
    kind, _, file = form.partition(":")
    if kind not in _WRITERS:
        raise ValueError(f"{kind!r} is no form of a coverage report; there are {', '.join(FORMS)}")
    return _WRITERS[kind](rows), file or FILES[kind]


def _html(rows: Sequence[Row]) -> str:
    from asl.testing.coverage.html import page  # few want it

    return page(rows)


_WRITERS: dict[str, Callable[[Sequence[Row]], str]] = {"html": _html, "json": to_json, "lcov": lcov}
FORMS = ("term", *FILES)
"""The forms of reports; `term` is the table."""


def misfit(form: str) -> str | None:
    """What is wrong with a form that somebody asks for, in the words that follow it."""
    if form.partition(":")[0] not in FORMS or form.startswith("term:"):
        return f"it is one of {', '.join(FORMS)}, or html:FILE …"
    return None


def report(
    coverage: Coverage,
    pattern: str,
    forms: Sequence[str],
    least: float | None,
    root: Path,
    write: Callable[[str, str], object],
) -> tuple[list[str], bool]:
    """Report in these forms on the machines that a pattern names, seen from `root`.

    The lines to show, and whether as many percent as `least` are covered. `write` takes the name of a file and its
    text.
    """
    notes = select(coverage, pattern, root)
    found = rows(coverage, root)
    lines = [*(table(found) if "term" in forms else []), *notes]
    for form in forms:
        if form != "term":
            text, file = render(found, form)
            write(file, text)
            lines.append(f"written: {file}")
    share = total(found)
    is_enough = least is None or share >= least
    if not is_enough:
        lines.append(f"FAIL: coverage of {share:.1f} % is under {least:g} %")
    return lines, is_enough
