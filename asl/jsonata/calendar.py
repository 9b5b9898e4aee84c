"""The calendar: days and dates, weeks as ISO 8601 counts them, the components of a time.

Days are counted from 1970-01-01 in the proleptic Gregorian calendar, so that years outside Python's calendar
work as they do in JavaScript.
"""

from __future__ import annotations

import math
from typing import Any

DAY = 86_400_000
"""Milliseconds."""


def days_from(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date in the proleptic Gregorian calendar; month from 1, any size."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    y = year - (month <= 2)
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5
    doe = yoe * 365 + yoe // 4 - yoe // 100 + doy
    return era * 146097 + doe - 719468 + day - 1


def date_of(days: int) -> tuple[int, int, int]:
    """(year, month, day) of a number of days since 1970-01-01."""
    days += 719468
    era = days // 146097
    doe = days - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + (3 if mp < 10 else -9)
    return yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) // 5 + 1


def _week_start(year: int, month: int) -> int:
    """The day on which the first week of a month (of a year: of its January) begins: it holds a Thursday."""
    first = days_from(year, month, 1)
    weekday = (first + 3) % 7 + 1
    return first + 8 - weekday if weekday > 4 else first - weekday + 1


def _week(day: int, starts: tuple[int, int, int], most: int) -> int:
    """Which week `day` is in; `starts` are those of the period before, this one, and the next."""
    before, this, after = starts
    week = (day - this) / 7 + 1
    if week > most:
        if day >= after:
            week = 1
    elif week < 1:
        week = (day - before) / 7 + 1
    return math.floor(week)


def fragment(millis: int, letter: str) -> Any:
    """The number (or name) that a component of a picture stands for."""
    days, rest = divmod(millis, DAY)
    year, month, day = date_of(days)
    if letter == "Y":
        return year
    if letter == "M":
        return month
    if letter == "D":
        return day
    if letter == "d":
        return days - days_from(year, 1, 1) + 1
    if letter == "F":
        return (days + 3) % 7 + 1
    if letter in "WX":
        starts = (_week_start(year - 1, 1), _week_start(year, 1), _week_start(year + 1, 1))
        if letter == "W":
            return _week(days, starts, 52)
        return year - 1 if days < starts[1] else year + 1 if days >= starts[2] else year
    if letter in "wx":
        starts = (_week_start(year, month - 1), _week_start(year, month), _week_start(year, month + 1))
        if letter == "w":
            return _week(days, starts, 4)
        shift = -1 if days < starts[1] else 1 if days >= starts[2] else 0
        return (month - 1 + shift) % 12 + 1
    hour = rest // 3_600_000
    if letter == "H":
        return hour
    if letter == "h":
        return hour % 12 or 12
    if letter == "P":
        return "pm" if hour >= 12 else "am"
    if letter == "m":
        return rest // 60_000 % 60
    if letter == "s":
        return rest // 1000 % 60
    if letter == "f":
        return rest % 1000
    return "ISO"  # calendar and era
