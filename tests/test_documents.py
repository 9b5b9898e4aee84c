"""JSON that people write: what is wrong with it, and where."""

from __future__ import annotations

import pytest

from asl.documents import DocumentError, decode, parse


def test_documents() -> None:
    assert parse('{"a": [1, 2.5, null]}', "d") == {"a": [1, 2.5, None]}
    assert decode('\ufeff"é"'.encode(), "d") == '"é"'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": }', 'd, line 1, column 7: not JSON: Expecting value: {"a": }'),
        ('{\n  "a": 1\r\n  "b": 2\n}', "d, line 3, column 3: not JSON: Expecting ',' delimiter: \"b\": 2"),
        ("", "d, line 1, column 1: not JSON: Expecting value"),
        ("1 " + "x" * 100, f"d, line 1, column 3: not JSON: Extra data: 1 {'x' * 40}…"),
        ("[" + "1, " * 30 + "x]", f"d, line 1, column 92: not JSON: Expecting value: …{'1, ' * 13}x]"),
        ("[Infinity]", "d: Infinity is not JSON"),
        ("[" * 100_000, "d: the JSON is nested too deep"),
        ("9" * 5_000, "d: Exceeds the limit (4300 digits) for integer string conversion"),
    ],
    ids=["value", "comma", "nothing", "cut behind", "cut before", "infinity", "deep", "long"],
)
def test_what_is_wrong_and_where(text: str, told: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        parse(text, "d")
    assert str(refusal.value).startswith(told)


def test_lines_that_begin_elsewhere() -> None:
    with pytest.raises(DocumentError, match=r"^d, line 8, column 1: "):
        parse("[\n}", "d", 7)


def test_bytes_that_are_not_utf8() -> None:
    with pytest.raises(DocumentError, match=r"^d is not UTF-8: byte 0xff at 2$"):
        decode(b"a \xff", "d")
