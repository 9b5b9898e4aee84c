"""Times by picture, as XPath's fn:format-dateTime in jsonata-js: both ways, UTC with a fixed offset."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import NamedTuple

from asl.jsonata.calendar import DAY, date_of, days_from, fragment
from asl.jsonata.errors import JsonataError, crash
from asl.jsonata.integers import Picture, expression, formatted, parsed, picture
from asl.jsonata.limits import Runtime
from asl.jsonata.regex import Pattern

_MAX_TIME = 8.64e15
_DAYS = ["", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
]  # fmt: skip
_DEFAULTS = {
    "Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "W": "1", "w": "1", "X": "1", "x": "1", "H": "1",
    "h": "1", "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01", "z": "01:01", "C": "n", "E": "n",
}  # fmt: skip
_ISO = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"


# ── pictures ──────────────────────────────────────────────────────────────────────────────────────


class Part(NamedTuple):
    """A piece of a picture: a literal text (component ""), or a component and how it is written."""

    component: str
    literal: str = ""
    names: str = ""  # lower, title or upper: written by name
    spec: Picture | None = None
    mandatory: int = 0
    low: int | None = None
    high: int | None = None
    digits: int | None = None  # how many digits a year, month or day keeps; -1: all
    zulu: bool = False


@lru_cache(maxsize=256)
def _parts(text: str) -> tuple[Part, ...]:
    """The picture in pieces. JsonataError D3132, D3135 and those of integer pictures."""
    parts: list[Part] = []

    def literal(start: int, end: int) -> None:
        if end > start:
            parts.append(Part("", text[start:end].replace("]]", "]")))

    start = at = 0
    while at < len(text):
        if text[at] == "[":
            if text.startswith("[[", at):
                literal(start, at)
                parts.append(Part("", "["))
                at += 2
                start = at
                continue
            literal(start, at)
            end = text.find("]", at)
            if end < 0:
                raise JsonataError("D3135")
            parts.append(_marker(re.sub(r"\s+", "", text[at + 1 : end])))
            at = end
            start = at + 1
        at += 1
    literal(start, at)
    return tuple(parts)


def _marker(marker: str) -> Part:
    component = marker[:1]
    body, comma, width = marker.rpartition(",")
    modifier = body[1:] if comma else marker[1:]
    low = high = None
    if comma:
        first, _, second = width.partition("-")
        low, high = _width(first), _width(second) if second else None
    second_modifier = ""
    if len(modifier) > 1 and modifier[-1] in "atco":
        second_modifier, modifier = modifier[-1], modifier[:-1]
    if not modifier:
        if component not in _DEFAULTS:
            raise JsonataError("D3132", value=component)
        modifier = _DEFAULTS[component]
    names = ""
    spec: Picture | None = None
    mandatory = 0
    digits: int | None = None
    if modifier[0] == "n":
        names = "lower"
    elif modifier[0] == "N":
        names = "title" if modifier[1:2] == "n" else "upper"
    elif component and component in "YMDdFWwXxHhmsf":
        spec = picture(modifier + (f";{second_modifier}" if second_modifier else ""))
        mandatory = spec.mandatory
        if low is not None and mandatory < low:
            mandatory = low
        if component in "YMD":
            digits = -1
            if high is not None:
                digits = mandatory = high
            elif spec.kind == "decimal" and mandatory + spec.optional >= 2:
                digits = mandatory + spec.optional
    if component in ("Z", "z"):
        spec = picture(modifier)
        mandatory = spec.mandatory
    return Part(component, "", names, spec, mandatory, low, high, digits, second_modifier == "t")


def _width(text: str) -> int | None:
    found = re.match(r"[0-9]+", text)
    return int(found.group()) if found else None


def _parse_int(text: str) -> int | None:
    found = re.match(r"\s*([+-]?[0-9]+)", text)
    return int(found.group(1)) if found else None


# ── formatting ────────────────────────────────────────────────────────────────────────────────────


def format_time(millis: float, text: str | None, timezone: str | None) -> str:
    """A time in milliseconds by a picture (without one: ISO 8601), at an offset like `+0530`."""
    hours = minutes = 0
    if timezone is not None:
        offset = _parse_int(timezone)
        if offset is None:  # jsonata-js goes on with NaN, and mostly stumbles
            raise crash("Cannot read properties of undefined (reading 'length')")
        hours = math.floor(offset / 100)
        minutes = int(math.fmod(offset, 100))
    local = millis + (60 * hours + minutes) * 60_000
    if not math.isfinite(local) or abs(local) > _MAX_TIME:
        local = 0
    whole = int(local)
    result = ""
    for part in _parts(_ISO if text is None else text):
        result += part.literal if not part.component else _write(whole, part, hours, minutes)
    return result


def _write(millis: int, part: Part, hours: int, minutes: int) -> str:
    component = part.component
    if component in ("Z", "z"):
        return _zone(part, hours, minutes)
    value = fragment(millis, component)
    if component == "P":
        return str(value).upper() if part.names == "upper" else str(value)
    if component not in "YMDdFWwXxHhmsf":
        return str(value)
    if component == "Y" and part.digits is not None and part.digits != -1:
        value = int(math.fmod(value, 10**part.digits))
    if part.names and component != "f":
        return _name(value, part)
    if part.spec is None:  # jsonata-js stumbles over it
        raise crash("Cannot read properties of undefined (reading 'primary')")
    return formatted(value, part.spec, part.mandatory)


def _name(value: int, part: Part) -> str:
    if part.component in ("M", "x"):
        name = _MONTHS[value - 1]
    elif part.component == "F":
        name = _DAYS[value]
    else:
        raise JsonataError("D3133", value=part.component)
    name = {"upper": name.upper(), "lower": name.lower(), "title": name}[part.names]
    return name if part.high is None else name[: part.high]


def _zone(part: Part, hours: int, minutes: int) -> str:
    spec = part.spec
    assert spec is not None
    offset = hours * 100 + minutes
    if spec.regular:
        text = formatted(offset, spec)
    elif spec.mandatory in (1, 2):
        text = formatted(hours, spec)
        if minutes:
            text += ":" + formatted(minutes, picture("00"))
    elif spec.mandatory in (3, 4):
        text = formatted(offset, spec)
    else:
        raise JsonataError("D3134", value=spec.mandatory)
    if offset >= 0:
        text = "+" + text
    if part.component == "z":
        text = "GMT" + text
    return "Z" if offset == 0 and part.zulu else text


# ── parsing ───────────────────────────────────────────────────────────────────────────────────────

_ISO_TEXT = re.compile(
    r"\d{4}(-[01]\d)*(-[0-3]\d)*(T[0-2]\d:[0-5]\d:[0-5]\d)*(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?", re.ASCII
)
_ISO_FIELDS = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)


def parse_iso(text: str) -> float:
    """Milliseconds of an ISO 8601 time; NaN for one that does not exist. JsonataError D3110."""
    if not _ISO_TEXT.fullmatch(text):
        raise JsonataError("D3110", value=text)
    match = _ISO_FIELDS.fullmatch(text)
    if match is None:
        return math.nan
    year, month, day, hour, minute, second = (
        int(part or default) for part, default in zip(match.groups()[:6], (0, 1, 1, 0, 0, 0), strict=True)
    )
    fraction = int((match.group(7) or "0")[:3].ljust(3, "0"))
    midnight = hour == 24 and not (minute or second or fraction)
    if not (1 <= month <= 12 and 1 <= day <= 31 and (hour < 24 or midnight) and minute < 60 and second < 60):
        return math.nan
    offset = 0
    zone = match.group(8)
    if zone and zone != "Z":
        if match.group(4) is None or int(zone[1:3]) > 23:
            return math.nan
        sign = -1 if zone[0] == "-" else 1
        offset = sign * (int(zone[1:3]) * 60 + int(zone[-2:]))
    days = days_from(year, month, day)
    return days * DAY + hour * 3_600_000 + minute * 60_000 + second * 1000 + fraction - offset * 60_000


@lru_cache(maxsize=256)
def _reader(picture_text: str) -> Pattern:
    """The regular expression of the times that a picture can read."""
    source = "".join(f"({_expression(part)})" for part in _parts(picture_text))
    return Pattern(f"^{source}$", "i", 0)


def parse_time(text: str, picture_text: str, rt: Runtime) -> float | None:
    """Milliseconds of a time by a picture; None where it does not fit. JsonataError D3130 to D3136.

    What is missing before the first component given is that of now, after the last one the least there is.
    """
    parts = _parts(picture_text)
    match = _reader(picture_text).search(text, 0, rt)
    if match is None:
        return None
    found: dict[str, float] = {}
    for part, piece in zip(parts, match.groups, strict=True):
        if part.component and piece is not None:
            value = _read(piece, part)
            if value is not None:
                found[part.component] = value
            else:
                found.pop(part.component, None)
    if not any(part.component for part in parts):
        return None
    return _assembled(found, rt.now())


_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\]")


def _expression(part: Part) -> str:
    if not part.component:
        return _SPECIAL.sub(r"\\\g<0>", part.literal)
    if part.component in ("Z", "z"):
        assert part.spec is not None
        prefix = "GMT" if part.component == "z" else ""
        tail = _SPECIAL.sub(r"\\\g<0>", part.spec.separators[0][1]) + "[0-9]+" if part.spec.regular else ""
        return f"{prefix}[-+][0-9]+{tail}"
    if part.spec is not None:
        return expression(part.spec, part.digits)
    if part.component not in "MxFP":
        raise JsonataError("D3133", value=part.component)
    return "[a-zA-Z]+"


def _read(piece: str, part: Part) -> float | None:
    if part.component in ("Z", "z"):
        assert part.spec is not None
        piece = piece[3:] if part.component == "z" else piece
        if part.spec.regular:
            first, _, second = piece.partition(part.spec.separators[0][1])
            return (_parse_int(first) or 0) * 60 + (_parse_int(second) or 0)
        if len(piece) <= 3:
            return (_parse_int(piece) or 0) * 60
        return (_parse_int(piece[:3]) or 0) * 60 + (_parse_int(piece[3:]) or 0)
    if part.spec is not None:
        return parsed(piece, part.spec)
    if part.component == "P":
        return {"am": 0, "AM": 0, "pm": 1, "PM": 1}.get(piece)
    names = _DAYS if part.component == "F" else ["", *_MONTHS]
    short = [name[: part.high] if part.high else name for name in names]
    return short.index(piece) if piece and piece in short else None


def _assembled(found: dict[str, float], now: int) -> float:
    """The time that the components say."""
    given = {name for name, value in found.items() if value == value and value}
    date, time = "YMD", "Hmsf"
    if _fits(given, "YXMxWwdD", "Yd") and not _fits(given, "YXMxWwdD", "YMD"):
        date = "YD"
    elif _fits(given, "YXMxWwdD", "Xxw"):
        date = "XxwF"
    elif _fits(given, "YXMxWwdD", "XW"):
        date = "XWF"
    by_day = date == "YD"
    if _fits(given, "PHhmsf", "Phmsf") and not _fits(given, "PHhmsf", "Hmsf"):
        time = "Phmsf"
    started = ended = False
    for name in date + time:
        if name not in found:
            if started:
                found[name] = 1 if name in "MDd" else 0
                ended = True
            else:
                current = fragment(now, name)
                found[name] = current if not isinstance(current, str) else math.nan
        else:
            started = True
            if ended:
                raise JsonataError("D3136")
    month = found.get("M", 0)
    month = month - 1 if month > 0 else 0
    day = found.get("D", 1)
    if by_day:
        start = days_from(int(found["Y"]), 1, 1)
        _, first, day = date_of(start + int(found.get("d", 1)) - 1)
        month = first - 1
    if date in ("XxwF", "XWF"):
        raise JsonataError("D3136")
    hour = found.get("H", 0)
    if time == "Phmsf":
        hour = 0 if found["h"] == 12 else found["h"]
        if found["P"] == 1:
            hour += 12
    fields = [found["Y"], month, day, hour, found["m"], found["s"], found["f"]]
    if any(value != value for value in fields):
        return math.nan
    y, mo, d, h, mi, s, ms = (int(value) for value in fields)
    if 0 <= y <= 99:
        y += 1900  # as Date.UTC reads a year of two digits
    millis = days_from(y, mo + 1, 1) * DAY + (d - 1) * DAY + h * 3_600_000 + mi * 60_000 + s * 1000 + ms
    offset = found.get("Z") or found.get("z") or 0
    return millis - int(offset) * 60_000


def _fits(given: set[str], all_names: str, names: str) -> bool:
    """Whether the components given are some of `names`, and no others of `all_names`."""
    relevant = given & set(all_names)
    return bool(relevant) and relevant <= set(names)
