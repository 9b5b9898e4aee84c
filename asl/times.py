"""Timestamps: RFC 3339 text to integers since the epoch, and back. There is no clock in here.

Time inside the interpreter is integer milliseconds since 1970-01-01T00:00:00Z. Comparing timestamps (Choice
rules) needs the nanoseconds that the text may carry, so there is an `instant` for that.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

# java.time's ISO_OFFSET_DATE_TIME, whose name the service's messages bear: letters in either case, seconds
# optional, up to nine digits of a second, the offset required, years past 9999 with a sign. As text: the `re` module
# compiles it when it is first needed, and keeps it.
_TIMESTAMP = (
    r"([0-9]{4}|\+[0-9]{5,9}|-(?!0000-)[0-9]{4,9})-([0-9]{2})-([0-9]{2})T"
    r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{0,9}))?)?"
    r"(?:Z|([+-])(0[0-9]|1[0-8]):([0-5][0-9])(?::([0-5][0-9]))?)"
)
_DAY = 86_400
_FARTHEST_OFFSET = 18 * 3600
_CYCLE = 400, 146_097  # the calendar repeats after so many years and days: it carries dates past 9999
_EPOCH = date(1970, 1, 1).toordinal() - 1


def instant(text: str) -> int | None:
    """The nanoseconds since the epoch that a timestamp names; None where `text` is not a timestamp.

    Accepts what the service does (recorded: Wait `TimestampPath`, Choice `Timestamp…`): an ISO-8601 extended
    offset date-time. Without an offset, with a space for the `T`, with month 13 or hour 24 or 25 it is none.
    """
    match = re.fullmatch(_TIMESTAMP, text, re.IGNORECASE)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, *offset = match.groups()
    cycles, year_of_cycle = divmod(int(year) - 1, _CYCLE[0])
    try:
        days = date(year_of_cycle + 1, int(month), int(day)).toordinal() - 1 + cycles * _CYCLE[1] - _EPOCH
    except ValueError:
        return None
    seconds = days * _DAY + int(hour) * 3600 + int(minute) * 60 + int(second or 0)
    if sign:
        ahead = int(offset[0]) * 3600 + int(offset[1]) * 60 + int(offset[2] or 0)
        if ahead > _FARTHEST_OFFSET:
            return None
        seconds += ahead if sign == "-" else -ahead
    return seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def parse(text: str) -> int | None:
    """The milliseconds since the epoch that a timestamp names, rounded down; None where it is none."""
    nanoseconds = instant(text)
    return None if nanoseconds is None else nanoseconds // 1_000_000


@lru_cache(maxsize=64)
def _date(days: int) -> str:
    cycles, day = divmod(days + _EPOCH, _CYCLE[1])
    when = date.fromordinal(day + 1)
    year = when.year + cycles * _CYCLE[0]
    written = f"{year:04}" if 0 <= year <= 9999 else f"{year:+05}"
    return f"{written}-{when.month:02}-{when.day:02}"


@lru_cache(maxsize=256)
def _to_the_minute(minutes: int) -> str:
    days, rest = divmod(minutes, 1440)
    hour, minute = divmod(rest, 60)
    return f"{_date(days)}T{hour:02}:{minute:02}"


def _to_the_second(seconds: int) -> str:
    # 0.2 us: a history is written with a timestamp for each moment, many of the same minute.
    minutes, second = divmod(seconds, 60)
    return f"{_to_the_minute(minutes)}:{_TWO_DIGITS[second]}"


_TWO_DIGITS = [f"{number:02}" for number in range(60)]


def text(ms: int) -> str:
    """A timestamp as the context object writes it: `2026-11-03T12:00:00.123Z`, no fraction where it is 0."""
    seconds, rest = divmod(ms, 1000)
    return f"{_to_the_second(seconds)}.{rest:03}Z" if rest else f"{_to_the_second(seconds)}Z"


def cli_text(ms: int) -> str:
    """A timestamp as `aws stepfunctions` prints it: `2026-11-03T12:00:00.123000+00:00`."""
    seconds, rest = divmod(ms, 1000)
    if not rest:
        return f"{_to_the_second(seconds)}.000000+00:00"
    return f"{_to_the_second(seconds)}.{rest:03}000+00:00"
