"""Delimited text, read as the service reads it (developer guide, "How Step Functions parses input CSV files").

Python's `csv` reads another dialect: to it a doubled quotation mark within an unquoted field is two of them,
while the service's own example has it as one; and it has no field of more than 128 KiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
"""The values of CSVDelimiter."""


class MalformedCsv(ValueError):
    """Text that ends within quotation marks."""


def rows(lines: Iterable[str], delimiter: str = ",") -> Iterator[list[str]]:
    """The fields of each record, as `records` reads them."""
    for record in records(lines, delimiter):
        yield record.removesuffix("\n").split(delimiter) if isinstance(record, str) else record


def records(lines: Iterable[str], delimiter: str = ",") -> Iterator[str | list[str]]:
    """The fields of each record; where its line only need be split, the line. Lines end in a newline or the text.

    Quotation marks may enclose delimiters and newlines; doubled, they stand for themselves. A backslash keeps
    a backslash, a quotation mark or a delimiter after it from having a meaning, and goes away before anything
    else. Raises `MalformedCsv`.
    """
    regular = _regular(delimiter)
    fields = _field(delimiter)
    source = iter(lines)
    for line in source:
        if '"' not in line and "\\" not in line:
            yield line
            continue
        record = line
        while "\\" not in record and record.count('"') % 2:
            record += next(source, "") or _lost(record)
        text = record.removesuffix("\n")
        if "\\" not in record and regular.fullmatch(text):
            yield [
                (quoted.replace('""', '"') if '"' in quoted else quoted) or plain
                for quoted, plain in fields.findall(text + delimiter)
            ]
        else:
            yield _parsed(record, source, delimiter)


@lru_cache(maxsize=8)
def _regular(delimiter: str) -> re.Pattern[str]:
    """A record of which each field is quoted as a whole or holds no quotation mark at all."""
    plain = rf'[^"{re.escape(delimiter)}]*+'
    field = rf'(?:"[^"]*+(?:""[^"]*+)*+"|{plain})'
    return re.compile(rf"{field}(?:{re.escape(delimiter)}{field})*+")


@lru_cache(maxsize=8)
def _field(delimiter: str) -> re.Pattern[str]:
    plain = rf'[^"{re.escape(delimiter)}]*+'
    return re.compile(rf'(?:"([^"]*+(?:""[^"]*+)*+)"|({plain})){re.escape(delimiter)}')


def _lost(text: str) -> str:
    raise MalformedCsv(
        f"Unterminated quoted field at end of CSV line. Beginning of lost text: [{text[:100].strip()}]"
    )


def _parsed(record: str, more: Iterator[str], delimiter: str) -> list[str]:
    """The fields of a record by the letter; takes more lines while it is within quotation marks."""
    fields: list[str] = []
    field: list[str] = []
    quoted = begun = False
    escapable = '"\\' + delimiter
    at, end = 0, len(record)
    while True:
        if at == end:
            if not quoted:
                break
            record = next(more, "") or _lost(record)
            at, end = 0, len(record)
        char = record[at]
        following = record[at + 1] if at + 1 < end else "\n"
        at += 1
        if char == "\\":
            if following in escapable:
                field.append(following)
                begun = True
                at += 1
        elif char == '"':
            if following == '"' and (quoted or begun):
                field.append(char)
                at += 1
                continue
            # A mark within a field, not at one of its ends, is kept although it opens or closes.
            if begun and following not in (delimiter, "\n") and not "".join(field).isspace():
                field.append(char)
            elif begun and not quoted and "".join(field).isspace():
                field.clear()
            quoted = not quoted
            begun = True
        elif char == delimiter and not quoted:
            fields.append("".join(field))
            field.clear()
            begun = False
        elif char != "\n" or quoted:
            field.append(char)
            begun = True
    fields.append("".join(field))
    return fields
